"""Two people, one namespace: the demo that came first runs to its end, and nobody else touches it."""

from __future__ import annotations

import signal

import pytest

from tests.contract.tools import Demo


def test_others_leave_a_running_demo_alone(demo: Demo) -> None:
    with demo.start("demo", "--servers", "2", "--act-seconds", "600") as first:  # it does not end before the others
        first.wait_for("grpc-client 1/1 ready")
        pods = set(demo.pods())
        for command in (["demo"], ["up"], ["istio", "on"], ["cleanup"]):
            told = demo.run(*command).check(1)
            assert f"is running a demo in namespace {demo.namespace}" in told.error
            assert "--namespace" in told.hint
        assert "HOLDER" in demo.kubectl("get", "leases")
        assert set(demo.pods()) == pods
        first.interrupt()
        first.result().check(130)
    assert not demo.exists()


def test_a_demo_that_was_killed_blocks_nobody(demo: Demo) -> None:
    with demo.start("demo", "--servers", "2") as killed:
        killed.wait_for("grpc-client 1/1 ready")
        killed.interrupt(signal.SIGKILL)
        killed.result()
    demo.run("demo", "--servers", "2").check(0)
    assert not demo.exists()


@pytest.mark.parametrize("moment", ["to show whether it still runs", "using context"])
def test_ctrl_c_leaves_the_other_demo_alone(demo: Demo, moment: str) -> None:
    with demo.start("demo", "--servers", "2") as first:
        first.wait_for("waiting for grpc-server")
        demo.interrupted(moment, "demo")
        first.result().check(0)
