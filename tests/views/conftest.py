"""Golden files show what a view looks like. `--update-golden` rewrites them."""

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (40, 60, 80, 120)

Picture = Callable[[int], RenderableType]
"""What a view draws in so many cells."""
Golden = Callable[[str, Picture, Mapping[str, Any] | None], None]

GoldenText = Callable[[str, str], None]


def draw(picture: RenderableType, width: int) -> str:
    """The picture as a terminal of that width shows it, without colour, and without blanks at the ends of lines."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, highlight=False, legacy_windows=False).print(picture)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@pytest.fixture
def golden_text(request: pytest.FixtureRequest) -> GoldenText:
    """Compare a text, to the last character, to the golden file of that name."""

    def compare(file: str, text: str) -> None:
        if request.config.getoption("--update-golden"):
            (GOLDEN / file).write_bytes(text.encode())
        assert (GOLDEN / file).read_bytes().decode() == text, file

    return compare


@pytest.fixture
def golden(golden_text: GoldenText) -> Golden:
    """Compare the table, at each width, and the document, of the same object, to its golden files."""

    def compare(name: str, picture: Picture, document: Mapping[str, Any] | None) -> None:
        texts = {f"{name}-{width}.txt": draw(picture(width), width) for width in WIDTHS}
        if document is not None:
            texts[f"{name}.json"] = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for file, text in texts.items():
            golden_text(file, text)

    return compare
