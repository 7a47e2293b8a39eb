"""The verdict on counters that are polled, without an order: what numbers give, and what traffic may not get."""

import random
from collections import Counter
from collections.abc import Callable

import pytest

from grpcdemo.verdict import Order, Outcome, Verdict, judge_polls

ABC = ["a", "b", "c"]
EVEN = {"x": {"a": 64, "b": 64, "c": 64}}
MOVING, STAYING, FEW = Order(followed=10), Order(followed=20, repeated=20), Order(followed=9)


@pytest.mark.parametrize(
    ("by_client", "polls", "outcome", "reason"),
    [
        (EVEN, MOVING, Outcome.BALANCED, "3 pods answered 33% to 33% each, even share 33%"),
        (EVEN, FEW, Outcome.INCONCLUSIVE, "9 polls are not yet enough to tell whether clients stay on a pod"),
        (
            EVEN,
            STAYING,
            Outcome.SKEWED,
            "in 20 of 20 polls, all new requests of a client went to one pod: pinned for a while, then moved to "
            "another pod",
        ),
        ({"x": {"a": 40}}, STAYING, Outcome.PINNED, "all 40 responses came from one pod"),
        ({"x": {"a": 300, "b": 300}}, MOVING, Outcome.SKEWED, "c gave none of 600 responses, even share 33%"),
        ({}, Order(), Outcome.INCONCLUSIVE, "none of the 3 ready servers has answered yet"),
    ],
)
def test_numbers(by_client: dict[str, dict[str, int]], polls: Order, outcome: Outcome, reason: str) -> None:
    verdict = judge_polls(by_client, ABC, polls)
    assert (verdict.outcome, verdict.reason) == (outcome, reason)


def test_only_balanced_waits_for_who_is_not_heard() -> None:
    unheard = {"y": "no answer"}
    assert judge_polls(EVEN, ABC, MOVING, unheard=unheard).reason == "blind to y: no answer"
    assert judge_polls({"x": {"a": 40}}, ABC, MOVING, unheard=unheard).outcome is Outcome.PINNED


def poll_after_poll(pick: Callable[[int], str], requests: int, polls: int) -> Verdict:
    """The first verdict that is certain; *pick* names the pod of each request."""
    counts: Counter[str] = Counter()
    followed = repeated = 0
    verdict = judge_polls({}, ABC, Order())
    for poll in range(polls):
        new = Counter(pick(poll * requests + number) for number in range(requests))
        counts += new
        followed, repeated = followed + (requests > 1), repeated + (requests > 1 and len(new) == 1)
        verdict = judge_polls({"x": counts}, ABC, Order(followed, repeated))
        if verdict.outcome is not Outcome.INCONCLUSIVE:
            return verdict
    return verdict


@pytest.mark.parametrize("requests", [2, 25])
def test_even_traffic_is_balanced(requests: int) -> None:
    for seed in range(10):
        rng = random.Random(seed)
        assert poll_after_poll(lambda _, rng=rng: rng.choice(ABC), requests, 600).outcome is Outcome.BALANCED  # type: ignore[misc]  # a lambda with a default
    assert poll_after_poll(lambda number: ABC[number % 3], requests, 600).outcome is Outcome.BALANCED


@pytest.mark.parametrize("stay", [50, 100, 500])
def test_a_client_that_stays_for_some_polls_is_never_balanced(stay: int) -> None:
    verdict = poll_after_poll(lambda number: ABC[number // stay % 3], 25, 200)
    assert verdict.outcome in (Outcome.SKEWED, Outcome.PINNED)
