"""The evidence, against its formula as it is written down."""

import math

import pytest

from grpcdemo.verdict.evidence import Counts, Order

COUNTS = [(1, 0), (0, 0, 5), (3, 4), (7, 1, 0), (2, 2, 2, 2)]


def ratio(counts: tuple[int, ...], weight: float) -> float:
    """M(weight): the likelihood of each pod having it, over that of even traffic, on average."""
    pods, total = len(counts), sum(counts)
    if weight == math.inf:
        return float(sum(pods**total for count in counts if count == total)) / pods
    return (pods / (pods - 1 + weight)) ** total * sum(weight**count for count in counts) / pods


@pytest.mark.parametrize("weight", [0.0, 0.5, 0.75, 2.0, math.inf])
@pytest.mark.parametrize("counts", COUNTS, ids=str)
def test_the_ratio_is_that_of_the_formula(counts: tuple[int, ...], weight: float) -> None:
    logarithm = Counts(tuple(count for count in counts if count), len(counts)).log_ratio(weight)
    expected = ratio(counts, weight)
    assert logarithm == (pytest.approx(math.log(expected)) if expected else -math.inf)


@pytest.mark.parametrize("chance", [0.6, 0.75])
@pytest.mark.parametrize("pods", [2, 3, 10])
@pytest.mark.parametrize("order", [Order(), Order(5, 2), Order(7, 7)])
def test_the_evidence_of_staying_is_that_of_the_formula(order: Order, pods: int, chance: float) -> None:
    moved = order.followed - order.repeated
    ratio = (pods * chance) ** order.repeated * (pods * (1 - chance) / (pods - 1)) ** moved
    assert order.log_staying(pods, chance) == pytest.approx(math.log(ratio))
