"""An enum whose members are words: of options, documents and messages."""

from __future__ import annotations

from enum import Enum


class Word(str, Enum):
    """Each member reads as its value, also in a text: Typer below 0.29 finds an option's member by it."""

    def __str__(self) -> str:
        return str(self.value)
