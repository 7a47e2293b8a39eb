"""The current window and the timeline across windows."""

from functools import partial

from grpcdemo.steps.observe.record import Record
from grpcdemo.steps.observe.window import Window
from grpcdemo.verdict import Order

from .calls import batch


def test_a_new_window_forgets_all_that_was_counted() -> None:
    record = Record(0.0)
    record.begin_window(0.0)
    record.add(batch("a", "a", None, missed=3))
    record.begin_window(5.0)
    assert record.windows == 2
    assert record.window.tally(9.0) == Window().tally(9.0)
    assert record.window.latencies() == ()
    record.add(batch("a", at=6.0))
    assert record.window.order == Order(), "no response follows one of the window before"
    assert record.window.tally(7.0).seconds == 1.0


def test_the_timeline_goes_on_across_windows() -> None:
    record = Record(100.0)
    record.begin_window(100.0)
    record.add(batch("a", "a", None, at=100.0))
    record.begin_window(101.0)
    record.add(batch("b", at=101.0))
    slices = record.timeline.timeline(101.0).slices
    assert [(part.by_server, part.errors, part.windows) for part in slices] == [
        ({"a": 2}, 1, 1),
        ({}, 0, 0),
        ({"b": 1}, 0, 1),
    ]
    assert sum(part.followed for part in slices) == sum(part.repeated for part in slices) == 1


def test_a_client_that_restarted_begins_a_window_with_its_calls() -> None:
    record = Record(0.0)
    record.begin_window(0.0)
    record.add(batch("a", "a", client="y"))
    assert record.add(batch("b", restarted=True, missed=2, at=1.0))
    tally = record.window.tally(3.0)
    assert record.windows == 2
    assert (tally.by_client, tally.missed, tally.seconds) == ({"x": {"b": 1}}, 2, 2.0)
    assert [part.windows for part in record.timeline.timeline(1.0).slices] == [1, 0, 1]


def test_a_full_window_stays_as_it_is() -> None:
    record = Record(0.0, partial(Window, limit=2))
    record.begin_window(0.0)
    assert record.add(batch("a", "b", "c"))
    assert not record.add(batch("a"))
    assert not record.add(batch("a", restarted=True))
    assert (record.windows, record.window.responses) == (1, 2)
    assert record.timeline.timeline(0.0).slices[0].by_server == {"a": 1, "b": 1}
    record.begin_window(1.0)
    assert record.add(batch("a")), "other pods, another window"
