"""Ctrl-C and SIGTERM, while a command waits for the cluster."""

from __future__ import annotations

import os
import signal

import pytest
from aiohttp import web

from tests.kube.fake_api import Script, hang

from .conftest import Command


@pytest.fixture(autouse=True)
def _kubeconfig(scripted: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", scripted)


def interrupt_at_first_request(script: Script, number: signal.Signals) -> None:
    async def interrupt(request: web.Request) -> web.StreamResponse:
        os.kill(os.getpid(), number)
        return await hang(request)

    script.on("GET", "/version", interrupt)
    for path in ("", "/pods"):
        script.on("GET", f"/api/v1/namespaces/istio-grpc-demo{path}", hang)


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("words", [("status",), ("up",), ("manifests",)], ids=" ".join)
def test_an_interrupted_command_says_so(
    grpcdemo: Command, script: Script, words: tuple[str, ...], number: signal.Signals, code: int
) -> None:
    interrupt_at_first_request(script, number)
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (code, "")
    assert "error: interrupted" in ended.error_lines


def test_an_interrupted_change_tells_how_to_go_on(grpcdemo: Command, script: Script) -> None:
    interrupt_at_first_request(script, signal.SIGINT)
    assert grpcdemo("up").error_lines[-1].startswith("hint: go on with `grpcdemo up`")
