"""From calls to what is said of a cure."""

import pytest

from grpcdemo.cures import CURES
from grpcdemo.model.comparison import Event
from grpcdemo.steps.compare.analysis import (
    clients_by_verdict,
    disturbance_of,
    longest_gap_s,
    new_pod_of,
    quantile,
    timeline_of,
    together,
    verdict_of,
    window_of,
)
from grpcdemo.steps.compare.plan import Slot
from grpcdemo.verdict import Order, Outcome

from .logs import BEGAN, call, client, steady

SLOT = Slot(0, CURES[0], 1)


def test_a_window_leaves_out_the_start() -> None:
    calls = [call(0.0, "a", 90.0), *(call(1.0 + at / 100, "abc"[at % 3], 1.0 + at % 2) for at in range(400))]
    window = window_of(SLOT, [client("c", calls, [1, 3, 3])], "abc", warm_up_s=1.0, window_s=3.0)
    assert window.traffic.responses == 300
    assert window.traffic.by_client == {"c": {"a": 100, "b": 100, "c": 100}}
    assert window.latency_ms["p99"] == 2.0
    assert window.client_connections == (3,)
    assert window.verdict.outcome is Outcome.BALANCED


def test_windows_are_judged_together_with_their_order() -> None:
    """Each client stays on a pod at any moment, though the shares even out."""
    windows = [
        window_of(
            SLOT,
            [client(f"c{number}", steady(pod * 99 + "bca"["abc".index(pod)], 10))],
            "abc",
            warm_up_s=0,
            window_s=10,
        )
        for number, pod in enumerate("abc")
    ]
    traffic = together(window.traffic for window in windows)
    assert traffic.by_server() == {"a": 100, "b": 100, "c": 100}
    assert traffic.order == Order(297, 294)
    assert verdict_of(traffic, "abc").outcome is Outcome.PINNED
    assert clients_by_verdict(windows, "abc") == {"pinned": 3}


def test_where_one_client_stays_and_another_does_not_nobody_is_pinned() -> None:
    calls = [client("stays", steady("a" * 20, 10)), client("moves", steady("ab" * 10, 10))]
    window = window_of(SLOT, calls, "abc", warm_up_s=0, window_s=20)
    assert window.verdict.outcome is Outcome.SKEWED
    assert clients_by_verdict([window], "abc") == {"pinned": 1, "skewed": 1}


def test_a_client_without_any_answer_counts_its_errors() -> None:
    window = window_of(SLOT, [client("c", steady(" ", 1))], "ab", warm_up_s=1, window_s=1)
    assert (window.traffic.responses, window.traffic.errors) == (0, {"UNAVAILABLE": 10})
    assert window.latency_ms == {}


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 50), (0.9, 90), (0.99, 99), (1.0, 100)])
def test_quantiles(share: float, value: int) -> None:
    assert quantile(range(1, 101), share) == value


def test_the_longest_gap_is_between_answers_and_to_the_edges() -> None:
    calls = [call(1, "a"), call(2, None), call(4, "a"), call(4.5, "a")]
    assert longest_gap_s(calls, BEGAN, BEGAN + 5) == 3.0
    assert longest_gap_s(calls, BEGAN + 4.2, BEGAN + 9) == 4.5
    assert longest_gap_s([], BEGAN, BEGAN + 2) == 2.0


def test_a_disturbance_is_that_of_the_client_that_felt_it_most() -> None:
    logs = [
        client("x", steady("a", 10)),
        client("y", [*steady("b", 3), *steady(" ", 2, start=3), *steady("b", 5, start=5)]),
    ]
    one = disturbance_of(Event.CRASH, logs, BEGAN + 2, BEGAN + 8, BEGAN)
    assert (one.begin_s, one.seconds, one.calls, one.errors) == (2, 6, 120, {"UNAVAILABLE": 20})
    assert one.longest_gap_s == pytest.approx(2.1)


def test_a_new_pod_that_gets_no_call() -> None:
    new = new_pod_of("c", [client("x", steady("ab", 20))], BEGAN + 5, BEGAN + 20, 3)
    assert (new.first_call_s, new.even_s, new.watched_s) == (None, None, 15)


def test_a_new_pod_that_waits_and_then_gets_its_share() -> None:
    logs = [client("x", [*steady("ab", 10), *steady("abc", 10, start=10)])]
    new = new_pod_of("c", logs, BEGAN + 5, BEGAN + 20, 3)
    assert new.first_call_s == pytest.approx(5.2)
    assert new.even_s == new.first_call_s


def test_a_share_that_grows_is_even_later_than_the_first_call() -> None:
    logs = [client("x", [*steady("ab" * 20 + "c", 8.2), *steady("abc", 12, start=8.2)])]
    new = new_pod_of("c", logs, BEGAN, BEGAN + 20, 3)
    assert new.first_call_s == pytest.approx(4.0)
    assert new.even_s == pytest.approx(8.1)


def test_a_share_that_does_not_last_is_not_even() -> None:
    logs = [client("x", [*steady("abc", 4), *steady("ab", 16, start=4)])]
    assert new_pod_of("c", logs, BEGAN, BEGAN + 20, 3).even_s is None


def test_a_pod_that_takes_all_is_not_even() -> None:
    logs = [client("x", [*steady("ab", 10), *steady("c", 10, start=10)])]
    assert new_pod_of("c", logs, BEGAN, BEGAN + 20, 3).even_s is None


def test_the_timeline_counts_each_call_once() -> None:
    logs = [client("x", steady("ab", 2)), client("y", steady("b ", 2))]
    timeline = timeline_of(logs, BEGAN, BEGAN + 2)
    assert timeline.by_server() == {"a": 10, "b": 20}
    assert sum(one.errors for one in timeline.slices) == 10
    assert sum(one.repeated for one in timeline.slices) == 9
    assert len(timeline.slices) == 4
