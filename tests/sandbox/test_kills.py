"""`kill -9` of each kind of process in the sandbox, while `observe` runs.

Without the daemon, every command fails. Any other process is restarted as on a cluster, and the tally agrees with the
client's log.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest

from grpcdemo.manifests.defaults import NAMESPACE
from grpcdemo.sandbox.state import running
from grpcdemo.workload.call_log import Call
from tests.contract import tools as contract
from tests.sandbox.processes import kill_part, kill_process_in
from tests.sandbox.user import ENOUGH, Observing, SandboxUser
from tests.workload.call_line import parse_call

pytestmark = pytest.mark.sandbox


class Demo(contract.Demo):
    """The demo in a sandbox, and the processes in it."""

    def __init__(self, sandbox: SandboxUser, namespace: str = NAMESPACE) -> None:
        super().__init__(namespace, {"KUBECONFIG": str(sandbox.state.kubeconfig)})
        self.sandbox = sandbox

    def kill(self, pod: str, part: str) -> None:
        """The process of a container, or of the `proxy`."""
        kill_part(self.sandbox.state.run / "pods" / "pods", pod, part)

    def wait_until_restarted(self, pod: str, container: str, where: str = "containerStatuses") -> None:
        """Wait for the container's first restart, and until the whole pod is ready again."""
        path = f"{{.status.{where}[?(@.name=='{container}')].restartCount}}"
        self.kubectl("wait", f"pod/{pod}", f"--for=jsonpath={path}=1", "--timeout=60s")
        self.kubectl("wait", f"pod/{pod}", "--for=condition=Ready", "--timeout=60s")

    def row(self, pod: str) -> list[str]:
        """READY, STATUS and RESTARTS, as `kubectl get pods` prints them."""
        return self.kubectl("get", "pod", pod, "--no-headers").split()[1:4]

    def calls(self) -> list[Call]:
        """All that the client has logged since it started."""
        return [call for call in map(parse_call, self.log(self.client())) if call]


def has_recovered(calls: list[Call]) -> bool:
    """Whether calls failed, and the latest did not."""
    codes = [call.code for call in calls]
    return set(codes) > {"OK"} and codes[-1] == "OK"


def is_part_of(seen: Any, calls: list[Call]) -> bool:
    """Whether calls that follow each other are just those that were counted."""
    answered = {server["name"]: server["responses"] for server in seen["servers"] if server["responses"]}
    size = seen["responses"] + sum(seen["errors"].values())
    return any(
        Counter(call.pod for call in part if call.code == "OK") == answered
        and Counter(call.code for call in part if call.code != "OK") == seen["errors"]
        for part in (calls[start : start + size] for start in range(len(calls) - size + 1))
    )


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Up, without Istio; each test kills what no other does."""
    with SandboxUser(tmp_path_factory.mktemp("user")) as sandbox:
        sandbox.run("up", "--rate", "20")  # slowly enough to see a window begin
        yield Demo(sandbox)
    sandbox.wait_until_gone()


def check_tally(seen: Any, demo: Demo) -> None:
    assert seen["missed"] == 0
    assert seen["responses"] >= ENOUGH
    assert is_part_of(seen, demo.calls()), (seen, demo.calls())


def test_a_killed_server_is_restarted_and_ready_again(demo: Demo) -> None:
    """The one that answers: the client goes to another."""
    all_three = demo.endpoints()
    with Observing(demo.sandbox) as observing:
        observing.wait_for_responses()
        pinned = demo.calls()[-1].pod
        assert pinned
        demo.kill(pinned, "grpc-server")
        demo.wait_until_restarted(pinned, "grpc-server")
        observing.wait_for_new_window()
        seen = observing.last()
    assert demo.row(pinned) == ["1/1", "Running", "1"]
    assert demo.endpoints() == all_three
    assert seen["verdict"] == "pinned"
    check_tally(seen, demo)


def test_a_killed_node_proxy_is_restarted_and_the_client_reconnects(demo: Demo) -> None:
    with Observing(demo.sandbox) as observing:
        observing.wait_for_responses()
        before = demo.calls()
        kill_process_in(demo.sandbox.state.run / "proxy")
        while not has_recovered(demo.calls()[len(before) :]):
            observing.count()
        check_tally(observing.last(), demo)


def test_a_killed_client_is_restarted_in_a_new_window(demo: Demo) -> None:
    with Observing(demo.sandbox) as observing:
        observing.wait_for_responses()
        client = demo.client()
        demo.kill(client, "grpc-client")
        demo.wait_until_restarted(client, "grpc-client")
        observing.wait_for_new_window()
        seen = observing.last()
    assert demo.row(client) == ["1/1", "Running", "1"]
    assert seen["windows"] > 1
    assert seen["verdict"] == "pinned"
    check_tally(seen, demo)


@pytest.mark.parametrize("app", ["grpc-client", "grpc-server"])
def test_a_killed_sidecar_is_restarted_and_the_pod_is_ready_again(demo: Demo, app: str) -> None:
    demo.sandbox.run("istio", "on")
    pod = next(name for name in demo.pods() if name.startswith(app))
    with Observing(demo.sandbox) as observing:
        observing.wait_for_responses()
        demo.kill(pod, "proxy")
        demo.wait_until_restarted(pod, "istio-proxy", "initContainerStatuses")
        if app == "grpc-server":
            observing.wait_for_new_window()
        seen = observing.last()
    assert demo.row(pod) == ["2/2", "Running", "1"]
    assert sum(demo.endpoints().values()) == 3
    assert len([server for server in seen["servers"] if server["responses"]]) == 3
    check_tally(seen, demo)


MIDSTS = {
    ("observe",): "responses",
    ("istio", "on"): "restarted",
    ("up", "--rate", "5"): "waiting for",
    ("cleanup",): "waiting for",
    ("demo", "--replace"): "responses",
}
"""Commands, and what each says in the middle of its work."""


def test_every_command_reports_a_killed_daemon(sandbox: SandboxUser) -> None:
    with ThreadPoolExecutor() as threads, ExitStack() as stack:
        namespaces = {words: f"{words[0]}-demo" for words in MIDSTS}
        sandbox.run("sandbox", "start")
        list(threads.map(partial(_hold_a_demo, sandbox), namespaces.values()))
        telling = {
            words: stack.enter_context(sandbox.start(*words, "--namespace", namespace))
            for words, namespace in namespaces.items()
        }
        list(threads.map(lambda words: telling[words].wait_for(MIDSTS[words]), MIDSTS))
        daemon = running(sandbox.state)
        assert daemon
        assert len(sandbox.processes()) > len(MIDSTS)
        os.kill(daemon, signal.SIGKILL)
        for words, command in telling.items():
            ended = command.result().check(1)
            assert [line.partition(";")[0] for line in ended.err.splitlines()[-2:]] == [
                "error: the sandbox and all its pods have ended",
                f"hint: see {sandbox.state.log}",
            ], words
    sandbox.wait_until_gone()
    sandbox.run("sandbox", "start")
    assert {path.name for path in sandbox.state.run.iterdir()} == {"proxy"}
    for namespace in namespaces.values():
        assert "does not exist" in sandbox.run("status", "--namespace", namespace).out


def _hold_a_demo(sandbox: SandboxUser, namespace: str) -> None:
    """One whose pods cannot be gone, so that no command that replaces them can be over."""
    sandbox.run("up", "--servers", "1", "--namespace", namespace)
    demo = Demo(sandbox, namespace)
    for pod in demo.pods():
        demo.kubectl("patch", "pod", pod, '--patch={"metadata": {"finalizers": ["a.b/c"]}}')
