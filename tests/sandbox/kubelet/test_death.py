"""No process outlives a killed sandbox."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from grpcdemo.sandbox.child import LAUNCH
from tests.sandbox.kubelet.machine import PATIENCE_S, build_shell, running_machine
from tests.sandbox.processes import processes_in, wait_until_gone

pytestmark = [pytest.mark.sandbox, pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")]


ELSEWHERE = f"""
import sys
sys.path.insert(0, {str(LAUNCH.parent)!r})
import launch
launch.die_with = lambda parent: False
sys.exit(launch.main(sys.argv[1:]))
"""
"""Starts every process as on a system whose kernel cannot kill a child with its parent."""


async def run_until_killed(root: Path, launch: Path) -> None:
    async with running_machine(root, proxy=True, launch=launch, forks=launch == LAUNCH) as machine:
        machine.create_pod("shell", build_shell("sleep 1000 & sleep 1000"))
        await machine.start_demo("server", sidecar=True)
        await machine.until_ready("shell")
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
        processes = processes_in(tmp_path)
        # three Envoys, a server, a client, and a shell with its guard and two children; on Linux the fork server,
        # elsewhere Envoys' guards
        assert len(processes) >= (9 if system == "linux" else 11)
    finally:
        sandbox.kill()
        await sandbox.wait()
    for pid in processes:
        await asyncio.to_thread(wait_until_gone, pid)


if __name__ == "__main__":
    root, launch = Path(sys.argv[1]), LAUNCH
    if sys.argv[2] == "elsewhere":
        launch = root / "elsewhere.py"
        launch.write_text(ELSEWHERE, encoding="utf-8")
    asyncio.run(run_until_killed(root, launch))
