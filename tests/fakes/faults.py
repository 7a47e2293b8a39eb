"""What stands in front of an API: it notes each request, and answers some of them itself."""

from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .script import Answers, read_asked


class Faults(Answers):
    """A request without an answer here, or with None for one, goes on to the API."""

    def __init__(self) -> None:
        super().__init__()
        self._before: dict[tuple[str, str], Callable[[], object]] = {}

    def before(self, method: str, path: str, action: Callable[[], object]) -> None:
        """Do something just before the next such request."""
        self._before[method, path] = action

    def middleware(self) -> Middleware:
        @web.middleware
        async def intercept(request: web.Request, handler: Handler) -> web.StreamResponse:
            asked = await read_asked(request)
            if action := self._before.pop((asked.method, asked.path), None):
                action()
            answer = self.find(asked) or handler
            return await answer(request)

        return intercept


async def uninjected(request: web.Request) -> web.StreamResponse:
    """A new pod as it was sent: the answer of an API server that has not seen a namespace's new label yet."""
    pod = await request.json()
    pod["metadata"].setdefault("name", f"{pod['metadata']['generateName']}x")
    return web.json_response(pod, status=201)
