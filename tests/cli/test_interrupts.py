"""Ctrl-C, SIGTERM and SIGHUP, while a command waits for the cluster."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest
from aiohttp import web

from grpcdemo.cli.interrupts import run
from grpcdemo.errors import Interrupted
from tests.fakes.script import Answer, Script, hang, refuse

from .conftest import Command


@pytest.fixture(autouse=True)
def _kubeconfig(scripted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", scripted)


@pytest.fixture(autouse=True)
def terminal() -> Iterator[None]:
    """SIGHUP as a terminal sends it, whatever started the tests."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def interrupt_at_first_request(script: Script, number: signal.Signals, then: Answer = hang) -> None:
    async def interrupt(request: web.Request) -> web.StreamResponse:
        os.kill(os.getpid(), number)
        return await then(request)

    script.on("GET", "/version", interrupt)
    namespace = "namespaces/istio-grpc-demo"
    for path in (f"/api/v1/{namespace}", f"/api/v1/{namespace}/pods", f"/apis/apps/v1/{namespace}/deployments"):
        script.on("GET", path, hang)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("words", [("status",), ("up",), ("manifests",)], ids=" ".join)
def test_an_interrupted_command_says_so(
    grpcdemo: Command, script: Script, words: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    interrupt_at_first_request(script, number)
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (code, "")
    assert "error: interrupted" in ended.error_lines


def test_nohup_outlives_the_terminal(grpcdemo: Command, script: Script) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    interrupt_at_first_request(script, signal.SIGHUP, refuse(404, "it went on"))
    assert "it went on" in grpcdemo("manifests").error_lines[0]


def test_an_interrupted_change_tells_how_to_go_on(grpcdemo: Command, script: Script) -> None:
    interrupt_at_first_request(script, signal.SIGINT)
    assert grpcdemo("up").error_lines[-1].startswith("hint: continue with `grpcdemo up`")


@pytest.mark.parametrize(("number", "is_finished"), [(signal.SIGHUP, True), (signal.SIGINT, False)])
def test_a_second_hangup_is_the_same(number: signal.Signals, is_finished: bool) -> None:
    """A shell and the kernel both signal that the terminal is closed; a second Ctrl-C is meant."""
    finished: list[bool] = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            os.kill(os.getpid(), number)
            for _ in range(20):  # turns of the loop, in which it takes the signal
                await asyncio.sleep(0)
            finished.append(True)

    with pytest.raises(Interrupted):
        run(work())
    assert bool(finished) is is_finished
