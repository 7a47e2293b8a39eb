"""A log that is rotated many times a second, while a client calls as fast as it can and a follower reads it."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from grpcdemo.kube.streams.logs import ContainerRef, Follower
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.pod_ports import Address
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.server import build_app, serving
from grpcdemo.steps.observe.call_reader import CallReader
from grpcdemo.steps.observe.window import Window
from grpcdemo.workload.call_log import parse_calls
from tests.fakes.hollow_cluster import log_in
from tests.fakes.script import TOKEN, connected_to
from tests.sandbox.kubelet.machine import NAMESPACE, Machine, build_client, container, running_machine

pytestmark = pytest.mark.sandbox

ROTATE_AT = 5_000
RESPONSES = 1_500
"""Some thirty rotations."""
FULL_RATE = [{"name": "TARGET", "value": "dns:///grpc-server:50051"}, {"name": "RATE", "value": "10000"}]


@dataclass
class Cut:
    """The logs of the machine, in streams that end after so many bytes."""

    machine: Machine
    after: int | None

    async def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        left = self.after
        async for piece in self.machine.kubelet.read(namespace, pod, container, options):
            yield piece[:left]
            if left is not None and (left := left - len(piece)) <= 0:
                return

    def find_port(self, namespace: str, pod: str, port: int) -> Address:
        return self.machine.kubelet.find_port(namespace, pod, port)

    async def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], write: Callable[[str, bytes], None]
    ) -> int:
        return await self.machine.kubelet.run_command(namespace, pod, container, argv, write)


@pytest.mark.parametrize("cut_after", [None, 3_500], ids=["one stream", "streams that are cut"])
async def test_each_call_is_counted_once(tmp_path: Path, cut_after: int | None) -> None:
    """What is rotated away between two streams is missed; so it is known how many there were."""
    async with running_machine(tmp_path, proxy=True, rotate_at=ROTATE_AT) as machine:
        await machine.start_demo("server", client=build_client(env=FULL_RATE, livenessProbe=None))
        window, made = await count(machine, tmp_path, cut_after)
        assert container(machine.pod("client"))["restartCount"] == 0, "a second run numbers its calls from 1 again"
    tally = window.tally(0.0)
    assert tally.responses >= RESPONSES
    assert tally.responses + sum(tally.errors.values()) + tally.missed == made
    assert tally.missed == 0 or cut_after


async def count(machine: Machine, folder: Path, cut_after: int | None) -> tuple[Window, int]:
    """Count from the first call that is still kept; and how many the client has made since then."""
    registry = Registry(machine.store, admit=lambda pod, _: pod, allocate_ip=machine.network.service_address)
    app = build_app(registry, token=TOKEN, node=Cut(machine, cut_after), version="v1.36.0")
    app.middlewares.insert(0, log_in)
    window, reader = Window(), CallReader("client", is_new=True)
    seqs: list[int] = []
    async with serving(app) as url, connected_to(url, folder) as api:
        follower = Follower(api, ContainerRef(NAMESPACE, "client", "grpc-client"), from_start=True)
        async for piece in follower.pieces():
            seqs += parse_calls(piece).seqs
            for batch in reader.read(piece, 0.0):
                window.add(batch)
            if window.responses >= RESPONSES:
                break
    return window, seqs[-1] - seqs[0] + 1
