"""Starting and stopping the daemon: an error gives the cause, and nothing is left behind."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.limits import ENOUGH, LEAST
from grpcdemo.sandbox.process import start, stop
from grpcdemo.sandbox.proxy.envoy import find_envoy
from grpcdemo.sandbox.state import State, running
from tests.contract.tools import SMALL, Result, Running
from tests.sandbox.user import PROGRAM, SandboxUser, start_fake

sandboxed = pytest.mark.sandbox


@pytest.fixture
def envoys_wait_for(sandbox: SandboxUser, tmp_path: Path) -> Path:
    """A file that each Envoy waits for before it begins: a sandbox that starts goes on doing so until it is there."""
    go = tmp_path / "go"
    package = tmp_path / "packages" / "envoy"
    program = package / "_bin" / "envoy"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nwhile [ ! -e "{go}" ]; do sleep 0.05; done\nexec {find_envoy()} "$@"\n')
    program.chmod(0o700)
    (package / "__init__.py").touch()
    sandbox.environment["PYTHONPATH"] = str(package.parent)
    return go


def leftovers(state: State) -> set[str]:
    return {path.name for path in state.root.iterdir()}


@contextmanager
def starting(sandbox: SandboxUser) -> Iterator[Running]:
    """A `sandbox start` whose daemon is there and not yet ready."""
    with sandbox.start("sandbox", "start") as command:
        while running(sandbox.state) is None:
            assert command.is_running()
        yield command


def start_limited(sandbox: SandboxUser, limit: str) -> Result:
    """Start it from a shell that has set this *limit*."""
    command = ("sh", "-c", f'{limit} && exec "$@"', "sh", *PROGRAM, "sandbox", "start")
    return Running(command, sandbox.environment).result()


@sandboxed
def test_any_path_is_short_enough(tmp_path: Path) -> None:
    """That of a socket may have about a hundred characters."""
    with SandboxUser(tmp_path / ("x" * 120) / ("y" * 120)) as sandbox:
        sandbox.run("up", *SMALL)
        sandbox.run("istio", "on")


@sandboxed
def test_concurrent_starts_share_one_sandbox(sandbox: SandboxUser) -> None:
    commands = [sandbox.start("sandbox", "start") for _ in range(4)]
    told = [command.result().check(0) for command in commands]
    assert {result.out for result in told} == {f"{sandbox.state.kubeconfig}\n"}
    assert sum("runs already" in result.err for result in told) == 3
    assert (sandbox.state.root / "kubeconfig").exists()


@sandboxed
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_start_leaves_nothing(
    sandbox: SandboxUser, envoys_wait_for: Path, number: signal.Signals, code: int
) -> None:
    """Interrupted when the daemon is there, and not yet ready."""
    with starting(sandbox) as command:
        command.interrupt(number)
        assert command.result().check(code).error == "error: interrupted"
    assert running(sandbox.state) is None
    sandbox.wait_until_gone()
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_start_that_is_killed_leaves_no_daemon(sandbox: SandboxUser, envoys_wait_for: Path) -> None:
    with starting(sandbox) as command:
        command.interrupt(signal.SIGKILL)
    envoys_wait_for.touch()
    sandbox.wait_until_gone()
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_start_that_is_stopped_says_so(sandbox: SandboxUser, envoys_wait_for: Path) -> None:
    with starting(sandbox) as command:
        assert "the sandbox has stopped" in sandbox.run("sandbox", "stop").err
        told = command.result().check(1)
    assert told.error == "error: the sandbox did not start: it was stopped while it started"
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_machine_without_envoy(sandbox: SandboxUser, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "envoy.py").write_text("raise ImportError('no wheel for this platform')\n")
    sandbox.environment["PYTHONPATH"] = str(packages)
    told = sandbox.run("up", code=1)
    assert told.error == "error: the sandbox did not start: Envoy is not installed"
    assert "macOS" in told.hint
    assert "use a cluster" in told.hint
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_it_outlives_its_terminal(sandbox: SandboxUser) -> None:
    in_terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
    done = subprocess.run(
        [*in_terminal, *PROGRAM, "sandbox", "start"], env=sandbox.environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    sandbox.on_it("status")


@sandboxed
def test_a_low_limit_of_open_files_is_raised(sandbox: SandboxUser) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    start_limited(sandbox, "ulimit -S -n 64").check(0)
    daemon = running(sandbox.state)
    assert daemon
    assert resource.prlimit(daemon, resource.RLIMIT_NOFILE)[0] == min(ENOUGH, hard)


@sandboxed
def test_a_limit_that_cannot_be_raised(sandbox: SandboxUser) -> None:
    told = start_limited(sandbox, "ulimit -n 64").check(1)
    assert f"the limit of open files is 64, and the sandbox needs {LEAST}" in told.error
    assert "`ulimit -n" in told.hint
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_disk_without_room(sandbox: SandboxUser) -> None:
    """A limit on the size of files is the full disk that anybody can have."""
    told = start_limited(sandbox, "ulimit -f 8").check(1)
    assert told.error == f"error: the sandbox cannot use {sandbox.state.root}: File too large"
    assert "XDG_STATE_HOME" in told.hint
    assert leftovers(sandbox.state) == {"lock"}


ENDS_LATER = """
import asyncio, sys, threading
from pathlib import Path
from grpcdemo.sandbox.process import start, stop
from grpcdemo.sandbox.state import State
state = State(Path(sys.argv[1]))
asyncio.run(start(state)), asyncio.run(stop(state))
for thread in set(threading.enumerate()) - {threading.current_thread()}:
    thread.join()
"""


@sandboxed
def test_a_daemon_may_outlive_the_event_loop_that_started_it(sandbox: SandboxUser) -> None:
    command = [sys.executable, "-c", ENDS_LATER, str(sandbox.state.root)]
    done = subprocess.run(command, env=sandbox.environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.exhaustive
async def test_a_daemon_that_hangs_is_given_up_with_the_end_of_its_log(state: State) -> None:
    program = ("sh", "-c", "echo still thinking; exec sleep 1000")
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start within 3s: still thinking$"):
        await start(state, program=program, within_s=3)


async def test_a_daemon_that_ends_without_a_word_is_quoted_from_its_log(state: State) -> None:
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start: no such module$") as caught:
        await start(state, program=("sh", "-c", "echo no such module"))
    assert str(caught.value.hint) == f"see {state.log}"


FAILING = """
import sys
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.ready_pipe import ReadyPipe
print("error: this is merely in the log")
pipe = ReadyPipe(int(sys.argv[2]))
pipe.say_failed(GrpcdemoError("Envoy is not installed", hint="install it"))
pipe.say_failed(GrpcdemoError("and more"))
"""


async def test_a_daemon_says_why_it_does_not_start(state: State) -> None:
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start: Envoy is not installed$") as caught:
        await start(state, program=(sys.executable, "-c", FAILING))
    assert str(caught.value.hint) == "install it"


async def test_a_daemon_that_ignores_sigterm_is_killed(state: State) -> None:
    daemon = await start_fake(state, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    assert await stop(state, grace_s=0.1)
    assert await daemon.wait() == -signal.SIGKILL
    assert leftovers(state) == {"lock"}
