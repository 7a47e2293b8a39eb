"""The report of a comparison: one self-contained HTML file, as the demo's is."""

from __future__ import annotations

from grpcdemo.model.comparison import Comparison, CureResult
from grpcdemo.model.result import Provenance
from grpcdemo.views.comparison import (
    NO_NUMBER,
    connections_text,
    cost_text,
    even_text,
    failed,
    gap_text,
    judgement,
    latency_text,
    notes,
    recommendations,
    startup_text,
    verdict_word,
    waited_text,
)
from grpcdemo.views.palette import COLORS
from grpcdemo.views.plots import box
from grpcdemo.views.plots.strips import strips
from grpcdemo.views.report import load_template
from grpcdemo.views.words import platform_text


def comparison_report(comparison: Comparison, provenance: Provenance, failure: str | None = None) -> str:
    """For one that was ended or failed, the reason and what was measured until then."""
    return load_template("comparison.html").render(
        title=f"gRPC cures compared: {', '.join(cure.name for cure in comparison.cures)}",
        failure=failure,
        provenance=provenance,
        platform=platform_text(provenance),
        cures=[*map(_facts, comparison.cures)],
        recommendations=recommendations(comparison),
        notes=[*notes(comparison)],
        strips=strips(comparison.cures),
        box=box,
        colors=COLORS,
    )


def _facts(cure: CureResult) -> dict[str, object]:
    course = cure.course
    return {
        "name": cure.name,
        "summary": cure.summary,
        "changes": ", ".join(cure.changes) or "nothing",
        "verdict": verdict_word(cure),
        "judgement": judgement(cure),
        "connections": connections_text(cure),
        "p50": latency_text(cure, "p50"),
        "p99": latency_text(cure, "p99"),
        "new_pod": waited_text(course.new_pod) if course and course.new_pod else NO_NUMBER,
        "even": even_text(course.new_pod) if course and course.new_pod else NO_NUMBER,
        "failed": str(failed(cure)) if cure.windows else NO_NUMBER,
        "gap": gap_text(cure),
        "startup": startup_text(cure),
        "cost": cost_text(cure),
    }
