"""Who answered when: every call in its slice, in bounded memory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.model.observation import OTHERS, Slice
from grpcdemo.steps.observe.timeline import FIRST_S, SERVERS, SLICES, TimelineCounter

WINDOW = Slice(windows=1)


def answer(pod: str) -> Slice:
    return Slice({pod: 1})


def test_a_call_is_counted_in_the_slice_that_it_came_in() -> None:
    counter = TimelineCounter(100.0)
    counter.add(answer("a"), 100.1)
    counter.add(answer("b"), 100.2)
    counter.add(Slice(errors=1), 100.0 + 2 * FIRST_S)
    timeline = counter.timeline(100.0 + 3 * FIRST_S)
    assert [(part.by_server, part.errors) for part in timeline.slices] == [
        ({"a": 1, "b": 1}, 0),
        ({}, 0),
        ({}, 1),
        ({}, 0),
    ]
    assert timeline.seconds == pytest.approx(3 * FIRST_S)


def test_a_call_from_before_the_beginning_is_a_new_beginning() -> None:
    counter = TimelineCounter(100.0)
    counter.add(WINDOW, 100.0)
    counter.add(answer("a"), 100.0)
    counter.add(WINDOW, 100.0)
    counter.add(answer("b"), 100.0 - 2 * FIRST_S)
    timeline = counter.timeline(100.0)
    assert [part.by_server for part in timeline.slices] == [{"b": 1}, {}, {"a": 1}]
    assert [part.windows for part in timeline.slices] == [1, 0, 1], "the first window is all that was before the second"
    assert timeline.seconds == pytest.approx(2 * FIRST_S)


def test_a_beginning_long_ago_makes_the_slices_longer() -> None:
    counter = TimelineCounter(1e6)
    counter.add(answer("a"), 1e6)
    counter.add(answer("b"), 0.0)
    timeline = counter.timeline(1e6)
    assert len(timeline.slices) <= SLICES
    assert 1e6 <= timeline.slice_s * len(timeline.slices) <= 4e6
    assert (timeline.slices[0].by_server, timeline.slices[-1].by_server) == ({"b": 1}, {"a": 1})


def test_an_observation_that_was_told_does_not_change_any_more() -> None:
    counter = TimelineCounter(0.0)
    counter.add(answer("a"), 0.0)
    told = counter.timeline(0.0)
    counter.add(answer("a"), 0.0)
    assert [part.responses for part in told.slices] == [1]
    assert [part.responses for part in counter.timeline(0.0).slices] == [2]


def test_everything_that_was_counted_is_in_it() -> None:
    counter = TimelineCounter(0.0)
    counter.add(Slice({"a": 3, "b": 1}, errors=2, followed=3, repeated=1, windows=1), 0.0)
    counter.add(Slice({"a": 1}, errors=1, followed=1, repeated=1), 0.1)
    assert counter.timeline(0.1).slices == (Slice({"a": 4, "b": 1}, errors=3, followed=4, repeated=2, windows=1),)


@given(st.lists(st.tuples(st.floats(0, 1e7), st.sampled_from("abc")), max_size=200))
def test_no_call_is_lost_however_long_it_takes(calls: list[tuple[float, str]]) -> None:
    counter = TimelineCounter(0.0)
    for at, pod in calls:
        counter.add(answer(pod), at)
    timeline = counter.timeline(0.0)
    assert len(timeline.slices) <= SLICES
    assert sum(part.responses for part in timeline.slices) == len(calls)
    for index, part in enumerate(timeline.slices):
        lows = [pod for at, pod in calls if index * timeline.slice_s <= at < (index + 1) * timeline.slice_s]
        assert part.by_server == {pod: lows.count(pod) for pod in set(lows)}


def test_the_slices_become_longer_when_they_are_used_up() -> None:
    counter = TimelineCounter(0.0)
    for number in range(SLICES):
        counter.add(answer("a"), number * FIRST_S)
    assert counter.timeline(0.0).slice_s == FIRST_S
    counter.add(answer("a"), SLICES * FIRST_S)
    timeline = counter.timeline(0.0)
    assert timeline.slice_s == 2 * FIRST_S
    assert [part.responses for part in timeline.slices] == [2] * (SLICES // 2) + [1]


def test_memory_is_bounded_however_many_pods_come_and_go() -> None:
    counter = TimelineCounter(0.0)
    for number in range(SLICES * 8):
        for pod in range(50):
            counter.add(answer(f"{number}-{pod}"), number * FIRST_S)
    timeline = counter.timeline(0.0)
    assert max(len(part.by_server) for part in timeline.slices) <= SERVERS + 1
    assert sum(part.responses for part in timeline.slices) == SLICES * 8 * 50
    assert any(OTHERS in part.by_server for part in timeline.slices)
