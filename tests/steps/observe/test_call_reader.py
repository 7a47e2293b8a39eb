"""From a client's log to batches of calls: each call once, gaps counted, restarts told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.kube.log_lines import SECOND_NS, LogLine, parse_line
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


def test_calls_go_on_in_the_next_piece() -> None:
    assert shapes(read(log(1, 2), log(3), log(4, 5))) == [(2, 0, False), (1, 0, False), (2, 0, False)]


@pytest.mark.parametrize("pieces", [[log(1, 2, 5, 7)], [log(1, 2), log(5), log(7)]])
def test_a_gap_is_what_was_missed(pieces: list[bytes]) -> None:
    assert shapes(read(*pieces)) == [(2, 0, False), (1, 2, False), (1, 1, False)]


def test_what_came_before_the_first_line_was_not_missed() -> None:
    assert shapes(read(log(40, 41))) == [(2, 0, False)]


@pytest.mark.parametrize("pieces", [[log(1, 2, 1, 2)], [log(1, 2), log(1, 2)]])
def test_a_number_that_does_not_grow_is_of_a_new_process(pieces: list[bytes]) -> None:
    assert shapes(read(*pieces)) == [(2, 0, False), (2, 0, True)]


def test_the_same_number_again_is_of_a_new_process() -> None:
    assert shapes(read(log(1), log(1))) == [(1, 0, False), (1, 0, True)]


def test_a_restart_may_have_lost_its_first_lines() -> None:
    assert shapes(read(log(8, 9, 4))) == [(2, 0, False), (1, 3, True)]


def test_lines_of_others_are_no_calls() -> None:
    other = b"2026-05-04T10:11:12Z event=calling\n"
    assert shapes(read(other, log(1) + other + log(2), other)) == [(2, 0, False)]


def test_a_damaged_line_is_missed() -> None:
    assert shapes(read(log(1) + log(2).replace(b"latency", b"late") + log(3))) == [(1, 0, False), (1, 1, False)]


def test_the_last_line_of_an_old_log_is_not_counted_but_the_gap_after_it_is() -> None:
    assert shapes(read(log(40), log(44, 45), is_new=False)) == [(2, 3, False)]
    assert shapes(read(log(40, 41), log(42), is_new=False)) == [(1, 0, False), (1, 0, False)]


def test_a_client_s_first_call_is_counted() -> None:
    assert shapes(read(log(1), log(2), is_new=False)) == [(1, 0, False), (1, 0, False)]


def test_a_piece_without_calls_leaves_the_old_one_to_come() -> None:
    assert shapes(read(b"2026-05-04T10:11:12Z event=calling\n", log(40), log(41), is_new=False)) == [(1, 0, False)]


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
