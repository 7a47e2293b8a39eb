"""The daemon: one for each user, private, and every process ends with it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from grpcdemo.sandbox.state import running
from tests.contract.tools import SMALL
from tests.sandbox.processes import wait_until_gone
from tests.sandbox.user import SandboxUser

pytestmark = pytest.mark.sandbox

SERVED = """
import asyncio, os
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.daemon import serve
from grpcdemo.sandbox.state import find_state, running

async def begin_and_end():
    stop = asyncio.Event()
    stop.set()
    await serve(find_state(), print, stop)

try:
    asyncio.run(begin_and_end())
except GrpcdemoError:
    print(os.getpid(), running(find_state()))
"""
"""Prints its process id, and whose sandbox runs once it is no longer served."""


def test_it_starts_once_and_is_private(sandbox: SandboxUser) -> None:
    assert sandbox.run("sandbox", "kubeconfig", code=1).out == f"{sandbox.state.kubeconfig}\n"
    assert sandbox.run("sandbox", "start").out == f"{sandbox.state.kubeconfig}\n"
    assert "runs already" in sandbox.run("sandbox", "start").err
    assert sandbox.run("sandbox", "kubeconfig").out == f"{sandbox.state.kubeconfig}\n"
    assert sandbox.state.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert sandbox.state.root.stat().st_mode & 0o777 == 0o700
    assert "sandbox" in sandbox.on_it("status").out

    sandbox.run("sandbox", "stop")
    assert not sandbox.state.kubeconfig.exists()
    sandbox.wait_until_gone()
    sandbox.run("sandbox", "status", code=1)


def test_a_killed_daemon_takes_everything_with_it(sandbox: SandboxUser) -> None:
    sandbox.run("sandbox", "start")
    sandbox.on_it("up", *SMALL)
    pods = sandbox.processes()
    daemon = running(sandbox.state)
    assert daemon in pods
    assert len(pods) > 2

    os.kill(daemon, signal.SIGKILL)
    for pid in pods:
        wait_until_gone(pid)
    assert "the sandbox runs" in sandbox.run("sandbox", "start").err
    assert "does not exist" in sandbox.on_it("status").out


def test_the_lock_is_held_until_the_process_ends(sandbox: SandboxUser) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SERVED], env=sandbox.environment, capture_output=True, text=True, check=True
    )
    served, found = ended.stdout.split()
    assert served == found


def test_no_process_inherits_the_daemons_secrets(sandbox: SandboxUser) -> None:
    """Neither its token nor its path. Only the user reaches an Envoy's admin socket."""
    sandbox.environment["KUBECONFIG"] = str(sandbox.state.kubeconfig)
    sandbox.run("up", *SMALL)
    sandbox.run("istio", "on")
    token = json.loads(sandbox.state.kubeconfig.read_text())["users"][0]["user"]["token"]
    others = sandbox.processes() - {running(sandbox.state)}
    assert len(others) == 6  # client and server, their sidecars, the node's proxy, and the fork server
    for pid in others:
        told = b"".join((Path("/proc") / str(pid) / part).read_bytes() for part in ("environ", "cmdline"))
        assert b"PATH=" in told
        assert token.encode() not in told
        assert b"KUBECONFIG" not in told
        assert b"XDG_STATE_HOME" not in told
    admins = list(sandbox.state.run.rglob("admin.sock"))
    assert [admin.stat().st_mode & 0o777 for admin in admins] == [0o600] * 3
