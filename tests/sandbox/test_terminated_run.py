"""A test run that is terminated ends what it started."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.sandbox.processes import find_processes, wait_until_gone

pytestmark = pytest.mark.sandbox

LONG_TEST = """
from tests.bench.programs import free_port, server
from tests.sandbox.processes import wait_until_gone

def test_long(sandbox, tmp_path):
    sandbox.run("sandbox", "start")
    with server(free_port()):
        (tmp_path / "all-started").touch()
        wait_until_gone({parent})
"""
"""Ends with the run that started it, at the latest."""


@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_terminated_run_ends_what_it_started(tmp_path: Path, workers: str) -> None:
    test = tmp_path / "test_long.py"
    test.write_text(LONG_TEST.format(parent=os.getpid()))
    options = ["-p", "tests.conftest", "-p", "tests.sandbox.conftest", "-n", workers, "-c", "pyproject.toml"]
    command = [sys.executable, "-m", "pytest", *options, str(test)]
    variable = f"TMPDIR={tmp_path}".encode()
    with subprocess.Popen(command, env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.DEVNULL) as run:
        try:
            while not list(tmp_path.rglob("all-started")):
                assert run.poll() is None
                time.sleep(0.05)
            started = find_processes(lambda process: variable in (process / "environ").read_bytes().split(b"\0"))
            assert len(started) > 3
        finally:
            run.terminate()  # also when this test is interrupted
    for pid in started:
        wait_until_gone(pid)
