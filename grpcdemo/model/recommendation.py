"""Which cure to use when: computed from what was measured, and from what the user may change.

A cure comes into question if it was balanced. Of those that change the same, the better one gives a new pod calls
within seconds, or else lets it wait less; then lets fewer calls fail, then leaves shorter gaps, then adds less latency.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from grpcdemo.model.comparison import BASELINE, CureResult
from grpcdemo.verdict import Outcome

PROMPT_S = 10.0
"""A new pod that gets a call within this time is put to use: which cure is some seconds faster, is chance."""
LONG_GAP_S = 1.0
"""So long without an answer is worth a word."""


@dataclass(frozen=True)
class Recommendation:
    """The best cure of those that take the same changes."""

    changes: tuple[str, ...]
    cure: CureResult
    others: tuple[CureResult, ...]
    """The rest of them, the best first."""


def recommend(cures: Iterable[CureResult], may_change: Collection[str]) -> list[Recommendation]:
    """One for each set of changes that suffices, the smallest first; what takes more, and is no better, is left out."""
    able = sorted((one for one in cures if is_able(one, may_change)), key=lambda one: (len(one.changes), rank(one)))
    chosen: list[Recommendation] = []
    for changes in dict.fromkeys(one.changes for one in able):
        best, *others = sorted((one for one in able if one.changes == changes), key=rank)
        smaller = [one.cure for one in chosen if {*one.changes} < {*changes}]
        if all(rank(best) < rank(one) for one in smaller):
            chosen.append(Recommendation(changes, best, tuple(others)))
    return chosen


def is_able(cure: CureResult, may_change: Collection[str]) -> bool:
    """Whether it is a cure that balances, and takes no other changes."""
    is_balanced = cure.verdict is not None and cure.verdict.outcome is Outcome.BALANCED
    is_cure = cure.name != BASELINE and not cure.contrast
    return is_cure and is_balanced and not cure.failure and {*cure.changes} <= {*may_change}


def rank(cure: CureResult) -> tuple[float, ...]:
    """Smaller is better."""
    course, added = cure.course, cure.added_ms.get("p50")
    waited = math.inf
    if course and course.new_pod and course.new_pod.first_call_s is not None:
        waited = course.new_pod.first_call_s
    return (
        waited if waited > PROMPT_S else 0.0,
        course.failed if course else 0,
        max(LONG_GAP_S, course.longest_gap_s) if course else 0.0,
        added.mean if added else 0.0,
    )
