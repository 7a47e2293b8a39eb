"""The verbs of the Kubernetes API on plain objects: authenticated, repeated after a fault, with our errors.

The generated methods of the client library are left out: they know every kind, but not the one that the next version
adds. [exchange.py](exchange.py) says what is repeated.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import TYPE_CHECKING

from grpcdemo.errors import Expired, NotFound
from grpcdemo.kube.client.errors import not_kubernetes
from grpcdemo.kube.client.request import Parameters, Request
from grpcdemo.model.target import Target
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ACCESS_REVIEWS, PODS, Resource
from grpcdemo.resources.rights import Right

if TYPE_CHECKING:  # see dial
    from grpcdemo.kube.client.exchange import Exchange
    from grpcdemo.kube.client.execution import Output
    from grpcdemo.kube.client.port_forward import PortForward

PAGE = 500
"""How many objects of a long list are asked for at a time, as kubectl does."""
DRY_RUN: Parameters = {"dryRun": "All"}


class Api:
    """One Kubernetes API, as an async context manager. With *dry_run*, nothing is persisted.

    Every verb raises ApiError, or GrpcdemoError if there are no credentials to ask with.
    """

    def __init__(
        self,
        exchange: Exchange,
        target: Target,
        *,
        dry_run: bool = False,
    ) -> None:
        self.target = target
        self.patience = exchange.patience
        self._dry_run = dry_run
        self._exchange = exchange
        self._version: tuple[int, int] | None = None
        self._git_version = ""

    @property
    def clock_ahead_s(self) -> float | None:
        """How far the API server's clock is ahead of this machine's, to a second; None before it has answered."""
        return self._exchange.clock_ahead_s

    @property
    def dry_run(self) -> bool:
        return self._dry_run

    async def __aenter__(self) -> Api:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._exchange.close()

    async def version(self) -> tuple[int, int]:
        """Major and minor version of the API server, asked once."""
        if self._version is None:
            answer = await self._exchange.ask(Request("get"))
            self._git_version = str(answer.get("gitVersion", ""))
            try:
                self._version = int(answer["major"]), int(str(answer["minor"]).rstrip("+"))
            except (KeyError, ValueError) as error:
                raise not_kubernetes(self.target.server) from error
        return self._version

    async def git_version(self) -> str:
        """The API server's version in full, such as `v1.36.0`."""
        await self.version()
        return self._git_version

    async def discover(self) -> Object:
        """The list of the API groups that there are."""
        return await self._exchange.ask(Request("get", about="/apis"))

    async def get(
        self, resource: Resource, name: str, *, namespace: str | None = None, subresource: str | None = None
    ) -> Object:
        return await self._exchange.ask(Request("get", resource, namespace, name, subresource))

    async def find(self, resource: Resource, name: str, *, namespace: str | None = None) -> Object | None:
        """The object, or None if there is none."""
        try:
            return await self.get(resource, name, namespace=namespace)
        except NotFound:
            return None

    async def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        selector: str | None = None,
        fields: str | None = None,
    ) -> Object:
        """The whole list object: `items`, and `metadata.resourceVersion` to watch from."""
        parameters = {key: text for key, text in (("labelSelector", selector), ("fieldSelector", fields)) if text}
        answer = await self._exchange.ask(Request("list", resource, namespace, parameters=parameters))
        answer["items"] = answer.get("items") or []
        return answer

    async def list_all(
        self, resource: Resource, *, namespace: str | None = None, selector: str | None = None
    ) -> Sequence[Object]:
        """The items, asked for in pages, so that no answer is long. If they expire meanwhile, in one."""
        items: list[Object] = []
        parameters: dict[str, str | int] = {"limit": PAGE, **({"labelSelector": selector} if selector else {})}
        while True:
            try:
                answer = await self._exchange.ask(Request("list", resource, namespace, parameters=parameters))
            except Expired:
                whole = await self.list(resource, namespace=namespace, selector=selector)
                return [*whole["items"]]
            items += answer.get("items") or []
            following = (answer.get("metadata") or {}).get("continue")
            if not following:
                return items
            parameters = {**parameters, "continue": following}

    async def create(
        self, resource: Resource, body: Object, *, namespace: str | None = None, dry_run: bool = False
    ) -> Object:
        """Raises Conflict if an object of that name exists, maybe from an attempt whose answer was lost."""
        name, parameters = body["metadata"].get("name"), DRY_RUN if dry_run or self.dry_run else {}
        return await self._exchange.ask(Request("create", resource, namespace, name, parameters=parameters, body=body))

    async def patch(self, resource: Resource, name: str, body: Object, *, namespace: str | None = None) -> Object:
        """A JSON merge patch (RFC 7396): null removes, a list replaces.

        A `uid` in the body's metadata makes it a patch of exactly that object: Replaced is raised for another one.
        """
        parameters = DRY_RUN if self.dry_run else {}
        return await self._exchange.ask(Request("patch", resource, namespace, name, parameters=parameters, body=body))

    async def add_ephemeral_container(self, pod: str, container: Object, *, uid: str, namespace: str) -> None:
        """Add to those of exactly the pod with *uid*. Raises NotFound also where Kubernetes has none, before 1.23."""
        body: Object = {"metadata": {"uid": uid}, "spec": {"ephemeralContainers": [container]}}
        parameters = DRY_RUN if self.dry_run else {}
        request = Request("patch", PODS, namespace, pod, "ephemeralcontainers", parameters, body)
        await self._exchange.ask(replace(request, merges_lists=True))

    async def delete(
        self, resource: Resource, name: str, *, uid: str, namespace: str | None = None, orphan: bool = False
    ) -> None:
        """Delete exactly the object with *uid*; with *orphan*, keep what it owns.

        Raises Replaced for a later one of the same name.
        """
        body: Object = {"preconditions": {"uid": uid}, "propagationPolicy": "Orphan" if orphan else "Background"}
        if self.dry_run:
            body["dryRun"] = ["All"]  # the API server ignores the query of a DELETE with a body
        await self._exchange.ask(Request("delete", resource, namespace, name, body=body))

    async def may(self, right: Right) -> bool:
        """Whether this user has the *right*."""
        asked = {"verb": right.verb, "group": right.resource.group, "resource": right.resource.plural}
        about = {**asked, "subresource": right.subresource, "namespace": right.namespace, "name": right.name}
        attributes = {field: value for field, value in about.items() if value is not None}
        kind = {"apiVersion": ACCESS_REVIEWS.api_version, "kind": ACCESS_REVIEWS.kind}
        body: Object = {**kind, "metadata": {}, "spec": {"resourceAttributes": attributes}}
        review = await self.create(ACCESS_REVIEWS, body)
        return bool(review["status"].get("allowed"))

    async def forward(self, pod: str, port: int, *, namespace: str) -> PortForward:
        """A connection to *port* of a pod, which the caller closes."""
        request = Request("get", PODS, namespace, pod, subresource="portforward", parameters={"ports": port})
        return await self._exchange.forward(request, pod)

    async def execute(self, pod: str, container: str, *command: str, namespace: str) -> Output:
        """Run *command* in a container that runs, without input and without a terminal, to its end."""
        parameters: Parameters = {"container": container, "command": command, "stdout": True, "stderr": True}
        request = Request("get", PODS, namespace, pod, subresource="exec", parameters=parameters)
        return await self._exchange.execute(request)

    def stream(
        self, request: Request, *, answer_s: float, silence_s: float
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The chunks of an answer that does not end by itself.

        Raises `Unreachable` if it does not begin within *answer_s*, or after *silence_s* without a chunk.
        """
        return self._exchange.stream(request, answer_s=answer_s, silence_s=silence_s)
