"""The colors of the server pods: visible on each background, and the same wherever a pod is shown."""

from dataclasses import replace

import pytest
import rich.color
from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment

from grpcdemo.model.act import Act, Scene
from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.big import big_view
from grpcdemo.views.demo import demo_view
from grpcdemo.views.observation import observation_view
from grpcdemo.views.palette import COLORS, Color, pod_colors, server_colors
from grpcdemo.views.story import flow
from tests.views.samples import BALANCED, PINNED

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


def test_no_two_colors_are_one_on_a_terminal_of_256() -> None:
    assert len({parsed(color).downgrade(ColorSystem.EIGHT_BIT).number for color in COLORS}) == len(COLORS)


def parsed(color: Color) -> rich.color.Color:
    return rich.color.Color.parse(color.terminal)


def test_a_pod_keeps_its_color_while_others_go() -> None:
    before, after = pod_colors(["b", "a", "c"], ["old"]), pod_colors({"c", "a", "b"}, ["older", "old"])
    assert [before[name].name for name in "abc"] == ["blue", "orange", "green"]
    assert {name: after[name] for name in "abc"} == {name: before[name] for name in "abc"}
    assert before["old"].name == "pink"


def test_more_pods_than_colors_begin_again() -> None:
    names = [f"{number:02d}" for number in range(10)]
    assert pod_colors(names)["08"] == pod_colors(names)["00"]
    assert pod_colors(["a"], ["a", "b"]) == {"a": COLORS[0], "b": COLORS[1]}, "one that is there is not gone"


def test_a_pod_keeps_its_color_when_a_rollout_replaces_it() -> None:
    """Also where the name of a new pod comes before it."""
    old, new = BALANCED.servers, tuple(replace(one, name=f"a-{one.name}") for one in BALANCED.servers)
    names = tuple(one.name for one in (*old, *new))
    before = server_colors(replace(BALANCED, appeared=names[:3]))
    after = server_colors(replace(BALANCED, servers=new, departed=dict.fromkeys(names[:3], ""), appeared=names))
    assert {name: after[name] for name in names[:3]} == {name: before[name] for name in names[:3]}
    assert [after[name].name for name in names] == [color.name for color in COLORS[:6]]


def drawn(picture: RenderableType) -> list[tuple[str, set[str]]]:
    """The lines of a picture, and the colors in each."""
    lines = Segment.split_lines(Console(width=120, legacy_windows=False).render(picture))
    return [
        ("".join(one.text for one in line), {one.style.color.name for one in line if one.style and one.style.color})
        for line in lines
    ]


@pytest.mark.parametrize(
    "picture",
    [
        observation_view(BALANCED, 120),
        big_view(BALANCED, 120, 40),
        demo_view(DemoResult(Phase("off", PINNED), Phase("on", BALANCED), 1.0)),
        flow(Scene(Act.ON, 3, 1, BALANCED.servers), 80),
    ],
    ids=["table", "big", "demo", "flow"],
)
def test_a_pod_has_one_color_in_every_picture(picture: RenderableType) -> None:
    for pod, color in zip(BALANCED.servers, COLORS, strict=False):
        signs = (pod.ip or "?", f"…{pod.name[-5:]}")
        colors = [colors for line, colors in drawn(picture) if any(sign in line for sign in signs)]
        assert color.terminal in colors[-1], pod.name
