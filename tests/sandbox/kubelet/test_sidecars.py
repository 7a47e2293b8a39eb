"""Pods with a sidecar: READY 2/2, started in order, and restarted after a failure."""

import socket
from pathlib import Path

import aiohttp
import pytest

from grpcdemo.resources.pods import is_ready, read_pod
from tests.sandbox.processes import kill_part

from .machine import NAMESPACE, Machine, build_proxy, build_server, build_shell, condition, container, running_machine

pytestmark = pytest.mark.sandbox


async def test_the_proxy_is_there_before_and_after_the_application(machine: Machine) -> None:
    machine.create_server("server", sidecar=True)
    (pod,) = await machine.until_ready("server")
    assert (read_pod(pod).ready_containers, read_pod(pod).containers) == (2, 2)
    assert read_pod(pod).proxy == "native sidecar"
    proxy = container(pod, "istio-proxy")
    assert (proxy["started"], proxy["ready"]) == (True, True)
    await machine.delete("server")
    stopped = [message for reason, message in machine.events_of("server") if reason == "Killing"]
    assert stopped == ["Stopping container grpc-server", "Stopping container istio-proxy"]


async def test_the_application_waits_until_the_proxy_has_started(machine: Machine) -> None:
    never = {"tcpSocket": {"port": 9}, "periodSeconds": 60, "failureThreshold": 600}
    proxy = build_proxy(startupProbe=never)
    machine.create_pod("server", build_server(), initContainers=[proxy])
    pod = await machine.until("server", lambda pod: "running" in container(pod, "istio-proxy")["state"])
    assert container(pod, "grpc-server")["state"] == {"waiting": {"reason": "PodInitializing"}}
    assert (pod["status"]["phase"], condition(pod, "Initialized")) == ("Pending", "False")
    assert read_pod(pod).status == "Init:0/1"
    await machine.delete("server")


async def test_the_proxy_as_an_ordinary_container(machine: Machine) -> None:
    proxy = {key: value for key, value in build_proxy().items() if key != "restartPolicy"}
    machine.create_pod("server", build_server(), proxy)
    (pod,) = await machine.until_ready("server")
    assert read_pod(pod).proxy == "container"
    assert read_pod(pod).ready_containers == 2


async def test_a_killed_sidecar_is_restarted_and_calls_continue(machine: Machine, tmp_path: Path) -> None:
    await machine.start_demo("server", sidecar=True)
    kill_part(tmp_path / "kubelet" / "pods", "server", "proxy")
    pod = await machine.until("server", lambda pod: container(pod, "istio-proxy")["restartCount"] == 1)
    assert container(pod, "grpc-server")["restartCount"] == 0
    await machine.until("server", is_ready)
    await machine.calls(50)


async def test_the_ports_of_a_pod_with_a_sidecar(machine: Machine) -> None:
    """The application's own, past the proxy; the proxy's for probes; and its admin, to be read alone."""
    await machine.start_demo("server", sidecar=True)
    pod_ip = machine.pod("server")["status"]["podIP"]
    ports = (50051, 15021, 15000)
    application, probes, admin = (machine.kubelet.find_port(NAMESPACE, "server", port) for port in ports)
    socket.create_connection(application).close()
    assert application[0] != pod_ip
    assert probes == machine.network.reach(pod_ip, 15021)
    url = "http://{}:{}".format(*admin)
    async with aiohttp.ClientSession() as session:
        clusters = await (await session.get(f"{url}/clusters?format=json")).json(content_type=None)
        assert (await session.post(f"{url}/quitquitquit")).status == 404
    names = {cluster["name"] for cluster in clusters["cluster_statuses"]}
    assert names >= {"inbound|50051||", f"outbound|50051||grpc-server.{NAMESPACE}.svc.cluster.local"}


async def test_an_envoy_that_knows_no_pods_ip_is_not_asked(tmp_path: Path) -> None:
    async with running_machine(tmp_path, virtual=True) as machine:
        machine.create_server("server", sidecar=True)
        await machine.until_ready("server")
        with pytest.raises(ConnectionRefusedError, match=r"only 127\.0\.0\.1 answers"):
            machine.kubelet.find_port(NAMESPACE, "server", 15000)
        socket.create_connection(machine.kubelet.find_port(NAMESPACE, "server", 50051)).close()


@pytest.mark.parametrize("policy", ["Always", "Never"])
async def test_an_init_container_runs_to_its_end_first(machine: Machine, policy: str) -> None:
    init = build_shell("echo first", name="init")
    machine.create_pod("pod", build_server(), initContainers=[init], restartPolicy=policy)
    (pod,) = await machine.until_ready("pod")
    assert container(pod, "init")["state"]["terminated"]["reason"] == "Completed"
    assert container(pod, "init")["ready"]
    assert await machine.log("pod", "init") == "first\n"
