"""Pods with a sidecar: READY 2/2, in order, and put right when either half dies."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from grpcdemo.resources.pods import is_ready, read_pod

from .machine import build_proxy, build_server, build_shell, condition, container, running_machine
from .processes import find_process


async def test_the_proxy_is_there_before_and_after_the_application(tmp_path: Path) -> None:
    async with running_machine(tmp_path) as machine:
        machine.create_server("server", sidecar=True)
        (pod,) = await machine.until_ready("server")
        assert (read_pod(pod).ready_containers, read_pod(pod).containers) == (2, 2)
        assert read_pod(pod).proxy == "native sidecar"
        proxy = container(pod, "istio-proxy")
        assert (proxy["started"], proxy["ready"]) == (True, True)
        machine.delete("server")
        await machine.until_gone("server")
        stopped = [message for reason, message in machine.events_of("server") if reason == "Killing"]
        assert stopped == ["Stopping container grpc-server", "Stopping container istio-proxy"]


async def test_the_application_waits_until_the_proxy_has_started(tmp_path: Path) -> None:
    async with running_machine(tmp_path) as machine:
        never = {"tcpSocket": {"port": 9}, "periodSeconds": 60, "failureThreshold": 600}
        proxy = build_proxy(startupProbe=never)
        machine.create_pod("server", build_server(), initContainers=[proxy])
        pod = await machine.until("server", lambda pod: "running" in container(pod, "istio-proxy")["state"])
        assert container(pod, "grpc-server")["state"] == {"waiting": {"reason": "PodInitializing"}}
        assert (pod["status"]["phase"], condition(pod, "Initialized")) == ("Pending", "False")
        assert read_pod(pod).status == "Init:0/1"
        machine.delete("server")
        await machine.until_gone("server")


async def test_the_proxy_as_an_ordinary_container(tmp_path: Path) -> None:
    async with running_machine(tmp_path) as machine:
        proxy = {key: value for key, value in build_proxy().items() if key != "restartPolicy"}
        machine.create_pod("server", build_server(), proxy)
        (pod,) = await machine.until_ready("server")
        assert read_pod(pod).proxy == "container"
        assert read_pod(pod).ready_containers == 2


async def test_an_envoy_that_is_killed_is_started_again_and_calls_go_on(tmp_path: Path) -> None:
    async with running_machine(tmp_path) as machine:
        machine.create_service()
        machine.create_server("server", sidecar=True)
        machine.create_client("client", sidecar=True)
        await machine.until_ready("server")
        machine.publish("server")
        await machine.until_ready("client")
        os.kill(find_process(tmp_path, "server", "proxy"), signal.SIGKILL)
        pod = await machine.until("server", lambda pod: container(pod, "istio-proxy")["restartCount"] == 1)
        assert container(pod, "grpc-server")["restartCount"] == 0
        await machine.until("server", is_ready)
        count = (await machine.log("client", "grpc-client")).count("code=OK")
        assert len(await machine.calls("client", count + 50)) == count + 50


@pytest.mark.parametrize("policy", ["Always", "Never"])
async def test_an_init_container_runs_to_its_end_first(tmp_path: Path, policy: str) -> None:
    async with running_machine(tmp_path) as machine:
        init = build_shell("echo first", name="init")
        machine.create_pod("pod", build_server(), initContainers=[init], restartPolicy=policy)
        (pod,) = await machine.until_ready("pod")
        assert container(pod, "init")["state"]["terminated"]["reason"] == "Completed"
        assert container(pod, "init")["ready"]
        assert await machine.log("pod", "init") == "first\n"
