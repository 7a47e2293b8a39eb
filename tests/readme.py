"""The README's blocks of code, by their language."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(language: str) -> list[str]:
    return [text for name, text in _fences() if name == language]


def languages() -> set[str]:
    return {name for name, _ in _fences()}


def _fences() -> list[tuple[str, str]]:
    return FENCE.findall(README.read_text(encoding="utf-8"))
