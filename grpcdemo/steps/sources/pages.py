"""A page inside each of some pods, read again and again.

The admin of Istio's sidecar listens inside the pod alone, and nobody but a pod's neighbors may reach its metrics, so
each page is read through the API's port-forward. All are asked at once. Who does not answer soon, is named, and nobody
waits for it any more: its answer counts when it comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from grpcdemo.diagnosis.inventory import MissingRight, Unreadable
from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import PODS
from grpcdemo.waiting import done_within

if TYPE_CHECKING:
    from grpcdemo.kube.client.port_forward import PortForward

MOST_PODS = 30
"""How many pods are asked."""
WAIT_S = 1.0
"""How long a reading waits for answers. A poll of 30 sidecars takes less."""
ANSWER_S = 10.0
"""After this long without an answer, a pod is asked anew, over another connection."""

Answer = TypeVar("Answer")


def unasked(names: Sequence[str]) -> dict[str, str]:
    """Which of the pods with these *names* are too many, and why they are not counted."""
    return dict.fromkeys(names[MOST_PODS:], f"only {MOST_PODS} of {len(names)} pods are asked")


@dataclass(frozen=True)
class Page:
    """What a pod is asked for."""

    port: int
    path: str
    owner: str
    """Who answers, such as "its sidecar"."""
    kind: str
    """What that should be, such as "the admin of an Envoy"."""

    @property
    def silence(self) -> str:
        return f"{self.owner} does not answer"


class Pages(Generic[Answer]):
    """What is on them, as *parse* reads it."""

    def __init__(self, api: Api, parse: Callable[[bytes], Answer], *, wait_s: float = WAIT_S) -> None:
        self._api = api
        self._parse = parse
        self._wait_s = wait_s
        self._readers: dict[tuple[str, Page], Reader[Answer]] = {}

    @property
    def are_awaited(self) -> bool:
        """Whether one is silent, and may answer yet."""
        return any(reader.is_silent for reader in self._readers.values())

    async def ask(self, pages: Iterable[tuple[Object, Page]]) -> tuple[dict[str, Answer], dict[str, str]]:
        """By UID, what each pod answers, and why one does not. Raises Unreadable if the user may not ask."""
        readers = await self._choose(pages)
        if prompt := [one.asked() for one in readers if not one.is_late]:
            await asyncio.wait(prompt, timeout=self._wait_s)
        answers = {one.uid: answer for one in readers for answer in one.take()}
        return answers, {one.uid: one.failure for one in readers if one.failure}

    async def close(self) -> None:
        await asyncio.gather(*(reader.close() for reader in self._readers.values()))

    async def _choose(self, pages: Iterable[tuple[Object, Page]]) -> list[Reader[Answer]]:
        """Those of these pages; the connections to others are closed."""
        pods = {(str(pod["metadata"]["uid"]), page): pod for pod, page in pages}
        gone = [self._readers.pop(key) for key in self._readers.keys() - pods.keys()]
        await asyncio.gather(*(reader.close() for reader in gone))
        for key, pod in pods.items():
            if key not in self._readers:
                self._readers[key] = Reader(self._api, pod, key[1], self._parse)
        return [self._readers[key] for key in pods]


class Reader(Generic[Answer]):
    """Reads one page, over one port-forward, which is opened again if it breaks."""

    def __init__(self, api: Api, pod: Object, page: Page, parse: Callable[[bytes], Answer]) -> None:
        self.uid, self.pod = str(pod["metadata"]["uid"]), str(pod["metadata"]["name"])
        self.failure = ""
        """Why there is no answer now; empty also for a pod that has gone, which counts nothing any more."""
        self._namespace = str(pod["metadata"]["namespace"])
        self._api = api
        self._page = page
        self._parse = parse
        self._forward: PortForward | None = None
        self._asking: asyncio.Task[tuple[Answer, ...]] | None = None

    @property
    def is_late(self) -> bool:
        """It was asked before, and has not answered yet."""
        return self._asking is not None and not self._asking.done()

    @property
    def is_silent(self) -> bool:
        return self.failure == self._page.silence

    def asked(self) -> asyncio.Task[tuple[Answer, ...]]:
        """What brings the answer; it is asked anew after each one."""
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask())
        return self._asking

    def take(self) -> tuple[Answer, ...]:
        """The answer; nothing if there is none yet, or it failed. Raises Unreadable if the user lacks the right."""
        asking = self.asked()
        if not asking.done():
            self.failure = self._page.silence
            return ()
        self._asking = None
        return asking.result()

    async def close(self) -> None:
        if self._asking:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
        await self._hang_up()

    async def _ask(self) -> tuple[Answer, ...]:
        try:
            answer = await done_within(self._get(), ANSWER_S)
        except Forbidden as error:
            raise Unreadable(MissingRight("create", PODS, self._namespace, subresource="portforward")) from error
        except (ApiError, asyncio.TimeoutError) as error:
            await self._hang_up()
            self.failure = "" if await self._has_gone() else getattr(error, "message", self._page.silence)
            return ()
        self.failure = ""
        return (answer,)

    async def _get(self) -> Answer:
        port = self._page.port
        if self._forward is None:
            self._forward = await self._api.forward(self.pod, port, namespace=self._namespace)
        try:
            body = await self._forward.get(self._page.path)
        except ApiError as error:
            raise ApiError(f"{self._page.owner}: {error.message}") from error
        if self._forward.is_spent:
            await self._hang_up()
        try:
            return self._parse(body)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise ApiError(f"port {port} of pod {self.pod} is not {self._page.kind}") from error

    async def _hang_up(self) -> None:
        forward, self._forward = self._forward, None
        if forward:
            await forward.close()

    async def _has_gone(self) -> bool:
        try:
            pod = await self._api.find(PODS, self.pod, namespace=self._namespace)
        except ApiError:
            return False
        return pod is None or not is_active(pod)
