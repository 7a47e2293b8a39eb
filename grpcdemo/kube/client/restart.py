"""Whether an API server is restarting, as far as the requests of one user can tell.

One that answered before and refuses connections now may come back. One that has just come back refuses for some moments
what it will allow: it has not read the roles and the service accounts yet. Only that is worth waiting for. A user who
lacks a permission is told so at once.
"""

from __future__ import annotations

import asyncio
import math

from grpcdemo.errors import ApiError, NoDryRun, Rejected, Unreachable
from grpcdemo.kube.access.connection_errors import NOT_CONNECTED
from grpcdemo.kube.client.patience import Patience
from grpcdemo.kube.client.request import Request
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.resources.resource import Resource

STARTING = {401, 403, 500, 502, 503, 504}
"""Status codes of a server that has just started, or of a load balancer in front of it."""

Question = tuple[str, Resource | None, str | None, str | None, str | None]
"""What an authorizer is asked about a request."""


class Restart:
    """What the API server did to earlier requests, and how long to wait for it because of that."""

    def __init__(self, patience: Patience, report: Reporter) -> None:
        self._patience = patience
        self._report = report
        self._answered = False
        self._allowed: set[Question] = set()
        self._doubted: dict[Question, float] = {}
        """Since when it refuses what it allowed before, or what it was asked just after it had come back."""
        self._refused_at = -math.inf
        self._lost_since: float | None = None
        self._told = False

    def note_answer(self, request: Request, status: int) -> None:
        self._answered = True
        if status in STARTING:
            return
        self._allowed.add(_question(request))
        self._doubted.pop(_question(request), None)
        self._lost_since = None
        if self._told and not self._doubted:
            self._told = False
            self._report(Done("the API server answers again"))

    def note_failure(self, error: Unreachable) -> float:
        """For how many seconds more it may come back; 0 if it will not."""
        if not (self._answered and isinstance(error.__cause__, NOT_CONNECTED)):
            return 0.0
        self._refused_at = now = _now()
        self._doubted.clear()
        if self._lost_since is None:
            self._lost_since = now
        return max(0.0, self._lost_since + self._patience.lost_s - now)

    def note_refusal(self, request: Request, status: int, refusal: ApiError) -> float:
        """For how many seconds more it may allow *request* after all; 0 if the *refusal* counts."""
        if status not in STARTING or isinstance(refusal, Rejected | NoDryRun):
            return 0.0
        now, question = _now(), _question(request)
        if question not in self._doubted:
            # Whoever was let in, whatever for, is a known user; but each permission is a question of its own.
            was_allowed = bool(self._allowed) if status == 401 else question in self._allowed
            if not was_allowed and now - self._refused_at >= self._patience.starting_s:
                return 0.0
            self._doubted[question] = now
        return max(0.0, self._doubted[question] + self._patience.starting_s - now)

    def tell(self, error: ApiError, left_s: float) -> None:
        """Say once what is waited for, when it takes longer than a moment."""
        since = min([*self._doubted.values(), *([] if self._lost_since is None else [self._lost_since])])
        if not self._told and _now() - since >= self._patience.notice_s:
            self._told = True
            self._report(Warned(f"{error.message}; trying for {left_s:.0f} s more"))


def _question(request: Request) -> Question:
    return request.verb, request.resource, request.namespace, request.name, request.subresource


def _now() -> float:
    return asyncio.get_running_loop().time()
