"""Every colour is one that can be read on a light and on a dark background."""

import pytest
from rich.console import Console

from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.big import big_view
from grpcdemo.views.demo import demo_view
from grpcdemo.views.observation import observation_view
from grpcdemo.views.palette import COLORS
from grpcdemo.views.pods import pods_table

from .samples import BALANCED, PINNED, clients, crowd, observation, pod, timeline

BASIC = {"red", "green", "magenta"}
VIEWS = {
    "balanced": observation_view(BALANCED, 120, 30),
    "big": big_view(BALANCED, 120, 30),
    "crowd": observation_view(crowd(pinned=True, clients=14), 120, 30),
    "departed": observation_view(observation({"b7wzn": 12}, departed={"x": ""}, timeline=timeline((6, "zb"))), 120, 30),
    "errors": observation_view(observation({"b7wzn": 9, "x2x8k": 300}, errors={"UNAVAILABLE": 2}), 120, 30),
    "pods": pods_table((*clients(), pod("grpc-server", "x2x8k", 7, ready=False))),
    "demo": demo_view(DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), 40.0)),
}


@pytest.mark.parametrize("name", VIEWS)
def test_colours_can_be_read_on_any_background(name: str) -> None:
    """Beside those of the pods, which are tested where they are chosen."""
    segments = Console(width=120, legacy_windows=False).render(VIEWS[name])
    colors = {segment.style.color.name for segment in segments if segment.style and segment.style.color}
    assert colors & BASIC
    assert colors <= BASIC | {color.terminal for color in COLORS}
