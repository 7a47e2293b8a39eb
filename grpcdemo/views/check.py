"""`check` as text: a line for each check, followed by advice if it did not pass."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grpcdemo.model.check import Check, State
from grpcdemo.views.styles import BAD, GOOD, QUIET

MARKS = {
    State.OK: ("✓", GOOD),
    State.WARNING: ("!", "bold"),
    State.FAILED: ("✗", BAD),
    State.UNKNOWN: ("?", QUIET),
}


def check_view(checks: Sequence[Check], flags: Sequence[str], width: int | None = None) -> RenderableType:
    """At most *width* columns. *flags* bring kubectl to the target."""
    table = Table.grid(padding=(0, 1, 0, 0))
    table.width = width
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold", ratio=1 if width else None)
    for check in checks:
        mark, style = MARKS[check.state]
        table.add_row(Text(mark, style), check.id, Text(check.summary))
        if check.state is not State.OK:
            for text in (*check.evidence, *([check.advice.text(flags)] if check.advice else ())):
                table.add_row("", "", Text(text, QUIET))
    return Group(table, Text(""), Text(conclusion(checks)))


def conclusion(checks: Sequence[Check]) -> str:
    states = [check.state for check in checks]
    if State.FAILED in states:
        return f"the demo would fail here: {states.count(State.FAILED)} of {len(states)} checks failed"
    unseen = f"; {states.count(State.UNKNOWN)} could not be checked" if State.UNKNOWN in states else ""
    return f"the demo can run here{unseen}"


def check_document(checks: Sequence[Check], flags: Sequence[str]) -> dict[str, Any]:
    return {
        "ready": all(check.state is not State.FAILED for check in checks),
        "checks": [
            {
                "id": check.id,
                "severity": check.state.value,
                "summary": check.summary,
                "evidence": list(check.evidence),
                "advice": check.advice.text(flags) if check.advice else None,
            }
            for check in checks
        ],
    }
