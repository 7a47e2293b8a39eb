"""One window: who answered, what failed, what was missed, how long it took, in which order."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.errors import GrpcdemoError
from grpcdemo.model.observation import Slice
from grpcdemo.steps.observe.batch import Batch
from grpcdemo.steps.observe.histogram import ACCURACY
from grpcdemo.steps.observe.window import Window
from grpcdemo.verdict import Order
from grpcdemo.workload.call_log import Result

from .calls import batch, result


def counted(*batches: Batch, limit: int | None = None) -> Window:
    window = Window(limit=limit)
    for one in batches:
        window.add(one)
    return window


def test_responses_are_counted_by_client_and_server() -> None:
    window = counted(batch("a", "b"), batch("b", client="y"), batch("a"))
    tally = window.tally(0.0)
    assert tally.by_client == {"x": {"a": 2, "b": 1}, "y": {"b": 1}}
    assert tally.by_server() == {"a": 2, "b": 2}
    assert tally.responses == window.responses == 4
    assert window.ip_of("a") == "ip-of-a"


def test_a_known_ip_is_kept_when_an_answer_does_not_tell_it() -> None:
    assert counted(batch("a"), batch(Result("OK", "a", None, 1.0, None))).ip_of("a") == "ip-of-a"
    assert counted(batch(Result("OK", "a", None, 1.0, None))).ip_of("a") is None


def test_errors_are_counted_by_code_and_are_no_responses() -> None:
    timeout = result(None, code="DEADLINE_EXCEEDED")
    tally = counted(batch(None, timeout, None, "a"), batch(timeout, client="y")).tally(0.0)
    assert tally.errors == {"UNAVAILABLE": 2, "DEADLINE_EXCEEDED": 2}
    assert (tally.responses, tally.missed) == (1, 0)
    assert tally.by_client == {"x": {"a": 1}}, "a client without a response is not in it"


def test_missed_calls_add_up() -> None:
    assert counted(batch("a", missed=2), batch("a"), batch("a", client="y", missed=3)).tally(0.0).missed == 5


def test_time_runs_from_the_earliest_call() -> None:
    assert Window().tally(9.0).seconds == 0.0
    assert counted(batch("a", at=10.0), batch("a", client="y", at=7.0), batch("a", at=11.0)).tally(12.0).seconds == 5.0


def test_it_returns_what_it_counted() -> None:
    window = counted(batch("a"))
    assert window.add(batch("a", None, "b", "b", "a")) == Slice({"a": 2, "b": 2}, errors=1, followed=4, repeated=2)


def test_the_order_is_that_of_each_client_s_responses() -> None:
    window = counted(batch("a"), batch("b", client="y"), batch("a"), batch("c", client="y"))
    assert window.order == Order(followed=2, repeated=1)


def test_a_failed_call_is_not_in_the_order() -> None:
    assert counted(batch("a", None, "a"), batch(None), batch("a")).order == Order(followed=2, repeated=2)
    assert counted(batch(None), batch("a")).order == Order()


@given(st.lists(st.lists(st.sampled_from(["a", "b", None]), max_size=5)))
def test_it_does_not_matter_how_calls_are_batched(pieces: list[list[str | None]]) -> None:
    whole = counted(batch(*(pod for piece in pieces for pod in piece)))
    cut = counted(*(batch(*piece) for piece in pieces))
    assert cut.order == whole.order
    assert cut.tally(0.0) == whole.tally(0.0)


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_full_window_counts_nothing_more(size: int) -> None:
    calls: list[str | None] = ["a", None, "b", None, "a", "b", None]
    window = Window(limit=3)
    added = [
        window.add(batch(*calls[start : start + size], at=start, missed=1)) for start in range(0, len(calls), size)
    ]
    tally = window.tally(99.0)
    assert window.is_full
    assert (tally.by_server(), tally.errors) == ({"a": 2, "b": 1}, {"UNAVAILABLE": 2})
    assert tally.missed == len(range(0, 5, size)), "what was missed before the last call that counts"
    assert tally.seconds == 4 // size * size, "it ends with that call"
    assert sum(one.responses for one in added) == 3
    assert window.order == Order(followed=2, repeated=0)


def test_a_window_with_one_response_less_is_not_full() -> None:
    window = counted(batch("a", None, "b"), limit=3)
    assert not window.is_full
    assert window.tally(5.0).seconds == 5.0
    window.add(batch("c"))
    assert window.is_full


def test_percentiles_are_of_all_responses() -> None:
    slow = result(None, code="DEADLINE_EXCEEDED", latency_ms=9000.0)
    tally = counted(batch(*(result(latency_ms=float(ms)) for ms in range(101)), slow)).tally(0.0)
    assert tally.latency_ms == pytest.approx({"p50": 50.0, "p90": 90.0, "p99": 99.0}, rel=ACCURACY)


def test_there_are_no_percentiles_of_a_single_response() -> None:
    assert counted(batch("a")).tally(0.0).latency_ms == {}
    assert counted(batch("a", "a")).tally(0.0).latency_ms.keys() == {"p50", "p90", "p99"}


def test_latencies_are_those_of_responses() -> None:
    window = counted(batch("a", None, "a"), batch(result(latency_ms=1.5)))
    assert [(bin.low_ms, bin.count) for bin in window.latencies()] == [(1.0, 2), (pytest.approx(1.2589, rel=1e-4), 1)]


def test_results_that_all_differ_fill_no_memory() -> None:
    window = Window(unsorted=100)

    def count(first: int, last: int) -> int:
        """Count so many calls; the memory that is used then."""
        for start in range(first, last, 100):
            window.add(batch(*(result(latency_ms=1 + at % 1000 / 1000) for at in range(start, start + 100))))
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = count(0, 5_000)
        assert count(5_000, 15_000) < before + 100_000
    finally:
        tracemalloc.stop()
    assert window.responses == sum(bin.count for bin in window.latencies()) == 15_000


def test_a_log_that_names_ever_more_servers_is_no_log_of_calls() -> None:
    window = Window(most_servers=3)
    for one in (batch("a", "b"), batch("c", "a", client="y"), batch("b")):
        window.add(one)
    with pytest.raises(GrpcdemoError, match="log of pod y names server number 4"):
        window.add(batch("d", client="y"))
