"""An observation for a terminal: the servers, who talks to whom, the numbers, the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from enum import IntEnum

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.views.clients import clients_table
from grpcdemo.views.servers_table import servers_table
from grpcdemo.views.styles import BAD, GOOD, QUIET, SHARE
from grpcdemo.views.words import connections_line, errors_text, hint_line, latency_line, numbers_line, printable

STYLES = {
    Outcome.PINNED: f"bold {SHARE}",
    Outcome.BALANCED: f"bold {GOOD}",
    Outcome.SKEWED: f"bold {BAD}",
    Outcome.INCONCLUSIVE: "bold",
}
HEAD = 1
FEWEST_ROWS = 4


class Fact(IntEnum):
    """A line below the table. Where height is short, the first is lost first."""

    CERTAINTY = 1
    LATENCY = 2
    NUMBERS = 3
    CONNECTIONS = 4
    ERRORS = 5
    HINT = 6
    VERDICT = 7


def observation_view(
    observation: Observation,
    width: int | None = None,
    height: int | None = None,
    *,
    bars: bool = True,
    kubectl_flags: Sequence[str] = (),
) -> RenderableType:
    """The picture in *width* cells and *height* lines; without them, all there is. The verdict is lost last."""
    facts = _facts(observation, kubectl_flags)
    while height is not None and len(facts) > 1 and _lines(facts, width) > height - HEAD - 1 - FEWEST_ROWS:
        del facts[min(facts)]
    rows = None if height is None else max(0, height - HEAD - 1 - _lines(facts, width))
    lines = [Constrain(text, width) for text in facts.values()]
    if rows is not None and rows < 2:
        return Group(*lines)
    several = len(observation.callers) > 1
    if not several or (rows is not None and rows < 2 * FEWEST_ROWS + HEAD + 1):
        return Group(servers_table(observation, width, rows, bars=bars), Text(""), *lines)
    servers_rows, clients_rows = _share_out(observation, rows)
    servers = servers_table(observation, width, servers_rows, bars=bars)
    return Group(servers, Text(""), clients_table(observation, width, clients_rows), Text(""), *lines)


def outcome_text(outcome: Outcome) -> Text:
    return Text(outcome.value, STYLES[outcome])


def verdict_text(verdict: Verdict) -> Text:
    return Text.assemble(outcome_text(verdict.outcome), f": {printable(verdict.reason)}")


def _facts(observation: Observation, kubectl_flags: Sequence[str]) -> dict[Fact, Text]:
    """What the lines below the table say, from top to bottom."""
    verdict = observation.verdict
    facts = {Fact.NUMBERS: Text(numbers_line(observation))}
    if observation.connections is not None:
        facts[Fact.CONNECTIONS] = Text(connections_line(observation))
    if not observation.counted_by:
        facts[Fact.LATENCY] = Text(latency_line(observation.tally))
    if observation.tally.errors:
        facts[Fact.ERRORS] = Text(errors_text(observation.tally), BAD)
    facts[Fact.VERDICT] = verdict_text(verdict)
    if verdict.certainty:
        facts[Fact.CERTAINTY] = Text(verdict.certainty, QUIET)
    if observation.hint:
        facts[Fact.HINT] = Text(hint_line(observation.hint, kubectl_flags))
    for text in facts.values():
        text.no_wrap, text.overflow = False, "fold"  # the console would cut it off
    return facts


def _lines(facts: Mapping[Fact, Text], width: int | None) -> int:
    """How many lines the *facts* take."""
    return sum(len(textwrap.wrap(text.plain, width)) if width else 1 for text in facts.values())


def _share_out(observation: Observation, rows: int | None) -> tuple[int | None, int | None]:
    """How many rows the servers and the clients get; the clients get a third at most."""
    if rows is None:
        return None, None
    left = rows - HEAD - 1
    clients = min(len(observation.clients), max(FEWEST_ROWS, left // 3))
    return max(FEWEST_ROWS, left - clients), clients
