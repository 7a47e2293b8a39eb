"""One histogram: bins for display, and quantiles as exact as it says."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.steps.observe.histogram import ACCURACY, BINS, LEAST_MS, MOST_MS, Histogram


def histogram(*latencies_ms: float) -> Histogram:
    counted = Histogram()
    for latency_ms in latencies_ms:
        counted.add(latency_ms)
    return counted


def test_a_bin_holds_what_lies_between_its_edges() -> None:
    bins = histogram(1.5, 1.5, 40.0).bins()
    assert [bin.count for bin in bins if bin.low_ms <= 1.5 < bin.high_ms] == [2]
    assert [bin.count for bin in bins if bin.low_ms <= 40.0 < bin.high_ms] == [1]
    assert all(left.high_ms == right.low_ms for left, right in pairwise(bins))
    assert (bins[0].count, bins[-1].count) == (2, 1), "no empty bin at either end"
    assert len(bins) == 16, "ten in each decade"


def test_edges_are_round_in_each_decade() -> None:
    bins = histogram(0.01, 10.0).bins()
    assert [bin.low_ms for bin in bins[::10]] == pytest.approx([0.01, 0.1, 1.0, 10.0])


def test_a_latency_beyond_the_axis_is_in_the_first_or_last_bin() -> None:
    bins = histogram(0.0, LEAST_MS / 2, LEAST_MS, MOST_MS * 0.99, MOST_MS, 10 * MOST_MS).bins()
    assert len(bins) == BINS == 70
    assert (bins[0].count, bins[-1].count) == (3, 3)
    assert (bins[0].low_ms, bins[-1].high_ms) == pytest.approx((LEAST_MS, MOST_MS))


def test_it_is_empty_without_latencies() -> None:
    assert Histogram().bins() == ()
    with pytest.raises(ValueError, match="no responses"):
        Histogram().quantile_ms(0.5)


def test_many_equal_latencies_are_counted_at_once() -> None:
    at_once = Histogram()
    at_once.add(2.0, 3)
    assert at_once.bins() == histogram(2.0, 2.0, 2.0).bins()


def test_zero_has_a_quantile() -> None:
    assert [histogram(0.0, 0.0, 5.0).quantile_ms(share) for share in (0, 0.5)] == [0.0, 0.0]
    assert histogram(LEAST_MS).quantile_ms(0.5) == pytest.approx(LEAST_MS, rel=0.005)


latencies = st.lists(st.floats(0, 1e9), min_size=1, max_size=50)


@given(latencies, st.sampled_from([0.0, 0.5, 0.9, 0.99, 1.0]))
def test_a_quantile_is_as_exact_as_it_says(latencies_ms: list[float], share: float) -> None:
    exact = sorted(latencies_ms)[math.floor(share * (len(latencies_ms) - 1))]
    quantile_ms = histogram(*latencies_ms).quantile_ms(share)
    assert quantile_ms == pytest.approx(exact, rel=ACCURACY * 1.0001, abs=LEAST_MS)
    assert ACCURACY < 0.005


@given(latencies)
def test_any_latency_is_counted(latencies_ms: list[float]) -> None:
    assert sum(bin.count for bin in histogram(*latencies_ms).bins()) == len(latencies_ms)
