"""Watch which server pod answers each client: follow the clients' logs, count, judge.

The pods are watched beside the logs. When a server or client pod comes, goes, or begins anew, the
connections are new too: a new window begins, and what was counted before does not vote.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from grpcdemo.errors import Hint, Kubectl, NotFound, UsageError
from grpcdemo.kube.api import Api
from grpcdemo.kube.log_lines import SECOND_NS, LogLine, parse_line
from grpcdemo.kube.logs import ContainerRef, Follower, FollowTiming
from grpcdemo.kube.watch import Mirror, Query
from grpcdemo.manifests import defaults
from grpcdemo.model import CLIENT_APP, CLIENT_CONTAINER, SERVER_APP, Observation, Pod
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.tally import Counter
from grpcdemo.steps.timeline import TimelineCounter
from grpcdemo.verdict import Criteria, Outcome, judge
from grpcdemo.waiting import is_set_within
from grpcdemo.workload.call_log import Calls, find_calls

OnLine = Callable[[str, LogLine], None]
"""Is given the client pod, and each line of its log that was counted."""


@dataclass(frozen=True)
class ObserveConfig:
    namespace: str = defaults.NAMESPACE
    requests: int | None = None
    """End after this many responses in the present window."""
    seconds: float | None = None
    """End after this long."""
    expect: Outcome | None = None
    """End as soon as a verdict is certain."""
    timeout_s: float = defaults.TIMEOUT_S
    """How long an expected verdict is waited for."""
    since_s: float | None = None
    """Count also what was logged in the last so many seconds."""
    selector: str | None = None
    """The label selector of the client pods, instead of our own client's."""
    container: str | None = None
    """The container whose log is read, instead of our own client's."""
    criteria: Criteria = field(default_factory=Criteria)
    """How sure a verdict must be."""
    snapshot_s: float = 0.1
    """The pause between two observations."""
    look_again_s: float = 1.0
    """Without news, a new observation is yielded after this long."""
    follow: FollowTiming = field(default_factory=FollowTiming)


async def observe(api: Api, config: ObserveConfig, on_line: OnLine | None = None) -> AsyncIterator[Observation]:
    """Tell what is seen, up to ten times a second, until the end that *config* names; the last is the result.

    Raises NotFound where there is no client to watch.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with AsyncExitStack() as stack:
        queries = {"pods": Query(PODS, config.namespace, OURS)}
        if config.selector:
            queries["clients"] = Query(PODS, config.namespace, config.selector)
        mirror = await stack.enter_async_context(Mirror(api, queries))
        _check_clients(config, mirror)
        observer = await stack.enter_async_context(_Observer(api, config, mirror, on_line))
        while True:
            seen = observer.snapshot(loop.time())
            yield seen
            if _is_over(config, seen, loop.time() - began):
                return
            await observer.news(_until_next(config, loop.time() - began))
            await asyncio.sleep(config.snapshot_s)


def _check_clients(config: ObserveConfig, mirror: Mirror) -> None:
    """Raise NotFound where there is no client to watch, UsageError where none has the container."""
    clients = [found for found in _client_objects(config, mirror) if read_pod(found).live]
    if not clients and config.selector:
        raise NotFound(
            f"there is no pod with {config.selector} in namespace {config.namespace}",
            hint=Hint("see ", Kubectl("get", "pods", "--show-labels", namespace=config.namespace)),
        )
    if not clients:
        raise NotFound(
            f"there is no {CLIENT_APP} pod in namespace {config.namespace}", hint="make the demo with `grpcdemo up`"
        )
    names = sorted({container["name"] for found in clients for container in found["spec"]["containers"]})
    if _container(config) not in names:
        raise UsageError(
            f"pod {clients[0]['metadata']['name']} has no container {_container(config)}",
            hint=f"name one with --container: {', '.join(names)}",
        )


def _client_objects(config: ObserveConfig, mirror: Mirror) -> list[Object]:
    if config.selector:
        return mirror["clients"]
    return [found for found in mirror["pods"] if read_pod(found).app == CLIENT_APP]


def _container(config: ObserveConfig) -> str:
    return config.container or CLIENT_CONTAINER


def _is_over(config: ObserveConfig, seen: Observation, elapsed_s: float) -> bool:
    if config.requests is not None and seen.tally.responses >= config.requests:
        return True
    if config.seconds is not None and elapsed_s >= config.seconds:
        return True
    if config.expect is None:
        return False
    return seen.verdict.outcome is not Outcome.INCONCLUSIVE or seen.is_over or elapsed_s >= config.timeout_s


def _until_next(config: ObserveConfig, elapsed_s: float) -> float:
    """Seconds until there is something to tell even without news."""
    ends = [end - elapsed_s for end in (config.seconds, config.timeout_s if config.expect else None) if end is not None]
    return max(0.0, min([config.look_again_s, *ends]))


class _Observer:
    """Follows every client's log and counts into the present window."""

    def __init__(self, api: Api, config: ObserveConfig, mirror: Mirror, on_line: OnLine | None) -> None:
        self._api = api
        self._config = config
        self._mirror = mirror
        self._on_line = on_line
        self._counter = Counter()
        self._timeline = TimelineCounter(asyncio.get_running_loop().time())
        self._oldest_ns = time.time_ns() - round((config.since_s or 0.0) * SECOND_NS)
        """What was logged before this is older than was asked for."""
        self._followers: dict[str, asyncio.Task[None]] = {}
        self._news = asyncio.Event()
        self._windows = 0
        self._filled: float | None = None
        """When the last response came that belongs to the result."""
        self._generation: frozenset[str] = frozenset()
        self._watcher: asyncio.Task[None] | None = None

    async def __aenter__(self) -> _Observer:
        self._look(from_start=False)
        self._watcher = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        tasks = [*self._followers.values(), *([self._watcher] if self._watcher else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def clients(self) -> list[Pod]:
        return [pod for pod in map(read_pod, _client_objects(self._config, self._mirror)) if pod.live]

    async def news(self, timeout_s: float) -> None:
        """Wait until something was counted or changed, but no longer than *timeout_s*."""
        await is_set_within(self._news, timeout_s)
        self._news.clear()
        for task in [*self._followers.values(), self._watcher]:
            if task and task.done() and not task.cancelled() and (error := task.exception()):
                raise error

    def snapshot(self, now: float) -> Observation:
        servers = self._servers
        tally = self._counter.tally(self._filled or now)
        present = {pod.name for pod in servers}
        gone = {name: self._counter.ip_of[name] or "" for name in tally.by_server() if name not in present}
        voting = {
            client: {server: count for server, count in answered.items() if server in present}
            for client, answered in tally.by_client.items()
        }
        could_answer = {pod.name for pod in servers if pod.ready} | set(tally.by_server()) - set(gone)
        return Observation(
            servers=tuple(servers),
            clients=tuple(self.clients),
            tally=tally,
            verdict=judge(voting, could_answer, self._config.criteria, self._timeline.order),
            windows=self._windows,
            departed=gone,
            timeline=self._timeline.timeline(now),
            latencies=self._counter.latencies(),
        )

    @property
    def _servers(self) -> list[Pod]:
        return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.app == SERVER_APP and pod.live]

    async def _watch(self) -> None:
        while True:
            if await self._mirror.changed(self._config.look_again_s):
                self._look(from_start=True)

    def _look(self, *, from_start: bool) -> None:
        """Follow the clients that are there now, and begin a new window if the pods are not the same."""
        clients = {pod.uid: pod for pod in self.clients}
        for uid in self._followers.keys() - clients.keys():
            self._followers.pop(uid).cancel()
        for uid, pod in clients.items():
            if uid not in self._followers:
                self._followers[uid] = asyncio.create_task(self._follow(pod, from_start=from_start))
        servers = [pod for pod in self._servers if pod.ready]
        generation = frozenset([*clients, *(pod.uid for pod in servers)])
        if generation != self._generation:
            self._generation = generation
            self._new_window(asyncio.get_running_loop().time())

    def _new_window(self, at: float) -> None:
        self._windows += 1
        self._filled = None
        self._counter.clear()
        self._timeline.new_window(at)
        self._news.set()

    async def _follow(self, pod: Pod, *, from_start: bool) -> None:
        """Count the calls of one client until it is gone."""
        with contextlib.suppress(NotFound):
            await self._count(pod, from_start=from_start)

    async def _count(self, pod: Pod, *, from_start: bool) -> None:
        """Count the calls of one client. A log that was there before us is read from its last line on, or since."""
        since_s = None if from_start else self._config.since_s
        is_old = not from_start
        container = ContainerRef(self._config.namespace, pod.name, _container(self._config))
        async for piece in Follower(
            self._api, container, from_start=from_start, since_s=since_s, timing=self._config.follow
        ).pieces():
            for part in self._parts(piece):
                calls = find_calls(part)
                if is_old and (calls := calls.checked()).seqs:
                    older = self._older(part, calls)
                    is_old = older == len(calls.seqs) and since_s is not None
                    if older:
                        self._counter.skip(pod.name, calls.seqs[older - 1])
                        calls = calls.part(older)
                self._add(pod.name, part, calls)
            self._news.set()

    def _older(self, part: bytes, calls: Calls) -> int:
        """How many of the first *calls* that are read of a log were made before the observation."""
        if self._config.since_s is None:
            return 1 if calls.seqs[0] > 1 else 0
        line = parse_line(part)  # the API counts in whole seconds, and sends what is older, too
        return len(calls.seqs) if line and line.time_ns < self._oldest_ns else 0

    def _parts(self, piece: bytes) -> list[bytes]:
        """*piece* as finely as somebody wants it: line by line where each one is told of or has its own time."""
        return piece.splitlines(keepends=True) if self._on_line or self._config.since_s else [piece]

    def _add(self, client: str, part: bytes, calls: Calls) -> None:
        """Count *calls*, in a new window from where the client began anew; `requests` is kept to the last one."""
        if self._on_line:
            calls = calls.checked()
        at = asyncio.get_running_loop().time() - self._age_s(part)
        for run in calls.runs(self._counter.last_seq(client)):
            if self._config.requests is not None:
                room = self._config.requests - self._counter.responses
                if room <= 0:
                    return
                run = run.up_to(room)
            if self._counter.restarted(client, run):
                self._new_window(at)
            self._counter.add(client, run, at)
            self._timeline.add(client, run.servers(), at)
            if self._counter.responses == self._config.requests:
                self._filled = at
            if self._on_line and (line := parse_line(part.rstrip(b"\r\n"))):
                self._on_line(client, line)

    def _age_s(self, part: bytes) -> float:
        """How long ago the calls in *part* were made: just now, unless the past was asked for."""
        line = parse_line(part) if self._config.since_s else None
        return max(0.0, time.time() - line.time_ns / SECOND_NS) if line else 0.0
