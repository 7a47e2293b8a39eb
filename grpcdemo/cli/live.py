"""An observation while it goes on and at its end: a picture on a terminal, elsewhere a line and a table."""

from __future__ import annotations

from functools import partial

from rich.console import RenderableType

from grpcdemo.cli.invocation import Invocation
from grpcdemo.cli.options import Display
from grpcdemo.cli.output import Picture, Progress, result_size
from grpcdemo.model.observation import Observation
from grpcdemo.views.big import big_view
from grpcdemo.views.observation import observation_view
from grpcdemo.views.words import plain_line


def draw(observation: Observation, progress: Progress, display: Display, invocation: Invocation) -> None:
    """Show the *observation* on *progress*, in place of the one before."""
    flags = invocation.kubectl_flags
    normal: Picture = partial(observation_view, observation, kubectl_flags=flags)
    progress.draw(partial(big_view, observation) if display.big else normal, partial(plain_line, observation, flags))


def result(observation: Observation, display: Display, invocation: Invocation) -> RenderableType:
    """What stays on the terminal is the last picture, with every pod; a pipe gets all that there is."""
    width, height = result_size()
    if display.big and width and height:
        return big_view(observation, width, height)
    return observation_view(observation, width, bars=not display.plain, kubectl_flags=invocation.kubectl_flags)
