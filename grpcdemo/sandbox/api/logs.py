"""A container's log over HTTP: which container, which lines, and where the lines come from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import parse_time
from grpcdemo.sandbox.api.options import parse_bool, parse_int
from grpcdemo.sandbox.api.status import Cause, StatusError, invalid

NOT_NEGATIVE = "must be greater than or equal to 0"


@dataclass(frozen=True)
class LogOptions:
    """Which lines are wanted, and how. `previous` means the container that ran before the present one."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_s: int | None = None
    since_time: datetime | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None


class LogSource(Protocol):
    def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The log as *options* want it. It ends by itself unless it is followed, and then with the container.

        The first chunk may be empty: it tells that there is a log, before there is a line. Instead of it,
        StatusError (BadRequest) is raised where there is none: a container that waits to start, a previous one
        that never was. When the client goes, the iteration is cancelled.
        """


def parse_log_options(pod: str, query: Mapping[str, str]) -> LogOptions:
    """Raises StatusError (BadRequest, Invalid)."""
    options = LogOptions(
        follow=parse_bool(query, "follow"),
        previous=parse_bool(query, "previous"),
        timestamps=parse_bool(query, "timestamps"),
        since_s=parse_int(query, "sinceSeconds"),
        since_time=_parse_since(query.get("sinceTime", "")),
        tail_lines=parse_int(query, "tailLines"),
        limit_bytes=parse_int(query, "limitBytes"),
    )
    causes = []
    if options.tail_lines is not None and options.tail_lines < 0:
        causes.append(Cause.wrong("tailLines", options.tail_lines, NOT_NEGATIVE))
    for field, value in (("limitBytes", options.limit_bytes), ("sinceSeconds", options.since_s)):
        if value is not None and value < 1:
            causes.append(Cause.wrong(field, value, "must be greater than 0"))
    if options.since_s is not None and options.since_time is not None:
        why = "at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes.append(Cause.forbidden("[]", why))
    if causes:
        raise invalid("PodLogOptions", pod, causes)
    return options


def choose_container(pod: Object, wanted: str) -> str:
    """The container that is named, or the only one there is. Raises StatusError (BadRequest)."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [found["name"] for part in ("initContainers", "containers") for found in spec.get(part, [])]
    if wanted:
        if wanted not in names:
            raise StatusError("BadRequest", f"container {wanted} is not valid for pod {name}")
        return wanted
    if len(names) > 1:
        choice = f"a container name must be specified for pod {name}, choose one of: [{' '.join(names)}]"
        raise StatusError("BadRequest", choice)
    only: str = names[0]
    return only


def _parse_since(text: str) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError as error:
        raise StatusError("BadRequest", f'parsing time "{text}" as RFC 3339: {error}') from error
