"""The sandbox against its bare processes, and against a cluster."""

import time
from pathlib import Path
from statistics import median

import pytest

from tests.bench.programs import RATE, calls_per_second, client, free_port, memory_of, server, start_and_end
from tests.bench.ratio import WINDOWS_S, Work, median_ratio, report, timed
from tests.contract.targets import behind_kubeconfig, developers_cluster
from tests.contract.tools import kubectl, new_demo
from tests.sandbox.user import SandboxUser

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]

CALLS_S = 3
ROUNDS = 3


def test_demo_against_its_processes_and_its_windows(sandbox: SandboxUser, tmp_path: Path) -> None:
    """The processes: the daemon, then all pods, then all pods with their proxies."""

    def bare() -> None:
        sandbox.run("sandbox", "start")
        sandbox.run("sandbox", "stop")
        start_and_end(servers=3, envoys=0, folder=tmp_path)
        start_and_end(servers=3, envoys=4, folder=tmp_path)
        time.sleep(WINDOWS_S)

    ratio = median_ratio(lambda: timed(lambda: sandbox.run("demo")), lambda: timed(bare), rounds=5)
    report("grpcdemo demo on the sandbox / its process starts and observation windows", ratio, 1.5)


def test_up_from_nothing_against_its_processes(sandbox: SandboxUser, tmp_path: Path) -> None:
    def bare() -> None:
        sandbox.run("sandbox", "start")
        start_and_end(servers=3, envoys=0, folder=tmp_path)

    def undone(work: Work, *undo: str) -> float:
        taken = timed(work)
        sandbox.run(*undo)
        return taken

    ratio = median_ratio(
        lambda: undone(lambda: sandbox.run("up"), "cleanup"), lambda: undone(bare, "sandbox", "stop"), rounds=5
    )
    report("grpcdemo up, sandbox and all, until every pod is READY / its process starts", ratio, 2)


@pytest.mark.parametrize(("switch", "limit"), [("off", 3), ("on", 6)], ids=["one tcp_proxy", "two sidecars"])
def test_a_call_through_the_proxies_against_a_bare_one(sandbox: SandboxUser, switch: str, limit: float) -> None:
    """The bare ones come first: no client may call while another's calls are timed."""

    def bare() -> float:
        port = free_port()
        with server(port), client(port) as log:
            return calls_per_second(log, CALLS_S)

    def proxied() -> float:
        counted = sandbox.run("observe", "--for", str(CALLS_S), "--output", "json").json
        return float(counted["responsesPerSecond"])

    alone = [bare() for _ in range(ROUNDS)]
    sandbox.run("up", "--rate", str(RATE))
    sandbox.run("istio", switch)
    through = [proxied() for _ in range(ROUNDS)]
    print(f"\n{median(alone):.0f} calls a second bare, {median(through):.0f} with Istio {switch}")  # noqa: T201  (a result)
    report(f"time of a call with Istio {switch} / of a bare one", median(alone) / median(through), limit)


def test_kubectl_get_pods_against_the_same_on_a_cluster(sandbox: SandboxUser) -> None:
    """As many pods in both, in the cluster that KUBECONFIG names."""
    with developers_cluster() as kubeconfig, behind_kubeconfig(kubeconfig), new_demo() as on_cluster:
        sandbox.run("up", "--namespace", on_cluster.namespace)
        on_cluster.run("up").check(0)
        get = ("get", "pods", "--namespace", on_cluster.namespace)
        ratio = median_ratio(
            lambda: timed(lambda: kubectl("--kubeconfig", str(sandbox.state.kubeconfig), *get)),
            lambda: timed(lambda: kubectl(*get)),
            rounds=31,
        )
    report("kubectl get pods on the sandbox / on a cluster", ratio, 1)


def test_thirty_servers_and_five_clients(sandbox: SandboxUser) -> None:
    """They get ready and are balanced. Prints what one more pod costs."""
    began = time.perf_counter()
    sandbox.run("up", "--servers", "30", "--clients", "5")
    up_s = time.perf_counter() - began
    plain = memory_of(sandbox.processes())
    sandbox.run("istio", "on")
    on_s = time.perf_counter() - began - up_s
    seen = sandbox.run("observe", "--expect", "balanced", "--output", "json").json
    assert len(seen["servers"]) == 30
    proxied = memory_of(sandbox.processes())

    began = time.perf_counter()
    sandbox.run("up", "--servers", "1")
    few = memory_of(sandbox.processes())
    pods = 35 - 2
    print(  # noqa: T201  (a result)
        f"\n35 pods: up in {up_s:.1f} s, with proxies after {on_s:.1f} s more; "
        f"one more pod: {(plain - few) / pods:.0f} MB and {up_s / 35:.2f} s, "
        f"with a proxy {(proxied - few) / pods:.0f} MB and {on_s / 35:.2f} s"
    )
