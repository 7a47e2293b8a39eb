"""A test run that is terminated ends what it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.user import wait_until_gone

pytestmark = pytest.mark.sandbox

LONG_TEST = """
import signal
from tests.bench.programs import free_port, server

def test_long(sandbox, tmp_path):
    sandbox.run("sandbox", "start")
    with server(free_port()):
        (tmp_path / "all-started").touch()
        signal.pause()
"""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_terminated_run_ends_what_it_started(tmp_path: Path, workers: str) -> None:
    test = tmp_path / "test_long.py"
    test.write_text(LONG_TEST)
    options = ["-p", "tests.conftest", "-p", "tests.sandbox.conftest", "-n", workers, "-c", "pyproject.toml"]
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as run:
        while not list(tmp_path.rglob("all-started")):
            assert run.poll() is None
            time.sleep(0.05)
        started = _processes_in(tmp_path)
        assert len(started) > 3
        run.send_signal(signal.SIGTERM)
    for pid in started:
        wait_until_gone(pid)


def _processes_in(folder: Path) -> list[int]:
    """The processes that keep their temporary files in *folder*."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"TMPDIR={folder}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(int(process.name))
        except OSError:
            continue
    return found
