"""The report: one HTML file that needs nothing else, for a browser, a printer, and whoever listens to it.

Everything that is text goes through the template's escaping; what is a path was made of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from grpcdemo.model import Observation, Phase, Provenance
from grpcdemo.views import plots
from grpcdemo.views.clients import client_matrix
from grpcdemo.views.glyphs import percent
from grpcdemo.views.servers import server_rows
from grpcdemo.views.words import errors_before, platform_text, printable, rate, ready_text

if TYPE_CHECKING:
    from jinja2 import Template

MOST_CLIENTS = 50
MOST_SERVERS = 12
"""A longer table is opened by who wants to see it."""


def observation_report(seen: Observation, provenance: Provenance) -> str:
    return _render(f"gRPC responses: {seen.verdict.outcome.value}", [Phase("Observation", seen)], provenance)


def demo_report(phases: Sequence[Phase], provenance: Provenance, failure: str | None = None) -> str:
    """Istio off and on, side by side; of a demo that failed, why, and what was seen until then."""
    outcomes = ", ".join(f"{phase.observation.verdict.outcome.value} with {phase.title}" for phase in phases)
    return _render(f"gRPC responses: {outcomes}", phases, provenance, failure)


def _render(title: str, phases: Sequence[Phase], provenance: Provenance, failure: str | None = None) -> str:
    return _template().render(
        title=title,
        failure=failure,
        phases=[_facts(phase) for phase in phases],
        provenance=provenance,
        platform=platform_text(provenance),
        box=plots,
    )


def _facts(phase: Phase) -> dict[str, object]:
    seen = phase.observation
    several = len(seen.clients) > 1
    return {
        "title": phase.title,
        "seen": seen,
        "rate": rate(seen.tally),
        "errors_before": errors_before(seen),
        "ready": ready_text(seen),
        "servers": server_rows(seen),
        "matrix": client_matrix(seen) if several else None,
        "shares": plots.shares_plot(seen),
        "latency": plots.latency_plot(seen),
        "most_clients": MOST_CLIENTS,
        "most_servers": MOST_SERVERS,
    }


def _template() -> Template:
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
