"""The verdict on numbers that anybody can judge, and what holds for it whatever the numbers are."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.verdict import Criteria, Outcome, Verdict, judge
from tests.tiers import exhaustive

PINNED, BALANCED, SKEWED, INCONCLUSIVE = Outcome.PINNED, Outcome.BALANCED, Outcome.SKEWED, Outcome.INCONCLUSIVE
ABC = ["a", "b", "c"]
ByClient = dict[str, dict[str, int]]
EVEN = {"a": 64, "b": 64, "c": 64}

TABLE: list[tuple[ByClient, list[str], Outcome, str]] = [
    ({}, ABC, INCONCLUSIVE, "none of the 3 ready servers has answered yet"),
    ({"x": {}}, ABC, INCONCLUSIVE, "none of the 3 ready servers has answered yet"),
    ({"x": {"a": 0}}, ABC, INCONCLUSIVE, "none of the 3 ready servers has answered yet"),
    ({"x": {"a": 500}}, ["a"], INCONCLUSIVE, "nothing to balance over: 1 ready server"),
    ({"x": {"a": 500}}, [], INCONCLUSIVE, "nothing to balance over: 1 ready server"),
    ({}, [], INCONCLUSIVE, "nothing to balance over: no ready server"),
    ({"x": {"a": 33}}, ABC, INCONCLUSIVE, "33 of at least 34 responses, all from one pod so far"),
    ({"x": {"a": 34}}, ABC, PINNED, "all 34 responses came from one pod"),
    ({"x": {"a": 34, "b": 0}}, ABC, PINNED, "all 34 responses came from one pod"),
    ({"x": {"a": 34}, "y": {}}, ABC, PINNED, "all 34 responses came from one pod"),
    ({"x": {"a": 10_000}}, ["a", "b"], PINNED, "all 10000 responses came from one pod"),
    ({"x": {"a": 34}, "y": {"b": 34}}, ABC, PINNED, "each of 2 clients got all its responses from one pod"),
    ({"x": {"a": 34}, "y": {"a": 34}}, ABC, PINNED, "each of 2 clients got all its responses from one pod"),
    (
        {"x": {"a": 34}, "y": {"b": 33}},
        ABC,
        INCONCLUSIVE,
        "33 of at least 34 responses for each client, all from one pod so far",
    ),
    (
        {"x": {"a": 340}, "y": {"b": 33}},
        ABC,
        PINNED,
        "each of 2 clients got all its responses from one pod, 1 of them too few to be certain",
    ),
    ({"x": {"a": 330}, "y": {"b": 33}}, ABC, INCONCLUSIVE, "33 of at least 34 responses for each client, all from one"),
    ({"x": {"a": 340}, "y": {"b": 1, "c": 1}}, ABC, SKEWED, "1 of 2 clients got all its responses from one pod, but y"),
    ({"x": {"a": 340}, "y": EVEN}, ABC, SKEWED, "1 of 2 clients got all its responses from one pod, but y from 3"),
    (
        {"x": {"a": 80, "b": 80, "c": 80}, "y": {"b": 3}},
        ABC,
        BALANCED,
        "3 pods answered 33% to 34% each, even share 33%",
    ),
    (
        {"x": {"a": 64, "b": 63, "c": 62}},
        ABC,
        INCONCLUSIVE,
        "189 of at least 190 responses to be certain that they are",
    ),
    ({"x": EVEN}, ABC, BALANCED, "3 pods answered 33% to 33% each, even share 33%"),
    ({"x": EVEN, "y": EVEN}, ABC, BALANCED, "3 pods answered 33% to 33% each"),
    ({"x": {"a": 340, "b": 300, "c": 360}}, ABC, BALANCED, "3 pods answered 30% to 36% each, even share 33%"),
    ({"x": {"a": 100, "b": 60, "c": 60}}, ABC, INCONCLUSIVE, "220 responses are not yet enough to tell uneven shares"),
    ({"x": {"a": 100, "b": 100}}, ABC, SKEWED, "c gave none of 200 responses, even share 33%"),
    ({"x": {"a": 100, "b": 90}}, [*ABC, "d"], SKEWED, "2 of 4 pods gave none of 190 responses, even share 25%"),
    ({"x": {"a": 400, "b": 400, "c": 200}}, ABC, SKEWED, "c gave 200 of 1000 responses, even share 333"),
    ({"x": {"a": 600, "b": 200, "c": 200}}, ABC, SKEWED, "a gave 600 of 1000 responses, even share 333"),
    ({"x": {"a": 500, "b": 1, "c": 1}, "y": {"a": 500, "b": 1, "c": 1}}, ABC, SKEWED, "a gave 1000 of 1004 responses"),
    ({"x": {"a": 999, "b": 1}}, ABC, SKEWED, "x got 999 of its 1000 responses from a: neither all from one pod nor"),
    ({"x": {"a": 80, "b": 40}, "y": {"b": 80, "c": 40}, "z": {"c": 80, "a": 40}}, ABC, SKEWED, "got 80 of its 120"),
    ({"x": {"a": 64, "b": 64, "stranger": 64}}, ["a", "b"], BALANCED, "3 pods"),
    ({"x": {str(pod): 200 for pod in range(100)}}, [], BALANCED, "100 pods answered 1.0% to 1.0% each"),
]


def two_alike(most: int) -> ByClient:
    """Two clients that both prefer pod a."""
    return {client: {"a": most, "b": 20, "c": 20} for client in "xy"}


def three_apart(most: int) -> ByClient:
    """Three clients, each of which prefers another pod, so that all together are even."""
    return {
        client: {pod: most if pod == preferred else 20 for pod in ABC}
        for client, preferred in zip("xyz", ABC, strict=True)
    }


@pytest.mark.parametrize(
    ("by_client", "outcome"),
    [(two_alike(43), INCONCLUSIVE), (two_alike(44), SKEWED), (three_apart(43), BALANCED), (three_apart(44), SKEWED)],
    ids=["alike", "alike, beyond chance", "apart", "apart, beyond chance"],
)
def test_each_look_at_the_clients_gets_a_part_of_the_error_rate(by_client: ByClient, outcome: Outcome) -> None:
    """The evidence at 43 would do if that look were the only one: 9.4 and 10.4 of 9.2, where 9.9 and 10.6 are asked."""
    assert judge(by_client, ABC).outcome is outcome


@pytest.mark.parametrize(("by_client", "servers", "outcome", "reason"), TABLE)
def test_plain_cases(by_client: ByClient, servers: list[str], outcome: Outcome, reason: str) -> None:
    verdict = judge(by_client, servers)
    assert verdict.outcome is outcome, verdict.reason
    assert reason in verdict.reason
    assert verdict.error_rate == (None if outcome is INCONCLUSIVE else 1e-4)


def test_it_says_how_sure_it_is() -> None:
    assert judge({"x": {"a": 34}}, ABC).certainty == "at most one such verdict in 10,000 is wrong"
    assert judge({"x": {"a": 33}}, ABC).certainty is None
    assert (
        judge({"x": {"a": 18}}, ABC, Criteria(error_rate=0.01)).certainty == "at most one such verdict in 100 is wrong"
    )


def test_no_verdict_before_as_many_responses_as_are_asked_for() -> None:
    criteria = Criteria(min_responses=50)
    assert judge({"x": {"a": 49}}, ABC, criteria).reason == "49 of at least 50 responses"
    assert judge({"x": {"a": 50}}, ABC, criteria).outcome is PINNED


def test_a_smaller_tolerance_asks_for_more() -> None:
    assert judge({"x": EVEN}, ABC, Criteria(tolerance=0.4)).outcome is INCONCLUSIVE
    assert judge({"x": {"a": 1000, "b": 1000, "c": 800}}, ABC).outcome is BALANCED
    assert judge({"x": {"a": 1000, "b": 1000, "c": 800}}, ABC, Criteria(tolerance=0.2)).outcome is SKEWED


def test_among_very_many_clients_each_must_be_more_certain() -> None:
    def stuck(responses: int) -> ByClient:
        return {str(client): {"ab"[client % 2]: responses} for client in range(1000)}

    assert judge(stuck(39), "ab").reason == "39 of at least 40 responses for each client, all from one pod so far"
    assert judge(stuck(40), "ab").outcome is PINNED


@pytest.mark.parametrize(
    "wrong", [{"error_rate": 0}, {"error_rate": 1}, {"tolerance": 0}, {"tolerance": 1}, {"min_responses": -1}]
)
def test_criteria_that_mean_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Criteria(**wrong)  # type: ignore[arg-type]  # wrong on purpose


numbers = st.one_of(st.integers(0, 300), st.integers(0, 10**18))
by_clients = st.dictionaries(
    st.sampled_from("uvwxyz"), st.dictionaries(st.sampled_from("abcdefgh"), numbers, max_size=8), max_size=6
)
sets_of_servers = st.sets(st.sampled_from("abcdefgh"))
criterias = st.builds(
    Criteria,
    error_rate=st.floats(1e-12, 0.5),
    tolerance=st.floats(0.01, 0.99),
    min_responses=st.integers(0, 100),
)


@given(by_clients, sets_of_servers, criterias)
def test_there_is_always_a_verdict_with_a_reason(by_client: ByClient, servers: set[str], criteria: Criteria) -> None:
    verdict = judge(by_client, servers, criteria)
    assert verdict.reason
    assert (verdict.certainty is None) is (verdict.outcome is INCONCLUSIVE)
    stuck = all(sum(count > 0 for count in answered.values()) <= 1 for answered in by_client.values())
    assert verdict.outcome in ((PINNED, INCONCLUSIVE) if stuck else (BALANCED, SKEWED, INCONCLUSIVE))


@given(by_clients, sets_of_servers, st.permutations("abcdefgh"), st.permutations("uvwxyz"))
def test_neither_names_nor_order_matter(
    by_client: ByClient, servers: set[str], pods: list[str], clients: list[str]
) -> None:
    pod = dict(zip("abcdefgh", pods, strict=True))
    client = dict(zip("uvwxyz", clients, strict=True))
    renamed = {
        client[name]: {pod[server]: answered[server] for server in sorted(answered, key=pod.__getitem__)}
        for name, answered in sorted(by_client.items(), key=lambda item: client[item[0]])
    }
    assert judge(renamed, [pod[name] for name in servers]).outcome is judge(by_client, servers).outcome


@given(by_clients, sets_of_servers, st.integers(2, 50))
def test_the_same_shares_in_more_responses_are_as_certain(by_client: ByClient, servers: set[str], times: int) -> None:
    """Where counts speak for a verdict, twice as many speak for it more loudly."""
    more = {
        client: {server: count * times for server, count in answered.items()} for client, answered in by_client.items()
    }
    before, after = judge(by_client, servers).outcome, judge(more, servers).outcome
    assert before in (INCONCLUSIVE, after)


@given(st.integers(34, 10**18), st.integers(2, 100))
def test_pinned_stays_pinned_while_all_come_from_one_pod(responses: int, pods: int) -> None:
    assert judge({"x": {"0": responses}}, [str(pod) for pod in range(pods)]).outcome is PINNED


@given(st.integers(2, 100), st.integers(0, 10**4), st.floats(0.1, 0.9))
def test_counts_that_differ_by_one_at_most_are_never_skewed(pods: int, responses: int, tolerance: float) -> None:
    counts = {str(pod): responses // pods + (pod < responses % pods) for pod in range(pods)}
    assert judge({"x": counts}, [], Criteria(tolerance=tolerance)).outcome is not SKEWED


@given(st.floats(1e-9, 1e-3), st.floats(0.05, 0.95))
def test_a_lower_error_rate_asks_for_more(error_rate: float, tolerance: float) -> None:
    responses = {"x": {"a": math.ceil(1 - math.log(1e-3) / math.log(4 / 3))}}
    assert judge(responses, ABC, Criteria(error_rate=1e-3)).outcome is PINNED
    if error_rate < 7e-4:
        assert judge(responses, ABC, Criteria(error_rate, tolerance)).outcome is INCONCLUSIVE


FIRMLY = Verdict(BALANCED, "as it was", 1e-4)


@pytest.mark.parametrize(
    ("standing", "counts", "outcome", "reason"),
    [
        (FIRMLY, {"a": 70, "b": 70, "c": 50}, BALANCED, "3 pods answered 26% to 37% each, even share 33%"),
        (FIRMLY, {"a": 700, "b": 20, "c": 20}, SKEWED, "x got 700 of its 740 responses from a"),
        (FIRMLY, {}, INCONCLUSIVE, "none of the 3 ready servers"),
        (Verdict(PINNED, "as it was", 1e-4), {"a": 20}, PINNED, "all 20 responses came from one pod"),
        (Verdict(PINNED, "as it was", 1e-4), {"a": 3, "b": 1}, INCONCLUSIVE, "4 of at least 190"),
        (Verdict(SKEWED, "as it was", 1e-4), {"a": 70, "b": 70, "c": 50}, SKEWED, "as it was"),
        (Verdict(SKEWED, "as it was", 1e-4), {"a": 20}, INCONCLUSIVE, "20 of at least"),
        (Verdict(SKEWED, "as it was", 1e-4), {"a": 1000, "b": 1000, "c": 1000}, BALANCED, "3 pods answered"),
    ],
)
def test_doubt_does_not_take_a_verdict_back(
    standing: Verdict, counts: dict[str, int], outcome: Outcome, reason: str
) -> None:
    assert judge({"x": counts}, "abc").outcome in (outcome, INCONCLUSIVE)
    verdict = judge({"x": counts}, "abc", standing=standing)
    assert (verdict.outcome, verdict.reason[: len(reason)]) == (outcome, reason)


@pytest.mark.parametrize("seeds", [range(4), exhaustive(range(4, 60))])
def test_a_verdict_on_even_traffic_does_not_waver(seeds: range) -> None:
    """Without the standing verdict it does, while the shares are just even enough."""
    returns: Counter[bool] = Counter()
    for seed in seeds:
        for upholds in (False, True):
            counts, verdict, had_one = dict.fromkeys("abc", 0), None, False
            for pod in random.Random(seed).choices("abc", k=600):
                counts[pod] += 1
                current = judge({"x": counts}, "abc", standing=verdict if upholds else None)
                if current.outcome is INCONCLUSIVE:
                    returns[upholds] += had_one
                else:
                    verdict, had_one = current, True
                    assert current.outcome is BALANCED
    assert returns[False] > 0
    assert returns[True] == 0
