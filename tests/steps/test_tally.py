"""Counting calls: who answered, what failed, what was missed, how long it took."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.errors import GrpcdemoError
from grpcdemo.steps import tally as tally_module
from grpcdemo.steps.tally import ACCURACY, Counter
from grpcdemo.workload.call_log import Call, Calls, find_calls, format_call


def call(seq: int, pod: str | None = "a", *, code: str = "OK", latency_ms: float = 1.0) -> Call:
    return Call(seq=seq, code=code, pod=pod, pod_ip=f"ip-of-{pod}", latency_ms=latency_ms, message=None)


def logged(*calls: Call) -> Calls:
    """The calls, as they are read from a log."""
    return find_calls("".join(f"2026-05-04T10:11:12Z {format_call(one)}\n" for one in calls).encode())


def counted(*calls: Call, client: str = "x", at: float = 0.0) -> Counter:
    """Counted one by one."""
    counter = Counter()
    for one in calls:
        counter.add(client, logged(one), at)
    return counter


def test_the_time_begins_with_the_earliest_call_whoever_is_read_first() -> None:
    counter = counted(call(1), at=10.0)
    counter.add("y", logged(call(1)), 7.0)
    assert counter.tally(12.0).seconds == 5.0


def test_responses_are_counted_by_client_and_server() -> None:
    counter = counted(call(1, "a"), call(2, "b"), call(3, "a"))
    counter.add("y", logged(call(1, "b")), 0.0)
    tally = counter.tally(0.0)
    assert tally.by_client == {"x": {"a": 2, "b": 1}, "y": {"b": 1}}
    assert tally.by_server() == {"a": 2, "b": 2}
    assert tally.responses == counter.responses == 4
    assert counter.ip_of == {"a": "ip-of-a", "b": "ip-of-b"}


def test_an_address_that_an_answer_does_not_tell_is_not_forgotten() -> None:
    counter = counted(call(1, "a"), replace(call(2, "a"), pod_ip=None))
    assert counter.responses == 2
    assert counter.ip_of == {"a": "ip-of-a"}


def test_calls_that_all_end_differently_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "ENDINGS", 100)
    counter = Counter()

    def count(seqs: range) -> int:
        """Count so many calls; the memory that is used then."""
        for first in seqs[::100]:
            counter.add("x", logged(*(call(seq, latency_ms=seq) for seq in range(first, first + 100))), 0.0)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = count(range(1, 20_001))
        assert count(range(20_001, 30_001)) < before + 200_000
    finally:
        tracemalloc.stop()


def test_a_log_that_names_ever_more_servers_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally_module, "SERVERS", 3)
    counter = counted(call(1, "a"), call(2, "b"))
    counter.add("y", logged(call(1, "c"), call(2, "a")), 0.0)
    assert counter.tally(0.0).responses == 4
    counter.add("y", logged(call(3, "d")), 0.0)
    with pytest.raises(GrpcdemoError, match="log of pod y names server number 4"):
        counter.tally(0.0)
    counter.clear()
    counter.add("y", logged(call(4, "d")), 0.0)
    assert counter.tally(0.0).by_server() == {"d": 1}, "another window has other servers"


def test_errors_are_counted_by_code_and_are_no_responses() -> None:
    tally = counted(
        call(1, None, code="UNAVAILABLE"),
        call(2, None, code="DEADLINE_EXCEEDED"),
        call(3, None, code="UNAVAILABLE"),
        call(4),
    ).tally(0.0)
    assert tally.errors == {"UNAVAILABLE": 2, "DEADLINE_EXCEEDED": 1}
    assert (tally.responses, tally.missed) == (1, 0)


def test_a_gap_is_what_was_missed() -> None:
    assert counted(call(1), call(2), call(5), call(7)).tally(0.0).missed == 3


def test_what_came_before_the_first_line_is_not_missed() -> None:
    assert counted(call(40), call(41)).tally(0.0).missed == 0


def test_a_gap_after_a_line_that_was_skipped_is_missed() -> None:
    counter = Counter()
    counter.skip("x", 40)
    counter.add("x", logged(call(43)), 0.0)
    tally = counter.tally(0.0)
    assert (tally.missed, tally.responses) == (2, 1)


def test_gaps_are_each_client_s_own() -> None:
    counter = counted(call(1), call(2))
    counter.add("y", logged(call(10)), 0.0)
    counter.add("x", logged(call(3)), 0.0)
    counter.add("y", logged(call(11)), 0.0)
    assert counter.tally(0.0).missed == 0


@pytest.mark.parametrize("seq, restarted", [(1, True), (2, True), (3, False), (9, False)])
def test_a_number_that_does_not_grow_is_of_another_process(seq: int, restarted: bool) -> None:
    assert counted(call(1), call(2)).restarted("x", logged(call(seq))) is restarted


def test_a_restart_is_no_gap() -> None:
    counter = counted(call(1), call(2), call(1), call(2))
    assert counter.tally(0.0).missed == 0
    assert not Counter().restarted("x", logged(call(1)))


def test_a_restart_whose_first_lines_are_lost_has_missed_them() -> None:
    assert counted(call(8), call(9), call(4)).tally(0.0).missed == 3


def test_a_new_window_forgets_what_was_counted_but_not_where_it_was() -> None:
    counter = counted(call(1, "a"), call(2, None, code="UNAVAILABLE"), at=5.0)
    counter.clear()
    empty = counter.tally(9.0)
    assert (empty.responses, empty.errors, empty.by_client, empty.latency_ms, empty.seconds) == (0, {}, {}, {}, 0.0)
    counter.add("x", logged(call(4, "b")), 10.0)
    tally = counter.tally(12.5)
    assert (tally.by_client, tally.missed, tally.seconds) == ({"x": {"b": 1}}, 1, 2.5)


def test_percentiles_are_of_all_responses_and_as_exact_as_is_said() -> None:
    slow = call(102, None, code="DEADLINE_EXCEEDED", latency_ms=9000.0)
    tally = counted(*(call(seq, latency_ms=float(seq - 1)) for seq in range(1, 102)), slow).tally(0.0)
    for name, exact in {"p50": 50.0, "p90": 90.0, "p99": 99.0}.items():
        assert tally.latency_ms[name] == pytest.approx(exact, rel=ACCURACY)


def test_the_fastest_and_the_slowest_call_have_percentiles() -> None:
    counter = counted(*(call(seq, latency_ms=0.0) for seq in range(1, 51)))
    counter.add("x", logged(*(call(seq, latency_ms=999_999_999.99) for seq in range(51, 101))), 0.0)
    tally = counter.tally(0.0)
    assert tally.latency_ms == pytest.approx({"p50": 0.0, "p90": 10**9, "p99": 10**9}, rel=ACCURACY)


@pytest.mark.parametrize("responses", [0, 1])
def test_there_are_no_percentiles_of_nothing(responses: int) -> None:
    assert counted(*(call(seq + 1) for seq in range(responses))).tally(0.0).latency_ms == {}


TEXTS = st.sampled_from(
    [
        b"seq=%d code=OK pod=a pod_ip=1.2.3.4 latency_ms=0.84",
        b"seq=%d code=OK pod=b pod_ip=1.2.3.5 latency_ms=0.84\r",
        b'seq=%d code=UNAVAILABLE latency_ms=1.20 message="gone"',
        b"seq=%d code=OK pod=a pod_ip=1.2.3.4 latency_ms=0.84 and more",
        b"seq=%d code=",
        b"event=calling target=x rate=%d",
    ]
)
SEQS = st.integers(1, 9)


@given(st.lists(st.tuples(TEXTS, SEQS)), st.integers(1, 5), st.integers(1, 3))
def test_it_is_the_same_in_whatever_pieces_a_log_comes(texts: list[tuple[bytes, int]], size: int, endings: int) -> None:
    """A damaged line counts as nothing, and does not hide the gap it leaves."""
    lines = [b"2026-05-04T10:11:12Z " + text % seq + b"\n" for text, seq in texts]
    by_line, by_piece = Counter(), Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tally_module, "ENDINGS", endings)
        for counter, step in ((by_line, 1), (by_piece, size)):
            for start in range(0, len(lines), step):
                calls = find_calls(b"".join(lines[start : start + step]))
                for run in calls.runs(counter.last_seq("x")):
                    counter.add("x", run, 0.0)
    assert by_piece.tally(1.0) == by_line.tally(1.0)
    assert by_piece.last_seq("x") == by_line.last_seq("x")
    valid = [seq for text, seq in texts if b"latency_ms" in text and not text.endswith(b"more")]
    assert by_piece.responses + sum(by_piece.tally(1.0).errors.values()) == len(valid)
