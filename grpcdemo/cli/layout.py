"""How a command's help is laid out: its options under headings, then examples to copy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

OTHERS = "Options"
"""The heading of options that belong to no group."""
_QUOTED_DEFAULT = re.compile(r"\[default: \((.*)\)\]$", re.DOTALL)


def write_options(formatter: Any, described: Iterable[tuple[str | None, tuple[str, str]]]) -> None:
    """Write options, each with the heading of its group, name and help: the groups in order, the others last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for heading, (name, text) in described:
        groups.setdefault(heading or OTHERS, []).append((name, _QUOTED_DEFAULT.sub(r"[default: \1]", text)))
    groups[OTHERS] = groups.pop(OTHERS)
    width = min(max(len(name) for name, _ in chain.from_iterable(groups.values())), formatter.width // 3)
    for heading, options in groups.items():
        with formatter.section(heading):
            formatter.write_dl([(name.ljust(width), text) for name, text in options], col_max=width)


def write_examples(formatter: Any, examples: Mapping[str, str]) -> None:
    """Write command lines, each below what it is for."""
    with formatter.section("Examples"):
        for number, (line, purpose) in enumerate(examples.items()):
            formatter.write("\n" * (number > 0))
            formatter.write(f"  # {purpose}\n  {line}\n")
