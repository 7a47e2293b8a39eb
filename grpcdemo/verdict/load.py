"""The verdict on counters that know the pods, but not the clients.

They show how the load lies. Whether a client stays on one pod, they do not: a hundred pinned clients look even.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from grpcdemo.verdict.ruling import DEFAULT, NOBODY, Criteria, Outcome, Verdict, judge


def judge_load(
    by_server: Mapping[str, int],
    servers: Collection[str],
    untold: str,
    criteria: Criteria = DEFAULT,
    unheard: Mapping[str, str] = NOBODY,
) -> Verdict:
    """Skewed, also where pinned clients make it so, or inconclusive; *untold* is why clients are not told apart.

    Who is *unheard*, is a server here.
    """
    verdict = judge({"": by_server}, servers, criteria, unheard=unheard)
    if verdict.outcome is Outcome.PINNED:
        return replace(verdict, outcome=Outcome.SKEWED)
    if verdict.outcome is Outcome.BALANCED:
        reason = f"the load is even, {verdict.reason}, but whether a client stays on one pod is not known: {untold}"
        return Verdict(Outcome.INCONCLUSIVE, reason)
    return verdict
