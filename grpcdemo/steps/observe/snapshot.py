"""From what was counted to an observation: who can answer, who is gone, and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from grpcdemo.kube.advice import advise_on_gap, describe_gap
from grpcdemo.kube.trouble import Gap
from grpcdemo.model.observation import Observation
from grpcdemo.model.pods import Pod
from grpcdemo.steps.observe.pods import Changing
from grpcdemo.steps.observe.record import Record
from grpcdemo.verdict import Criteria, Outcome, Verdict, judge


def take_snapshot(
    record: Record,
    servers: Sequence[Pod],
    clients: Sequence[Pod],
    criteria: Criteria,
    now: float,
    gap: Gap | None = None,
    changing: Changing | None = None,
) -> Observation:
    """The observation at *now*. Responses of pods that are not among *servers* do not vote.

    The *gap* is why nobody answers, if that is known. While pods are *changing*, nothing is called skewed: old
    connections are just being closed, and new ones made.
    """
    record.appeared.update(dict.fromkeys(sorted(pod.name for pod in servers)))
    tally = record.tally(now)
    answered = tally.by_server()
    live = {pod.name for pod in servers}
    voting = {
        client: {server: count for server, count in counts.items() if server in live}
        for client, counts in tally.by_client.items()
    }
    able = {pod.name for pod in servers if pod.ready or pod.name in answered}
    unheard = record.blindness.unheard
    gap = None if unheard else gap
    if gap:
        verdict = Verdict(Outcome.INCONCLUSIVE, describe_gap(gap))
    else:
        verdict = judge(voting, able, criteria, record.window.order, unheard, record.window.standing)
        if verdict.outcome is Outcome.SKEWED and changing:
            verdict = Verdict(Outcome.INCONCLUSIVE, f"server pods are changing ({changing}): {verdict.reason}")
        if verdict.outcome is not Outcome.INCONCLUSIVE:
            record.window.standing = verdict
    return Observation(
        servers=tuple(servers),
        clients=tuple(clients),
        tally=tally,
        verdict=verdict,
        hint=advise_on_gap(gap) if gap else None,
        windows=record.windows,
        departed={server: record.window.ip_of(server) or "" for server in answered if server not in live},
        timeline=record.timeline.timeline(now),
        latencies=record.window.latencies(),
        blind=record.blindness.times_since(record.timeline.began),
        appeared=tuple(record.appeared),
    )
