"""Some pods, asked again and again.

All are asked at once. Who does not answer soon, is named, and nobody waits for it any more: its answer counts when it
comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.waiting import done_within

MOST_PODS = 30
"""How many pods are asked."""
WAIT_S = 1.0
"""How long a reading waits for answers. A poll of 30 sidecars takes less."""
ANSWER_S = 10.0
"""After this long without an answer, a pod is asked anew, over another connection."""

Question = TypeVar("Question", bound=Hashable)
Answer = TypeVar("Answer")
Told = TypeVar("Told", covariant=True)


def unasked(names: Sequence[str]) -> dict[str, str]:
    """Which of the pods with these *names* are too many, and why they are not counted."""
    return dict.fromkeys(names[MOST_PODS:], f"only {MOST_PODS} of {len(names)} pods are read")


class Line(Protocol[Told]):
    """What leads to one pod, and to its answers to one question."""

    @property
    def silence(self) -> str:
        """What is said of a pod that does not answer."""

    async def ask(self) -> Told:
        """Raises ApiError; Forbidden if the user lacks a right."""

    async def missing_right(self) -> Right:
        """The right that the user lacks. Raises ApiError if that is not why it is forbidden."""

    async def hang_up(self) -> None:
        """Close what is open; the next question opens it again."""


class Polls(Generic[Question, Answer]):
    """The answers of pods, each over its line, which *call* makes."""

    def __init__(self, api: Api, call: Callable[[Object, Question], Line[Answer]], *, wait_s: float = WAIT_S) -> None:
        self._api = api
        self._call = call
        self._wait_s = wait_s
        self._readers: dict[tuple[str, Question], Reader[Answer]] = {}

    @property
    def are_awaited(self) -> bool:
        """Whether one is silent, and may answer yet."""
        return any(reader.is_silent for reader in self._readers.values())

    async def ask(self, questions: Iterable[tuple[Object, Question]]) -> tuple[dict[str, Answer], dict[str, str]]:
        """By UID, what each pod answers, and why one does not. Raises Unreadable if the user may not ask."""
        readers = await self._choose(questions)
        if prompt := [one.asked() for one in readers if not one.is_late]:
            await asyncio.wait(prompt, timeout=self._wait_s)
        answers = {one.uid: answer for one in readers for answer in one.take()}
        return answers, {one.uid: one.failure for one in readers if one.failure}

    async def close(self) -> None:
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))

    async def _choose(self, questions: Iterable[tuple[Object, Question]]) -> list[Reader[Answer]]:
        """Those of these questions; the lines of others are closed."""
        pods = {(str(pod["metadata"]["uid"]), question): pod for pod, question in questions}
        gone = [self._readers.pop(key) for key in self._readers.keys() - pods.keys()]
        await asyncio.gather(*(reader.close() for reader in gone))
        for key, pod in pods.items():
            if key not in self._readers:
                self._readers[key] = Reader(self._api, pod, self._call(pod, key[1]))
        return [self._readers[key] for key in pods]


class Reader(Generic[Answer]):
    """Asks one pod, over one line."""

    def __init__(self, api: Api, pod: Object, line: Line[Answer]) -> None:
        self.uid = str(pod["metadata"]["uid"])
        self.failure = ""
        """Why there is no answer now; empty also for a pod that has gone, which tells nothing any more."""
        self.is_silent = False
        """There is no answer now, and one may come yet."""
        self._api = api
        self._pod = pod["metadata"]
        self._line = line
        self._asking: asyncio.Task[tuple[Answer, ...]] | None = None

    @property
    def is_late(self) -> bool:
        """It was asked before, and has not answered yet."""
        return self._asking is not None and not self._asking.done()

    def asked(self) -> asyncio.Task[tuple[Answer, ...]]:
        """What brings the answer; it is asked anew after each one."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return self._asking

    def take(self) -> tuple[Answer, ...]:
        """The answer; nothing if there is none yet, or it failed. Raises Unreadable if the user lacks the right."""
        asking = self.asked()
        if not asking.done():
            self.failure, self.is_silent = self._line.silence, True
            return ()
        self._asking = None
        return asking.result()

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._line.hang_up()

    async def _ask(self) -> tuple[Answer, ...]:
        try:
            answer = await done_within(self._ask_if_allowed(), ANSWER_S)
        except (ApiError, asyncio.TimeoutError) as error:
            await self._line.hang_up()
            failure = error.message if isinstance(error, ApiError) else self._line.silence
            self.failure = "" if await self._has_gone() else failure
            self.is_silent = bool(self.failure) and not isinstance(error, ApiError)
            return ()
        self.failure, self.is_silent = "", False
        return (answer,)

    async def _ask_if_allowed(self) -> Answer:
        try:
            return await self._line.ask()
        except Forbidden as error:
            raise Unreadable(await self._line.missing_right()) from error

    async def _has_gone(self) -> bool:
        try:
            pod = await self._api.find(PODS, self._pod["name"], namespace=self._pod["namespace"])
        except ApiError:
            return False
        return pod is None or not is_active(pod)
