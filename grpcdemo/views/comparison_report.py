"""The report of a comparison: one self-contained HTML file, as the demo's is."""

from __future__ import annotations

from grpcdemo.model.comparison import Comparison
from grpcdemo.model.result import Provenance
from grpcdemo.views.comparison import cure_texts, notes, recommendations
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
        cures=[*map(cure_texts, comparison.cures)],
        recommendations=recommendations(comparison),
        notes=[*notes(comparison)],
        strips=strips(comparison.cures),
        box=box,
        colors=COLORS,
    )
