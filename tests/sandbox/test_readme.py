"""The README, word for word, in the shell of somebody who has a cluster already: no command may reach that cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread

import pytest

from tests.fakes.script import write_kubeconfig
from tests.readme import blocks
from tests.sandbox.user import SandboxUser

pytestmark = pytest.mark.sandbox
INSTALLS = "pip install . && "
AFTER_THE_END = """
! kubectl get namespaces
export KUBECONFIG=$(grpcdemo sandbox kubeconfig)
! kubectl get namespaces
"""
"""The sandbox has ended: kubectl must not fall back to the user's cluster."""


@contextmanager
def recording(arrived: list[bytes]) -> Iterator[str]:
    """The URL of a server that notes the first line of whatever reaches it."""

    class Recorder(StreamRequestHandler):
        def handle(self) -> None:
            arrived.append(self.rfile.readline())

    with ThreadingTCPServer(("127.0.0.1", 0), Recorder) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def typed() -> str:
    """Every command, except what installs grpcdemo and what makes a cluster, and brings images to one."""
    (demo,) = [line for block in blocks("sh") for line in block.splitlines() if INSTALLS in line]
    lines = [line.removeprefix("$ ") for block in blocks("console") for line in block.splitlines()]
    return "\n".join((demo.partition(INSTALLS)[2], *lines))


@pytest.mark.timeout(900)
def test_no_command_reaches_the_users_cluster(tmp_path: Path) -> None:
    home, arrived = tmp_path / "home", list[bytes]()
    (home / ".kube").mkdir(parents=True)
    with recording(arrived) as server, SandboxUser(home / ".local" / "state") as user:
        write_kubeconfig(home / ".kube" / "config", server)
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-ex", "-c", typed() + AFTER_THE_END],
            cwd=home,
            env={"HOME": str(home), "PATH": path, "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=800,
            check=False,
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        user.run("sandbox", "status", code=1)
    assert arrived == []
