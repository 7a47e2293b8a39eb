"""A request and its answer: what is repeated, and how often; what waits, and how long.

Every change is safe to repeat, also after one that happened although its answer was lost: a create finds the object
there, a patch sets the same values again, a delete names the uid. What a conflict means is judged by looking at the
object ([conflict.py](conflict.py)). [connection.py](connection.py) sends the requests.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from email.utils import parsedate_to_datetime

import aiohttp

from grpcdemo.errors import ApiError, Forbidden, NotFound, Rejected, Replaced, Unreachable
from grpcdemo.kube.access.connection_errors import NOT_CONNECTED, NOT_SENT, connection_errors
from grpcdemo.kube.access.credentials import Credentials
from grpcdemo.kube.client.conflict import Meaning, judge_conflict
from grpcdemo.kube.client.connection import Connection
from grpcdemo.kube.client.errors import api_error, not_kubernetes
from grpcdemo.kube.client.execution import Output, read_output
from grpcdemo.kube.client.patience import Patience
from grpcdemo.kube.client.port_forward import PortForward
from grpcdemo.kube.client.request import Request
from grpcdemo.kube.client.restart import Restart
from grpcdemo.kube.messages import read_text
from grpcdemo.model.progress import Reporter
from grpcdemo.resources.objects import Object
from grpcdemo.waiting import done_within, to_its_end

CHANNELS = "v4.channel.k8s.io"
"""The protocol of websockets to a pod: each message begins with the number of its channel."""
CONNECT_TIMEOUT_S = 10.0
MOST_BACK_OFF_S = 3.0
MOST_ASKED_S = 30.0
ATTEMPTS = 5
HALF_A_SECOND = 0.5
"""The header `Date` has whole seconds: on average it is so much later."""
UNANSWERED = 2
"""How many attempts may go unanswered: the second is made on a new connection, in case the first one was dead."""
CONFLICTS = {409, 422}
"""The API server finds a patch with another object's uid invalid."""
RETRIED = {409, 429, 500, 502, 503, 504}
"""Status codes that may change a moment later."""


class Exchange:
    """Requests over one connection. *report* learns of a restart of the API server that takes longer than a moment.

    Raises ApiError, or GrpcdemoError if there are no credentials to ask with."""

    def __init__(self, connection: Connection, context: str, patience: Patience, report: Reporter) -> None:
        self._connection = connection
        self._context = context
        self.patience = patience
        self._restart = Restart(patience, report)
        self._renew_after = -math.inf
        self.clock_ahead_s: float | None = None
        """How far the API server's clock is ahead of this machine's, to a second; None before it has told the time."""

    async def close(self) -> None:
        await self._connection.close()

    async def ask(self, request: Request) -> Object:
        """The JSON answer to *request*, which is repeated while that may help; empty if an earlier attempt did it."""
        attempt, is_lost = 1, False
        while True:
            failure: ApiError
            try:
                status, headers, data = await self._exchange(request)
                self.clock_ahead_s = _read_clock(headers) or self.clock_ahead_s
            except Unreachable as error:
                failure, asked_s = error, None
                is_lost = is_lost or not isinstance(error.__cause__, NOT_SENT)
                left_s = self._restart.note_failure(error)
                is_final = attempt >= _most_attempts(error)
            else:
                self._restart.note_answer(request, status)
                if status < 300:
                    return _object(data, self._connection.server)
                failure, asked_s = self._error(status, _status(data), request), _retry_after(headers)
                if status in CONFLICTS and await self._is_done(request, failure):
                    return {}
                left_s = self._restart.note_refusal(request, status, failure)
                is_final = attempt >= ATTEMPTS or status not in RETRIED or isinstance(failure, Rejected)
            if not is_final:
                await asyncio.sleep(asked_s or self._back_off(attempt))
                attempt += 1
            elif left_s:
                self._restart.tell(failure, left_s)
                await asyncio.sleep(self.patience.lost_retry_s)
            elif is_lost and request.is_change and isinstance(failure, Unreachable):
                raise _may_be_done(request, failure) from failure.__cause__
            else:
                raise failure

    @asynccontextmanager
    async def stream(
        self, request: Request, *, answer_s: float, silence_s: float
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The chunks of an answer that does not end by itself.

        Raises `Unreachable` if it does not begin within *answer_s*, or after *silence_s* without a chunk. It is not
        repeated here; while that may help, the error for a refusal is a mere ApiError.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=answer_s)
        try:
            response = await self._send_authenticated(request, timeout)
        except Unreachable as error:
            self._restart.note_failure(error)
            raise
        try:
            self._restart.note_answer(request, response.status)
            if response.status != 200:
                raise await self._read_refusal(request, response)
            with self._errors():
                _limit_silence(response, silence_s)
                yield response.content.iter_any()
        finally:
            response.close()

    async def forward(self, request: Request, pod: str) -> PortForward:
        """A port of *pod*. Tried once."""
        return PortForward(await self._open_websocket(request), pod)

    async def execute(self, request: Request) -> Output:
        """What a command in a container writes, and how it ends. Tried once."""
        websocket = await self._open_websocket(request)
        try:
            return await read_output(websocket)
        finally:
            await websocket.close()

    async def _open_websocket(self, request: Request) -> aiohttp.ClientWebSocketResponse[bool]:
        credentials = await self._connection.source.get()
        opening = self._connection.open_websocket(request, credentials, CHANNELS)
        with self._errors():
            try:
                return await done_within(opening, self.patience.answer_s)
            except aiohttp.WSServerHandshakeError as error:
                if error.status == 403:
                    raise Forbidden(f"cannot {request.verb} {request.subject}: HTTP 403") from error
                raise self._error(error.status, {}, request) from error

    async def _read_refusal(self, request: Request, response: aiohttp.ClientResponse) -> ApiError:
        with self._errors():
            refusal = self._error(response.status, _status(await response.read()), request)
        passes = self._restart.note_refusal(request, response.status, refusal)
        return ApiError(refusal.message, hint=refusal.hint) if passes else refusal

    async def _is_done(self, request: Request, conflict: ApiError) -> bool:
        """Whether a change that met *conflict* has happened; False if it may be repeated. Else raises the conflict."""
        if request.method == "GET" or request.resource is None or request.name is None:
            return False
        look = Request("get", request.resource, request.namespace, request.name)
        obj: Object | None
        try:
            obj = await self.ask(look)
        except NotFound:
            obj = None
        except ApiError:
            raise conflict from None  # it says more than why nobody could look
        meaning = judge_conflict(request, obj)
        if meaning is Meaning.REPLACED:
            raise Replaced(conflict.message, hint=conflict.hint)
        if meaning is Meaning.STANDS:
            raise conflict
        return meaning is Meaning.DONE

    def _back_off(self, attempt: int) -> float:
        """Seconds to wait after failure number *attempt*, with jitter."""
        return min(self.patience.back_off_s * 2.0 ** (attempt - 1), MOST_BACK_OFF_S) * random.uniform(0.8, 1.2)

    async def _exchange(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        """One request and its whole answer: status, headers, body. A change that was sent is answered first."""
        exchange = self._send_and_read(request)
        return await (exchange if request.method == "GET" else to_its_end(exchange))

    async def _send_and_read(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        timeout = aiohttp.ClientTimeout(total=self.patience.answer_s, sock_connect=CONNECT_TIMEOUT_S)
        response = await self._send_authenticated(request, timeout)
        with self._errors():
            return response.status, response.headers, await response.read()

    async def _send_authenticated(self, request: Request, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientResponse:
        """Send; if the credentials are refused and there are others, send once more.

        Others that were refused too are not replaced again at once: a credential plugin may open a browser.
        """
        source, clock = self._connection.source, asyncio.get_running_loop().time
        credentials = await source.get()
        response = await self._send(request, credentials, timeout)
        if response.status != 401 or clock() < self._renew_after:
            return response
        if renewed := await source.renew(credentials):
            with self._errors():
                await response.read()
            response = await self._send(request, renewed, timeout)
        if response.status == 401:
            self._renew_after = clock() + self.patience.starting_s
        return response

    async def _send(
        self, request: Request, credentials: Credentials, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        with self._errors():
            return await self._connection.send(request, credentials, timeout)

    def _error(self, code: int, status: Object, request: Request) -> ApiError:
        return api_error(code, status, request, self._context)

    def _errors(self) -> AbstractContextManager[None]:
        return connection_errors(self._connection.server, self._connection.proxy)


def _limit_silence(response: aiohttp.ClientResponse, silence_s: float) -> None:
    """From now on, fail after *silence_s* without data: aiohttp has one timeout for the first answer and the rest."""
    protocol = response.connection.protocol if response.connection else None
    if protocol is not None:  # None once the whole answer is there
        protocol.read_timeout = silence_s
        protocol.start_timeout()


def _most_attempts(error: Unreachable) -> int:
    """How many attempts a request is worth that fails so."""
    cause = error.__cause__
    if isinstance(cause, NOT_CONNECTED):
        return 1
    if isinstance(cause, aiohttp.ClientHttpProxyError) and cause.status not in RETRIED:
        return 1
    return UNANSWERED if isinstance(cause, asyncio.TimeoutError) else ATTEMPTS


def _may_be_done(request: Request, error: Unreachable) -> Unreachable:
    """*error*, with the change that was sent and not answered."""
    return Unreachable(
        f"cannot {request.verb} {request.subject}: {error.message}; it may have been done anyway", hint=error.hint
    )


def _read_clock(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["Date"]).timestamp() + HALF_A_SECOND - time.time()
    except (KeyError, ValueError):
        return None


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """The seconds that the API server asks for, at most MOST_ASKED_S; None if it names no seconds, but maybe a date."""
    try:
        return min(float(headers.get("Retry-After", "")), MOST_ASKED_S)
    except ValueError:
        return None


def _object(data: bytes, server: str) -> Object:
    try:
        obj = json.loads(data or b"{}")
    except ValueError as error:
        raise not_kubernetes(server) from error
    if not isinstance(obj, dict):
        raise not_kubernetes(server)
    return obj


def _status(data: bytes) -> Object:
    """The `Status` in an error's body; proxies in between answer with plain text or HTML."""
    try:
        status = json.loads(data)
    except ValueError:
        return {"message": read_text(data)}
    return status if isinstance(status, dict) else {"message": str(status)}
