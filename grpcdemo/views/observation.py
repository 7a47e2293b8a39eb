"""What `observe` sees, for a terminal: a row for each server pod, the numbers below it, the verdict."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.text import Text

from grpcdemo.model import Observation, Tally
from grpcdemo.verdict import Outcome, Verdict
from grpcdemo.views.pods import plain_table

BAR_CELLS = 10
EIGHTHS = " ▏▎▍▌▋▊▉█"
STYLES = {
    Outcome.PINNED: "bold yellow",
    Outcome.BALANCED: "bold green",
    Outcome.SKEWED: "bold red",
    Outcome.INCONCLUSIVE: "dim",
}


def observation_view(seen: Observation) -> RenderableType:
    numbers = Text(f"\n{numbers_line(seen)}\n{latency_line(seen.tally)}")
    certainty = [Text(seen.verdict.certainty, "dim")] if seen.verdict.certainty else []
    return Group(servers_table(seen), numbers, verdict_text(seen.verdict), *certainty)


def servers_table(seen: Observation) -> RenderableType:
    table = plain_table("SERVER POD", "IP", "READY", "RESPONSES", "SHARE", numbers=["RESPONSES"])
    counts = seen.tally.by_server()
    total = sum(counts.values())
    for name, ip, ready in _rows(seen):
        count = counts.get(name, 0)
        share = count / total if total else 0.0
        table.add_row(name, ip, ready, str(count), Text.assemble((bar(share), "cyan"), f" {share:4.0%}"))
    return table


def numbers_line(seen: Observation) -> str:
    """How much, how fast, and what failed."""
    tally = seen.tally
    parts = [f"{tally.responses} responses in {tally.seconds:.1f} s ({rate(tally):.1f}/s)", errors_text(tally)]
    if tally.missed:
        parts.append(f"{tally.missed} missed")
    if len(seen.clients) > 1:
        parts.append(f"{len(seen.clients)} clients")
    return ", ".join(parts)


def latency_line(tally: Tally) -> str:
    return "latency " + (", ".join(f"{name} {value:.1f} ms" for name, value in tally.latency_ms.items()) or "unknown")


def plain_line(seen: Observation) -> str:
    """One line of progress, where nothing can be redrawn."""
    counts = seen.tally.by_server()
    total = sum(counts.values())
    shares = " ".join(f"{name}={count / total:.0%}" for name, count in sorted(counts.items())) or "nobody yet"
    return f"{seen.tally.seconds:.0f} s: {total} responses, {shares}, {seen.verdict.outcome.value}"


def verdict_text(verdict: Verdict) -> Text:
    return Text.assemble((verdict.outcome.value, STYLES[verdict.outcome]), f": {verdict.reason}")


def bar(share: float) -> str:
    """A bar of BAR_CELLS cells, exact to an eighth of a cell."""
    eighths = round(share * BAR_CELLS * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (EIGHTHS[rest] if rest else "")).ljust(BAR_CELLS)


def rate(tally: Tally) -> float:
    """Responses a second."""
    return tally.responses / tally.seconds if tally.seconds else 0.0


def errors_text(tally: Tally) -> str:
    codes = ", ".join(f"{count} {code}" for code, count in sorted(tally.errors.items()))
    return f"errors: {codes}" if codes else "no errors"


def _rows(seen: Observation) -> Iterable[tuple[str, str, str]]:
    for pod in sorted(seen.servers, key=lambda pod: pod.name):
        yield pod.name, pod.ip or "-", pod.ready_text
    for name, ip in sorted(seen.departed.items()):
        yield name, ip or "-", "gone"
