"""The call log: one line for each call that the client makes.

    seq=17 code=OK pod=grpc-server-7d4b9c-x2x8k pod_ip=10.244.0.7 latency_ms=0.84
    seq=18 code=UNAVAILABLE latency_ms=1.20 message="connection refused"

The client writes it, a person reads it with `kubectl logs`, and `observe` counts it. Writer and parser
live here, side by side, so that neither can change without the other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from operator import lt
from typing import NamedTuple

from grpcdemo.workload.logfmt import BARE_VALUE, QUOTED_VALUE, format_value, parse_printable, quote

OK = "OK"
MESSAGE_LIMIT = 200
NAME_LIMIT = 253  # the longest name that Kubernetes allows
LINE_LIMIT = 10_000  # above the longest line we write, in which every character is escaped
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
"""The names of gRPC's statuses: another word is no code."""
ENDINGS = 8192
"""How many endings are remembered, so that calls that end alike are parsed once."""

_SEQ = "seq=([1-9][0-9]{0,14})"
# Any word will do for the time, which whoever reads the log has looked at: this one runs over every byte.
_STAMPED = re.compile(rf"\n[^ ]{{20,35}} {_SEQ} ".encode())
_VALUE = f"{BARE_VALUE}|{QUOTED_VALUE}"
_ENDING = re.compile(
    (
        rf"code=({'|'.join(CODES)})"
        rf"(?: pod=({_VALUE}))?"
        rf"(?: pod_ip=({_VALUE}))?"
        r" latency_ms=([0-9]{1,9}\.[0-9]{2})"
        rf"(?: message=({QUOTED_VALUE}))?"
        r"\r?"
    ).encode()
)


class Ending(NamedTuple):
    """What came of a call. Every text in it can be shown on a terminal."""

    code: str
    """The name of the gRPC status: OK, UNAVAILABLE, …"""
    pod: str | None
    """The server that answered; None where none did."""
    pod_ip: str | None
    latency_ms: float
    message: str | None
    """What gRPC says of an error."""

    @property
    def is_response(self) -> bool:
        return self.code == OK and self.pod is not None


@dataclass(frozen=True)
class Call:
    """One call and what came of it."""

    seq: int
    """Counts from 1 in each client process, so that a lost line is not taken for a repeated one."""
    code: str
    pod: str | None
    pod_ip: str | None
    latency_ms: float
    message: str | None


class Calls(NamedTuple):
    """The calls of a piece of log, in its order.

    How each ended is left as it is written, for most calls end alike. Lines that look like a call only at their
    beginning are still among them: `checked` leaves them out.
    """

    seqs: Sequence[int]
    endings: Sequence[bytes]

    def checked(self) -> Calls:
        pairs = [(seq, ending) for seq, ending in zip(*self, strict=True) if parse_ending(ending)]
        return Calls([seq for seq, _ in pairs], [ending for _, ending in pairs])

    def servers(self) -> list[str | None]:
        """Which server answered each call; None where none did."""
        endings = filter(None, map(parse_ending, self.endings))
        return [ending.pod if ending.is_response else None for ending in endings]

    def part(self, start: int, end: int | None = None) -> Calls:
        return Calls(self.seqs[start:end], self.endings[start:end])

    def runs(self, after: int) -> list[Calls]:
        """The calls of each client process; the last one's number before them was *after*."""
        if self.seqs and after < self.seqs[0] and all(map(lt, self.seqs, islice(self.seqs, 1, None))):
            return [self]
        calls = self.checked()
        starts = [index for index in range(1, len(calls.seqs)) if calls.seqs[index] <= calls.seqs[index - 1]]
        bounds = [0, *starts, len(calls.seqs)]
        return [calls.part(start, end) for start, end in pairwise(bounds) if start < end]

    def up_to(self, responses: int) -> Calls:
        """So many that the last one is response number *responses*, if there are as many."""
        for index, text in enumerate(self.endings):
            ending = parse_ending(text)
            responses -= ending is not None and ending.is_response
            if responses <= 0:
                return self.part(0, index + 1)
        return self


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


def find_calls(log: bytes) -> Calls:
    """The calls in *log*, whole lines with their times before them."""
    parts = _STAMPED.split(b"\n" + log[:-1])
    seqs, endings = list(map(int, parts[1::2])), parts[2::2]
    if len(endings) < log.count(b"\n"):  # each holds the lines up to the next call
        endings = [ending.partition(b"\n")[0] for ending in endings]
    return Calls(seqs, endings)


def parse_ending(text: bytes) -> Ending | None:
    """What a line says after the call's number; None where it is not as we write it. Never raises."""
    return _parse_ending(text) if len(text) <= LINE_LIMIT else None


@lru_cache(ENDINGS)
def _parse_ending(text: bytes) -> Ending | None:
    match = _ENDING.fullmatch(text)
    if match is None:
        return None
    code, pod, pod_ip, latency_ms, message = match.groups()
    try:
        return Ending(code.decode(), _text(pod), _text(pod_ip), float(latency_ms), _text(message))
    except ValueError:  # a broken escape: whoever wrote this, it was not format_call
        return None


def _text(value: bytes | None) -> str | None:
    return None if value is None else parse_printable(value.decode())


def _shorten(message: str) -> str:
    return message if len(message) <= MESSAGE_LIMIT else f"{message[: MESSAGE_LIMIT - 3]}..."
