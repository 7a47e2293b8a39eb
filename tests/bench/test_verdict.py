"""The responses that a verdict takes, against the fewest of any test with its errors; and its cost."""

import math
import random
from collections import Counter
from statistics import mean, median

import pytest

from grpcdemo.model.observation import Tally
from grpcdemo.verdict import Outcome, judge
from tests.bench.ratio import median_ratio, report, timed
from tests.verdict.test_errors import ERROR_RATE, KINDS, error_on_even, error_on_odd
from tests.verdict.traffic import DEAD, EVEN, HALF, Traffic, first_verdict, pinned

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]


def walds_bound(truth: list[float], other: list[float]) -> float:
    """The mean number of responses that a test takes at least to tell *truth* from *other*, both known.

    A. Wald, Sequential Analysis, 1947, appendix A.7, with both errors at ERROR_RATE.
    """
    evidence = (1 - 2 * ERROR_RATE) * math.log((1 - ERROR_RATE) / ERROR_RATE)
    return evidence / sum(p * math.log(p / q) for p, q in zip(truth, other, strict=True) if p)


def odd(weight: float, pods: int) -> list[float]:
    """The shares where the first pod has another weight than the others."""
    return [weight / (pods - 1 + weight), *[1 / (pods - 1 + weight)] * (pods - 1)]


def responses(traffic: Traffic, pods: int, runs: int) -> float:
    return mean(first_verdict(traffic, pods, seed=seed).responses for seed in range(runs))


@pytest.mark.parametrize(
    ("what", "traffic", "truth", "other", "pods", "runs", "limit"),
    [
        *(("balanced", EVEN, 1, 0.5, *case) for case in [(2, 400, 1.45), (3, 400, 1.6), (10, 100, 2.0)]),
        *(("skewed, half weight", HALF, 0.5, 1, *case) for case in [(2, 400, 1.4), (3, 400, 1.5), (10, 100, 1.6)]),
        *(("skewed, a dead pod", DEAD, 0, 1, *case) for case in [(3, 3, 1.5), (10, 3, 1.6), (100, 3, 1.8)]),
    ],
)
def test_a_verdict_against_walds_bound(
    what: str, traffic: Traffic, truth: float, other: float, pods: int, runs: int, limit: float
) -> None:
    """The bound knows which pod could be the odd one, of weight *truth* or *other*; a verdict of "balanced" must rule
    out each, which takes longer."""
    bound = walds_bound(odd(truth, pods), odd(other, pods))
    report(f"{what}, {pods} pods / Wald's bound, {bound:.0f}", responses(traffic, pods, runs) / bound, limit)


def test_pinned_against_walds_bound() -> None:
    bound = walds_bound([1.0, 0.0], [3 / 4, 1 / 4])
    report(f"pinned, not three quarters / Wald's bound, {bound:.0f}", responses(pinned, 3, 3) / bound, 1.15)


@pytest.mark.parametrize(("pods", "runs"), [(2, 1000), (3, 1000), (10, 200)])
def test_errors_in_ten_thousand(pods: int, runs: int) -> None:
    """As in the fast tests, by change of measure, with more runs."""
    report(f"even over {pods} called pinned or skewed, in 10,000", error_on_even(pods, runs) / ERROR_RATE, 1)
    for weight in (0.5, 2.0):
        called = f"a pod of {pods} with weight {weight} called balanced, in 10,000"
        report(called, error_on_odd(pods, weight, runs) / ERROR_RATE, 1)


@pytest.mark.parametrize(("pods", "clients"), [(pods, clients) for pods in (2, 3, 10, 100) for clients in (1, 5, 50)])
def test_the_table(pods: int, clients: int) -> None:
    """Every kind of traffic; with 100 pods or 50 clients not every response is looked at, but every 200th part."""
    often = pods <= 10 and clients <= 5
    runs = {2: 400, 3: 400, 10: 100, 100: 20}[pods] // (1 if often else 4)
    for kind, (traffic, expected) in KINDS.items():
        looks = None if often else 200
        ends = [first_verdict(traffic, pods, clients, seed=seed, looks=looks) for seed in range(runs)]
        seen = Counter(end.outcome.value for end in ends)
        took = [end.responses for end in ends]
        size = f"{mean(took):>7.0f} {median(took):>7.0f} {max(took):>7}"
        print(f"\n{kind:<24}{pods:>4} pods {clients:>3} clients {size}  {dict(seen)}", end="")  # noqa: T201  (a result)
        if not (kind == "one pod dead" and pods == 2):
            assert set(seen) == {expected.value} or kind == "moved after 20"


def test_judging_against_counting() -> None:
    """Three hundred clients and a hundred pods, whose counts every picture adds up anyway."""
    rng = random.Random(1)
    servers = [f"pod-{pod}" for pod in range(100)]
    by_client = {f"client-{at}": Counter(rng.choices(servers, k=2000)) for at in range(300)}
    tally = Tally(by_client={**by_client})
    assert judge(by_client, servers).outcome is Outcome.BALANCED
    ratio = median_ratio(lambda: timed(lambda: judge(by_client, servers)), lambda: timed(tally.by_server), rounds=31)
    report("judging 300 clients on 100 pods / adding up their counts", ratio, 10)
