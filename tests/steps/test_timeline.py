"""Who answered when: every call in its slice, in bounded memory, and a distribution of the latencies."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.model import OTHERS
from grpcdemo.steps.histogram import BINS, Histogram
from grpcdemo.steps.timeline import FIRST_S, SERVERS, SLICES, TimelineCounter


def test_a_call_is_counted_in_the_slice_that_it_came_in() -> None:
    counter = TimelineCounter(100.0)
    counter.add("x", ["a"], 100.1)
    counter.add("x", ["b"], 100.2)
    counter.add("x", [None], 100.0 + 2 * FIRST_S)
    found = counter.timeline(100.0 + 3 * FIRST_S)
    assert [(part.by_server, part.errors) for part in found.slices] == [
        ({"a": 1, "b": 1}, 0),
        ({}, 0),
        ({}, 1),
        ({}, 0),
    ]
    assert found.seconds == pytest.approx(3 * FIRST_S)


def test_a_call_from_before_the_beginning_is_a_new_beginning() -> None:
    counter = TimelineCounter(100.0)
    counter.new_window(100.0)
    counter.add("x", ["a"], 100.0)
    counter.new_window(100.0)
    counter.add("x", ["b"], 100.0 - 2 * FIRST_S)
    found = counter.timeline(100.0)
    assert [part.by_server for part in found.slices] == [{"b": 1}, {}, {"a": 1}]
    assert [part.windows for part in found.slices] == [1, 0, 1], "the first window is all that was before the second"
    assert found.seconds == pytest.approx(2 * FIRST_S)


def test_a_beginning_long_ago_makes_the_slices_longer() -> None:
    counter = TimelineCounter(1e6)
    counter.add("x", ["a"], 1e6)
    counter.add("x", ["b"], 0.0)
    found = counter.timeline(1e6)
    assert len(found.slices) <= SLICES
    assert 1e6 <= found.slice_s * len(found.slices) <= 4e6
    assert (found.slices[0].by_server, found.slices[-1].by_server) == ({"b": 1}, {"a": 1})


def test_an_observation_that_was_told_does_not_change_any_more() -> None:
    counter = TimelineCounter(0.0)
    counter.add("x", ["a"], 0.0)
    told = counter.timeline(0.0)
    counter.add("x", ["a"], 0.0)
    assert [part.responses for part in told.slices] == [1]
    assert [part.responses for part in counter.timeline(0.0).slices] == [2]


def test_the_same_pod_again_is_counted_for_each_client_and_within_a_window() -> None:
    counter = TimelineCounter(0.0)
    for client, pod in (("x", "a"), ("y", "b"), ("x", "a"), ("y", "c")):
        counter.add(client, [pod], 0.0)
    counter.new_window(0.0)
    counter.add("x", ["a"], 0.0)
    (found,) = counter.timeline(0.0).slices
    assert (found.followed, found.repeated, found.windows) == (2, 1, 1)


@given(st.lists(st.tuples(st.floats(0, 1e7), st.sampled_from("abc")), max_size=200))
def test_no_call_is_lost_however_long_it_takes(calls: list[tuple[float, str]]) -> None:
    counter = TimelineCounter(0.0)
    for at, pod in calls:
        counter.add("x", [pod], at)
    found = counter.timeline(0.0)
    assert len(found.slices) <= SLICES
    assert sum(part.responses for part in found.slices) == len(calls)
    for index, part in enumerate(found.slices):
        lows = [pod for at, pod in calls if index * found.slice_s <= at < (index + 1) * found.slice_s]
        assert part.by_server == {pod: lows.count(pod) for pod in set(lows)}


@given(st.lists(st.lists(st.sampled_from(["a", "b", None]), max_size=5)))
def test_calls_may_come_in_pieces(pieces: list[list[str | None]]) -> None:
    whole, cut = TimelineCounter(0.0), TimelineCounter(0.0)
    whole.add("x", [server for piece in pieces for server in piece], 0.0)
    for piece in pieces:
        cut.add("x", piece, 0.0)
    assert whole.timeline(0.0) == cut.timeline(0.0)


def test_the_slices_become_longer_when_they_are_used_up() -> None:
    counter = TimelineCounter(0.0)
    for number in range(SLICES + 1):
        counter.add("x", ["a"], number * FIRST_S)
    found = counter.timeline(0.0)
    assert found.slice_s == 2 * FIRST_S
    assert [part.responses for part in found.slices] == [2] * (SLICES // 2) + [1]


def test_memory_is_bounded_however_many_pods_come_and_go() -> None:
    counter = TimelineCounter(0.0)
    for number in range(SLICES * 8):
        for pod in range(50):
            counter.add("x", [f"{number}-{pod}"], number * FIRST_S)
    found = counter.timeline(0.0)
    assert max(len(part.by_server) for part in found.slices) <= SERVERS + 1
    assert sum(part.responses for part in found.slices) == SLICES * 8 * 50
    assert any(OTHERS in part.by_server for part in found.slices)


def test_latencies_are_counted_in_bins_that_hold_them() -> None:
    histogram = Histogram()
    for latency_ms in (1.5, 1.5, 40.0):
        histogram.add(latency_ms)
    bins = histogram.bins()
    assert [found.count for found in bins if found.low_ms <= 1.5 < found.high_ms] == [2]
    assert [found.count for found in bins if found.low_ms <= 40.0 < found.high_ms] == [1]
    assert all(left.high_ms == pytest.approx(right.low_ms) for left, right in pairwise(bins))
    assert (bins[0].count, bins[-1].count) == (2, 1), "no empty bin at an end"


@given(st.lists(st.floats(0, 1e9), max_size=50))
def test_any_latency_is_counted(latencies: list[float]) -> None:
    histogram = Histogram()
    for latency_ms in latencies:
        histogram.add(latency_ms)
    assert sum(found.count for found in histogram.bins()) == len(latencies)
    assert len(histogram.bins()) <= BINS
