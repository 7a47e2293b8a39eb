"""Balanced connections or requests, with real servers, a real client and real Envoys."""

from pathlib import Path

import pytest

from tests.sandbox.kubelet.machine import running_machine

pytestmark = pytest.mark.sandbox

SERVERS = ("server-a", "server-b", "server-c")
CALLS = 60
"""That one of three takes no part in so many happens to a working balancer once in ten thousand million times."""


@pytest.mark.parametrize("virtual", [False, True], ids=["addresses", "ports"])
async def test_the_node_proxy_pins_a_client_to_one_pod(tmp_path: Path, virtual: bool) -> None:
    async with running_machine(tmp_path, virtual=virtual, proxy=True) as machine:
        await machine.start_demo(*SERVERS)
        (first,) = {call.pod for call in await machine.calls(100)}
        left = [name for name in SERVERS if name != first]
        machine.publish(*left)
        await machine.delete(str(first))
        assert (await machine.call_until(lambda call: call.pod in left)).code == "OK"


@pytest.mark.parametrize("virtual", [False, True], ids=["addresses", "ports"])
async def test_sidecars_balance_requests_over_every_pod(tmp_path: Path, virtual: bool) -> None:
    async with running_machine(tmp_path, virtual=virtual) as machine:
        await machine.start_demo(*SERVERS, sidecar=True)
        calls = await machine.calls(CALLS)
        assert {call.pod for call in calls} == set(SERVERS)
        assert {call.pod_ip for call in calls} == {machine.pod(name)["status"]["podIP"] for name in SERVERS}
        machine.publish("server-a", "server-b")
        await machine.delete("server-c")
        assert {call.pod for call in await machine.calls(CALLS)} == {"server-a", "server-b"}
