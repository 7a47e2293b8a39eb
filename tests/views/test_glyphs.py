"""Shares as text: exact as far as they go, and never overstated."""

import pytest

from grpcdemo.model.observation import BlindTime, Slice, Timeline
from grpcdemo.views.glyphs import (
    BAR_CELLS,
    bar,
    blind_slices,
    percent,
    regroup,
    repeated_shares,
    server_shares,
    settled,
    sparkline,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0%"),
        (1e-9, ">0%"),
        (0.01, "1.0%"),
        (0.0994, "9.9%"),
        (0.0996, "10%"),
        (1 / 3, "33%"),
        (0.994, "99%"),
        (0.9999, ">99%"),
        (1.0, "100%"),
    ],
)
def test_a_percentage_does_not_overstate(share: float, text: str) -> None:
    assert percent(share) == text
    assert len(text) <= 4


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, ""), (1.0, "█" * 10), (0.5, "█" * 5), (1 / 80, "▏"), (0.4, "████"), (0.43, "████▎")]
)
def test_a_bar_is_exact_to_an_eighth_of_a_cell(share: float, text: str) -> None:
    assert bar(share) == text.ljust(BAR_CELLS)


def test_a_sparkline_tells_nothing_from_none_at_all() -> None:
    assert sparkline([0.0, 1.0, None, 0.33, 0.5]) == "▁█ ▃▅"


def test_a_sparkline_tells_blindness_from_silence() -> None:
    assert sparkline([1.0, None, None, 0.0], blind={1, 3}) == "█░ ▁", "what was read is drawn"


def test_a_slice_that_is_blind_in_part_is_blind() -> None:
    times = [BlindTime(client, begin, end, "unreadable", "") for client, begin, end in (("x", 0.6, 1.5), ("y", 1, 2))]
    assert blind_slices(timeline(*"abcdef"), times) == {1, 2, 3}


def timeline(*answered: str) -> Timeline:
    """A slice for each text, with a response of each letter in it."""
    slices = tuple(Slice({name: text.count(name) for name in text}) for text in answered)
    return Timeline(0.5, slices, 0.5 * len(slices))


def test_a_timeline_is_drawn_in_the_cells_that_there_are() -> None:
    slices = regroup(timeline("aa", "ab", "b", "", ""), 3).slices
    assert [part.by_server for part in slices] == [{"a": 3, "b": 1}, {"b": 1}, {}]
    assert server_shares(slices, "a") == [0.75, 0.0, None]


@pytest.mark.parametrize("cells", [1, 2, 3, 7, 60])
def test_cells_that_are_full_do_not_change_when_time_goes_on(cells: int) -> None:
    drawn = timeline(*"abcdefghij")
    before = regroup(Timeline(0.5, drawn.slices[:9]), cells).slices
    after = regroup(drawn, cells).slices
    assert len(after) <= cells
    if len(before) == len(after) - 1:
        assert after[: len(before)] == before


@pytest.mark.parametrize(("begun_s", "drawn"), [(0.1, 1), (0.4, 2)])
def test_a_slice_that_has_hardly_begun_is_not_drawn(begun_s: float, drawn: int) -> None:
    assert len(settled(Timeline(0.5, timeline("ab", "a").slices, 0.5 + begun_s))) == drawn
    assert len(settled(Timeline(0.5, timeline("a").slices, begun_s))) == 1, "it is all there is"


def test_the_same_pod_again() -> None:
    assert repeated_shares([Slice(followed=4, repeated=1), Slice()]) == [0.25, None]
