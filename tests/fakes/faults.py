"""What stands in front of an API: it notes each request, and answers some of them itself."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .script import Answer, Answers, Asked, read_asked

HANDLER: web.RequestKey[Handler] = web.RequestKey("handler")
"""What would answer the request without a fault."""


class Faults(Answers):
    """A request without an answer here, or with None for one, goes on to the API."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[tuple[str, str], Callable[[], object]] = {}
        self._fault: Answer | None = None
        self._faulty = range(0)
        self.clock_ahead_s = 0.0
        """How far the API server's clock is ahead of the test's, in the header `Date` of whole answers."""

    def before(self, method: str, path: str, action: Callable[[], object]) -> None:
        """Do something just before the next such request."""
        self._before[method, path] = action

    def at(self, number: int, fault: Answer, *, stays: bool = False) -> None:
        """Answer the request so that has this *number*, counted from now, and with *stays* also every later one."""
        self.asked.clear()
        self._fault, self._faulty = fault, range(number, sys.maxsize if stays else number + 1)

    def end(self) -> None:
        """Let every request through again."""
        self.asked.clear()
        self._faulty = range(0)

    def find(self, asked: Asked) -> Answer | None:
        answer = super().find(asked)
        return self._fault if len(self.asked) - 1 in self._faulty else answer

    def middleware(self) -> Middleware:
        @web.middleware
        async def intercept(request: web.Request, handler: Handler) -> web.StreamResponse:
            request[HANDLER] = handler
            asked = await read_asked(request)
            if action := self._before.pop((asked.method, asked.path), None):
                action()
            answer = self.find(asked) or handler
            response = await answer(request)
            if not response.prepared:
                ahead = timedelta(seconds=self.clock_ahead_s)
                response.headers["Date"] = format_datetime(datetime.now(timezone.utc) + ahead, usegmt=True)
            return response

        return intercept


async def lose_answer(request: web.Request) -> web.StreamResponse:
    """Do the work, and close the connection instead of answering. A read does no work."""
    response = web.StreamResponse() if request.method == "GET" else await request[HANDLER](request)
    assert request.transport is not None
    request.transport.close()
    return response


async def uninjected(request: web.Request) -> web.StreamResponse:
    """A new pod as it was sent: the answer of an API server that has not seen a namespace's new label yet."""
    pod = await request.json()
    pod["metadata"].setdefault("name", f"{pod['metadata']['generateName']}x")
    return web.json_response(pod, status=201)
