"""An observation for a terminal: the servers, who talks to whom, the numbers, the verdict."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.views.clients import clients_table
from grpcdemo.views.servers import servers_table
from grpcdemo.views.styles import BAD, GOOD, QUIET, SHARE
from grpcdemo.views.words import errors_text, hint_line, latency_line, numbers_line, printable

STYLES = {
    Outcome.PINNED: f"bold {SHARE}",
    Outcome.BALANCED: f"bold {GOOD}",
    Outcome.SKEWED: f"bold {BAD}",
    Outcome.INCONCLUSIVE: "bold",
}
HEAD = 1
FEWEST_ROWS = 4


def observation_view(
    observation: Observation,
    width: int | None = None,
    height: int | None = None,
    *,
    bars: bool = True,
    kubectl_flags: Sequence[str] = (),
) -> RenderableType:
    """The picture in *width* cells and *height* lines; without them, all there is."""
    facts = [Text(numbers_line(observation)), Text(latency_line(observation.tally))]
    if observation.tally.errors:
        facts.append(Text(errors_text(observation.tally), BAD))
    facts.append(verdict_text(observation.verdict))
    if observation.verdict.certainty:
        facts.append(Text(observation.verdict.certainty, QUIET))
    if observation.hint:
        facts.append(Text(hint_line(observation.hint, kubectl_flags)))
    for fact in facts:
        fact.no_wrap, fact.overflow = False, "fold"  # the console would cut it off
    several = len(observation.clients) > 1 or len(observation.tally.by_client) > 1
    servers_rows, clients_rows = (
        _room(observation, facts, width, height) if several else (_left(facts, width, height), None)
    )
    parts: list[RenderableType] = [servers_table(observation, width, servers_rows, bars=bars), Text("")]
    if several:
        parts += [clients_table(observation, width, clients_rows), Text("")]
    return Group(*parts, *facts)


def outcome_text(outcome: Outcome) -> Text:
    return Text(outcome.value, STYLES[outcome])


def verdict_text(verdict: Verdict) -> Text:
    return Text.assemble(outcome_text(verdict.outcome), f": {printable(verdict.reason)}")


def _room(
    observation: Observation, facts: list[Text], width: int | None, height: int | None
) -> tuple[int | None, int | None]:
    """How many rows the servers and the clients get; the clients get a third at most."""
    left = _left(facts, width, height)
    if left is None:
        return None, None
    left -= HEAD + 1
    clients = min(len(observation.clients), max(FEWEST_ROWS, left // 3))
    return max(FEWEST_ROWS, left - clients), clients


def _left(facts: list[Text], width: int | None, height: int | None) -> int | None:
    """How many rows are left for the table, below its head and above the *facts*."""
    if height is None:
        return None
    lines = sum(len(textwrap.wrap(fact.plain, width)) if width else 1 for fact in facts)
    return max(FEWEST_ROWS, height - HEAD - 1 - lines)
