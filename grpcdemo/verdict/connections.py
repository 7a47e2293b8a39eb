"""The verdict on connections: which server pods can a client send requests to at all?

A client whose connections all go to one pod sends every request there. That needs no statistics, and holds as long as
the connection stays. How a client with connections to several pods shares its requests among them, nobody sees here.

A connection must stay for several looks: a client that opens a new one for each request has no more than one, either.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from grpcdemo.verdict.ruling import Outcome, Verdict

LOOKS = 5
"""A connection that is seen so often in a row, stays."""


@dataclass(frozen=True)
class Reach:
    """What a client is connected to."""

    pods: int
    """To how many it was, at any look."""
    at_once: int
    """To how many it was at one look, at most."""
    looks: int
    """How often in a row the oldest of its connections was seen."""
    connections: int = 1
    """How many there are now."""

    @property
    def is_pinned(self) -> bool:
        return self.pods == 1 and self.looks >= LOOKS


def judge_connections(reaches: Mapping[str, Reach], pods: int, outside: int = 0) -> Verdict:
    """Pinned or inconclusive. *reaches* is by client that is connected now, *pods* are all that can answer.

    *outside* are the connections of nobody who is known.
    """
    others = f"; {outside} {_connections(outside, 'come')} from outside" if outside else ""
    if pods < 2:
        return Verdict(Outcome.INCONCLUSIVE, f"nothing to balance over: {pods or 'no'} ready server")
    if not reaches:
        return Verdict(Outcome.INCONCLUSIVE, f"no client pod is connected{others}")
    if all(reach.is_pinned for reach in reaches.values()):
        return Verdict(Outcome.PINNED, f"{_all_pinned(reaches, pods)}{others}")
    unstable = {client: reach for client, reach in reaches.items() if not reach.is_pinned and reach.at_once == 1}
    if unstable:
        return Verdict(Outcome.INCONCLUSIVE, f"{_unstable(unstable, pods)}{others}")
    return Verdict(Outcome.INCONCLUSIVE, f"{_fan_out(reaches, pods)}{others}")


def _all_pinned(reaches: Mapping[str, Reach], pods: int) -> str:
    if len(reaches) > 1:
        return f"each of {len(reaches)} clients is connected to only one of {pods} pods"
    ((client, reach),) = reaches.items()
    number = reach.connections
    which = "the only connection" if number == 1 else f"all {number} connections"
    return f"{which} of {client} {'goes' if number == 1 else 'go'} to one of {pods} pods"


def _unstable(reaches: Mapping[str, Reach], pods: int) -> str:
    """Of those with connections to one pod at a time, the one that is worth a word first."""
    client, reach = max(reaches.items(), key=lambda item: item[1].pods)
    if reach.pods > 1:
        return f"{client} was connected to {reach.pods} of {pods} pods, to one at a time"
    seen = f"by a connection that was open in {reach.looks} of at least {LOOKS} readings"
    return f"{client} is connected to one of {pods} pods, {seen}"


def _fan_out(reaches: Mapping[str, Reach], pods: int) -> str:
    """How many clients reach how many pods."""
    numbers = sorted(Counter(reach.pods for reach in reaches.values()).items())
    unknown = "how requests are spread over the connections is not known"
    if len(reaches) == 1:
        return f"{next(iter(reaches))} is connected to {numbers[0][0]} of {pods} pods: {unknown}"
    if len(numbers) == 1:
        return f"each of {len(reaches)} clients is connected to {numbers[0][0]} of {pods} pods: {unknown}"
    (reached, clients), *others = numbers
    first = (
        f"{clients} of {len(reaches)} clients {'is' if clients == 1 else 'are'} connected to {reached} of {pods} pods"
    )
    return ", ".join([first, *(f"{clients} to {reached}" for reached, clients in others)]) + f": {unknown}"


def _connections(number: int, verb: str) -> str:
    return f"connection {verb}s" if number == 1 else f"connections {verb}"
