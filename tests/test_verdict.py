"""The verdict: on numbers that anybody can judge, and how often it errs on random ones."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.verdict import Outcome, judge, share_interval

PINNED, BALANCED, SKEWED, INCONCLUSIVE = Outcome.PINNED, Outcome.BALANCED, Outcome.SKEWED, Outcome.INCONCLUSIVE
ABC = ["a", "b", "c"]
RUNS = 100
LOOK_EVERY = 5

TABLE: list[tuple[dict[str, dict[str, int]], list[str], Outcome, str]] = [
    ({}, ABC, INCONCLUSIVE, "no response"),
    ({"x": {}}, ABC, INCONCLUSIVE, "no response"),
    ({"x": {"a": 500}}, ["a"], INCONCLUSIVE, "nothing to balance over"),
    ({"x": {"a": 500}}, [], INCONCLUSIVE, "nothing to balance over"),
    ({"x": {"a": 29}}, ABC, INCONCLUSIVE, "29 of at least 30"),
    ({"x": {"a": 30}}, ABC, PINNED, "all 30 responses came from one pod"),
    ({"x": {"a": 30, "b": 0}}, ABC, PINNED, "one pod"),
    ({"x": {"a": 10_000}}, ABC, PINNED, "one pod"),
    ({"x": {"a": 30}, "y": {"b": 30}}, ABC, PINNED, "each of 2 clients"),
    ({"x": {"a": 30}, "y": {"a": 30}}, ABC, PINNED, "each of 2 clients"),
    ({"x": {"a": 30}, "y": {"b": 29}}, ABC, INCONCLUSIVE, "29 of at least 30"),
    ({"x": {"a": 500, "b": 500, "c": 500}, "y": {"a": 3}}, ABC, INCONCLUSIVE, "3 of at least 30"),
    ({"x": {"a": 34, "b": 34, "c": 34}}, ABC, BALANCED, "3 pods answered 33% to 33%"),
    ({"x": {"a": 340, "b": 300, "c": 360}}, ABC, BALANCED, "even would be 33%"),
    ({"x": {"a": 33, "b": 34, "c": 34}}, ABC, INCONCLUSIVE, "101 of at least 102"),
    ({"x": {"a": 100, "b": 100}}, ABC, SKEWED, "c answered 0%"),
    ({"x": {"a": 999, "b": 1}}, ABC, SKEWED, "not about 33%"),
    ({"x": {"a": 600, "b": 200, "c": 200}}, ABC, SKEWED, "a answered 60%"),
    ({"x": {"a": 52, "b": 30, "c": 20}}, ABC, INCONCLUSIVE, "chance could explain it"),
    ({"x": {"a": 100, "b": 100}, "y": {"c": 100}}, ABC, SKEWED, "y got all its responses from one pod"),
    ({"x": {"a": 50, "b": 50, "c": 50}, "y": {"a": 50, "b": 50, "c": 50}}, ABC, BALANCED, "3 pods"),
    ({"x": {"a": 50, "b": 50, "stranger": 50}}, ["a", "b"], BALANCED, "3 pods"),
]


@pytest.mark.parametrize("by_client, servers, outcome, reason", TABLE)
def test_what_anybody_would_say(
    by_client: dict[str, dict[str, int]], servers: list[str], outcome: Outcome, reason: str
) -> None:
    verdict = judge(by_client, servers)
    assert verdict.outcome is outcome, verdict.reason
    assert reason in verdict.reason


counts = st.dictionaries(st.sampled_from("abcde"), st.integers(0, 1000))


@given(st.dictionaries(st.sampled_from("xyz"), counts), st.sets(st.sampled_from("abcde")))
def test_there_is_always_a_verdict_with_a_reason(by_client: dict[str, dict[str, int]], servers: set[str]) -> None:
    verdict = judge(by_client, servers)
    assert verdict.reason
    if verdict.outcome is PINNED:
        assert all(sum(count > 0 for count in answered.values()) == 1 for answered in by_client.values())


@given(st.integers(0, 1000), st.integers(1, 1000))
def test_the_interval_of_a_share_holds_the_share(count: int, more: int) -> None:
    low, high = share_interval(count, count + more)
    assert -1e-9 <= low <= count / (count + more) <= high <= 1 + 1e-9


def first_verdicts(weights: Sequence[float]) -> Counter[Outcome]:
    """The verdicts at which watchers of random responses stop, looking as these come in, as `--expect` does."""
    rng = random.Random(17)
    servers = [f"server-{number}" for number in range(len(weights))]
    return Counter(_first_verdict(rng, servers, weights) for _ in range(RUNS))


def _first_verdict(rng: random.Random, servers: list[str], weights: Sequence[float]) -> Outcome:
    seen: Counter[str] = Counter()
    while seen.total() < 200 * len(servers):
        seen.update(rng.choices(servers, weights, k=LOOK_EVERY))
        outcome = judge({"client": seen}, servers).outcome
        if outcome is not INCONCLUSIVE:
            return outcome
    return INCONCLUSIVE


@pytest.mark.parametrize("size", [2, 3, 10])
def test_one_pod_that_answers_all_is_always_pinned(size: int) -> None:
    assert first_verdicts([1] + [0] * (size - 1)) == {PINNED: RUNS}


@pytest.mark.parametrize("size", [2, 3, 10])
def test_random_balancing_is_always_balanced(size: int) -> None:
    assert first_verdicts([1] * size) == {BALANCED: RUNS}


@pytest.mark.parametrize("size", [3, 10])
def test_a_pod_that_never_answers_is_always_skewed(size: int) -> None:
    assert first_verdicts([0] + [1] * (size - 1)) == {SKEWED: RUNS}


@pytest.mark.parametrize("size", [2, 3])
def test_a_pod_with_half_the_weight_is_within_the_tolerance(size: int) -> None:
    verdicts = first_verdicts([0.5] + [1] * (size - 1))
    assert verdicts[PINNED] == verdicts[SKEWED] == 0
    assert verdicts[BALANCED] > 0.9 * RUNS


@pytest.mark.parametrize("size, at_most", [(2, 0.2), (3, 0.05), (10, 0.05)])
def test_a_pod_with_a_quarter_of_the_weight_is_seldom_called_balanced(size: int, at_most: float) -> None:
    verdicts = first_verdicts([0.25] + [1] * (size - 1))
    assert verdicts[BALANCED] <= at_most * RUNS
    assert verdicts[PINNED] <= 1
