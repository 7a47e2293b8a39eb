"""A user of the sandbox, as its commands see one: with a home of their own, and processes that can be counted."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from pathlib import Path

from grpcdemo.sandbox.state import State

PROGRAM = (sys.executable, "-c", "from grpcdemo.cli.app import run; run()")
GONE_WITHIN_S = 30


class SandboxUser:
    """Keeps the sandbox in *folder*."""

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
        """Until none of its processes is left."""
        for pid in self.processes():
            wait_until_gone(pid)


def wait_until_gone(pid: int) -> None:
    """Wait for a process that is not our child; its end is told by the kernel."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([descriptor], [], [], GONE_WITHIN_S)
    os.close(descriptor)
    assert ready, f"process {pid} outlived the sandbox"
