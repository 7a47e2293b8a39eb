"""Ephemeral containers: started in a pod that runs, and never again."""

from pathlib import Path

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import PODS
from grpcdemo.workload.probe import parse_counts

from .machine import SERVER_IMAGE, Machine, build_shell, running_machine

pytestmark = pytest.mark.sandbox


def status(pod: Object) -> Object:
    found: list[Object] = (pod.get("status") or {}).get("ephemeralContainerStatuses") or [{"state": {}}]
    return found[-1]


def add(machine: Machine, name: str, container: Object) -> None:
    pod = machine.pod(name)
    present = pod["spec"].get("ephemeralContainers") or []
    pod["spec"]["ephemeralContainers"] = [*present, container]
    machine.store.update(PODS, pod)


async def test_one_runs_to_its_end_beside_the_others(machine: Machine) -> None:
    await machine.start_server()
    add(machine, "server", build_shell("echo looked; exit 3", name="debugger"))
    pod = await machine.until("server", lambda pod: "terminated" in status(pod)["state"])
    found = status(pod)
    assert (found["name"], found["state"]["terminated"]["exitCode"], found["restartCount"]) == ("debugger", 3, 0)
    assert is_ready(pod)
    assert await machine.log("server", "debugger") == "looked\n"
    add(machine, "server", build_shell("sleep 600", name="second"))
    await machine.until("server", lambda pod: "running" in status(pod)["state"])
    last = await machine.delete("server")
    assert "terminated" in status(last)["state"]


async def test_the_probe_counts_what_comes_to_the_server(tmp_path: Path) -> None:
    async with running_machine(tmp_path, proxy=True) as machine:
        await machine.start_demo("server")
        command = ["python", "-m", "grpcdemo.workload.probe"]
        env = [{"name": "PORT", "value": "50051"}, {"name": "READS", "value": "3"}]
        add(machine, "server", {"name": "probe", "image": SERVER_IMAGE, "command": command, "env": env})
        await machine.until("server", lambda pod: "terminated" in status(pod)["state"])
        counts = [parse_counts(line) for line in (await machine.log("server", "probe")).splitlines()]
    assert len(counts) == 3
    assert counts[-1]
    assert sum(counts[-1].segments.values()) > 100
