"""Ctrl-C in the middle of each step: it ends soon, says so, and the next command goes on from there."""

from __future__ import annotations

import subprocess

import pytest

from tests.contract.tools import LIMIT_S, Demo, find_program

MOMENTS = [
    "using context",
    "created, istio-injection",
    "Deployment grpc-client created",
    "waiting for grpc-server",
    "responses",
    "pinned",
    "labeled istio-injection=enabled",
    "restarted",
    "checked every pod",
    "balanced",
]


@pytest.mark.parametrize("moment", MOMENTS)
def test_demo_cleans_up(demo: Demo, moment: str) -> None:
    telling = demo.start("demo", "--servers", "2")
    telling.wait_for(moment)
    telling.interrupt()
    told = telling.result().check(130)
    assert told.error == "error: interrupted"
    assert told.out == ""
    assert not demo.exists()


def test_demo_goes_on_cleaning_up(demo: Demo) -> None:
    telling = demo.start("demo", "--servers", "2")
    telling.wait_for("waiting for grpc-server")
    with demo.holding("service/grpc-server"):
        telling.wait_for("to be gone")
        telling.interrupt()
        telling.wait_for("is already terminating")
    told = telling.result().check(130)
    assert told.error == "error: interrupted"
    assert told.out == ""
    assert not demo.exists()


@pytest.mark.parametrize("moment", ["using context", "created, istio-injection", "waiting for grpc-server"])
def test_up_goes_on_where_it_was(demo: Demo, moment: str) -> None:
    coming = demo.start("up", "--servers", "1")
    coming.wait_for(moment)
    coming.interrupt()
    assert "grpcdemo cleanup" in coming.result().check(130).hint
    demo.run("up", "--servers", "1").check(0)


@pytest.mark.parametrize("moment", ["using context", "labeled", "restarted", "1/1 ready"])
def test_istio_on_goes_on_where_it_was(demo: Demo, moment: str) -> None:
    demo.run("up", "--servers", "1").check(0)
    with demo.holding(f"pod/{next(iter(demo.pods()))}"):
        switching = demo.start("istio", "on")
        switching.wait_for(moment)
        switching.interrupt()
        assert "grpcdemo istio status" in switching.result().check(130).hint
    demo.run("istio", "on").check(0)
    assert demo.ready_column() == {"2/2"}


def test_cleanup_goes_on_in_the_cluster(demo: Demo) -> None:
    demo.run("up", "--servers", "1").check(0)
    with demo.holding("service/grpc-server"):
        going = demo.start("cleanup")
        going.wait_for("to be gone")
        going.interrupt()
        assert "grpcdemo cleanup" in going.result().check(130).hint
    demo.run("cleanup").check(0)
    assert not demo.exists()


def test_a_second_ctrl_c_ends_the_cleaning_up(demo: Demo) -> None:
    telling = demo.start("demo", "--servers", "2")
    telling.wait_for("waiting for grpc-server")
    with demo.holding("service/grpc-server"):
        telling.interrupt()
        telling.wait_for("to be gone")
        telling.interrupt()
        assert "grpcdemo cleanup" in telling.result().check(130).hint
    demo.run("cleanup").check(0)


def test_a_demo_that_fails_cleans_up_too(demo: Demo) -> None:
    told = demo.run("demo", "--image-prefix", "localhost:1/nowhere").check(1)
    assert "cannot pull image" in told.error
    assert not demo.exists()


def test_a_reader_that_goes_away_ends_the_demo(demo: Demo) -> None:
    pipe = f"{find_program('grpcdemo')} demo --servers 2 --namespace {demo.namespace} 2>&1 >/dev/null | head -3"
    told = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert len(told.stdout.splitlines()) == 3
    assert told.stderr == ""
    assert not demo.exists()
