"""Counting calls: who answered, what failed, what was missed, how long it took."""

from __future__ import annotations

import pytest

from grpcdemo.steps.tally import Counter
from grpcdemo.workload.call_log import Call


def call(seq: int, pod: str | None = "a", *, code: str = "OK", latency_ms: float = 1.0) -> Call:
    return Call(seq=seq, code=code, pod=pod, pod_ip=f"ip-of-{pod}", latency_ms=latency_ms, message=None)


def counted(*calls: Call, client: str = "x", at: float = 0.0) -> Counter:
    counter = Counter()
    for one in calls:
        counter.add(client, one, at)
    return counter


def test_responses_are_counted_by_client_and_server() -> None:
    counter = counted(call(1, "a"), call(2, "b"), call(3, "a"))
    counter.add("y", call(1, "b"), 0.0)
    tally = counter.tally(0.0)
    assert tally.by_client == {"x": {"a": 2, "b": 1}, "y": {"b": 1}}
    assert tally.by_server() == {"a": 2, "b": 2}
    assert tally.responses == counter.responses == 4
    assert counter.ip_of == {"a": "ip-of-a", "b": "ip-of-b"}


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
    counter.skip("x", call(40))
    counter.add("x", call(43), 0.0)
    tally = counter.tally(0.0)
    assert (tally.missed, tally.responses) == (2, 1)


def test_gaps_are_each_client_s_own() -> None:
    counter = counted(call(1), call(2))
    counter.add("y", call(10), 0.0)
    counter.add("x", call(3), 0.0)
    counter.add("y", call(11), 0.0)
    assert counter.tally(0.0).missed == 0


@pytest.mark.parametrize("seq, restarted", [(1, True), (2, True), (3, False), (9, False)])
def test_a_number_that_does_not_grow_is_of_another_process(seq: int, restarted: bool) -> None:
    assert counted(call(1), call(2)).restarted("x", call(seq)) is restarted


def test_a_restart_is_no_gap() -> None:
    counter = counted(call(1), call(2), call(1), call(2))
    assert counter.tally(0.0).missed == 0
    assert not Counter().restarted("x", call(1))


def test_a_restart_whose_first_lines_are_lost_has_missed_them() -> None:
    assert counted(call(8), call(9), call(4)).tally(0.0).missed == 3


def test_a_new_window_forgets_what_was_counted_but_not_where_it_was() -> None:
    counter = counted(call(1, "a"), call(2, None, code="UNAVAILABLE"), at=5.0)
    counter.clear()
    empty = counter.tally(9.0)
    assert (empty.responses, empty.errors, empty.by_client, empty.latency_ms, empty.seconds) == (0, {}, {}, {}, 0.0)
    counter.add("x", call(4, "b"), 10.0)
    tally = counter.tally(12.5)
    assert (tally.by_client, tally.missed, tally.seconds) == ({"x": {"b": 1}}, 1, 2.5)


def test_percentiles_are_of_the_responses() -> None:
    slow = call(102, None, code="DEADLINE_EXCEEDED", latency_ms=9000.0)
    tally = counted(*(call(seq, latency_ms=float(seq - 1)) for seq in range(1, 102)), slow).tally(0.0)
    assert tally.latency_ms == {"p50": 50.0, "p90": 90.0, "p99": 99.0}


@pytest.mark.parametrize("responses", [0, 1])
def test_there_are_no_percentiles_of_nothing(responses: int) -> None:
    assert counted(*(call(seq + 1) for seq in range(responses))).tally(0.0).latency_ms == {}
