"""The result of `demo`: Istio off and on, side by side."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from grpcdemo.model.observation import Observation
from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.glyphs import BAR_CELLS, bar, full_share, percent
from grpcdemo.views.observation import outcome_text, verdict_text
from grpcdemo.views.palette import server_colors
from grpcdemo.views.table import GAP, plain_table
from grpcdemo.views.words import ready_text

LABEL, IP, CELL = len("latency p50"), len("255.255.255.255"), len("100%")
"""How wide the first column, an IP and a share are."""


def demo_view(
    result: DemoResult, width: int | None = None, *, bars: bool = True, sandbox: bool = False
) -> RenderableType:
    """In *width* cells, if they suffice for the shares: the bars go first, then the IPs."""
    phases = (result.before, result.after)
    bars = bars and (width is None or width >= LABEL + len(phases) * (GAP + IP + 1 + BAR_CELLS + 1 + CELL))
    ips = width is None or width >= LABEL + len(phases) * (GAP + IP + 1 + CELL)
    table = plain_table("", *(phase.title.upper() for phase in phases))
    table.add_row("READY", *(ready_text(phase.observation) for phase in phases))
    for index in range(max(len(phase.observation.servers) for phase in phases)):
        table.add_row(
            f"server {index + 1}", *(_share(phase.observation, index, bars=bars, ips=ips) for phase in phases)
        )
    table.add_row("responses", *(str(phase.observation.tally.responses) for phase in phases))
    table.add_row("rate", *(f"{phase.observation.tally.responses_per_second:.1f}/s" for phase in phases))
    table.add_row("errors", *(str(sum(phase.observation.tally.errors.values())) for phase in phases))
    table.add_row("latency p50", *(_latency(phase) for phase in phases))
    table.add_row("verdict", *(outcome_text(phase.observation.verdict.outcome) for phase in phases))
    verdicts = [Text.assemble(f"{phase.title}: ", verdict_text(phase.observation.verdict)) for phase in phases]
    for verdict in verdicts:
        verdict.no_wrap, verdict.overflow = False, "fold"  # the console would break words
    place = [Text("measured in the sandbox, not on a cluster")] if sandbox else []
    return Group(table, Text(""), *verdicts, *place)


def _share(observation: Observation, index: int, *, bars: bool, ips: bool) -> Text:
    """The server pod with the *index*-th largest share: switching replaces the pods, so only shares compare."""
    counts = observation.tally.by_server()
    total = sum(counts.values())
    pods = sorted(observation.servers, key=lambda pod: (-counts.get(pod.name, 0), pod.name))
    if index >= len(pods):
        return Text("-")
    share = counts.get(pods[index].name, 0) / total if total else 0.0
    drawn = f"{bar(share, full_share(len(pods)))} " if bars else ""
    color = server_colors(observation)[pods[index].name].terminal
    ip = f"{pods[index].ip or '-':<{IP}} " if ips else ""
    return Text.assemble(ip, (drawn, color), f"{percent(share):>{CELL}}")


def _latency(phase: Phase) -> str:
    latency = phase.observation.tally.latency_ms
    return f"{latency['p50']:.1f} ms" if latency else "-"
