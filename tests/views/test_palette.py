"""The colors of the server pods: visible on each background, and the same wherever a pod is shown."""

import pytest

from grpcdemo.views.palette import COLORS, Color, pod_colors

WHITE, BLACK, DARK_PAGE = "#ffffff", "#000000", "#0d1117"


def luminance(color: str) -> float:
    """As the WCAG defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("color", COLORS, ids=lambda color: color.name)
def test_a_color_is_visible_on_its_backgrounds(color: Color) -> None:
    pairs = ((color.light, WHITE), (color.dark, DARK_PAGE), (color.terminal, WHITE), (color.terminal, BLACK))
    assert [pair for pair in pairs if contrast(*pair) < 3] == []


def test_a_pod_keeps_its_color_while_others_go() -> None:
    before, after = pod_colors(["b", "a", "c"], ["old"]), pod_colors({"c", "a", "b"}, ["older", "old"])
    assert [before[name].name for name in "abc"] == ["blue", "orange", "green"]
    assert {name: after[name] for name in "abc"} == {name: before[name] for name in "abc"}
    assert before["old"].name == "pink"


def test_more_pods_than_colors_begin_again() -> None:
    names = [f"{number:02d}" for number in range(10)]
    assert pod_colors(names)["08"] == pod_colors(names)["00"]
    assert pod_colors(["a"], ["a", "b"]) == {"a": COLORS[0], "b": COLORS[1]}, "one that is there is not gone"
