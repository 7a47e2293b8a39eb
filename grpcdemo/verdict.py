"""Is the traffic pinned to one pod or balanced over all? Statistics as pure functions.

Never "exactly a third each": LEAST_REQUEST with little load picks at random, so shares scatter around
1/k. A verdict is given only where chance is no explanation: for every pod, Wilson's score interval
(E. B. Wilson, Journal of the American Statistical Association 22, 1927) of its share is held against the
band around the even share, with z = 3.9, which is an error of 1 in 10,000 for one look at one pod.

`balanced` says that every share seen lies in that band, which is wide: a pod with half the weight of two
others lies in it too. It says that requests are spread, not that they are spread evenly.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum

MIN_RESPONSES_PER_CLIENT = 30
"""Thirty answers from one pod of two, by chance, happen once in 500 million times."""

MIN_RESPONSES_PER_SERVER = 34
"""About a hundred responses for three servers, where a share has a standard deviation of 5 points."""

TOLERANCE = 0.45
"""How far a share may be from the even share, as a part of it: 15 points of 33 for three servers."""

Z = 3.9


class Outcome(str, Enum):
    PINNED = "pinned"
    BALANCED = "balanced"
    SKEWED = "skewed"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True)
class Verdict:
    """The outcome, and the reason in words."""

    outcome: Outcome
    reason: str


def judge(by_client: Mapping[str, Mapping[str, int]], servers: Collection[str]) -> Verdict:
    """Judge the responses of each client by server, where *servers* are all that could have answered."""
    total = sum(sum(answered.values()) for answered in by_client.values())
    if len(servers) < 2:
        return Verdict(Outcome.INCONCLUSIVE, f"there is nothing to balance over: {len(servers)} ready server")
    if not total:
        return Verdict(Outcome.INCONCLUSIVE, "no response yet")
    fewest = min(sum(answered.values()) for answered in by_client.values())
    if fewest < MIN_RESPONSES_PER_CLIENT:
        return Verdict(Outcome.INCONCLUSIVE, f"{fewest} of at least {MIN_RESPONSES_PER_CLIENT} responses")
    if all(_answering(answered) == 1 for answered in by_client.values()):
        return _pinned(by_client, total)
    return _spread(by_client, servers, total)


def share_interval(count: int, total: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a share of which *count* in *total* was seen."""
    share = count / total
    centre = share + z * z / (2 * total)
    margin = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    # The share is in it by definition; rounding must not put it a hair outside.
    return min((centre - margin) / scale, share), max((centre + margin) / scale, share)


def _answering(answered: Mapping[str, int]) -> int:
    return sum(1 for count in answered.values() if count)


def _pinned(by_client: Mapping[str, Mapping[str, int]], total: int) -> Verdict:
    if len(by_client) == 1:
        return Verdict(Outcome.PINNED, f"all {total} responses came from one pod")
    return Verdict(Outcome.PINNED, f"each of {len(by_client)} clients got all its responses from one pod")


def _spread(by_client: Mapping[str, Mapping[str, int]], servers: Collection[str], total: int) -> Verdict:
    counts = dict.fromkeys(servers, 0)
    for answered in by_client.values():
        for server, count in answered.items():
            counts[server] = counts.get(server, 0) + count
    even = 1 / len(counts)
    low, high = even * (1 - TOLERANCE), even * (1 + TOLERANCE)
    for server, count in sorted(counts.items(), key=lambda item: item[1]):
        at_least, at_most = share_interval(count, total)
        if at_most < low or at_least > high:
            return Verdict(Outcome.SKEWED, f"{server} answered {count / total:.0%}, not about {even:.0%}")
    needed = MIN_RESPONSES_PER_SERVER * len(counts)
    if total < needed:
        return Verdict(Outcome.INCONCLUSIVE, f"{total} of at least {needed} responses")
    if stuck := [client for client, answered in by_client.items() if _answering(answered) == 1]:
        return Verdict(Outcome.SKEWED, f"{stuck[0]} got all its responses from one pod, others did not")
    if all(low <= count / total <= high for count in counts.values()):
        shares = f"{min(counts.values()) / total:.0%} to {max(counts.values()) / total:.0%}"
        return Verdict(Outcome.BALANCED, f"{len(counts)} pods answered {shares} each, even would be {even:.0%}")
    return Verdict(Outcome.INCONCLUSIVE, "the shares are uneven, but chance could explain it: keep watching")
