"""The interval for the mean of paired differences."""

import random
import statistics

import pytest

from grpcdemo.verdict.paired import MOST_PAIRS, mean_difference
from tests.tiers import exhaustive


def test_of_nothing_there_is_none() -> None:
    assert mean_difference([]) is None


def test_a_single_pair_has_no_interval() -> None:
    one = mean_difference([0.5])
    assert one is not None
    assert (one.mean, one.margin, one.pairs, one.is_certain) == (0.5, None, 1, False)


def test_the_margin_is_students() -> None:
    three = mean_difference([1.0, 2.0, 3.0])
    assert three is not None
    assert three.margin is not None
    assert three.mean == 2.0
    assert three.margin == pytest.approx(4.303 / 3**0.5)
    assert not three.is_certain
    equal = mean_difference([0.25] * 4)
    assert equal is not None
    assert equal.margin == 0
    assert equal.is_certain


@pytest.mark.parametrize("pairs", [3, exhaustive(2), exhaustive(10)])
def test_it_holds_the_true_mean_95_times_in_100(pairs: int) -> None:
    draw = random.Random(1)
    runs = 2000
    held = 0
    for _ in range(runs):
        one = mean_difference([draw.gauss(0.3, 1.0) for _ in range(pairs)])
        assert one is not None
        assert one.margin is not None
        held += abs(one.mean - 0.3) <= one.margin
    assert held / runs == pytest.approx(0.95, abs=0.02)


def test_it_shrinks_with_every_pair() -> None:
    margins = []
    for pairs in range(2, MOST_PAIRS + 1):
        values = [(-1.0) ** at for at in range(pairs)]
        one = mean_difference(values)
        assert one is not None
        assert one.margin is not None
        margins.append(one.margin / statistics.stdev(values))
    assert margins == sorted(margins, reverse=True)
