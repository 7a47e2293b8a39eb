"""Probes: their results, messages and effects."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from grpcdemo.resources.pods import is_ready
from grpcdemo.sandbox.kubelet.checks import Check, ProbeFailure, build_check
from grpcdemo.sandbox.kubelet.prober import ProbeListener, run_probes
from grpcdemo.sandbox.network import Network, reserve_network

from .machine import PATIENCE_S, Machine, build_server, container


@pytest.mark.parametrize(
    ("probe", "message"),
    [
        ({"tcpSocket": {"port": 9}}, "dial tcp 10.0.0.1:9: connect: connection refused"),
        (
            {"httpGet": {"port": 9, "path": "/x"}},
            'Get "http://10.0.0.1:9/x": dial tcp 10.0.0.1:9: connect: connection refused',
        ),
        (
            {"grpc": {"port": 9}},
            'timeout: failed to connect service "10.0.0.1:9" within 5s: '
            "dial tcp 10.0.0.1:9: connect: connection refused",
        ),
        ({"tcpSocket": {"port": "web"}}, "couldn't find port: web"),
        ({"exec": {"command": ["true"]}}, "the sandbox supports grpc, tcpSocket and httpGet probes only"),
    ],
)
async def test_a_failure_has_the_words_of_a_kubelet(network: Network, probe: dict[str, Any], message: str) -> None:
    check = build_check(probe, {}, network, pod_ip="10.0.0.1", listen_ip=network.allocate_pod())
    with pytest.raises(ProbeFailure) as failure:
        await check(5)
    await check.close()
    assert str(failure.value) == message


@pytest.mark.parametrize(
    ("answer", "failure"),
    [("200 OK", None), ("302 Found", None), ("503 Busy", "HTTP probe failed with statuscode: 503")],
)
async def test_an_http_probe_goes_by_the_status(network: Network, answer: str, failure: str | None) -> None:
    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await reader.readline()) == b"GET /healthz HTTP/1.1\r\n"
        writer.write(f"HTTP/1.1 {answer}\r\n\r\n".encode())
        writer.close()

    ip = network.allocate_pod()
    async with await asyncio.start_server(respond, *network.reach(ip, 8080)):
        probe = {"httpGet": {"port": "web", "path": "healthz"}}
        spec = {"ports": [{"name": "web", "containerPort": 8080}]}
        check = build_check(probe, spec, network, pod_ip=ip, listen_ip=ip)
        with pytest.raises(ProbeFailure, match=f"^{failure}$") if failure else contextlib.nullcontext():
            await check(PATIENCE_S)
        await check.close()


@pytest.fixture
def network() -> Iterator[Network]:
    with contextlib.closing(reserve_network()) as network:
        yield network


class Script(Check):
    """Gives its results in order, then waits until it is canceled."""

    def __init__(self, *results: str | None) -> None:
        self._results = list(results)
        self.done = asyncio.Event()
        self.is_closed = False

    async def __call__(self, timeout_s: float) -> None:
        if not self._results:
            await asyncio.Event().wait()
        failure = self._results.pop(0)
        if not self._results:
            self.done.set()
        if failure is not None:
            raise ProbeFailure(failure)

    async def close(self) -> None:
        self.is_closed = True


async def follow(spec: dict[str, Any], **scripts: Script) -> list[object]:
    """What is reported until one of the *scripts* has no result left."""
    told: list[object] = []

    async def failed(kind: str) -> None:
        told.append(f"failed {kind}")

    reports = ProbeListener(lambda: told.append("started"), told.append, told.append, failed)
    task = asyncio.create_task(run_probes(spec, lambda probe: scripts[probe["script"]], reports))
    ends = [asyncio.create_task(script.done.wait()) for script in scripts.values()]
    await asyncio.wait({*ends, task}, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    for each in (task, *ends):
        each.cancel()
    await asyncio.wait({task})
    return told


def probe(kind: str, **timing: float) -> dict[str, Any]:
    return {"script": kind, "periodSeconds": 0.001, **timing}


async def test_a_container_without_probes_is_ready_at_once() -> None:
    assert await follow({}) == ["started", True]


async def test_the_thresholds_of_readiness() -> None:
    script = Script(None, "a", None, None, "b", None, "c", "d")
    spec = {"readinessProbe": probe("ready", successThreshold=2, failureThreshold=2)}
    told = await follow(spec, ready=script)
    assert [found for found in told if isinstance(found, bool)] == [True, False]
    assert told[0] == "started"


async def test_failures_during_the_start_are_no_events() -> None:
    script = Script("not yet", "not yet", None)
    told = await follow({"readinessProbe": {"script": "ready", "periodSeconds": 60}}, ready=script)
    assert told[:2] == ["started", True]


async def test_the_failure_threshold_of_liveness() -> None:
    script = Script(None, "a", "b", None, "c", "d", "e")
    told = await follow({"livenessProbe": probe("alive", failureThreshold=3)}, alive=script)
    assert told[:2] == ["started", True]
    assert told[2:] == [*(f"Liveness probe failed: {letter}" for letter in "abcde"), "failed liveness"]


async def test_other_probes_wait_for_the_startup_probe() -> None:
    spec = {"startupProbe": probe("start", failureThreshold=100), "readinessProbe": probe("ready")}
    told = await follow(spec, start=Script(None), ready=Script(None))
    assert [found for found in told if isinstance(found, bool) or found == "started"] == ["started", True]


async def test_a_failed_startup_probe_ends_the_container() -> None:
    spec = {"startupProbe": probe("start", periodSeconds=0.0001, failureThreshold=1)}
    told = await follow(spec, start=Script(*["no"] * 50))
    assert told == ["Startup probe failed: no", "failed startup"]


@pytest.mark.parametrize("kind", ["startup", "liveness"])
async def test_a_probe_is_closed_before_the_container_is_ended_for_it(kind: str) -> None:
    script = Script(*["no"] * 50)
    closed: list[bool] = []

    async def failed(_: str) -> None:
        closed.append(script.is_closed)

    reports = ProbeListener(lambda: None, lambda ready: None, lambda message: None, failed)
    spec = {f"{kind}Probe": {"periodSeconds": 0.0001, "failureThreshold": 1}}
    await asyncio.wait_for(run_probes(spec, lambda probe: script, reports), PATIENCE_S)
    assert closed == [True]


@pytest.mark.parametrize("turns", range(12))
async def test_a_probe_that_is_canceled_as_it_succeeds_ends(network: Network, turns: int) -> None:
    ip = network.allocate_pod()
    check = build_check({"tcpSocket": {"port": 8080}}, {}, network, pod_ip=ip, listen_ip=ip)

    async def ask_forever() -> None:
        while True:
            await check(PATIENCE_S)

    with socket.create_server(network.reach(ip, 8080)):
        asking = asyncio.create_task(ask_forever())
        for _ in range(turns):
            await asyncio.sleep(0)
        asking.cancel()
        done, _ = await asyncio.wait({asking}, timeout=PATIENCE_S)
        asking.cancel()
        assert done


async def test_a_probe_of_an_unknown_service_fails(machine: Machine) -> None:
    wrong = {"grpc": {"port": 50051, "service": "nope"}, "periodSeconds": 1, "timeoutSeconds": PATIENCE_S}
    up = {"grpc": {"port": 50051}, "periodSeconds": 1, "timeoutSeconds": PATIENCE_S, "failureThreshold": 600}
    strict = {**wrong, "failureThreshold": 1}
    machine.create_pod("unready", build_server(startupProbe=up, readinessProbe=wrong, livenessProbe=strict))
    pod = await machine.until("unready", lambda pod: container(pod)["restartCount"] == 1)
    assert not is_ready(pod)
    events = machine.events_of("unready")
    why = "probe failed: error: health rpc probe failed: rpc error: code = NotFound desc = "
    assert ("Unhealthy", f"Liveness {why}") in events
    assert ("Killing", "Container grpc-server failed liveness probe, will be restarted") in events
