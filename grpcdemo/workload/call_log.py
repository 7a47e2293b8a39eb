"""The call log: the client writes one line for each call that it makes.

    seq=17 code=OK pod=grpc-server-7d4b9c-x2x8k pod_ip=10.244.0.7 latency_ms=0.84
    seq=18 code=UNAVAILABLE latency_ms=1.20 message="connection refused"

People read it with `kubectl logs`, and `observe` counts it. Writer and parser live side by side, so that neither
changes without the other. What `parse_calls` returns is valid: no other code checks a line again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from sys import intern
from typing import NamedTuple

from grpcdemo.workload.logfmt import BARE_VALUE, QUOTED_VALUE, format_value, parse_printable, quote

OK = "OK"
MESSAGE_LIMIT = 200
NAME_LIMIT = 253  # the longest name in Kubernetes
LINE_LIMIT = 10_000  # above the longest line that format_call writes, in which every character is escaped
CODES = (
    OK,
    "ABORTED",
    "ALREADY_EXISTS",
    "CANCELLED",
    "DATA_LOSS",
    "DEADLINE_EXCEEDED",
    "FAILED_PRECONDITION",
    "INTERNAL",
    "INVALID_ARGUMENT",
    "NOT_FOUND",
    "OUT_OF_RANGE",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "UNAUTHENTICATED",
    "UNAVAILABLE",
    "UNIMPLEMENTED",
    "UNKNOWN",
)
"""The names of gRPC's status codes."""
REMEMBERED = 8192
"""How many results are kept in order to parse equal ones once."""

_SEQ = "seq=([1-9][0-9]{0,14})"
# Every byte of a log passes this, so it takes any word for a timestamp. Its reader has checked the timestamps.
_STAMPED = re.compile(rf"\n[^ ]{{20,35}} {_SEQ} ".encode())
_VALUE = f"{BARE_VALUE}|{QUOTED_VALUE}"
_RESULT = re.compile(
    (
        rf"code=({'|'.join(CODES)})"
        rf"(?: pod=({_VALUE}))?"
        rf"(?: pod_ip=({_VALUE}))?"
        r" latency_ms=([0-9]{1,9}\.[0-9]{2})"
        rf"(?: message=({QUOTED_VALUE}))?"
        r"\r?"
    ).encode()
)


@dataclass(frozen=True)
class Call:
    """One call, as the client writes it."""

    seq: int
    """Counts from 1 in each client process, so that a lost line is not taken for a repeated one."""
    code: str
    """The name of the gRPC status: OK, UNAVAILABLE, …"""
    pod: str | None
    """The server pod, if the answer names one."""
    pod_ip: str | None
    latency_ms: float
    message: str | None
    """What gRPC says about a failure."""


@dataclass(frozen=True, eq=False, slots=True)
class Result:
    """What came of a call. Every text in it is safe to print on a terminal.

    It is compared by identity, which makes counting fast: equal lines share one Result, but need not.
    """

    code: str
    pod: str | None
    """The server pod that answered; None if the call failed."""
    pod_ip: str | None
    latency_ms: float
    message: str | None


class Calls(NamedTuple):
    """Calls in the order of their lines: the number and the result of each."""

    seqs: Sequence[int]
    results: Sequence[Result]


def format_call(call: Call) -> str:
    """The line for *call*, printable ASCII without its line end."""
    fields = [f"seq={call.seq}", f"code={call.code}"]
    if call.pod is not None:
        fields.append(f"pod={format_value(call.pod[:NAME_LIMIT])}")
    if call.pod_ip is not None:
        fields.append(f"pod_ip={format_value(call.pod_ip[:NAME_LIMIT])}")
    fields.append(f"latency_ms={call.latency_ms:.2f}")
    if call.message is not None:
        fields.append(f"message={quote(_shorten(call.message))}")
    return " ".join(fields)


def parse_calls(log: bytes) -> Calls:
    """The calls in *log*, whole lines that begin with timestamps. Other lines are left out. Never raises."""
    parts = _STAMPED.split(b"\n" + log[:-1])
    seqs = list(map(int, parts[1::2]))
    results = list(filter(None, map(_results.__getitem__, parts[2::2])))
    if len(results) == len(seqs):
        return Calls(seqs, results)
    # A text also holds the lines up to the next call.
    texts = [text.partition(b"\n")[0] for text in parts[2::2]]
    calls = [(seq, result) for seq, text in zip(seqs, texts, strict=True) if (result := _results[text])]
    return Calls([seq for seq, _ in calls], [result for _, result in calls])


class _Results(dict[bytes, "Result | None"]):
    """The results of recent lines, by the text after the call's number; None for any other text."""

    def __missing__(self, text: bytes) -> Result | None:
        result = _parse_result(text) if len(text) <= LINE_LIMIT else None
        if result is not None:
            if len(self) >= REMEMBERED:
                self.clear()
            self[text] = result
        return result


_results = _Results()


def _parse_result(text: bytes) -> Result | None:
    match = _RESULT.fullmatch(text)
    if match is None:
        return None
    code, pod, pod_ip, latency_ms, message = match.groups()
    try:
        answered_by = _text(pod) if code == OK.encode() else None
        # Interned, because `observe` compares the pods of every two lines, and the same object is equal at once.
        interned = intern(answered_by) if answered_by else None
        return Result(code.decode(), interned, _text(pod_ip), float(latency_ms), _text(message))
    except ValueError:  # a broken escape, which format_call does not write
        return None


def _text(value: bytes | None) -> str | None:
    return None if value is None else parse_printable(value.decode())


def _shorten(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 3]}..."
