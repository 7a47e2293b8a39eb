"""Run an observation: watch the pods, follow the clients' logs, count, and judge."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from grpcdemo.errors import NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.messages import shorten
from grpcdemo.kube.streams.log_lines import SECOND_NS, LogLine
from grpcdemo.kube.streams.logs import ContainerRef, Follower
from grpcdemo.kube.streams.watch import Mirror
from grpcdemo.kube.trouble import Gap
from grpcdemo.model.observation import Observation
from grpcdemo.model.pods import Pod
from grpcdemo.steps.observe.blindness import Outage, unwatched
from grpcdemo.steps.observe.call_reader import CallReader, Past
from grpcdemo.steps.observe.config import ObserveConfig
from grpcdemo.steps.observe.followers import Followers
from grpcdemo.steps.observe.gaps import find_gap
from grpcdemo.steps.observe.pods import Changing, ObservedPods, pod_queries
from grpcdemo.steps.observe.record import Record
from grpcdemo.steps.observe.snapshot import take_snapshot
from grpcdemo.steps.observe.window import Window
from grpcdemo.waiting import is_set_within

OnLine = Callable[[str, LogLine], None]
"""Takes the client pod's name and a line of its log."""


async def observe(api: Api, config: ObserveConfig, on_line: OnLine | None = None) -> AsyncIterator[Observation]:
    """Yield observations, up to ten a second, until the end that *config* asks for. The last one is the result.

    *on_line* is called with the line of each counted call.

    Raises NotFound if there is no client, UsageError if no client has the container, and ApiError if the pods
    cannot be watched or a log cannot be read.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with AsyncExitStack() as stack:
        # A cluster's API comes back; a sandbox that has ended does not.
        lost_s = api.patience.lost_s if api.target.sandbox else math.inf
        mirror = await stack.enter_async_context(Mirror(api, pod_queries(config), lost_s=lost_s))
        pods = ObservedPods(config, mirror)
        await pods.check_clients(api)
        observer = await stack.enter_async_context(_Observer(api, config, pods, on_line))
        while True:
            observation = observer.snapshot(loop.time())
            yield observation
            elapsed_s = loop.time() - began
            if config.ends.are_reached(observation, elapsed_s):
                return
            await observer.news(config.ends.until_next(elapsed_s))
            await asyncio.sleep(config.snapshot_s)


class _Observer:
    """Follows the clients that are there, and counts into a new window whenever the pods change."""

    def __init__(self, api: Api, config: ObserveConfig, pods: ObservedPods, on_line: OnLine | None) -> None:
        now = asyncio.get_running_loop().time()
        self._api = api
        self._config = config
        self._pods = pods
        self._on_line = on_line
        self._past = _past(config, now, api.clock_ahead_s or 0.0)
        self._record = Record(now, partial(Window, limit=config.ends.requests), config.blind_s)
        self._followers = Followers(self._follow)
        self._read: dict[str, _Reading] = {}
        self._generation: frozenset[str] = frozenset()
        self._gap: Gap | None = None
        self._news = asyncio.Event()

    async def __aenter__(self) -> _Observer:
        self._look(are_new=False)
        self._watchers = [asyncio.create_task(self._watch()), asyncio.create_task(self._watch_gap())]
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        tasks = [*self._watchers, *self._followers.tasks()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def news(self, timeout_s: float) -> None:
        """Wait up to *timeout_s* until something was counted or changed. Raises what a task has failed with."""
        await is_set_within(self._news, timeout_s)
        self._news.clear()
        for task in [*self._followers.tasks(), *self._watchers]:
            if task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def snapshot(self, now: float) -> Observation:
        self._record.blindness.look(self._outages(), now)
        servers, clients, criteria = self._pods.servers, self._pods.clients, self._config.criteria
        gap = None if self._is_answered(servers) else self._gap
        return take_snapshot(self._record, servers, clients, criteria, now, gap, self._changing(now))

    def _changing(self, now: float) -> Changing | None:
        """The server pods that come or go, unless nothing has changed for long: what is stuck changes no more."""
        return self._pods.changing if now - self._record.window_began < self._config.change_s else None

    def _outages(self) -> dict[str, Outage]:
        """Up to when calls were read, by client, and why not since; under an empty name, that of the pods' watch."""
        outages = unwatched(self._pods.lost)
        for client in self._pods.clients:
            if reading := self._read.get(client.uid):
                outages[client.name] = reading.outage(logs=client.ready)
        return outages

    async def _watch(self) -> None:
        while True:
            if await self._pods.changed(self._config.ends.look_again_s):
                self._look(are_new=True)

    async def _watch_gap(self) -> None:
        """While nobody answers, look what the demo lacks."""
        while True:
            await asyncio.sleep(self._config.gap_s)
            servers, clients = self._pods.servers, self._pods.clients
            if not self._is_answered(servers):
                self._gap = await find_gap(self._api, self._config, servers=bool(servers), clients=bool(clients))
                self._news.set()

    def _is_answered(self, servers: Sequence[Pod]) -> bool:
        """Whether one of *servers* has answered since the pods changed. A pod that is stopping may answer, too."""
        return any(server.name in self._record.window.answered for server in servers)

    def _look(self, *, are_new: bool) -> None:
        """Follow the clients that are there now, and begin a new window if the pods have changed."""
        clients = self._pods.clients
        self._followers.update(clients, are_new=are_new)
        self._read = {client.uid: self._read[client.uid] for client in clients if client.uid in self._read}
        generation = self._pods.generation
        if generation != self._generation:
            self._generation = generation
            self._record.begin_window(asyncio.get_running_loop().time())
            self._news.set()

    async def _follow(self, client: Pod, is_new: bool) -> None:  # noqa: FBT001  (a callback)
        """Count the calls of one client until its pod is gone."""
        config, clock = self._config, asyncio.get_running_loop().time
        reader = CallReader(client.name, is_new=is_new, past=self._past, by_line=self._on_line is not None)
        follower = Follower(
            self._api,
            ContainerRef(config.namespace, client.name, config.log_container),
            from_start=is_new,
            since_s=None if is_new else config.since_s,
            timing=config.follow,
        )
        self._read[client.uid] = _Reading(reader, follower)
        with contextlib.suppress(NotFound):
            async for piece in follower.pieces():
                for batch in reader.read(piece, clock()):
                    if self._record.add(batch) and self._on_line and batch.line:
                        self._on_line(client.name, batch.line)
                self._news.set()


@dataclass(frozen=True)
class _Reading:
    """How the log of one client is read."""

    calls: CallReader
    log: Follower

    def outage(self, *, logs: bool) -> Outage:
        """Why its calls cannot be read. A client that *logs* writes a line for each call, also for one that fails."""
        if self.log.failure or self.calls.has_calls or not logs:
            message = self.log.failure.message if self.log.failure else "the request for its log got no answer"
            at_once = self.log.failure is not None and self.log.read_until == self.log.began
            return Outage(self.log.read_until, "unreadable", shorten(message), at_once)
        return Outage(self.log.began, "no calls", "its log contains no calls")


def _past(config: ObserveConfig, now: float, ahead_s: float) -> Past | None:
    """*ahead_s* is how far the cluster's clock, by which logs are written, is ahead of this machine's."""
    if config.since_s is None:
        return None
    now_ns = time.time_ns() + round(ahead_s * SECOND_NS)
    return Past(now_ns - round(config.since_s * SECOND_NS), now - now_ns / SECOND_NS)
