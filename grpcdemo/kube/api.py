"""The verbs of the Kubernetes API on plain objects: authenticated, retried where that is safe, errors ours.

It stands on the client library's `ApiClient`, which knows kubeconfigs, credentials and TLS, and leaves
out its generated methods, which know every kind but not the one that the next version brings.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import aiohttp
from kubernetes.aio.client import ApiClient

from grpcdemo.errors import ApiError, GrpcdemoError, Unreachable
from grpcdemo.kube.api_errors import Request, api_error, connection_errors
from grpcdemo.model import Target
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource

CONNECT_TIMEOUT_S = 10.0
MOST_BACK_OFF_S = 3.0
MOST_ASKED_S = 30.0
ATTEMPTS = 5
UNANSWERED = 2
"""How many attempts may go unanswered; a second one is made on a new connection, where the first was dead."""
RETRIED = {429, 500, 502, 503, 504}
"""Answers that may be another a moment later. A 500 is tried again only where nothing was to change."""
MERGE_PATCH = "application/merge-patch+json"

T = TypeVar("T")
Query = Mapping[str, str | int | bool]


@dataclass(frozen=True)
class Patience:
    """How long to wait for an API server that does not do as asked."""

    answer_s: float = 30.0
    """For the whole answer to a request."""
    back_off_s: float = 0.2
    """Before the second attempt; doubles with each further one."""
    lost_s: float = 60.0
    """How long a watch tries to reach a server that is lost, before it gives up."""
    lost_retry_s: float = 1.0


PATIENCE = Patience()


class Api:
    """One Kubernetes API, as an async context manager. With *dry_run*, nothing is persisted.

    Every verb raises ApiError. *reload* loads the configuration again when its credentials have expired;
    *patience* is that of the verbs and of a watch.
    """

    def __init__(
        self,
        client: ApiClient,
        target: Target,
        *,
        dry_run: bool = False,
        patience: Patience = PATIENCE,
        reload: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        self.target = target
        self.patience = patience
        self._dry_run = dry_run
        self._client = client
        self._reload = reload
        self._version: tuple[int, int] | None = None
        self._git_version = ""

    @property
    def dry_run(self) -> bool:
        return self._dry_run

    async def __aenter__(self) -> Api:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.close()

    async def version(self) -> tuple[int, int]:
        """Major and minor version of the API server, asked once."""
        if self._version is None:
            answer = await self._ask("GET", "/version", Request("get", None, context=self.target.context))
            self._git_version = str(answer.get("gitVersion", ""))
            try:
                self._version = int(answer["major"]), int(str(answer["minor"]).rstrip("+"))
            except (KeyError, ValueError) as error:
                raise _not_kubernetes(self.target.server) from error
        return self._version

    async def git_version(self) -> str:
        """The API server's version in full, such as `v1.36.0`."""
        await self.version()
        return self._git_version

    async def get(self, resource: Resource, name: str, *, namespace: str | None = None) -> Object:
        request = self._request("get", resource, namespace, name)
        return await self._ask("GET", resource.path(namespace, name), request)

    async def list(
        self,
        resource: Resource,
        *,
        namespace: str | None = None,
        selector: str | None = None,
        fields: str | None = None,
    ) -> Object:
        """The whole list object: `items`, and `metadata.resourceVersion` to watch from."""
        query = {key: text for key, text in (("labelSelector", selector), ("fieldSelector", fields)) if text}
        request = self._request("list", resource, namespace)
        answer = await self._ask("GET", resource.path(namespace), request, query=query)
        answer["items"] = answer.get("items") or []
        return answer

    async def create(
        self, resource: Resource, body: Object, *, namespace: str | None = None, dry_run: bool = False
    ) -> Object:
        request = self._request("create", resource, namespace, body["metadata"].get("name"))
        query = self._dry(dry_run=dry_run)
        return await self._ask("POST", resource.path(namespace), request, query=query, body=body)

    async def patch(self, resource: Resource, name: str, body: Object, *, namespace: str | None = None) -> Object:
        """A JSON merge patch (RFC 7396): null removes, a list replaces."""
        request = self._request("patch", resource, namespace, name)
        path = resource.path(namespace, name)
        return await self._ask("PATCH", path, request, query=self._dry(), body=body, content_type=MERGE_PATCH)

    async def delete(self, resource: Resource, name: str, *, uid: str, namespace: str | None = None) -> None:
        """Delete exactly the object with *uid*: one of the same name made since then is left alone."""
        request = self._request("delete", resource, namespace, name)
        body: Object = {"preconditions": {"uid": uid}, "propagationPolicy": "Background"}
        if self.dry_run:
            body["dryRun"] = ["All"]  # where a DELETE has a body, the API server does not look at its query
        await self._ask("DELETE", resource.path(namespace, name), request, body=body)

    @asynccontextmanager
    async def stream(
        self, path: str, request: Request, *, query: Query, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The chunks of an answer that does not end by itself; `Unreachable` after *silence_s* without one."""
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=silence_s)
        with connection_errors(self.target.server):
            response = await self._send_authenticated("GET", path, request, query=query, timeout=timeout)
            try:
                if response.status != 200:
                    raise api_error(response.status, _status(await response.read()), request)
                yield response.content.iter_any()
            finally:
                response.close()

    def _request(self, verb: str, resource: Resource, namespace: str | None, name: str | None = None) -> Request:
        return Request(verb, resource, namespace, name, self.target.context)

    def _dry(self, *, dry_run: bool = False) -> Query:
        return {"dryRun": "All"} if dry_run or self.dry_run else {}

    async def _ask(
        self,
        method: str,
        path: str,
        request: Request,
        *,
        query: Query | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """One request and its JSON answer, tried again while that is safe and the API asks for it."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with connection_errors(self.target.server):
                    exchange = self._exchange(method, path, request, query or {}, body, content_type)
                    status, headers, data = await (exchange if method == "GET" else to_its_end(exchange))
            except Unreachable as error:
                if method != "GET" or not _may_come_back(error, attempt):
                    raise
                await asyncio.sleep(self._back_off(attempt))
                continue
            if status < 300:
                return _object(data, self.target.server)
            if attempt == ATTEMPTS or not _worth_retrying(method, status):
                raise api_error(status, _status(data), request)
            await asyncio.sleep(_asked_to_wait(headers) or self._back_off(attempt))
        raise AssertionError("the loop above returns or raises")

    def _back_off(self, attempt: int) -> float:
        """Seconds to wait after failure number *attempt*, with jitter."""
        return min(self.patience.back_off_s * 2.0 ** (attempt - 1), MOST_BACK_OFF_S) * random.uniform(0.8, 1.2)

    async def _exchange(
        self, method: str, path: str, request: Request, query: Query, body: Object | None, content_type: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its whole answer: status, headers, body."""
        timeout = aiohttp.ClientTimeout(total=self.patience.answer_s, sock_connect=CONNECT_TIMEOUT_S)
        response = await self._send_authenticated(
            method, path, request, query=query, body=body, content_type=content_type, timeout=timeout
        )
        return response.status, response.headers, await response.read()

    async def _send_authenticated(
        self, method: str, path: str, request: Request, **options: Any
    ) -> aiohttp.ClientResponse:
        """Send; where the credentials have expired meanwhile, fetch new ones and send once more."""
        response = await self._send(method, path, **options)
        if response.status != 401 or self._reload is None:
            return response
        await response.read()
        try:
            self._client.configuration.api_key = (await self._reload()).api_key
        except GrpcdemoError as error:
            raise api_error(401, {"message": error.message}, request) from error
        return await self._send(method, path, **options)

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Query,
        timeout: aiohttp.ClientTimeout,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> aiohttp.ClientResponse:
        headers = {"Accept": "application/json", "Content-Type": content_type}
        _, url, headers, data, form = await self._client.param_serialize(
            method,
            path,
            query_params=list(query.items()),
            header_params=headers,
            body=body,
            auth_settings=["BearerToken"],
        )
        answer = await self._client.call_api(method, url, headers, data, form, _request_timeout=timeout)
        return cast(aiohttp.ClientResponse, answer.response)


async def to_its_end(work: Coroutine[None, None, T]) -> T:
    """Do *work* to its end even when cancelled meanwhile, and only then raise the cancellation.

    A change that was sent must be answered before anybody cleans up after it: it might land afterwards.
    """
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise


def _worth_retrying(method: str, status: int) -> bool:
    return status == 429 or (method == "GET" and status in RETRIED)


def _may_come_back(error: Unreachable, attempt: int) -> bool:
    """Whether there is a point in asking again, after failure number *attempt*."""
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientConnectorError):
        return False
    return attempt < (UNANSWERED if isinstance(cause, asyncio.TimeoutError) else ATTEMPTS)


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that the API server asks for, at most MOST_ASKED_S; it may also name a date, which is no help."""
    try:
        return min(float(headers.get("Retry-After", "")), MOST_ASKED_S)
    except ValueError:
        return None


def _object(data: bytes, server: str) -> Object:
    try:
        found = json.loads(data or b"{}")
    except ValueError as error:
        raise _not_kubernetes(server) from error
    if not isinstance(found, dict):
        raise _not_kubernetes(server)
    return found


def _not_kubernetes(server: str) -> ApiError:
    return ApiError(
        f"what answers at {server} is not a Kubernetes API",
        hint="check the server's address in the kubeconfig, and whether a proxy stands in between",
    )


def _status(data: bytes) -> Object:
    """The `Status` in an error's body; proxies in between answer with plain text or HTML."""
    try:
        found = json.loads(data)
    except ValueError:
        return {"message": data[:200].decode(errors="replace").strip()}
    return found if isinstance(found, dict) else {"message": str(found)}
