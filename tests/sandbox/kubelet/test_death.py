"""When the sandbox is killed, nothing of it stays alive."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from grpcdemo.sandbox import child
from tests.sandbox.kubelet.machine import PATIENCE_S, build_shell, running_machine
from tests.sandbox.kubelet.processes import find_processes, wait_until_ended

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


ELSEWHERE = f"""
import sys
sys.path.insert(0, {str(Path(child.LAUNCH).parent)!r})
import launch
launch.die_with = lambda parent: False
sys.exit(launch.main(sys.argv[1:]))
"""
"""What every container starts with, on a system whose kernel takes no wish about the death of a parent."""


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


@pytest.mark.parametrize("system", ["linux", "elsewhere"])
async def test_no_process_outlives_a_sandbox_that_is_killed(tmp_path: Path, system: str) -> None:
    command = ["-m", "tests.sandbox.kubelet.test_death", str(tmp_path), system]
    sandbox = await asyncio.create_subprocess_exec(sys.executable, *command, stdout=PIPE)
    try:
        assert sandbox.stdout
        assert await asyncio.wait_for(sandbox.stdout.readline(), PATIENCE_S) == b"ready\n"
        processes = find_processes(tmp_path)
        # three Envoys, a server, a client, and a shell with its guard and two children; elsewhere, Envoys' guards
        assert len(processes) >= (8 if system == "linux" else 11)
    finally:
        sandbox.kill()
        await sandbox.wait()
    await wait_until_ended(processes)


if __name__ == "__main__":
    if sys.argv[2] == "elsewhere":
        child.LAUNCH = str(Path(sys.argv[1]) / "elsewhere.py")
        Path(child.LAUNCH).write_text(ELSEWHERE, encoding="utf-8")
    asyncio.run(run_for_ever(Path(sys.argv[1])))
