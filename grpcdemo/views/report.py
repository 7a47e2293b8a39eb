"""The report: one self-contained HTML file for a browser, a printer, or a screen reader.

The template escapes all text; the plots' paths consist of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from grpcdemo.model.observation import Observation
from grpcdemo.model.result import Phase, Provenance
from grpcdemo.views import plots
from grpcdemo.views.clients import client_matrix
from grpcdemo.views.glyphs import percent
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import blind_line, errors_before, platform_text, printable, ready_text

if TYPE_CHECKING:
    from jinja2 import Template

MOST_CLIENTS = 50
MOST_SERVERS = 12
"""A longer table is folded."""


def observation_report(observation: Observation, provenance: Provenance, failure: str | None = None) -> str:
    """One observation; for one that failed, the reason and what was observed until then."""
    title = f"gRPC responses: {observation.verdict.outcome.value}"
    return _render("The observation", title, [Phase("Observation", observation)], provenance, failure)


def demo_report(phases: Sequence[Phase], provenance: Provenance, failure: str | None = None) -> str:
    """Istio off and on, side by side; for a demo that failed, the reason and what was observed until then."""
    outcomes = ", ".join(f"{phase.observation.verdict.outcome.value} with {phase.title}" for phase in phases)
    return _render("The demo", f"gRPC responses: {outcomes}", phases, provenance, failure)


def _render(subject: str, title: str, phases: Sequence[Phase], provenance: Provenance, failure: str | None) -> str:
    return _template().render(
        subject=subject,
        title=title,
        failure=failure,
        phases=[_facts(phase) for phase in phases],
        provenance=provenance,
        platform=platform_text(provenance),
        box=plots,
    )


def _facts(phase: Phase) -> dict[str, object]:
    observation = phase.observation
    several = len(observation.clients) > 1
    return {
        "title": phase.title,
        "observation": observation,
        "rate": observation.tally.responses_per_second,
        "blind": [*map(blind_line, observation.blind)],
        "errors_before": errors_before(observation),
        "ready": ready_text(observation),
        "servers": server_rows(observation),
        "matrix": client_matrix(observation) if several else None,
        "shares": plots.shares_plot(observation),
        "latency": plots.latency_plot(observation),
        "most_clients": MOST_CLIENTS,
        "most_servers": MOST_SERVERS,
    }


@cache
def _template() -> Template:
    """Compiled once: that takes longer than a report."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("grpcdemo.views"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: printable(value) if type(value) is str else value,
    )
    environment.filters["percent"] = percent
    return environment.get_template("report.html")
