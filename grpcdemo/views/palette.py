"""One color for each server pod, the same in the terminal and in the report.

The colors differ in lightness as well as in hue, so that readers with a color vision deficiency tell them apart. All
have a contrast of 3:1 or more to their background. A color is never the only sign: a name stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grpcdemo.model.observation import OTHERS, Observation


@dataclass(frozen=True)
class Color:
    """One hue, as hexadecimal RGB for each background."""

    name: str
    light: str
    """On white."""
    dark: str
    """On the dark page of the report."""
    terminal: str
    """On white and on black: a terminal does not tell which one it has."""


COLORS = (
    Color("blue", "#0a6fb2", "#498ac3", "#1678c5"),
    Color("orange", "#d1680a", "#ffc017", "#cd820e"),
    Color("green", "#189479", "#10b58b", "#1e8e71"),
    Color("pink", "#cb75af", "#d7a2dd", "#cc73a4"),
    Color("sky", "#1999e9", "#b2e8f6", "#5097db"),
    Color("red", "#a4133e", "#ff7364", "#bf2349"),
    Color("brown", "#866000", "#c06f00", "#7a5900"),
    Color("purple", "#5b3f99", "#aa8efd", "#6a51a3"),
)
"""Eyes tell no more colors apart."""


def pod_colors(present: Iterable[str], gone: Iterable[str] = (), appeared: Iterable[str] = ()) -> dict[str, Color]:
    """By pod name: as they *appeared*, then the *present* pods by name, then those that are *gone*.

    After the last color comes the first.
    """
    names = dict.fromkeys([*appeared, *sorted(present), *sorted(gone)])
    return {name: COLORS[at % len(COLORS)] for at, name in enumerate(names)}


def server_colors(observation: Observation) -> dict[str, Color]:
    """Of all server pods that are there, or that answered at any time of the *observation*. None changes its color."""
    gone = {*observation.departed, *observation.timeline.by_server()} - {OTHERS}
    return pod_colors((pod.name for pod in observation.servers), gone, observation.appeared)
