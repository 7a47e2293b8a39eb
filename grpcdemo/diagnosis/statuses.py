"""Which gRPC statuses are failures, and which are the server's answer, in the way that Envoy tells them apart."""

from __future__ import annotations

FAILED = {"UNKNOWN": 2, "DEADLINEEXCEEDED": 4, "UNIMPLEMENTED": 12, "INTERNAL": 13, "UNAVAILABLE": 14, "DATALOSS": 15}
"""For Envoy, an HTTP status of 500 or more."""
GIVEN_UP = {"CANCELLED": 1, "CANCELED": 1}
"""The caller did not wait for an answer."""


def is_failed(status: str) -> bool:
    """*status* is a number, or a name in the spelling of any language."""
    return _is_in(FAILED, status)


def is_given_up(status: str) -> bool:
    return _is_in(GIVEN_UP, status)


def _is_in(statuses: dict[str, int], status: str) -> bool:
    return status.replace("_", "").upper() in {*statuses, *map(str, statuses.values())}
