"""The call log: one line for each call that the client makes.

    seq=17 code=OK pod=grpc-server-7d4b9c-x2x8k pod_ip=10.244.0.7 latency_ms=0.84
    seq=18 code=UNAVAILABLE latency_ms=1.20 message="connection refused"

The client writes it, a person reads it with `kubectl logs`, and `observe` counts it. Writer and parser
live here, side by side, so that neither can change without the other.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from grpcdemo.workload.logfmt import BARE_VALUE, QUOTED_VALUE, format_value, parse_value, quote

MESSAGE_LIMIT = 200
NAME_LIMIT = 253  # the longest name that Kubernetes allows
LINE_LIMIT = 10_000  # above the longest line we write, in which every character is escaped

_VALUE = f"{BARE_VALUE}|{QUOTED_VALUE}"
_LINE = re.compile(
    r"seq=([1-9][0-9]{0,14})"
    r" code=([A-Z_]{1,32})"
    rf"(?: pod=({_VALUE}))?"
    rf"(?: pod_ip=({_VALUE}))?"
    r" latency_ms=([0-9]{1,9}\.[0-9]{2})"
    rf"(?: message=({QUOTED_VALUE}))?"
    r"\r?\n?"
)


@dataclass(frozen=True)
class Call:
    """One call and what came of it."""

    seq: int
    """Counts from 1 in each client process, so that a lost line is not taken for a repeated one."""
    code: str
    """The name of the gRPC status: OK, UNAVAILABLE, …"""
    pod: str | None
    """The server that answered; None where none did."""
    pod_ip: str | None
    latency_ms: float
    message: str | None
    """What gRPC says of an error."""


def format_call(call: Call) -> str:
    fields = [f"seq={call.seq}", f"code={call.code}"]
    if call.pod is not None:
        fields.append(f"pod={format_value(call.pod[:NAME_LIMIT])}")
    if call.pod_ip is not None:
        fields.append(f"pod_ip={format_value(call.pod_ip[:NAME_LIMIT])}")
    fields.append(f"latency_ms={call.latency_ms:.2f}")
    if call.message is not None:
        fields.append(f"message={quote(_shorten(call.message))}")
    return " ".join(fields)


def parse_call(line: str) -> Call | None:
    """The call that *line* tells of, or None for any other line. Never raises."""
    match = _LINE.fullmatch(line) if len(line) <= LINE_LIMIT else None
    if match is None:
        return None
    seq, code, pod, pod_ip, latency_ms, message = match.groups()
    try:
        return Call(
            seq=int(seq),
            code=code,
            pod=pod and parse_value(pod),
            pod_ip=pod_ip and parse_value(pod_ip),
            latency_ms=float(latency_ms),
            message=message and parse_value(message),
        )
    except ValueError:  # a broken escape: whoever wrote this, it was not format_call
        return None


def _shorten(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 3]}..."
