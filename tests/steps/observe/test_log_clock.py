"""Calls that are read after a pause count when they were made, by clocks that differ and are set."""

from grpcdemo.kube.streams.log_lines import SECOND_NS
from grpcdemo.steps.observe.call_reader import CallReader
from tests.fakes.log import format_time
from tests.steps.observe.calls import log

NODE_S = 1_777_889_472
"""What the clock of the node shows when the event loop's shows 100."""


def piece(*calls: tuple[int, float]) -> bytes:
    """Lines of calls: the number, and the event loop's time at which it was made."""
    return b"".join(log(seq, stamp=format_time(round((NODE_S + at - 100) * SECOND_NS))) for seq, at in calls)


def times(reader: CallReader, data: bytes, now: float) -> list[float]:
    return [round(batch.at, 3) for batch in reader.read(data, now)]


def reader() -> CallReader:
    """It has read a call that was made, and read, at 100."""
    one = CallReader("x", is_new=True)
    assert times(one, piece((1, 100)), 100.0) == [100.0]
    return one


def test_calls_that_are_read_at_once_are_made_now() -> None:
    assert times(reader(), piece((2, 100.4), (3, 100.5)), 100.6) == [100.6]


def test_calls_that_are_read_late_are_made_before() -> None:
    one = reader()
    assert times(one, piece((2, 101), (3, 110)), 120.0) == [101.0, 110.0]
    assert times(one, piece((4, 111), (5, 119.5)), 120.1) == [111.0, 119.5]
    assert times(one, piece((6, 120.1), (7, 120.2)), 120.2) == [120.2], "it has caught up"


def test_no_call_is_made_before_the_pause_or_after_now() -> None:
    assert times(reader(), piece((2, 50), (3, 130)), 120.0) == [100.0, 120.0]


def test_a_clock_that_was_set_back_is_learned_anew() -> None:
    one = reader()
    assert times(one, piece((2, 50)), 120.0) == [120.0]
    assert times(one, piece((3, 55), (4, 56)), 126.0) == [125.0, 126.0]


def test_a_gap_tells_since_when_calls_are_missed() -> None:
    one = reader()
    (batch,) = one.read(piece((50, 118)), 120.0)
    assert (batch.missed, batch.previous_at, round(batch.at, 3)) == (48, 100.0, 118.0)


def test_a_gap_after_a_call_that_is_not_counted() -> None:
    one = CallReader("x", is_new=False)
    assert list(one.read(piece((7, 100)), 100.0)) == []
    (batch,) = one.read(piece((50, 118)), 120.0)
    assert (batch.missed, batch.previous_at) == (42, 100.0)
