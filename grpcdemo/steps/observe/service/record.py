"""Everything that the source has counted so far: the current window, and the timeline across all windows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grpcdemo.diagnosis.traffic import Window
from grpcdemo.errors import Hint
from grpcdemo.model.observation import Observation, Slice, Tally, total_s, total_s_by_client
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import read_pod
from grpcdemo.steps.observe.blindness import Blindness, Outage
from grpcdemo.steps.observe.timeline import TimelineCounter
from grpcdemo.steps.sources.around import pod_names
from grpcdemo.steps.sources.source import Reading
from grpcdemo.verdict import Criteria, Outcome, Verdict

FAILED = "failed"
"""In place of a status, which counters do not tell."""


class ServiceRecord:
    """Times are seconds of the event loop's clock."""

    def __init__(self, began: float, blind_s: float, criteria: Criteria, advice: Hint) -> None:
        self._criteria = criteria
        self._advice = advice
        """What helps where nobody counts."""
        self._window = Window()
        self._timeline = TimelineCounter(began)
        self._blindness = Blindness(blind_s)
        self._read_until: dict[str, float] = {}
        self._appeared: dict[str, None] = {}
        self._reading = Reading("envoy")

    def begin_window(self, now: float) -> None:
        """No request before counts in it."""
        self._window.begin(now)
        self._timeline.add(Slice(windows=1), now)

    def add(self, reading: Reading, addresses: Mapping[str, str], now: float, lost: Mapping[str, Outage]) -> None:
        """Count what was read *now*; *lost* is why the pods cannot be watched, if they cannot."""
        self._reading = reading
        new = self._window.add(now, addresses, reading.counters, reading.basis, reading.connections)
        self._timeline.add(new, now)
        self._read_until.update(dict.fromkeys(reading.told, now))
        outages = dict(lost)
        for client, why in reading.failures.items():
            outages[client] = Outage(self._read_until.setdefault(client, now), "unreadable", why)
        for client, why in reading.uncounted.items():
            outages[client] = Outage(self._read_until.setdefault(client, now), "no calls", why, at_once=True)
        self._blindness.look(outages, now)

    def observation(self, servers: Sequence[Object], clients: Sequence[Object], now: float) -> Observation:
        """What is known *now*, with the verdict."""
        tally, names = self._tally(now), pod_names(clients)
        live = {str(pod["metadata"]["name"]) for pod in servers}
        self._appeared.update(dict.fromkeys(sorted(live)))
        nobody = self._reading.nobody
        return Observation(
            servers=tuple(map(read_pod, servers)),
            clients=tuple(replace(read_pod(pod), name=names[pod["metadata"]["uid"]]) for pod in clients),
            tally=tally,
            verdict=Verdict(Outcome.INCONCLUSIVE, f"{nobody}, so requests cannot be counted")
            if nobody
            else self._verdict(),
            hint=self._advice if nobody else None,
            windows=self._window.number,
            departed={name: "" for name in tally.by_server() if name not in live},
            timeline=self._timeline.timeline(now),
            blind=self._blindness.times_since(self._timeline.began),
            appeared=tuple(self._appeared),
            counted_by=self._reading.counted_by,
            connections=self._window.connections,
        )

    def _verdict(self) -> Verdict:
        unheard = self._blindness.unheard
        if self._reading.counted_by.at_servers:  # a server that is silent for a moment, looks like one without load
            unheard |= self._reading.failures
        return self._window.verdict(unheard, self._criteria, self._reading.untold, self._reading.idle)

    def _tally(self, now: float) -> Tally:
        by_client = {client: counts for client, counts in self._window.by_client.items() if counts}
        blind, unread = self._blindness.of_clients(now - self._window.seconds, now)
        failed = self._window.failures.by_server
        return Tally(
            responses=sum(sum(counts.values()) for counts in by_client.values()),
            errors={FAILED: sum(failed.values())} if failed else {},
            failed=failed,
            by_client=by_client,
            seconds=self._window.seconds,
            blind_seconds=total_s(blind),
            unread_by_client=total_s_by_client(unread),
        )
