"""A page inside each of some pods.

The admin of Istio's sidecar listens inside the pod alone, and nobody but a pod's neighbors may reach its metrics, so
each page is read through the API's port-forward.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic

from grpcdemo.errors import ApiError
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.polls import WAIT_S, Answer, Polls

if TYPE_CHECKING:
    from grpcdemo.kube.client.port_forward import PortForward


@dataclass(frozen=True)
class Page:
    """What a pod is asked for."""

    port: int
    path: str
    owner: str
    """Who answers, such as "its sidecar"."""
    kind: str
    """What that should be, such as "the admin of an Envoy"."""


def poll_pages(api: Api, parse: Callable[[bytes], Answer], *, wait_s: float = WAIT_S) -> Polls[Page, Answer]:
    """What is on the pages, as *parse* reads it."""

    def call(pod: Object, page: Page) -> PageLine[Answer]:
        return PageLine(api, pod, page, parse)

    return Polls(api, call, wait_s=wait_s)


class PageLine(Generic[Answer]):
    """Reads one page, over one port-forward, which is opened again if it breaks."""

    def __init__(self, api: Api, pod: Object, page: Page, parse: Callable[[bytes], Answer]) -> None:
        self._pod, self._namespace = str(pod["metadata"]["name"]), str(pod["metadata"]["namespace"])
        self._api = api
        self._page = page
        self._parse = parse
        self._forward: PortForward | None = None

    @property
    def silence(self) -> str:
        return f"{self._page.owner} does not answer"

    async def missing_right(self) -> Right:
        return Right("create", PODS, self._namespace, subresource="portforward")

    async def ask(self) -> Answer:
        """Raises ApiError."""
        port = self._page.port
        if self._forward is None:
            self._forward = await self._api.forward(self._pod, port, namespace=self._namespace)
        try:
            body = await self._forward.get(self._page.path)
        except ApiError as error:
            raise ApiError(f"{self._page.owner}: {error.message}") from error
        if self._forward.is_spent:
            await self.hang_up()
        try:
            return self._parse(body)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise ApiError(f"port {port} of pod {self._pod} is not {self._page.kind}") from error

    async def hang_up(self) -> None:
        forward, self._forward = self._forward, None
        if forward:
            await forward.close()
