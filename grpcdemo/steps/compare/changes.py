"""Several cures while their servers change: one more, one that crashes, all replaced, all but one gone.

What only waits happens to all of them at once. Restarts start many processes, which would slow down the clients of the
other cures, so each cure has its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

from grpcdemo.errors import ApiError, GrpcdemoError, Unauthorized, Unreachable
from grpcdemo.kube.demo.crash import crash
from grpcdemo.kube.messages import shorten
from grpcdemo.model.comparison import Course, Event
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP
from grpcdemo.steps.compare.analysis import disturbance_of, new_pod_of, timeline_of, traffic_of
from grpcdemo.steps.compare.call_times import ClientLog
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.steps.compare.cost import read_cost
from grpcdemo.steps.compare.place import Place
from grpcdemo.steps.compare.pod_times import PodTimes
from grpcdemo.steps.compare.results import Results
from grpcdemo.steps.compare.steady import start_clients

END = None
"""In place of the event after the last."""


@dataclass
class Subject:
    """One cure of the group. Times are this machine's, in seconds since 1970."""

    place: Place
    times: PodTimes
    marks: list[tuple[Event | None, float]] = field(default_factory=list)
    """When each event began, and the last one ended."""
    over: int = 0
    """How many events are measured to their end."""
    new_pod: str | None = None
    skipped: dict[Event, str] = field(default_factory=dict)
    """Why an event could not be caused."""
    failed: bool = False


OnEvent = Callable[[Event, Sequence[Place]], None]
"""Takes what is done next, and to which cures."""


async def watch_changes(places: Sequence[Place], config: CompareConfig, results: Results, on_event: OnEvent) -> None:
    """Add to *results* what the clients of each cure feel. A cure that fails is left alone from then on."""
    async with _subjects(places) as subjects:
        group = _Group(subjects, config, results, on_event)
        await group.run()


@asynccontextmanager
async def _subjects(places: Sequence[Place]) -> AsyncIterator[list[Subject]]:
    async with AsyncExitStack() as stack:
        yield [
            Subject(place, await stack.enter_async_context(PodTimes(place.api, place.namespace))) for place in places
        ]


class _Group:
    """The events, one after the other. What is over is kept where Ctrl-C ends them."""

    def __init__(self, subjects: Sequence[Subject], config: CompareConfig, results: Results, on_event: OnEvent) -> None:
        self._subjects = subjects
        self._config = config
        self._results = results
        self._on_event = on_event

    async def run(self) -> None:
        try:
            await self._run()
        except asyncio.CancelledError:
            with suppress(GrpcdemoError, asyncio.TimeoutError):
                await asyncio.wait_for(self._all(self._keep), self._config.timing.keep_s)
            raise

    async def _run(self) -> None:
        timing = self._config.timing
        await self._all(self._start)
        await asyncio.sleep(timing.warm_up_s)
        await self._at_once(Event.SCALE_UP, self._add_server, timing.new_pod_s)
        await self._all(self._read_cost)
        await self._at_once(Event.CRASH, self._crash, timing.settle_s)
        for subject in self._alive:
            self._on_event(Event.RESTART, [subject.place])
            await self._attempt(subject, self._restart)
            await asyncio.sleep(timing.settle_s)
            subject.over = len(subject.marks)
        await self._at_once(Event.SCALE_DOWN, self._remove_servers, timing.settle_s)
        await self._all(self._end)
        await self._all(self._stop)

    @property
    def _alive(self) -> list[Subject]:
        return [subject for subject in self._subjects if not subject.failed]

    async def _at_once(self, event: Event, change: Callable[[Subject], Awaitable[None]], then_s: float) -> None:
        if self._alive:
            self._on_event(event, [subject.place for subject in self._alive])
            await self._all(change)
            await asyncio.sleep(then_s)
            for subject in self._alive:
                subject.over = len(subject.marks)

    async def _all(self, change: Callable[[Subject], Awaitable[None]]) -> None:
        await asyncio.gather(*(self._attempt(subject, change) for subject in self._alive))

    async def _attempt(self, subject: Subject, change: Callable[[Subject], Awaitable[None]]) -> None:
        try:
            await change(subject)
        except (Unreachable, Unauthorized):
            raise
        except GrpcdemoError as error:
            subject.failed = True
            self._results.failures[subject.place.cure.name] = shorten(error.message)

    async def _start(self, subject: Subject) -> None:
        await start_clients(subject.place, self._config.clients)

    async def _add_server(self, subject: Subject) -> None:
        before = {pod.name for pod in await subject.place.pods(SERVER_APP)}
        _mark(subject, Event.SCALE_UP)
        await subject.place.scale(SERVER_APP, self._config.servers + 1)
        added = {pod.name for pod in await subject.place.pods(SERVER_APP)} - before
        subject.new_pod = next(iter(sorted(added)), None)

    async def _crash(self, subject: Subject) -> None:
        """Of a pod that no client uses, nobody would notice it."""
        name = await subject.place.pod_in_use()
        pod = next((pod for pod in await subject.place.pods(SERVER_APP) if pod.name == name), None)
        if pod is None:
            raise GrpcdemoError("no call is answered any more")
        began = time.time()
        try:
            await crash(subject.place.api, pod, namespace=subject.place.namespace)
        except (Unreachable, Unauthorized):
            raise
        except ApiError as error:  # a right may be missing
            subject.skipped[Event.CRASH] = shorten(error.message)
        else:
            subject.marks.append((Event.CRASH, began))

    async def _restart(self, subject: Subject) -> None:
        _mark(subject, Event.RESTART)
        await subject.place.restart_servers()

    async def _remove_servers(self, subject: Subject) -> None:
        _mark(subject, Event.SCALE_DOWN)
        await subject.place.scale(SERVER_APP, 1)

    async def _read_cost(self, subject: Subject) -> None:
        if cost := await read_cost(subject.place):
            self._results.add_cost(subject.place.cure, cost)

    async def _keep(self, subject: Subject) -> None:
        """Read what is over, without the event that is cut off."""
        if subject.over:
            _, at = subject.marks[subject.over] if subject.over < len(subject.marks) else (END, time.time())
            subject.marks[subject.over :] = [(END, at)]
            await self._read(subject)

    async def _end(self, subject: Subject) -> None:
        _mark(subject, END)
        await self._read(subject)

    async def _read(self, subject: Subject) -> None:
        logs = await subject.place.client_logs()
        self._results.add_course(subject.place.cure, course_of(subject, logs, self._config.servers + 1))

    async def _stop(self, subject: Subject) -> None:
        await subject.place.scale(CLIENT_APP, 0)


def _mark(subject: Subject, event: Event | None) -> None:
    subject.marks.append((event, time.time()))


def course_of(subject: Subject, logs: Sequence[ClientLog], pods: int) -> Course:
    """What the *logs* tell of the events; *pods* is the number of servers after the scale-up."""
    ahead_s = min((log.ahead_s for log in logs), default=0.0)
    marks = [(event, at - ahead_s) for event, at in subject.marks]
    answers = [log.first_answer for log in logs if log.first_answer is not None]
    zero, (_, end) = min(max(answers, default=marks[0][1]), marks[0][1]), marks[-1]
    spans = pairwise(marks)
    ready_at = subject.times.ready.get(subject.new_pod or "")
    scaled_up, changed_again = marks[0][1], marks[1][1]
    watched = {log.client: log.between(scaled_up, changed_again) for log in logs}
    return Course(
        disturbances=tuple(
            disturbance_of(event, logs, begin, until, zero) for (event, begin), (_, until) in spans if event
        ),
        new_pod=new_pod_of(subject.new_pod, logs, ready_at - ahead_s, changed_again, pods)
        if subject.new_pod and ready_at
        else None,
        traffic=traffic_of(watched),
        traffic_s=changed_again - scaled_up,
        timeline=timeline_of(logs, zero, end),
        marks=tuple((event, at - zero) for event, at in marks if event),
        missed=sum(log.missed for log in logs),
        skipped=subject.skipped,
    )
