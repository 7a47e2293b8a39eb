"""Each change meets a fault first: every command survives it, and changes each object as often as without it."""

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


class EachChangeFirst(Faults):
    """The first request to each path that changes something gets the next one of the faults."""

    def __init__(self, faults: Sequence[Answer]) -> None:
        super().__init__()
        self.met: list[tuple[str, str]] = []
        self._given = faults

    def find(self, asked: Asked) -> Answer | None:
        change = (asked.method, asked.path)
        if asked.method == "GET" or change in self.met:
            return None
        self.met.append(change)
        return self._given[len(self.met) % len(self._given)]


def generations(demo: Demo) -> dict[str, int]:
    return {obj["metadata"]["name"]: obj["metadata"]["generation"] for obj in demo.get("deployments")["items"]}


@pytest.mark.parametrize("kinds", FAULTS.values(), ids=FAULTS)
def test_each_change_is_made_once(demo: Demo, kinds: Sequence[Answer], tmp_path: Path) -> None:
    faults = EachChangeFirst(kinds)
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
