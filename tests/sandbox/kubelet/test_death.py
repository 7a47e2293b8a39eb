"""When the sandbox is killed, nothing of it stays alive."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.sandbox.kubelet.machine import PATIENCE_S, build_shell, running_machine
from tests.sandbox.kubelet.processes import find_processes, wait_until_ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


async def run_for_ever(root: Path) -> None:
    """The sandbox that is going to be killed."""
    async with running_machine(root, proxy=True) as machine:
        machine.create_service()
        machine.create_server("server", sidecar=True)
        machine.create_client("client", sidecar=True)
        machine.create_pod("shell", build_shell("sleep 1000 & sleep 1000"))
        await machine.until_ready("server", "shell")
        machine.publish("server")
        await machine.until_ready("client")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


async def test_no_process_outlives_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    command = ["-m", "tests.sandbox.kubelet.test_death", str(tmp_path)]
    sandbox = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    try:
        assert sandbox.stdout
        assert await asyncio.wait_for(sandbox.stdout.readline(), PATIENCE_S) == b"ready\n"
        processes = find_processes(tmp_path)
        assert len(processes) >= 8  # three Envoys, a server, a client, and a shell with its guard and two children
    finally:
        sandbox.kill()
        await sandbox.wait()
    await wait_until_ended(processes)


if __name__ == "__main__":
    asyncio.run(run_for_ever(Path(sys.argv[1])))
