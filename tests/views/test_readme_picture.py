"""The README's picture: what the script that records it makes of a report."""

import runpy
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from grpcdemo.model.result import Phase
from grpcdemo.views.palette import COLORS
from grpcdemo.views.report import demo_report

from .samples import BALANCED, PINNED, PROVENANCE

FOLDER = Path(__file__).parents[2] / ".github" / "picture"
SVG = "{http://www.w3.org/2000/svg}"
PHASES = [Phase("Istio off", PINNED), Phase("Istio on", BALANCED)]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_both_halves_are_in_the_picture(dark: bool) -> None:
    report = demo_report(PHASES, replace(PROVENANCE, sandbox=True))
    text = runpy.run_path(str(FOLDER / "record.py"))["picture"](report, dark=dark)
    picture = ElementTree.fromstring(text)
    texts = ["".join(one.itertext()) for one in picture.iter(f"{SVG}text")]
    for shown in (
        "Istio off: pinned",
        "Istio on: balanced",
        "100%",
        "35%",
        "measured in the sandbox, not on a cluster",
    ):
        assert shown in texts
    bands = [one.get("class") for one in picture.iter(f"{SVG}path") if one.find(f"{SVG}title") is not None]
    assert bands == ["band orange", "band blue", "band orange", "band green"]
    assert "var(" not in text
    assert (COLORS[0].dark in text, COLORS[0].light in text) == (dark, not dark)


def test_the_recorded_pictures_are_of_one_run() -> None:
    light, dark = (ElementTree.parse(FOLDER / f"{name}.svg") for name in ("light", "dark"))
    assert [*light.getroot().itertext()][:2] == [*dark.getroot().itertext()][:2]
    assert light.findtext(f"{SVG}desc") == dark.findtext(f"{SVG}desc")
