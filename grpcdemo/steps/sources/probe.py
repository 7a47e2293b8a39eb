"""What the probes have counted: about how many requests each client pod has sent to each server pod.

They count TCP segments. Their lines are of the same moments, and only what all of them tell of one is a reading: else a
client would seem to stay on the pod whose line came first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from grpcdemo.diagnosis.traffic import Counters, Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import LogLine
from grpcdemo.kube.streams.logs import ContainerRef
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.callers import tell_apart
from grpcdemo.steps.sources.pod_log import PodLog
from grpcdemo.steps.sources.source import PARTLY_READ, Reading
from grpcdemo.workload.probe import parse_counts

WITHOUT = "it has no probe"
SILENT = "its probe has not reported yet"


class ProbeSource:
    """The logs of the probes in the pods with these UIDs, whose containers have these names."""

    def __init__(self, api: Api, containers: Mapping[str, str]) -> None:
        self._api = api
        self._containers = containers
        self._probes: dict[str, _Probe] = {}
        """By the pod's UID."""
        self._latest: dict[str, Mapping[str, int]] = {}
        """By server pod, the segments by caller. Of one that is silent, the numbers stay."""
        self._moment = 0.0
        """Each one makes a reading of its own, even if several become known at once."""
        self._first: dict[str, Mapping[str, int]] = {}

    async def read(self, around: Around) -> Reading:
        """Raises Unreadable if the user may not read the logs."""
        names, address_of, serving = pod_names(around.servers), around.address_of, around.serving
        self._follow(serving)
        probes = {names[uid]: probe for uid, probe in self._probes.items() if uid in serving}
        told = self._told(probes)
        self._latest = {name: segments for name, segments in {**self._latest, **told}.items() if name in probes}
        unheard = {name: probe.log.failure for name, probe in probes.items() if name not in told}
        uncounted = {name: WITHOUT for name in address_of if name not in probes}
        self._first = {name: self._first.get(name, segments) for name, segments in self._latest.items()}
        callers = {*filter(self._has_called, {caller for segments in self._latest.values() for caller in segments})}
        pods, untold = tell_apart(around.clients, callers)
        return Reading(
            "probe",
            {
                pods.get(caller, caller): self._counters(caller, address_of)
                for caller in sorted({*callers, *pods} if self._latest else ())
            },
            told=[*told],
            all_pods=len(serving),
            failures={name: failure or SILENT for name, failure in unheard.items()},
            is_awaited="" in unheard.values(),
            uncounted=uncounted,
            nobody="" if probes else "no server pod has a probe anymore",
            untold=PARTLY_READ if unheard or uncounted else untold,
            are_pods=not untold,
        )

    async def close(self) -> None:
        await asyncio.gather(*(probe.log.close() for probe in self._probes.values()))

    def _has_called(self, caller: str) -> bool:
        return any(
            segments.get(caller, 0) != self._first[name].get(caller, 0) for name, segments in self._latest.items()
        )

    def _counters(self, caller: str, address_of: Mapping[str, str]) -> Counters:
        numbers = {address_of[name]: segments.get(caller, 0) for name, segments in self._latest.items()}
        return {address: Requests(begun=number, answered=number) for address, number in numbers.items()}

    def _follow(self, serving: Mapping[str, Object]) -> None:
        for uid, pod in serving.items():
            if uid in self._containers and uid not in self._probes:
                self._probes[uid] = _Probe(self._api, pod, self._containers[uid])
        for probe in self._probes.values():
            probe.log.check()

    def _told(self, probes: Mapping[str, _Probe]) -> dict[str, Mapping[str, int]]:
        """By pod, the segments at the next moment of which all probes tell that can be read, or at the latest one."""
        telling = {name: probe for name, probe in probes.items() if probe.moments and not probe.log.failure}
        if len(telling) < sum(not probe.log.failure for probe in probes.values()):
            return {}
        common = set.intersection(*({*probe.moments} for probe in telling.values())) if telling else set()
        if not common:
            return {}
        self._moment = min((moment for moment in common if moment > self._moment), default=max(common))
        return {name: probe.take(self._moment) for name, probe in telling.items()}


class _Probe:
    """That in one pod."""

    def __init__(self, api: Api, pod: Object, container: str) -> None:
        self.moments: dict[float, Mapping[str, int]] = {}
        """By time, the segments by caller."""
        metadata = pod["metadata"]
        ref = ContainerRef(str(metadata["namespace"]), str(metadata["name"]), container)
        self.log = PodLog(api, ref, self._keep, from_start=True)

    def take(self, moment: float) -> Mapping[str, int]:
        """The segments at this *moment*; those before are forgotten."""
        self.moments = {known: segments for known, segments in self.moments.items() if known >= moment}
        return self.moments[moment]

    def _keep(self, line: LogLine) -> None:
        if counts := parse_counts(line.text):
            self.moments[counts.time_s] = counts.segments
