"""What is added to the latency, and how long a client stays on a pod."""

import pytest

from grpcdemo.model.comparison import Course, Traffic, Window, added_latency
from grpcdemo.verdict import Order, Outcome, Verdict

UNKNOWN = Verdict(Outcome.INCONCLUSIVE, "")


def window(number: int, p50: float) -> Window:
    return Window(number, 1, Traffic(), UNKNOWN, {"p50": p50})


def test_what_drifts_cancels_out() -> None:
    """The machine slows down by 1 ms from window to window, and the cure adds 0.5 ms."""
    baselines = [window(at, float(at)) for at in (0, 2, 4)]
    added = added_latency([window(1, 1.5), window(3, 3.5)], baselines)
    assert (added["p50"].mean, added["p50"].margin, added["p50"].pairs) == (0.5, 0.0, 2)


def test_a_window_beside_which_a_baseline_is_missing_is_compared_to_the_other() -> None:
    assert added_latency([window(1, 3.0)], [window(0, 1.0)])["p50"].mean == 2.0
    assert added_latency([window(1, 3.0)], [window(4, 1.0)]) == {}
    assert added_latency([Window(1, 1, Traffic(), UNKNOWN)], [window(0, 1.0)]) == {}


@pytest.mark.parametrize(
    ("order", "every_s"),
    [
        (Order(200, 196), 10.0),  # 4 moves of each of two clients in 40 s
        (Order(200, 200), None),  # none
        (Order(200, 65), None),  # not two calls in a row
        (Order(), None),
    ],
)
def test_how_long_a_client_stays_on_a_pod(order: Order, every_s: float | None) -> None:
    traffic = Traffic({"x": {"a": 200}, "y": {"a": 200}}, orders={"x": order, "y": order})
    assert Course(traffic=traffic, traffic_s=40.0).moves_every_s == every_s
