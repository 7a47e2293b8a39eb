"""The rate is steady, a stall is not made up for, and retries slow down."""

import pytest

from grpcdemo.workload.pacing import BACKOFF_CAP_S, BACKOFF_FIRST_S, Backoff, Pace


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def call_times(clock: Clock, pace: Pace, took_s: list[float]) -> list[float]:
    """When calls are made that take so long, each after the delay that *pace* asks for."""
    times = []
    for seconds in took_s:
        times.append(clock.now)
        clock.now += seconds
        clock.now += pace.next_delay_s()
    return times


def test_neither_slow_calls_nor_late_ones_make_the_rate_drift() -> None:
    clock = Clock()
    times = call_times(clock, Pace(10, clock=clock), [0.01, 0.09, 0.03, 0.05, 0.0])
    assert times == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4])


def test_a_stall_is_followed_by_the_steady_rate_and_not_by_a_burst() -> None:
    clock = Clock()
    times = call_times(clock, Pace(10, clock=clock), [0.0, 5.0, 0.0, 0.0, 0.0])
    assert times == pytest.approx([0.0, 0.1, 5.1, 5.2, 5.3])


def test_the_backoff_doubles_up_to_its_cap_until_a_reset() -> None:
    backoff = Backoff(jitter=lambda shortest, longest: longest)
    delays = [backoff.next_delay_s() for _ in range(2000)]
    assert delays[:3] == [BACKOFF_FIRST_S, 2 * BACKOFF_FIRST_S, 4 * BACKOFF_FIRST_S]
    assert max(delays) == delays[-1] == BACKOFF_CAP_S
    backoff.reset()
    assert backoff.next_delay_s() == BACKOFF_FIRST_S


def test_the_jitter_only_ever_shortens_and_by_half_at_most() -> None:
    backoff = Backoff()
    delays = [backoff.next_delay_s() for _ in range(200)][10:]
    assert BACKOFF_CAP_S / 2 <= min(delays) < max(delays) <= BACKOFF_CAP_S
