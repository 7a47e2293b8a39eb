"""Connections alone: when are clients pinned, and what else can be told?"""

import pytest

from grpcdemo.verdict import Outcome, judge_connections
from grpcdemo.verdict.connections import LOOKS, Reach

KEPT = Reach(1, 1, LOOKS)
NEW = Reach(1, 1, LOOKS - 1)
ALL = Reach(3, 3, LOOKS, connections=3)
MOVED = Reach(2, 1, LOOKS)


@pytest.mark.parametrize(
    ("reaches", "reason"),
    [
        ([KEPT], "the only connection of web-0 goes to one of 3 pods"),
        ([Reach(1, 1, LOOKS, connections=4)], "all 4 connections of web-0 go to one of 3 pods"),
        ([KEPT, Reach(1, 1, 99, 2)], "each of 2 clients is connected to only one of 3 pods"),
    ],
)
def test_pinned(reaches: list[Reach], reason: str) -> None:
    verdict = judge_connections({f"web-{at}": reach for at, reach in enumerate(reaches)}, 3)
    assert (verdict.outcome, verdict.reason, verdict.error_rate) == (Outcome.PINNED, reason, None)


@pytest.mark.parametrize(
    ("reaches", "reason"),
    [
        ([], "no client pod is connected"),
        ([NEW], "web-0 is connected to one of 3 pods, by a connection that was open in 4 of at least 5 readings"),
        ([KEPT, NEW], "web-1 is connected to one of 3 pods, by a connection that was open in 4 of at least 5 readings"),
        ([NEW, MOVED, ALL], "web-1 was connected to 2 of 3 pods, to one at a time"),
        ([ALL], "web-0 is connected to 3 of 3 pods: how requests are spread over the connections is not known"),
        ([ALL, ALL], "each of 2 clients is connected to 3 of 3 pods: how requests are spread"),
        ([ALL, KEPT, ALL], "1 of 3 clients is connected to 1 of 3 pods, 2 to 3: how requests are spread"),
    ],
)
def test_inconclusive(reaches: list[Reach], reason: str) -> None:
    verdict = judge_connections({f"web-{at}": reach for at, reach in enumerate(reaches)}, 3)
    assert (verdict.outcome, verdict.reason[: len(reason)]) == (Outcome.INCONCLUSIVE, reason)


def test_a_single_pod_pins_nobody() -> None:
    verdict = judge_connections({"web-0": KEPT}, 1)
    assert (verdict.outcome, verdict.reason) == (Outcome.INCONCLUSIVE, "nothing to balance over: 1 ready server")


def test_connections_of_others_are_told() -> None:
    assert judge_connections({"web-0": KEPT}, 3, 1).reason.endswith("; 1 connection comes from outside")
    assert judge_connections({}, 3, 2).reason == "no client pod is connected; 2 connections come from outside"
