"""The options of a request for a container's log, and the source of logs."""

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
    """As in PodLogOptions. `previous` means the container's previous run."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since_s: int | None = None
    since_time: datetime | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None


class LogSource(Protocol):
    """What keeps the logs of containers: the kubelet."""

    def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The log according to *options*. A followed one ends with the container.

        The first chunk may be empty: then there is a log, but no line yet. StatusError (BadRequest) is raised instead
        if there is no log: the container waits to start, or has no previous run. The iteration is cancelled when the
        client disconnects.
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


def choose_container(pod: Object, requested: str) -> str:
    """The requested container, or the only one. Raises StatusError (BadRequest)."""
    spec, name = pod["spec"], pod["metadata"]["name"]
    names = [each["name"] for part in ("initContainers", "containers") for each in spec.get(part, [])]
    if requested:
        if requested not in [*names, *(each["name"] for each in spec.get("ephemeralContainers", []))]:
            raise StatusError("BadRequest", f"container {requested} is not valid for pod {name}")
        return requested
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
