"""Golden files: what a view looks like, to be read, and to be compared. `--update-golden` writes them anew."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

GOLDEN = Path(__file__).parent / "golden"
WIDTHS = (80, 120)

Golden = Callable[[str, RenderableType, Mapping[str, Any]], None]


def draw(picture: RenderableType, width: int) -> str:
    """The picture as a terminal of that width shows it, without colour, and without blanks at the ends of lines."""
    out = io.StringIO()
    Console(file=out, width=width, color_system=None, highlight=False, legacy_windows=False).print(picture)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Golden:
    """Compare the table, at each width, and the document, of the same object, to its golden files."""

    def compare(name: str, picture: RenderableType, document: Mapping[str, Any]) -> None:
        texts = {f"{name}-{width}.txt": draw(picture, width) for width in WIDTHS}
        texts[f"{name}.json"] = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        for file, text in texts.items():
            if request.config.getoption("--update-golden"):
                (GOLDEN / file).write_text(text, encoding="utf-8")
            assert (GOLDEN / file).read_text(encoding="utf-8") == text, file

    return compare
