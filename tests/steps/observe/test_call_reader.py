"""From a client's log to batches of calls: each call once, gaps counted, restarts told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.kube.streams.log_lines import SECOND_NS, LogLine, parse_line
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.call_reader import CallReader, Past

from .calls import log


def read(*pieces: bytes, is_new: bool = True) -> list[Batch]:
    reader = CallReader("x", is_new=is_new)
    return [batch for piece in pieces for batch in reader.read(piece, 7.0)]


def shapes(batches: list[Batch]) -> list[tuple[int, int, bool]]:
    """Of each batch: how many calls, how many missed, and whether the client restarted."""
    return [(len(batch.results), batch.missed, batch.restarted) for batch in batches]


def test_calls_in_a_row_are_one_batch() -> None:
    (batch,) = read(log(1, 2, 3))
    assert (batch.client, batch.at, batch.line) == ("x", 7.0, None)
    assert [result.pod for result in batch.results] == ["a", "a", "a"]
    assert shapes([batch]) == [(3, 0, False)]


OTHER = b"2026-05-04T10:11:12Z event=calling\n"
DAMAGED = log(2).replace(b"latency", b"late")


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([log(1, 2), log(3), log(4, 5)], [(2, 0, False), (1, 0, False), (2, 0, False)]),
        ([log(1, 2, 5, 7)], [(2, 0, False), (1, 2, False), (1, 1, False)]),
        ([log(1, 2), log(5), log(7)], [(2, 0, False), (1, 2, False), (1, 1, False)]),
        ([log(40, 41)], [(2, 0, False)]),  # what came before the first line was not missed
        ([log(1, 2, 1, 2)], [(2, 0, False), (2, 0, True)]),  # a number that does not grow is of a new process
        ([log(1, 2), log(1, 2)], [(2, 0, False), (2, 0, True)]),
        ([log(1), log(1)], [(1, 0, False), (1, 0, True)]),
        ([log(8, 9, 4)], [(2, 0, False), (1, 3, True)]),  # a restart may have lost its first lines
        ([OTHER, log(1) + OTHER + log(2), OTHER], [(2, 0, False)]),
        ([log(1) + DAMAGED + log(3)], [(1, 0, False), (1, 1, False)]),
    ],
)
def test_gaps_and_restarts(pieces: list[bytes], expected: list[tuple[int, int, bool]]) -> None:
    assert shapes(read(*pieces)) == expected


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([log(40), log(44, 45)], [(2, 3, False)]),
        ([log(40, 41), log(42)], [(1, 0, False), (1, 0, False)]),
        ([log(1), log(2)], [(1, 0, False), (1, 0, False)]),  # a client's first call
        ([OTHER, log(40), log(41)], [(1, 0, False)]),
    ],
)
def test_the_last_line_of_an_old_log_is_not_counted(pieces: list[bytes], expected: list[tuple[int, int, bool]]) -> None:
    assert shapes(read(*pieces, is_new=False)) == expected


def test_each_batch_has_its_line_if_lines_are_asked_for() -> None:
    reader = CallReader("x", is_new=True, by_line=True)
    batches = list(reader.read(log(1, 2).replace(b"\n", b"\r\n"), 7.0))
    assert [batch.line for batch in batches] == [parse_line(line) for line in log(1, 2).splitlines()]
    assert [batch.at for batch in batches] == [7.0, 7.0]


def past_log(*calls: tuple[int, float]) -> list[Batch]:
    """Calls with their numbers, each so many seconds old, read by an observation that goes 30 seconds back."""
    now_ns = 1000 * SECOND_NS
    reader = CallReader("x", is_new=False, past=Past(now_ns - 30 * SECOND_NS, epoch=-900.0))
    pieces = []
    for seq, age_s in calls:
        seconds, rest = divmod(round((1000 - age_s) * 10), 10)
        pieces.append(log(seq, stamp=f"1970-01-01T00:{seconds // 60:02}:{seconds % 60:02}.{rest}Z"))
    return [batch for piece in pieces for batch in reader.read(piece, 100.0)]


def test_the_past_begins_with_the_first_line_that_is_young_enough() -> None:
    batches = past_log((7, 31), (8, 30.1), (9, 30), (10, 10))
    assert shapes(batches) == [(1, 0, False), (1, 0, False)]
    assert [batch.at for batch in batches] == pytest.approx([70.0, 90.0])


def test_a_gap_at_the_beginning_of_the_past_is_missed() -> None:
    assert shapes(past_log((7, 31), (9, 20))) == [(1, 1, False)]


def test_after_the_first_young_line_no_line_is_too_old() -> None:
    """Whatever its clock says, it was written later."""
    assert shapes(past_log((1, 100), (2, 20), (3, 100), (4, 10))) == [(1, 0, False)] * 3


def test_no_line_is_from_the_future() -> None:
    assert [batch.at for batch in past_log((1, -5))] == [100.0]


def test_the_past_of_a_new_client_begins_with_its_first_line() -> None:
    reader = CallReader("x", is_new=True, past=Past(500 * SECOND_NS, epoch=0.0))
    (batch,) = reader.read(log(5, stamp="1970-01-01T00:00:03Z"), 1000.0)
    assert (batch.at, batch.line) == (3.0, LogLine(3 * SECOND_NS, log(5).decode().split(" ", 1)[1].rstrip("\n")))


@given(st.lists(st.integers(1, 6), max_size=30), st.integers(1, 5))
def test_no_call_of_a_process_is_read_twice_in_whatever_pieces_a_log_comes(seqs: list[int], size: int) -> None:
    """Between restarts numbers only grow, so what was read and what was missed make up the last number."""
    batches = read(*(log(*seqs[start : start + size]) for start in range(0, len(seqs), size)))
    assert sum(len(batch.results) for batch in batches) == len(seqs)
    starts = [0, *(at for at in range(1, len(seqs)) if seqs[at] <= seqs[at - 1])] if seqs else []
    assert sum(batch.restarted for batch in batches) == max(0, len(starts) - 1)
    lasts = [seqs[end - 1] for end in [*starts[1:], len(seqs)]] if seqs else []
    known = sum(lasts) - (seqs[0] - 1 if seqs else 0)
    assert sum(len(batch.results) + batch.missed for batch in batches) == known
