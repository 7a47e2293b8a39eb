"""A comparison as text: a line of numbers for each cure, a line that judges it, and the recommendation."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.text import Text

from grpcdemo.durations import format_duration
from grpcdemo.model.comparison import BASELINE, Comparison, CureResult, Disturbance, NewPod
from grpcdemo.model.observation import PERCENTILES
from grpcdemo.model.recommendation import LONG_GAP_S, Recommendation, recommend
from grpcdemo.verdict import Outcome
from grpcdemo.verdict.paired import CONFIDENCE, Difference
from grpcdemo.views.styles import BAD, GOOD
from grpcdemo.views.table import fitting_columns, plain_table
from grpcdemo.views.words import printable

WIDTH = 80
"""Of the sentences where the result has no edge."""
INDENT = "  "
NO_NUMBER = "-"
SOON_S = 1.0
"""A new pod that gets a call within this time does not wait."""
COLUMNS = ("CURE", "VERDICT", "CONNS", "P50 ms", "NEW POD", "FAILED", "GAP")
DISPENSABLE = ("CONNS", "GAP")
OUTCOME_STYLES = {Outcome.PINNED: BAD, Outcome.SKEWED: BAD, Outcome.BALANCED: GOOD}
CHANGED = {"client": "the client's code", "server": "the server's code", "cluster": "the cluster"}


def comparison_view(comparison: Comparison, width: int | None = None, *, sandbox: bool = False) -> RenderableType:
    cells = min(width or WIDTH, WIDTH)
    rows = [_row(cure) for cure in comparison.cures]
    columns = fitting_columns(rows, COLUMNS, DISPENSABLE, width)
    lines: list[RenderableType] = []
    table = plain_table(*columns, numbers=("CONNS", "P50 ms", "NEW POD", "FAILED", "GAP"))
    for row in rows:
        table.add_row(*(row[column] for column in columns))
    lines.append(table)
    lines.append(Text(""))
    for cure in comparison.cures:
        lines += _wrapped(f"{cure.name}: {judgement(cure)}", cells)
    lines.append(Text(""))
    lines += [line for note in notes(comparison) for line in _wrapped(note, cells, hang="")]
    lines += [Text(""), Text("Recommendation", "bold")]
    lines += [line for text in recommendations(comparison) for line in _wrapped(text, cells)]
    if sandbox:
        lines.append(Text("measured in the sandbox, not on a cluster"))
    return Group(*lines)


@dataclass(frozen=True)
class CureTexts:
    """What is printed of a cure, whatever the form of the result."""

    name: str
    summary: str
    changes: str
    verdict: str
    judgement: str
    connections: str
    p50: str
    p99: str
    new_pod: str
    even: str
    failed: str
    gap: str
    startup: str
    cost: str


def cure_texts(cure: CureResult) -> CureTexts:
    new_pod = cure.course.new_pod if cure.course else None
    return CureTexts(
        name=cure.name,
        summary=cure.summary,
        changes=", ".join(cure.changes) or "nothing",
        verdict=cure.verdict.outcome.value if cure.verdict else "not measured",
        judgement=judgement(cure),
        connections=_connections(cure),
        p50=_latency(cure, "p50"),
        p99=_latency(cure, "p99"),
        new_pod=_first_call(new_pod) if new_pod else NO_NUMBER,
        even=_even(new_pod) if new_pod else NO_NUMBER,
        failed=str(_failed(cure)) if cure.windows else NO_NUMBER,
        gap=f"{cure.course.longest_gap_s:.1f} s" if cure.course else NO_NUMBER,
        startup=NO_NUMBER if cure.mean_startup_s is None else f"{cure.mean_startup_s:.1f} s",
        cost=_cost(cure),
    )


def _row(cure: CureResult) -> dict[str, Text]:
    printed = cure_texts(cure)
    texts = (
        printed.name,
        printed.verdict,
        printed.connections,
        printed.p50,
        printed.new_pod,
        printed.failed,
        printed.gap,
    )
    cells = {column: Text(printable(text)) for column, text in zip(COLUMNS, texts, strict=True)}
    if cure.verdict:
        cells["VERDICT"].stylize(OUTCOME_STYLES.get(cure.verdict.outcome, ""))
    return cells


def _connections(cure: CureResult) -> str:
    """Of a client: the fewest and the most."""
    opened = [number for window in cure.windows for number in window.client_connections]
    if not opened:
        return NO_NUMBER
    fewest, most = f"{min(opened):g}", f"{max(opened):g}"
    return fewest if fewest == most else f"{fewest}-{most}"


def _latency(cure: CureResult, percentile: str) -> str:
    """Of the baseline in milliseconds, of any other cure what it adds to that."""
    if cure.name == BASELINE:
        latency = _baseline_ms(cure, percentile)
        return NO_NUMBER if latency is None else f"{latency:.2f}"
    added = cure.added_ms.get(percentile)
    return _difference(added) if added else NO_NUMBER


def _difference(difference: Difference) -> str:
    margin = "" if difference.margin is None else f" ±{difference.margin:.2f}"
    return f"{round(difference.mean, 2) + 0.0:+.2f}{margin}"


def _baseline_ms(cure: CureResult, percentile: str) -> float | None:
    """The mean over its windows."""
    values = [window.latency_ms[percentile] for window in cure.windows if percentile in window.latency_ms]
    return sum(values) / len(values) if values else None


def _first_call(new_pod: NewPod) -> str:
    if new_pod.first_call_s is None:
        return f">{new_pod.watched_s:.0f} s"
    return f"{new_pod.first_call_s:.1f} s"


def _even(new_pod: NewPod) -> str:
    """When its share was even."""
    return f">{new_pod.watched_s:.0f} s" if new_pod.even_s is None else f"{new_pod.even_s:.1f} s"


def _cost(cure: CureResult) -> str:
    """The memory of the containers that it adds."""
    if cure.cost:
        return f"{cure.cost.containers} × {cure.cost.memory_bytes / cure.cost.containers / 2**20:.0f} MiB"
    return "unknown" if cure.cost_unknown else NO_NUMBER


def _failed(cure: CureResult) -> int:
    """Calls that failed, in steady state and through changes."""
    return cure.traffic.failed + (cure.course.failed if cure.course else 0)


def judgement(cure: CureResult) -> str:
    """One sentence that the numbers support."""
    if cure.verdict is None:
        return f"not measured: {cure.failure or 'the comparison ended before'}"
    spread = _spread(cure)
    flaws = [*_flaws(cure)]
    if not flaws:
        return spread
    joint = "but" if cure.verdict.outcome is Outcome.BALANCED else "and"
    return f"{spread}, {joint} {_listed(flaws)}"


def _spread(cure: CureResult) -> str:
    assert cure.verdict is not None, "only what was measured is judged"
    moves_every_s = cure.course.moves_every_s if cure.course else None
    match cure.verdict.outcome:
        case Outcome.BALANCED:
            return "balanced"
        case Outcome.PINNED if moves_every_s:
            moves = f"changes it about every {_seconds(moves_every_s)}"
            return f"pinned at every moment: a client stays on one pod, and {moves}"
        case Outcome.PINNED if (cure.repeated_share or 1.0) < 1.0:
            return "pinned at every moment: a client stays on one pod until it moves to another"
        case Outcome.PINNED:
            return "pinned: each client stays on one pod"
        case Outcome.SKEWED:
            return f"uneven: {cure.verdict.reason}"
        case _:
            return f"no verdict: {cure.verdict.reason}"


def _flaws(cure: CureResult) -> Iterator[str]:
    if cure.traffic.failed:
        yield f"{_calls(cure.traffic.failed)} failed in steady state"
    if course := cure.course:
        if course.new_pod:
            yield from _waited(course.new_pod, balanced=_is_balanced(cure))
        if course.failed:
            yield _failures([one for one in course.disturbances if one.failed])
        if course.longest_gap_s > LONG_GAP_S:
            worst = max(course.disturbances, key=lambda one: one.longest_gap_s)
            yield f"the {worst.event.value} left {worst.longest_gap_s:.1f} s without an answer"
        yield from (f"the {event.value} could not be tested: {reason}" for event, reason in course.skipped.items())
    if cure.failure:
        yield f"it failed after that:  {cure.failure}"


def _waited(new_pod: NewPod, *, balanced: bool) -> Iterator[str]:
    if new_pod.first_call_s is None:
        yield f"a new pod got no call in {new_pod.watched_s:.0f} s"
    elif new_pod.first_call_s > SOON_S:
        yield f"a new pod waited {new_pod.first_call_s:.0f} s for its first call"
    elif new_pod.even_s is None and balanced:
        yield f"a new pod had no even share within {new_pod.watched_s:.0f} s"


def _failures(failing: Sequence[Disturbance]) -> str:
    total = sum(one.failed for one in failing)
    if len(failing) == 1:
        return f"{_calls(total)} failed in the {failing[0].event.value}"
    parts = ", ".join(f"{one.failed} in the {one.event.value}" for one in failing)
    return f"{_calls(total)} failed ({parts})"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= SOON_S else f"{seconds:.1f} s"


def _is_balanced(cure: CureResult) -> bool:
    return cure.verdict is not None and cure.verdict.outcome is Outcome.BALANCED


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def notes(comparison: Comparison) -> Iterator[str]:
    """What the columns mean, and how it was measured."""
    setting = comparison.setting
    if comparison.baseline and comparison.baseline.windows:
        yield _latency_note(comparison.baseline, setting.rounds)
    yield (
        "Connections are per client. New pod: the time from its readiness to its first call. Failed and gap: failed "
        "calls, and a client's longest time without an answer, while servers are added, crash, are restarted and are "
        "removed."
    )
    yield (
        f"{setting.servers} servers, {setting.clients} clients, {setting.rate:g} calls a second each; "
        f"took {format_duration(round(comparison.seconds))}, estimated {format_duration(round(setting.expected_s))}; "
        f"order from seed {setting.seed}."
    )
    yield from (_cost_note(cure) for cure in comparison.cures if cure.cost or cure.cost_unknown)
    if not comparison.complete:
        yield "The comparison ended before everything was measured."


def _latency_note(baseline: CureResult, rounds: int) -> str:
    latencies = [
        f"{name} {value:.2f} ms" for name in PERCENTILES if (value := _baseline_ms(baseline, name)) is not None
    ]
    certainty = "1 round, so no interval" if rounds == 1 else f"{rounds} rounds, ± {CONFIDENCE:.0%} interval"
    added = f"Latencies are relative to {BASELINE}"
    return f"{added} ({', '.join(latencies)}); {certainty}."


def _cost_note(cure: CureResult) -> str:
    if cure.cost is None:
        return f"The resource usage of the containers that {cure.name} adds is unknown: {cure.cost_unknown}."
    cpus = "" if cure.cost.cpu_cores is None else f" and {cure.cost.cpu_cores:.2f} CPUs in all"
    return f"{cure.name} adds containers that use {_cost(cure)}{cpus}."


def recommendations(comparison: Comparison) -> list[str]:
    """Which cure to use when, in sentences."""
    allowed = comparison.setting.may_change
    chosen = recommend(comparison.cures, allowed)
    if not chosen:
        return [f"no measured cure balances and changes only {changes_text(allowed)}"]
    return [recommendation_text(one) for one in chosen]


def recommendation_text(one: Recommendation) -> str:
    others = f"; then {', '.join(other.name for other in one.others)}" if one.others else ""
    return f"if you may change {changes_text(one.changes)}: {one.cure.name} ({', '.join(_reasons(one.cure))}){others}"


def _reasons(cure: CureResult) -> Iterator[str]:
    if course := cure.course:
        if course.new_pod:
            waited = course.new_pod.first_call_s
            yield "a new pod gets no calls" if waited is None else f"a new pod gets calls after {waited:.1f} s"
        yield f"{_calls(course.failed)} failed" if course.failed else "no call failed"
    if added := cure.added_ms.get("p50"):
        yield f"{_difference(added)} ms"


def changes_text(changes: Sequence[str]) -> str:
    return _listed([CHANGED[change] for change in changes]) or "nothing"


def _listed(texts: Sequence[str]) -> str:
    """With commas, and `and` before the last."""
    return " and ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def _wrapped(text: str, width: int, hang: str = INDENT) -> list[Text]:
    lines = textwrap.wrap(
        printable(text), width, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    )
    return [Text(line) for line in lines]
