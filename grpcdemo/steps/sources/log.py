"""The servers' logs: a line for each request, which the user's pattern tells from other lines.

This needs the weakest right of all sources. Where the line names the caller's address, it tells callers apart.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from grpcdemo.diagnosis.traffic import NONE, Requests
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.log_lines import SECOND_NS, LogLine
from grpcdemo.kube.streams.logs import ContainerRef
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import default_container
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.callers import tell_apart
from grpcdemo.steps.sources.pod_log import PodLog
from grpcdemo.steps.sources.polls import MOST_PODS, unasked
from grpcdemo.steps.sources.source import ANYBODY, PARTLY_READ, Reading

CLIENT = "client"
"""The pattern's group with the caller's address, with or without a port."""
UNTOLD = "the pattern has no group (?P<client>…) with the caller's address"
NOT_READ = "its log is not read"


class LogSource:
    """The logs of a Service's pods, from now on. They do not tell one port from another."""

    def __init__(self, api: Api, pattern: re.Pattern[str]) -> None:
        self._api = api
        self._pattern = pattern
        self._logs: dict[str, _Log] = {}
        """By the pod's UID."""

    async def read(self, around: Around) -> Reading:
        names, address_of, serving = pod_names(around.servers), around.address_of, around.serving
        if not serving:
            return Reading("log", nobody="no server pod runs")
        await self._follow([*serving.items()][:MOST_PODS])
        logs = {names[uid]: log for uid, log in self._logs.items()}
        failures = {name: log.log.failure for name, log in logs.items() if log.log.failure}
        too_many = unasked([names[uid] for uid in serving])
        uncounted = {name: too_many.get(name, NOT_READ) for name in address_of if name not in logs}
        pods, untold = self._tell_apart(around)
        callers = sorted({caller for log in logs.values() for caller in log.counted})
        return Reading(
            "log",
            {
                pods.get(caller, caller): {address_of[name]: log.requests(caller) for name, log in logs.items()}
                for caller in callers
            },
            told=[name for name in logs if name not in failures],
            all_pods=len(serving),
            failures=failures,
            uncounted=uncounted,
            untold=PARTLY_READ if failures or uncounted else untold,
            are_pods=not untold,
            idle=self._unmatched(),
        )

    async def close(self) -> None:
        await asyncio.gather(*(log.log.close() for log in self._logs.values()))

    async def _follow(self, pods: Sequence[tuple[str, Object]]) -> None:
        """These pods' logs and no others. Raises Unreadable if the user may not."""
        gone = [self._logs.pop(uid) for uid in self._logs.keys() - dict(pods).keys()]
        await asyncio.gather(*(log.log.close() for log in gone))
        for uid, pod in pods:
            if uid not in self._logs:
                self._logs[uid] = _Log(self._api, pod, self._pattern)
        for log in self._logs.values():
            log.log.check()

    def _unmatched(self) -> str:
        lines = sum(log.lines for log in self._logs.values())
        if not lines or any(log.counted for log in self._logs.values()):
            return ""
        return (
            "the only line in the logs does not match" if lines == 1 else f"none of {lines} lines in the logs matches"
        )

    def _tell_apart(self, around: Around) -> tuple[Mapping[str, str], str]:
        """The client pod at each address; and, if others have called, why callers are not told apart."""
        if CLIENT not in self._pattern.groupindex:
            return {}, UNTOLD
        return tell_apart(around.clients, {caller for log in self._logs.values() for caller in log.counted})


class _Log:
    """That of one pod: counts what is new in it."""

    def __init__(self, api: Api, pod: Object, pattern: re.Pattern[str]) -> None:
        metadata = pod["metadata"]
        self._pattern = pattern
        self._began_ns = time.time_ns() + round((api.clock_ahead_s or 0.0) * SECOND_NS)
        self._is_first = True
        container = ContainerRef(str(metadata["namespace"]), str(metadata["name"]), default_container(pod))
        self.log = PodLog(api, container, self._count)
        self.counted: Counter[str] = Counter()
        """By the caller's address."""
        self.lines = 0
        """How many were read, with those that do not match."""

    def requests(self, caller: str) -> Requests:
        count = self.counted[caller]
        return Requests(begun=count, answered=count) if count else NONE

    def _count(self, line: LogLine) -> None:
        is_old = self._is_first and line.time_ns < self._began_ns  # it shows where to go on
        self._is_first = False
        if is_old:
            return
        self.lines += 1
        if match := self._pattern.search(line.text):
            self.counted[_caller(match)] += 1


def _caller(match: re.Match[str]) -> str:
    """The address without its port: `10.0.0.7:40132`, `[fd00::7]:40132`, or `ipv4:10.0.0.7:40132` as gRPC writes it."""
    address = match.groupdict().get(CLIENT)
    if not address:
        return ANYBODY
    address = re.sub(r"^ipv[46]:", "", address.replace("%5B", "[").replace("%5D", "]"))
    if address.startswith("["):
        return address[1:].partition("]")[0]
    return address.rpartition(":")[0] if address.count(":") == 1 else address
