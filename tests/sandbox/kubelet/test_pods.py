"""The life of a pod: its status and events as processes start and end."""

import asyncio
import json
from itertools import count
from pathlib import Path

import grpc
import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.pb.identity_pb2 import GetIdentityRequest
from grpcdemo.pb.identity_pb2_grpc import IdentityServiceStub
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import NODES, PODS
from grpcdemo.sandbox.api.status import StatusError
from tests.sandbox.processes import kill_part

from .machine import (
    BACKOFF_S,
    CLIENT_IMAGE,
    NAMESPACE,
    PATIENCE_S,
    Machine,
    build_client,
    build_server,
    build_shell,
    condition,
    container,
    running_machine,
    waits_for,
)

pytestmark = pytest.mark.sandbox


async def test_a_server_becomes_ready_and_answers_at_its_pods_address(machine: Machine) -> None:
    pod = await machine.start_server()
    status, found = pod["status"], container(pod)
    assert (pod["spec"]["nodeName"], status["phase"], status["hostIP"]) == ("sandbox", "Running", "127.0.0.1")
    assert status["podIPs"] == [{"ip": status["podIP"]}]
    assert (found["ready"], found["started"], found["restartCount"]) == (True, True, 0)
    assert found["state"]["running"]["startedAt"]
    for kind in ("PodScheduled", "Initialized", "PodReadyToStartContainers", "ContainersReady"):
        assert condition(pod, kind) == "True"
    assert [reason for reason, _ in machine.events_of("server")] == ["Pulled", "Created", "Started"]
    assert [node["metadata"]["name"] for node in machine.store.list(NODES)] == ["sandbox"]
    host, port = machine.network.reach(status["podIP"], 50051)
    async with grpc.aio.insecure_channel(f"ipv4:{host}:{port}") as channel:
        stub = IdentityServiceStub(channel)  # type: ignore[no-untyped-call]  # protoc writes no types
        answer = await stub.GetIdentity(GetIdentityRequest(), timeout=PATIENCE_S)
    assert (answer.pod_name, answer.pod_ip, answer.node_name) == ("server", status["podIP"], "sandbox")


async def test_a_container_inherits_no_environment(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    script = "import json, os; print(json.dumps(dict(os.environ))); print(os.getcwd())"
    shell = {"name": "env", "image": CLIENT_IMAGE, "command": ["python3", "-c", script]}
    machine.create_pod("env", shell, restartPolicy="Never")
    pod = await machine.until("env", lambda pod: pod.get("status", {}).get("phase") == "Succeeded")
    environment, folder = (await machine.log("env", "env")).splitlines()
    assert not {"KUBECONFIG", "AWS_SECRET_ACCESS_KEY", "HOME"} & json.loads(environment).keys()
    assert json.loads(environment)["HOSTNAME"] == "env"
    assert Path(folder).is_relative_to(tmp_path)
    assert container(pod)["state"]["terminated"]["reason"] == "Completed"


async def test_a_pod_that_is_deleted_ends_in_order_and_is_gone(machine: Machine, tmp_path: Path) -> None:
    pod = await machine.start_server()
    last = await machine.delete("server")
    assert ("Killing", "Stopping container grpc-server") in machine.events_of("server")
    ended = container(last)["state"]["terminated"]
    assert (ended["exitCode"], ended["reason"], is_ready(last)) == (0, "Completed", False)
    assert not list((tmp_path / "kubelet" / "pods").iterdir())
    again = await machine.start_server()
    assert again["status"]["podIP"] != pod["status"]["podIP"]


async def test_python_output_is_unbuffered(machine: Machine) -> None:
    """As in the images, which say so in their environment."""
    program = ["python3", "-c", "import time; print('hello'); time.sleep(1000)"]
    machine.create_pod("env", {"name": "env", "image": CLIENT_IMAGE, "command": program})
    await machine.until_ready("env")
    assert await asyncio.wait_for(anext(machine.follow("env", "env")), PATIENCE_S) == b"hello\n"
    await machine.delete("env", grace_s=0)


async def test_the_longest_name_of_a_pod(machine: Machine) -> None:
    machine.create_server("x" * 253)
    await machine.until_ready("x" * 253)


async def test_a_process_that_ignores_sigterm_is_killed(machine: Machine) -> None:
    machine.create_pod("deaf", build_shell("trap '' TERM; echo deaf; while :; do sleep 1000; done"))
    await machine.until_ready("deaf")
    assert await anext(machine.follow("deaf", "shell")) == b"deaf\n"
    last = await machine.delete("deaf", grace_s=1)
    assert container(last)["state"]["terminated"]["exitCode"] == 137


async def test_a_finalizer_keeps_a_deleted_pod(machine: Machine) -> None:
    await machine.start_server()
    pod = machine.pod("server")
    pod["metadata"]["finalizers"] = ["example.com/hold"]
    machine.store.update(PODS, pod)
    machine.store.mark_deleted(PODS, NAMESPACE, "server", grace_s=10)
    pod = await machine.until("server", lambda pod: pod["metadata"].get("deletionGracePeriodSeconds") == 0)
    assert "terminated" in container(pod)["state"]
    pod = machine.pod("server")
    pod["metadata"]["finalizers"] = []
    since = machine.store.version
    machine.store.update(PODS, pod)
    await machine.until_gone("server", since)


async def test_a_killed_server_is_restarted(machine: Machine, tmp_path: Path) -> None:
    await machine.start_server()
    kill_part(tmp_path / "kubelet" / "pods", "server", "grpc-server")
    pod = await machine.until("server", lambda pod: container(pod)["restartCount"] == 1 and is_ready(pod))
    ended = container(pod)["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (137, "Error")
    assert "event=listening" in await machine.log("server", "grpc-server", previous=True)


async def test_crash_loop_backoff(machine: Machine) -> None:
    machine.create_pod("crash", build_shell("echo crashing; exit 3"))
    pod = await machine.until("crash", waits_for("CrashLoopBackOff"))
    found, uid = container(pod), pod["metadata"]["uid"]
    assert found["restartCount"] == 1
    assert found["lastState"]["terminated"]["exitCode"] == 3
    name = f"crash_{NAMESPACE}({uid})"
    why = f"back-off {BACKOFF_S}s restarting failed container=shell pod={name}"
    assert found["state"]["waiting"]["message"] == why
    assert ("BackOff", f"Back-off restarting failed container shell in pod {name}") in machine.events_of("crash")
    assert pod["status"]["phase"] == "Running"
    assert await machine.log("crash", "shell") == "crashing\n"
    assert await machine.log("crash", "shell", previous=True) == "crashing\n"
    await machine.until("crash", lambda pod: container(pod)["restartCount"] == 3)


@pytest.mark.parametrize(
    ("policy", "exit_code", "phase"), [("Never", 0, "Succeeded"), ("Never", 7, "Failed"), ("OnFailure", 0, "Succeeded")]
)
async def test_a_pod_without_restarts_ends(machine: Machine, policy: str, exit_code: int, phase: str) -> None:
    machine.create_pod("job", build_shell(f"exit {exit_code}"), restartPolicy=policy)
    pod = await machine.until("job", lambda pod: pod.get("status", {}).get("phase") == phase)
    assert condition(pod, "Ready") == "False"
    assert not container(pod)["ready"]
    await machine.delete("job", grace_s=0)


async def test_a_container_without_a_free_port(tmp_path: Path) -> None:
    async with running_machine(tmp_path, virtual=True) as machine:
        with pytest.raises(GrpcdemoError, match="no port left"):
            for port in count(1):
                machine.network.reach("10.244.9.9", port)
        machine.create_server("server")
        pod = await machine.until("server", waits_for("RunContainerError"))
        assert container(pod)["state"]["waiting"]["message"] == "the sandbox has no port left"
        machine.network.free("10.244.9.9")
        await machine.until_ready("server")


async def test_an_unknown_image_cannot_be_pulled(machine: Machine) -> None:
    machine.create_pod("unknown", {"name": "c", "image": "example.com/nobody:1"})
    pod = await machine.until("unknown", waits_for("ErrImagePull"))
    assert pod["status"]["phase"] == "Pending"
    pod = await machine.until("unknown", waits_for("ImagePullBackOff"))
    message = container(pod)["state"]["waiting"]["message"]
    assert message.startswith('Back-off pulling image "example.com/nobody:1": ErrImagePull: ')
    events = machine.events_of("unknown")
    for event in (("Failed", "Error: ErrImagePull"), ("Failed", "Error: ImagePullBackOff")):
        assert event in events
    with pytest.raises(StatusError, match="is waiting to start: image can't be pulled"):
        await machine.log("unknown", "c")
    await machine.delete("unknown")


async def test_the_pull_policy_never(machine: Machine) -> None:
    machine.create_pod("never", {"name": "c", "image": "localhost/nobody:1", "imagePullPolicy": "Never"})
    await machine.until("never", waits_for("ErrImageNeverPull"))
    why = 'Container image "localhost/nobody:1" is not present with pull policy of Never'
    assert ("ErrImageNeverPull", why) in machine.events_of("never")


async def test_a_missing_program(machine: Machine) -> None:
    machine.create_pod("lost", {"name": "c", "image": CLIENT_IMAGE, "command": ["no-such-program"]})
    pod = await machine.until("lost", waits_for("RunContainerError"))
    assert 'exec: "no-such-program": executable file not found' in container(pod)["state"]["waiting"]["message"]
    assert container(pod)["lastState"]["terminated"]["reason"] == "StartError"


async def test_an_invalid_environment(machine: Machine) -> None:
    env = [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "none", "key": "a"}}}]
    machine.create_pod("badenv", build_server(env=env))
    await machine.until("badenv", waits_for("CreateContainerConfigError"))
    assert ("Failed", 'Error: configmap "none" not found') in machine.events_of("badenv")


async def test_a_client_connects_once_its_service_exists(tmp_path: Path) -> None:
    async with running_machine(tmp_path, proxy=True) as machine:
        machine.create_pod("client", build_client())
        await machine.until("client", lambda pod: "running" in container(pod)["state"])
        assert (await machine.call_until(lambda call: True)).code == "UNAVAILABLE"
        await machine.start_server()
        machine.create_service()
        machine.publish("server")
        await machine.until_ready("client")
