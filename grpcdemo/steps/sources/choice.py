"""Which source is read: the one that the user asks for, or the best that can be read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.steps.sources.app import AppSource
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.clients import ISTIO, LINKERD
from grpcdemo.steps.sources.connections import ConnectionsSource
from grpcdemo.steps.sources.envoy import EnvoySource
from grpcdemo.steps.sources.istio import IstioSource
from grpcdemo.steps.sources.linkerd import LinkerdSource
from grpcdemo.steps.sources.log import LogSource
from grpcdemo.steps.sources.probe import ProbeSource
from grpcdemo.steps.sources.seldom import Seldom
from grpcdemo.steps.sources.source import Choice, Reading, Source, SourceConfig
from grpcdemo.steps.sources.together import Together
from grpcdemo.verdict.connections import LOOKS

TRIES = 3
"""How many readings of a source may fail before the next one is read."""
NO_PROXY = f"no client pod has {ISTIO} or {LINKERD}"


def build_source(api: Api, config: SourceConfig, service: Object, port: Object) -> Source:
    """For one *port* of the *service*."""
    if config.probes:
        return ProbeSource(api, config.probes)
    name, namespace, number = service["metadata"]["name"], service["metadata"]["namespace"], int(port["port"])
    cluster_ips = service["spec"].get("clusterIPs") or ()
    sources: dict[Choice, Source] = {
        Choice.ENVOY: EnvoySource(api, name, namespace, number, cluster_ips=cluster_ips),
        Choice.LINKERD: LinkerdSource(api, name, namespace, number),
        Choice.ISTIO: IstioSource(api, name, namespace),
        Choice.APP: Together(AppSource(api, config.metrics_port), _connections(api)),
        Choice.CONNECTIONS: _connections(api),
    }
    if config.log_match:
        sources[Choice.LOG] = Together(LogSource(api, config.log_match), _connections(api))
    if config.choice is Choice.AUTO:
        envoy, linkerd, *others = sources.values()
        return BestSource([ClientSource([envoy, linkerd]), *others])
    return sources[config.choice]


def _connections(api: Api) -> Source:
    return Seldom(ConnectionsSource(api), often=2 * LOOKS)  # some may come late


class ClientSource:
    """The one of *sources* whose proxy the clients run with. All of them know the same."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources

    async def read(self, around: Around) -> Reading:
        missing: list[Reading] = []
        for source in self._sources:
            reading = await source.read(around)
            if not reading.nobody:
                return reading
            missing.append(reading)
        told = [reading for reading in missing if not reading.is_unmeshed]
        return told[0] if told else replace(missing[0], nobody=NO_PROXY)

    async def close(self) -> None:
        await asyncio.gather(*(source.close() for source in self._sources))


class BestSource:
    """The first of *sources* that can be read, the best one first."""

    def __init__(self, sources: Sequence[Source], *, tries: int = TRIES) -> None:
        self._candidates = [Candidate(source, tries) for source in sources]

    async def read(self, around: Around) -> Reading:
        """Raises Unreadable if the user may not read the best one, and no other one counts."""
        passed: list[Reading] = []
        denied: Unreadable | None = None
        for candidate in self._candidates:
            try:
                reading = replace(await candidate.read(around), why=_why(passed))
            except Unreadable as error:
                denied = denied or (None if passed else error)
                reading = Reading("envoy", nobody=f"this user may not {error.right}")
            else:
                if candidate.is_chosen:
                    return reading
            passed.append(reading)
        failing = [reading for reading in passed if not reading.nobody]
        if denied and not failing:
            raise denied
        return failing[-1] if failing else replace(passed[0], nobody=_why(passed))

    async def close(self) -> None:
        await asyncio.gather(*(candidate.close() for candidate in self._candidates))


class Candidate:
    """One of several sources."""

    def __init__(self, source: Source, tries: int) -> None:
        self._source = source
        self._tries = tries
        self._is_read = False
        """It has answered: that it is silent now, is told, and no reason to count otherwise."""
        self._failed = 0
        """How many readings brought nothing but failures."""

    @property
    def is_chosen(self) -> bool:
        """It has answered, or may yet."""
        return self._is_read or 0 < self._failed < self._tries

    async def read(self, around: Around) -> Reading:
        reading = await self._source.read(around)
        self._is_read = not reading.nobody and (self._is_read or bool(reading.told))
        self._failed = 0 if self._is_read or reading.nobody else self._failed + 1
        return reading

    async def close(self) -> None:
        await self._source.close()


def _why(passed: Sequence[Reading]) -> str:
    """Why none of these could be read. That servers have no sidecar either, goes without saying."""
    told = [*passed[:1], *(one for one in passed[1:] if not one.is_unmeshed)]
    reasons = (one.nobody or next(iter(one.failures.values()), "they have gone") for one in told)
    return ", and ".join(dict.fromkeys(reasons))
