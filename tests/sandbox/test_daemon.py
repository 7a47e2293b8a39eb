"""The sandbox as a whole, as its commands start and end it: private, one for each user, and mortal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grpcdemo.sandbox.state import State, running, wait_until_free

PROGRAM = (sys.executable, "-c", "from grpcdemo.cli.app import run; run()")
pytestmark = pytest.mark.timeout(120)


class Sandbox:
    """A user of their own, with a home in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "grpcdemo" / "sandbox")
        self.environment = {**os.environ, "GRPCDEMO_TARGET": "sandbox", "XDG_STATE_HOME": str(folder)}

    def run(self, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([*PROGRAM, *arguments], env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def on_it(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(*arguments, "--kubeconfig", str(self.state.kubeconfig))

    def processes(self) -> set[int]:
        """Whatever process knows the sandbox's folder."""
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                told = (folder / "cmdline").read_bytes() + bytes((folder / "cwd").readlink())
            except OSError:
                continue
            if str(self.state.root).encode() in told:
                found.add(int(folder.name))
        return found

    def wait_until_gone(self) -> None:
        for pid in self.processes():
            wait_until_gone(pid)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    found = Sandbox(tmp_path)
    yield found
    found.run("sandbox", "stop")


def test_it_starts_once_and_only_its_user_gets_in(sandbox: Sandbox) -> None:
    sandbox.run("sandbox", "kubeconfig", code=1)
    assert sandbox.run("sandbox", "start").stdout == f"{sandbox.state.kubeconfig}\n"
    assert "runs already" in sandbox.run("sandbox", "start").stderr
    assert sandbox.run("sandbox", "kubeconfig").stdout == f"{sandbox.state.kubeconfig}\n"
    assert sandbox.state.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert sandbox.state.root.stat().st_mode & 0o777 == 0o700
    assert "sandbox" in sandbox.on_it("status").stdout

    sandbox.run("sandbox", "stop")
    assert not sandbox.state.kubeconfig.exists()
    sandbox.wait_until_gone()
    sandbox.run("sandbox", "status", code=1)


def test_a_killed_daemon_takes_everything_with_it(sandbox: Sandbox) -> None:
    sandbox.run("sandbox", "start")
    sandbox.on_it("up", "--servers", "1")
    pods = sandbox.processes()
    daemon = running(sandbox.state)
    assert daemon in pods
    assert len(pods) > 2

    os.kill(daemon, signal.SIGKILL)
    wait_until_free(sandbox.state)
    for pid in pods:
        wait_until_gone(pid)
    assert "the sandbox runs" in sandbox.run("sandbox", "start").stderr
    assert "does not exist" in sandbox.on_it("status").stdout


def wait_until_gone(pid: int) -> None:
    """Wait for a process that is not our child; its end is told by the kernel."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([descriptor], [], [], 30)
    os.close(descriptor)
    assert ready, f"process {pid} outlived the daemon"
