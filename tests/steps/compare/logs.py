"""Logs of made-up clients."""

from collections.abc import Iterable

from grpcdemo.steps.compare.call_times import ClientLog, TimedCall
from grpcdemo.workload.call_log import Result
from grpcdemo.workload.cures.connections import Connections

BEGAN = 1000.0
"""When the first call is made."""


def call(at: float, pod: str | None, latency_ms: float = 1.0) -> TimedCall:
    """At so many seconds; without a *pod*, it failed."""
    code = "OK" if pod else "UNAVAILABLE"
    return TimedCall(BEGAN + at, Result(code, pod, None, latency_ms, None))


def client(name: str, calls: Iterable[TimedCall], connections: Iterable[int] = ()) -> ClientLog:
    opened = [(BEGAN + at, Connections(number, number)) for at, number in enumerate(connections)]
    return ClientLog(name, [*calls], opened, missed=0)


def steady(pods: str, seconds: float, *, start: float = 0.0, every_s: float = 0.1) -> list[TimedCall]:
    """A call every *every_s*, to the *pods* in turn, each a letter; a space is a call that fails."""
    count = round(seconds / every_s)
    letters = (pods[at % len(pods)] for at in range(count))
    return [call(start + at * every_s, None if pod == " " else pod) for at, pod in enumerate(letters)]
