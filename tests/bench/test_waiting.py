"""The time of commands against the same steps by kubectl."""

import time
from pathlib import Path

import pytest

from tests.bench.ratio import WINDOWS_S, Work, median_ratio, report, timed
from tests.contract.tools import Demo, kubectl

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1200)]


def label_and_restart(demo: Demo) -> None:
    """`istio on` by hand, which neither waits for old pods to be gone nor looks at the new ones."""
    demo.kubectl("label", "namespace", demo.namespace, "istio-injection=enabled", "--overwrite")
    demo.kubectl("rollout", "restart", "deployment/grpc-server", "deployment/grpc-client")
    demo.roll_out()


def test_istio_on_against_label_restart_and_rollout_status(demo: Demo) -> None:
    demo.run("up").check(0)

    def from_off(work: Work) -> float:
        demo.run("istio", "off").check(0)
        return timed(work)

    ours, theirs = lambda: demo.run("istio", "on").check(0), lambda: label_and_restart(demo)
    ratio = median_ratio(lambda: from_off(ours), lambda: from_off(theirs), rounds=5)
    report("grpcdemo istio on / kubectl label, rollout restart, rollout status", ratio, 1.25)


def test_demo_against_the_sum_of_its_waits(demo: Demo, tmp_path: Path) -> None:
    demo.run("manifests", "--write", str(tmp_path)).check(0)

    def by_hand() -> None:
        kubectl("create", "namespace", demo.namespace)
        kubectl("create", "-f", str(tmp_path / "grpc-server.yaml"), "-f", str(tmp_path / "grpc-client.yaml"))
        demo.roll_out()
        label_and_restart(demo)
        time.sleep(WINDOWS_S)  # the observation windows: as long as the client takes for as many calls
        kubectl("delete", "namespace", demo.namespace)

    ratio = median_ratio(lambda: timed(lambda: demo.run("demo").check(0)), lambda: timed(by_hand), rounds=3)
    report("grpcdemo demo / the sum of its waits", ratio, 1.25)
