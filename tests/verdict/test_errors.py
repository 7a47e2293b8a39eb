"""How often the verdict errs, and how many responses it takes, looked at after every response.

Errors of 1 in 10,000 cannot be counted in a few hundred runs. They are computed: for two pods exactly, from the
chance of every path of counts; for more by change of measure: traffic is made in which the error is common, and each
run counts for as much less as its responses are less likely in the traffic that the error is about.
"""

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import count

import pytest

from grpcdemo.verdict import Criteria, Order, Outcome, judge
from grpcdemo.verdict.evidence import log_mean
from tests.tiers import exhaustive
from tests.verdict.traffic import (
    DEAD,
    DOUBLE,
    EVEN,
    HALF,
    Judged,
    Traffic,
    first_verdict,
    least_request,
    moving,
    pinned,
    round_robin,
    sticky,
    wandering,
    weighted,
)

PINNED, BALANCED, SKEWED, INCONCLUSIVE = Outcome.PINNED, Outcome.BALANCED, Outcome.SKEWED, Outcome.INCONCLUSIVE
ERROR_RATE = 1e-4


@cache
def _of_two(most: int, fewest: int, error_rate: float) -> Outcome:
    return judge({"x": {"a": most, "b": fewest}}, "ab", Criteria(error_rate)).outcome


def exactly(share: float, responses: int, error_rate: float = ERROR_RATE) -> dict[Outcome, float]:
    """The chances of the first verdicts on two pods, where one has *share*, in so many responses."""

    def outcome_of(total: int, ones: int) -> Outcome:
        return _of_two(max(ones, total - ones), min(ones, total - ones), error_rate)

    return first_of(outcome_of, share, responses)


def first_of(outcome_of: Callable[[int, int], Outcome], share: float, responses: int) -> dict[Outcome, float]:
    """The chances of the first outcomes, from how many responses there are and how many are of a kind with *share*."""
    ended = dict.fromkeys(Outcome, 0.0)
    going = {0: 1.0}  # the chance to be there without a verdict, by the responses of that kind
    for total in range(1, responses + 1):
        after: dict[int, float] = {}
        for ones, chance in going.items():
            after[ones] = after.get(ones, 0.0) + chance * (1 - share)
            after[ones + 1] = after.get(ones + 1, 0.0) + chance * share
        going = {}
        for ones, chance in after.items():
            outcome = outcome_of(total, ones)
            if outcome is INCONCLUSIVE:
                going[ones] = chance
            else:
                ended[outcome] += chance
    ended[INCONCLUSIVE] = sum(going.values())
    return ended


@pytest.mark.parametrize(("error_rate", "responses"), [(1e-2, 450), exhaustive(ERROR_RATE, 700)])
def test_exact_errors_of_two_pods(error_rate: float, responses: int) -> None:
    even, half = exactly(1 / 2, responses, error_rate), exactly(1 / 3, responses, error_rate)
    assert 0 < even[PINNED] + even[SKEWED] <= error_rate
    assert even[BALANCED] > 0.99 - error_rate
    assert 0.5 * error_rate < half[BALANCED] <= error_rate, "as few responses as this error allows, or nearly"
    assert half[SKEWED] > 0.99 - error_rate


def test_a_pod_with_three_quarters_is_seldom_called_pinned() -> None:
    wrong = exactly(3 / 4, 200)
    assert 0.5 * ERROR_RATE < wrong[PINNED] <= ERROR_RATE
    assert wrong[BALANCED] < 1e-6


def log_likelihood(counts: Sequence[int], shares: Sequence[float]) -> float:
    return sum(n * math.log(share) if share else -math.inf for n, share in zip(counts, shares, strict=True) if n)


def log_likelihood_of_any(counts: Sequence[int], weight: float) -> float:
    """The likelihood if one pod has *weight* times the weight of each other, each pod as likely as the next."""
    pods = len(counts)
    one = 1.0 if weight == math.inf else weight
    other = 0.0 if weight == math.inf else 1.0
    total = one + (pods - 1) * other
    shares = [[(one if pod == odd else other) / total for pod in range(pods)] for odd in range(pods)]
    return log_mean([log_likelihood(counts, each) for each in shares])


def error_on_even(pods: int, runs: int) -> float:
    """How often even traffic is called pinned or skewed.

    Every kind of uneven traffic is made in turn; a run counts by how much likelier it is in even traffic.
    """
    kinds = {0.0: DEAD, 0.5: HALF, 2.0: DOUBLE, math.inf: pinned}
    errors = 0.0
    for seed in range(runs):
        end = first_verdict(list(kinds.values())[seed % 4], pods, seed=seed)
        uneven = log_mean([log_likelihood_of_any(end.counts, weight) for weight in kinds])
        if end.outcome in (PINNED, SKEWED):
            errors += math.exp(log_likelihood(end.counts, [1 / pods] * pods) - uneven)
    return errors / runs


def error_on_odd(pods: int, weight: float, runs: int) -> float:
    """How often traffic in which one pod has another weight is called balanced.

    Even traffic is made; a run counts by how much likelier it is in the other.
    """
    errors = 0.0
    for seed in range(runs):
        end = first_verdict(EVEN, pods, seed=seed)
        if end.outcome is BALANCED:
            odd = log_likelihood_of_any(end.counts, weight)
            errors += math.exp(odd - log_likelihood(end.counts, [1 / pods] * pods))
    return errors / runs


@pytest.mark.parametrize(("pods", "runs"), [(3, 12), (10, 4), exhaustive(3, 80), exhaustive(10, 24)])
def test_even_traffic_is_seldom_called_uneven(pods: int, runs: int) -> None:
    assert 0.2 * ERROR_RATE < error_on_even(pods, runs) <= ERROR_RATE


@pytest.mark.parametrize(("pods", "runs"), [(3, 4), (10, 2), exhaustive(3, 30), exhaustive(10, 8)])
@pytest.mark.parametrize("weight", [0.5, 2.0])
def test_half_and_double_weight_are_seldom_called_balanced(pods: int, runs: int, weight: float) -> None:
    assert 0 < error_on_odd(pods, weight, runs) <= ERROR_RATE


KINDS: dict[str, tuple[Traffic, Outcome]] = {
    "pinned": (pinned, PINNED),
    "sticky by hash": (sticky, PINNED),
    "random": (EVEN, BALANCED),
    "LEAST_REQUEST": (least_request, BALANCED),
    "round robin": (round_robin, BALANCED),
    "one pod at half weight": (HALF, SKEWED),
    "one pod dead": (DEAD, SKEWED),
    "moved after 20": (moving(20), SKEWED),
}
"""What must come of each kind of traffic. Of two pods, with one dead, one is left, and its client is pinned."""


@pytest.mark.parametrize(("pods", "clients", "runs"), [(2, 1, 8), (3, 1, 8), (3, 5, 4), (10, 1, 2), (10, 5, 1)])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_traffic_is_called_what_it_is(kind: str, pods: int, clients: int, runs: int) -> None:
    traffic, outcome = KINDS[kind]
    expected = PINNED if kind == "one pod dead" and pods == 2 else outcome
    outcomes = Counter(first_verdict(traffic, pods, clients, seed=seed, looks=50).outcome for seed in range(runs))
    assert outcomes == {expected: runs}


@pytest.mark.parametrize(
    "kind", ["pinned", "one pod dead", "moved after 20", exhaustive("random"), exhaustive("round robin")]
)
def test_a_hundred_pods_and_fifty_clients(kind: str) -> None:
    traffic, outcome = KINDS[kind]
    assert first_verdict(traffic, 100, 50, seed=1, looks=30).outcome is outcome


@pytest.mark.parametrize("pods", [2, 3, 100])
@pytest.mark.parametrize("clients", [1, 5])
def test_pinned_clients_are_never_called_anything_else(pods: int, clients: int) -> None:
    servers = [str(pod) for pod in range(pods)]
    by_client: dict[str, dict[str, int]] = {}
    outcomes = []
    for _, (client, pod) in zip(range(100 * clients), pinned(random.Random(3), pods, clients), strict=False):
        answered = by_client.setdefault(str(client), {})
        answered[str(pod)] = answered.get(str(pod), 0) + 1
        outcomes.append(judge(by_client, servers).outcome)
    assert outcomes == sorted(outcomes, key=[INCONCLUSIVE, PINNED].index), "inconclusive, then pinned, and nothing else"


def test_pinned_becomes_skewed_with_the_first_response_from_another_pod() -> None:
    assert judge({"x": {"a": 100}}, "abc").outcome is PINNED
    verdict = judge({"x": {"a": 100, "b": 1}}, "abc")
    assert verdict.outcome is SKEWED
    assert "100 of its 101 responses from a" in verdict.reason


def test_clients_that_are_stuck_on_different_pods_are_not_balanced_because_one_of_them_moved() -> None:
    for sent in count(2):
        by_client = {str(client): {"ab"[client % 2]: sent} for client in range(50)}
        by_client["0"] = {"a": sent - 1, "b": 1}
        outcome = judge(by_client, "ab").outcome
        assert outcome is not BALANCED
        if outcome is SKEWED:
            break


@pytest.mark.parametrize("pods", [10, exhaustive(2), exhaustive(3), exhaustive(100)])
def test_the_order_errs_seldom(pods: int) -> None:
    """Of counts that are even: how often it says that clients stay who do not, and the other way round."""
    even, staying = ordered(pods, 1 / pods, 300), ordered(pods, 3 / 4, 300)
    assert 0 < even[SKEWED] <= ERROR_RATE / 8
    assert even[BALANCED] > 0.99
    assert 0 < staying[BALANCED] <= ERROR_RATE
    assert staying[SKEWED] > 0.95


def ordered(pods: int, again: float, responses: int) -> dict[Outcome, float]:
    """The chances of the first verdicts in so many responses, where each comes from the pod before with *again*."""
    servers = [str(pod) for pod in range(pods)]

    @cache
    def of(followed: int, repeated: int) -> Outcome:
        return judge({"x": dict.fromkeys(servers, 10_000)}, servers, order=Order(followed, repeated)).outcome

    return first_of(of, again, responses)


@pytest.mark.parametrize(("pods", "after"), [(2, 5), (3, 5), (3, 50), (10, 50), exhaustive(3, 1000)])
def test_clients_that_stay_on_each_pod_as_long_are_never_balanced(pods: int, after: int) -> None:
    judged = Judged(pods)
    outcomes = set()
    responses = 3 * pods * after * 2
    for total, (client, pod) in zip(range(1, responses + 1), wandering(after)(random.Random(1), pods, 2), strict=False):
        judged.add(client, pod)
        if total % 7 == 0 or total == responses:
            outcomes.add(judged.verdict().outcome)
    assert BALANCED not in outcomes
    assert judged.verdict().outcome is SKEWED


def test_round_robin_takes_the_fewest_responses_of_all() -> None:
    assert {first_verdict(round_robin, 3, seed=seed).responses for seed in range(3)} == {191}
    randomly = [first_verdict(EVEN, 3, seed=seed).responses for seed in range(15)]
    assert 191 <= min(randomly) < sorted(randomly)[7] <= 320


def test_slightly_uneven_traffic_is_balanced_however_long_one_looks() -> None:
    """Where a pod has nine tenths of the weight of the others, a million responses make it no worse."""
    assert first_verdict(weighted(0.9), 3, seed=1).outcome is BALANCED
    assert judge({"x": {"a": 900_000, "b": 1_000_000, "c": 1_000_000}}, "abc").outcome is BALANCED
