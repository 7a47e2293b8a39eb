"""The report: one self-contained HTML file for a browser, a printer, or a screen reader.

The template escapes all text; the plots' paths consist of numbers.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from grpcdemo.model.observation import Observation
from grpcdemo.model.result import Phase, Provenance
from grpcdemo.views import flow
from grpcdemo.views.clients import client_matrix
from grpcdemo.views.explanation import explanation
from grpcdemo.views.glyphs import percent
from grpcdemo.views.palette import COLORS, server_colors
from grpcdemo.views.plots import box
from grpcdemo.views.plots.box import Axes, common_axes
from grpcdemo.views.plots.latency import latency_plot
from grpcdemo.views.plots.shares import shares_plot
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import blind_line, counted_by_text, errors_before, platform_text, printable, ready_text

if TYPE_CHECKING:
    from jinja2 import Template

MOST_CLIENTS = 50
MOST_UNFOLDED = 12
"""A longer table is folded."""


def observation_report(observation: Observation, provenance: Provenance, failure: str | None = None) -> str:
    """One observation; for one that failed, the reason and what was observed until then."""
    title = f"gRPC responses: {observation.verdict.outcome.value}"
    return _render("The observation", title, [Phase("Observation", observation)], provenance, failure, [])


def demo_report(phases: Sequence[Phase], provenance: Provenance, failure: str | None = None) -> str:
    """Istio off and on, side by side; for a demo that failed, the reason and what was observed until then."""
    outcomes = ", ".join(f"{phase.observation.verdict.outcome.value} with {phase.title}" for phase in phases)
    return _render("The demo", f"gRPC responses: {outcomes}", phases, provenance, failure, _steps(provenance))


def _render(
    subject: str,
    title: str,
    phases: Sequence[Phase],
    provenance: Provenance,
    failure: str | None,
    steps: Sequence[str],
) -> str:
    observations = [phase.observation for phase in phases]
    scales = _Scales(common_axes(observations), flow.largest_share(observations), _longest_bar(observations))
    return load_template("report.html").render(
        subject=subject,
        title=title,
        failure=failure,
        phases=[_facts(phase, scales) for phase in phases],
        provenance=provenance,
        platform=platform_text(provenance),
        steps=steps,
        box=box,
        lanes=flow,
        colors=COLORS,
    )


@dataclass(frozen=True)
class _Scales:
    """The same in all halves, so that they compare."""

    axes: Axes
    band: float
    """The share whose band is as thick as a box of the flow picture is high."""
    bar: float
    """The share whose bar is as long as its cell."""


def _longest_bar(observations: Sequence[Observation]) -> float:
    """Room for the largest share, and for the mark of the even share."""
    shares = [max(row.share, row.expected or 0.0) for one in observations for row in server_rows(one)]
    return max(shares, default=0.0) or 1.0


def _facts(phase: Phase, scales: _Scales) -> dict[str, object]:
    observation = phase.observation
    several = len(observation.callers) > 1
    return {
        "title": phase.title,
        "observation": observation,
        "explanation": explanation(observation),
        "rate": observation.tally.responses_per_second,
        "blind": [*map(blind_line, observation.blind)],
        "errors_before": errors_before(observation),
        "ready": ready_text(observation),
        "flow": flow.flow(observation, scales.band),
        "servers": server_rows(observation),
        "styles": {name: color.name for name, color in server_colors(observation).items()},
        "even": max(observation.expected.values(), default=None),
        "longest_bar": scales.bar,
        "matrix": client_matrix(observation) if several else None,
        "counted_by": counted_by_text(observation.counted_by) if observation.counted_by else None,
        "shares": shares_plot(observation, scales.axes),
        "latency": latency_plot(observation, scales.axes),
        "most_clients": MOST_CLIENTS,
        "most_unfolded": MOST_UNFOLDED,
    }


def _steps(provenance: Provenance) -> list[str]:
    """What `demo` does, as commands of their own."""
    commands = ("up", "observe --expect pinned", "istio on", "observe --expect balanced", "cleanup")
    return [" ".join(("grpcdemo", command, *map(shlex.quote, provenance.flags))) for command in commands]


@cache
def load_template(name: str) -> Template:
    """Compiled once: that takes longer than a report."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("grpcdemo.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters["percent"] = percent
    return environment.get_template(name)
