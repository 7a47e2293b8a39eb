"""Lines of several logs, in the order of their times."""

from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.kube.streams.log_lines import LogLine
from grpcdemo.steps.observe.merge import HOLD_S, LineMerger


def texts(lines: list[tuple[str, LogLine]]) -> list[str]:
    return [line.text for _, line in lines]


def test_a_line_that_comes_a_moment_late_keeps_its_place() -> None:
    merger = LineMerger()
    merger.add("x", LogLine(20, "second"), 0.0)
    merger.add("y", LogLine(10, "first"), HOLD_S / 2)
    assert merger.due(HOLD_S * 0.9) == []
    assert texts(merger.due(HOLD_S)) == ["first", "second"]


def test_what_is_later_is_still_held() -> None:
    merger = LineMerger()
    merger.add("x", LogLine(10, "old"), 0.0)
    merger.add("x", LogLine(20, "new"), HOLD_S / 2)
    assert texts(merger.due(HOLD_S)) == ["old"]
    assert texts(merger.rest()) == ["new"]


def test_lines_of_one_time_keep_the_order_in_which_they_came() -> None:
    merger = LineMerger()
    for number in range(5):
        merger.add("x", LogLine(10, str(number)), 0.0)
    assert texts(merger.due(HOLD_S)) == list("01234")


@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 9), st.booleans())))
def test_each_line_is_told_once(calls: list[tuple[str, int, bool]]) -> None:
    merger, told = LineMerger(), []
    for now, (client, time_ns, look) in enumerate(calls):
        merger.add(client, LogLine(time_ns, str(now)), now / 10)
        told += merger.due(now / 10) if look else []
    told += merger.rest()
    assert sorted(texts(told), key=int) == [str(number) for number in range(len(calls))]
