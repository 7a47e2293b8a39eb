"""Samples from metrics in Prometheus' text format, or in OpenMetrics, where exemplars follow some samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
SAMPLE = re.compile(r'[\w:]+\s*(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})?\s*([0-9][0-9.eE+]*)')
DECLARED = re.compile(r"^# TYPE ([\w:]+)", re.M)


@dataclass(frozen=True)
class Sample:
    """One line."""

    name: str
    labels: Mapping[str, str]
    number: int


def read_samples(text: str, name: str) -> Iterator[Sample]:
    """Those whose metric has this *name*, before which an application may put its own."""
    for line in text.splitlines() if name in text else ():
        full_name = line.partition("{")[0].partition(" ")[0]
        if _is_called(full_name, name) and (match := SAMPLE.match(line)):
            labels, number = match.groups()
            yield Sample(full_name, dict(LABEL.findall(labels or "")), int(float(number)))


def is_declared(text: str, name: str) -> bool:
    """Whether there is such a counter, or one of a histogram, also while it has no samples yet."""
    base = name.removesuffix("_count")
    return base in text and any(_is_called(full_name, base) for full_name in DECLARED.findall(text))


def _is_called(full_name: str, name: str) -> bool:
    return f"_{full_name}".endswith(f"_{name}")
