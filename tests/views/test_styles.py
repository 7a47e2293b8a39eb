"""Every colour is one that can be read on a light and on a dark background."""

import io
import re

import pytest
from rich.console import Console, RenderableType

from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.big import big_view
from grpcdemo.views.demo import demo_view
from grpcdemo.views.observation import observation_view
from grpcdemo.views.palette import COLORS
from grpcdemo.views.pods import pods_table

from .samples import BALANCED, PINNED, clients, crowd, observation, pod, timeline

RED, GREEN, MAGENTA = "31", "32", "35"
PLAIN, BOLD, DIM, REVERSE = "0", "1", "2", "7"
PODS = {color.terminal for color in COLORS}
VIEWS = {
    "balanced": observation_view(BALANCED, 120, 30),
    "big": big_view(BALANCED, 120, 30),
    "crowd": observation_view(crowd(pinned=True, clients=14), 120, 30),
    "departed": observation_view(observation({"b7wzn": 12}, departed={"x": ""}, timeline=timeline((6, "zb"))), 120, 30),
    "errors": observation_view(observation({"b7wzn": 9, "x2x8k": 300}, errors={"UNAVAILABLE": 2}), 120, 30),
    "pods": pods_table((*clients(), pod("grpc-server", "x2x8k", 7, ready=False))),
    "demo": demo_view(DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), 40.0)),
}


RGB = re.compile(r"38;2;(\d+);(\d+);(\d+)")


@pytest.mark.parametrize("name", VIEWS)
def test_colours_can_be_read_on_any_background(name: str) -> None:
    """Beside those of the pods, which are tested where they are chosen."""
    shown = "".join(re.findall(r"\x1b\[[\d;]*m", coloured(VIEWS[name])))
    assert {"#{:02x}{:02x}{:02x}".format(*map(int, rgb)) for rgb in RGB.findall(shown)} <= PODS
    codes = set(re.findall(r"\d+", RGB.sub("", shown)))
    assert codes & {RED, GREEN, MAGENTA}
    assert codes <= {RED, GREEN, MAGENTA, PLAIN, BOLD, DIM, REVERSE}


def coloured(view: RenderableType) -> str:
    out = io.StringIO()
    console = Console(
        file=out, width=120, force_terminal=True, color_system="truecolor", highlight=False, legacy_windows=False
    )
    console.print(view)
    return out.getvalue()
