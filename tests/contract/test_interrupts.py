"""Ctrl-C in the middle of each step: it says so, and the next command resumes."""

import subprocess

import pytest

from tests.contract.tools import LIMIT_S, SMALL, Demo, find_program

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
    told = demo.interrupted(moment, "demo", "--servers", "2")
    assert (told.error, told.out) == ("error: interrupted", "")
    assert not demo.exists()


def test_demo_continues_to_clean_up(demo: Demo) -> None:
    telling = demo.start("demo", "--servers", "2")
    telling.wait_for("waiting for grpc-server")
    with demo.holding("service/grpc-server"):
        telling.wait_for("to be gone")
        telling.interrupt()
        telling.wait_for("is already terminating")
    told = telling.result().check(130)
    assert (told.error, told.out) == ("error: interrupted", "")
    assert not demo.exists()


@pytest.mark.parametrize("moment", ["using context", "created, istio-injection", "waiting for grpc-server"])
def test_up_resumes(demo: Demo, moment: str) -> None:
    assert "grpcdemo cleanup" in demo.interrupted(moment, "up", *SMALL).hint
    demo.run("up", *SMALL).check(0)


@pytest.mark.parametrize("moment", ["using context", "labeled", "restarted", "1/1 ready"])
def test_istio_on_resumes(demo: Demo, moment: str) -> None:
    demo.run("up", *SMALL).check(0)
    with demo.holding(f"pod/{next(iter(demo.pods()))}"):
        assert "grpcdemo istio status" in demo.interrupted(moment, "istio", "on").hint
    demo.run("istio", "on").check(0)
    assert demo.ready_column() == {"2/2"}


def test_cleanup_continues_in_the_cluster(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    with demo.holding("service/grpc-server"):
        assert "grpcdemo cleanup" in demo.interrupted("to be gone", "cleanup").hint
    demo.run("cleanup").check(0)
    assert not demo.exists()


def test_a_second_ctrl_c_ends_the_cleanup(demo: Demo) -> None:
    telling = demo.start("demo", "--servers", "2")
    telling.wait_for("waiting for grpc-server")
    with demo.holding("service/grpc-server"):
        telling.interrupt()
        telling.wait_for("to be gone")
        telling.interrupt()
        assert "grpcdemo cleanup" in telling.result().check(130).hint
    demo.run("cleanup").check(0)


def test_a_demo_that_fails_cleans_up(demo: Demo) -> None:
    told = demo.run("demo", "--image-prefix", "localhost:1/nowhere").check(1)
    assert "cannot pull image" in told.error
    assert not demo.exists()


def test_a_reader_that_goes_away_ends_the_demo(demo: Demo) -> None:
    pipe = f"{find_program('grpcdemo')} demo --servers 2 --namespace {demo.namespace} 2>&1 >/dev/null | head -3"
    told = subprocess.run(["bash", "-c", pipe], capture_output=True, text=True, timeout=LIMIT_S, check=True)
    assert len(told.stdout.splitlines()) == 3
    assert told.stderr == ""
    assert not demo.exists()
