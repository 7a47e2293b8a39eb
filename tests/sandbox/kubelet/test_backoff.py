"""How long is waited before the next try."""

from __future__ import annotations

from grpcdemo.sandbox.kubelet.backoff import Backoff, format_delay


def test_the_first_restart_costs_no_wait_and_then_it_doubles_to_five_minutes() -> None:
    backoff = Backoff(free=1, clock=lambda: 0)
    assert [backoff.next_delay_s() for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_good_minutes_make_it_begin_anew() -> None:
    now = 0.0
    backoff = Backoff(clock=lambda: now)
    assert [backoff.next_delay_s(), backoff.next_delay_s()] == [10, 20]
    now = 601
    assert backoff.next_delay_s() == 10


def test_a_delay_is_written_as_a_kubelet_writes_it() -> None:
    assert [format_delay(seconds) for seconds in (0.05, 10, 80, 300)] == ["0.05s", "10s", "1m20s", "5m0s"]
