"""What the demo shows, with real servers, a real client and real Envoys: connections or requests balanced."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sandbox.kubelet.machine import running_machine

SERVERS = ("server-a", "server-b", "server-c")
CALLS = 60
"""That one of three takes no part in so many happens to a working balancer once in ten thousand million times."""


@pytest.mark.parametrize("virtual", [False, True], ids=["addresses", "ports"])
async def test_the_nodes_proxy_keeps_a_client_on_one_pod_until_that_is_gone(tmp_path: Path, virtual: bool) -> None:
    async with running_machine(tmp_path, virtual=virtual, proxy=True) as machine:
        machine.create_service()
        for name in SERVERS:
            machine.create_server(name)
        machine.create_client("client")
        await machine.until_ready(*SERVERS)
        machine.publish(*SERVERS)
        await machine.until_ready("client")
        pods = {call.pod for call in await machine.calls("client", 100)}
        assert len(pods) == 1
        (first,) = pods
        left = [name for name in SERVERS if name != first]
        machine.publish(*left)
        machine.delete(str(first))
        assert (await machine.calls_until("client", lambda call: call.pod in left)).code == "OK"


@pytest.mark.parametrize("virtual", [False, True], ids=["addresses", "ports"])
async def test_sidecars_spread_a_clients_requests_over_every_pod(tmp_path: Path, virtual: bool) -> None:
    async with running_machine(tmp_path, virtual=virtual) as machine:
        machine.create_service()
        for name in SERVERS:
            machine.create_server(name, sidecar=True)
        machine.create_client("client", sidecar=True)
        await machine.until_ready(*SERVERS)
        machine.publish(*SERVERS)
        await machine.until_ready("client")
        calls = await machine.calls("client", CALLS)
        assert {call.pod for call in calls} == set(SERVERS)
        assert {call.pod_ip for call in calls} == {machine.pod(name)["status"]["podIP"] for name in SERVERS}
        machine.publish("server-a", "server-b")
        machine.delete("server-c")
        await machine.until_gone("server-c")
        count = (await machine.log("client", "grpc-client")).count("code=OK")
        later = await machine.calls("client", count + CALLS)
        assert {call.pod for call in later[-CALLS:]} == {"server-a", "server-b"}
