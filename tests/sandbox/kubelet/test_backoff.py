"""The delay before the next attempt."""

from grpcdemo.sandbox.kubelet.backoff import Backoff, format_delay


def test_the_delay_starts_at_zero_and_doubles_to_five_minutes() -> None:
    backoff = Backoff(free=1, clock=lambda: 0)
    assert [backoff.next_delay_s() for _ in range(8)] == [0, 10, 20, 40, 80, 160, 300, 300]


def test_ten_minutes_without_failure_reset_the_delay() -> None:
    now = 0.0
    backoff = Backoff(clock=lambda: now)
    assert [backoff.next_delay_s(), backoff.next_delay_s()] == [10, 20]
    now = 601
    assert backoff.next_delay_s() == 10


def test_a_delay_has_a_kubelets_notation() -> None:
    assert [format_delay(seconds) for seconds in (0.05, 10, 80, 300)] == ["0.05s", "10s", "1m20s", "5m0s"]
