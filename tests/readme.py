"""The README's blocks of code, by their language."""

import re
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
CHAPTER = re.compile(r"^## (.*)$", re.M)


def blocks(language: str) -> list[str]:
    return _blocks(README.read_text(encoding="utf-8"), language)


def blocks_by_chapter(language: str) -> dict[str, list[str]]:
    """The chapters that have any, by their headings."""
    _, *parts = CHAPTER.split(README.read_text(encoding="utf-8"))
    chapters = {title: _blocks(text, language) for title, text in zip(parts[::2], parts[1::2], strict=True)}
    return {title: texts for title, texts in chapters.items() if texts}


def languages() -> set[str]:
    return {name for name, _ in FENCE.findall(README.read_text(encoding="utf-8"))}


def _blocks(text: str, language: str) -> list[str]:
    return [block for name, block in FENCE.findall(text) if name == language]
