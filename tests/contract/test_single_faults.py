"""Faults at the requests that the commands make of a real API server, one at each and such as stay.

Every command survives a single one, and changes each object as often as without it. One that stays ends it with a
report of what it did; without the fault, the next run does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contract.faulty import faulty_proxy
from tests.contract.tools import SMALL, Demo
from tests.fakes.faults import Faults, lose_answer
from tests.fakes.script import Answer, Asked, cut, refuse

FAULTS = {
    "answers lost": [lose_answer],
    "refusals": [refuse(409), refuse(500), refuse(503), refuse(504), refuse(429, Retry_After="1")],
    "mixed": [refuse(409), lose_answer, cut(), refuse(500)],
}
OF_READS = [refuse(503), cut(), refuse(429, Retry_After="1")]
FORBIDDEN = refuse(403, 'User "jane" cannot change this any more')


class EachFirst(Faults):
    """The first change, or read, of each path gets the next one of the faults."""

    def __init__(self, faults: Sequence[Answer], *, of_reads: bool = False) -> None:
        super().__init__()
        self.met: list[tuple[str, ...]] = []
        self._given = faults
        self._of_reads = of_reads

    def find(self, asked: Asked) -> Answer | None:
        request = (asked.method, asked.path, asked.query.get("watch", ""))
        if (asked.method == "GET") is not self._of_reads or request in self.met:
            return None
        self.met.append(request)
        return self._given[len(self.met) % len(self._given)]


class ForbiddenChanges(Faults):
    """Every change is refused but the first *allowed* ones."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = 0

    def find(self, asked: Asked) -> Answer | None:
        if asked.method == "GET" or "dryRun" in asked.query:
            return None
        self.allowed -= 1
        return None if self.allowed >= 0 else FORBIDDEN


def generations(demo: Demo) -> dict[str, int]:
    return {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in demo.get("deployments")["items"]}


@pytest.mark.parametrize("kinds", FAULTS.values(), ids=FAULTS)
def test_each_change_is_made_once(demo: Demo, kinds: Sequence[Answer], tmp_path: Path) -> None:
    faults = EachFirst(kinds)
    with faulty_proxy(faults, tmp_path) as kubeconfig:
        faulty = Demo(demo.namespace, {"KUBECONFIG": kubeconfig})
        for generation, command in enumerate((("up", *SMALL), ("istio", "on"), ("istio", "off")), start=1):
            faults.met.clear()
            faulty.run(*command).check(0)
            assert faults.met
            assert generations(demo) == {"grpc-server": generation, "grpc-client": generation}
        faults.met.clear()
        faulty.run("cleanup").check(0)
    assert not demo.exists()


def test_each_read_is_repeated(demo: Demo, tmp_path: Path) -> None:
    faults = EachFirst(OF_READS, of_reads=True)
    with faulty_proxy(faults, tmp_path) as kubeconfig:
        faulty = Demo(demo.namespace, {"KUBECONFIG": kubeconfig})
        for command in (
            ("up", "--servers", "2"),
            ("status",),
            ("istio", "status"),
            ("observe", "--expect", "pinned"),
            ("istio", "on"),
            ("cleanup",),
        ):
            faults.met.clear()
            faulty.run(*command).check(0)
            assert faults.met
    assert not demo.exists()


@pytest.mark.parametrize("allowed", [0, 2])
def test_changes_that_are_forbidden_from_some_moment_on(demo: Demo, allowed: int, tmp_path: Path) -> None:
    faults = ForbiddenChanges()
    with faulty_proxy(faults, tmp_path) as kubeconfig:
        faulty = Demo(demo.namespace, {"KUBECONFIG": kubeconfig})
        for command, goes_on in (
            (("up", *SMALL), "grpcdemo up"),
            (("istio", "on"), "grpcdemo istio"),
            (("cleanup",), "grpcdemo cleanup"),
        ):
            faults.allowed = allowed
            told = faulty.run(*command).check(1)
            assert "cannot change this any more" in told.error
            assert allowed == 0 or f"`{goes_on}" in told.err
            demo.run(*command).check(0)
            assert command == ("cleanup",) or demo.ready_column() == {"2/2" if "istio" in command else "1/1"}
    assert not demo.exists()
