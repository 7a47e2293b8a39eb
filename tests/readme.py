"""The README's blocks of code, by their language."""

from __future__ import annotations

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(language: str) -> list[str]:
    return [text for found, text in _fences() if found == language]


def languages() -> set[str]:
    return {found for found, _ in _fences()}


def _fences() -> list[tuple[str, str]]:
    return FENCE.findall(README.read_text(encoding="utf-8"))
