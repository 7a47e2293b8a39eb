"""Programs are run to their end, or ended; and when one fails, it shows in what it said."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grpcdemo.steps.images.shell import ProgramFailed, Shell, execute
from tests.fakes.programs import PATIENCE_S, Programs, Told, wait_until_written


def nothing(line: str) -> None:
    pass


def is_running(pid: int) -> bool:
    """Whether it is there and is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def pid_in(path: Path) -> int:
    """The process that *path* names; none, if it was ended before it could write that."""
    return int(path.read_text() or 0) if path.exists() else 0


async def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while is_running(pid):
        assert time.monotonic() < deadline, f"{pid} still runs"
        await asyncio.sleep(0.01)


async def test_the_output_is_returned_and_every_line_is_passed_on(programs: Programs) -> None:
    programs.add("tool", {"go": "echo one; echo; printf 'two\\rthree\\n'; echo problem >&2; printf four"})
    lines: list[str] = []
    assert await execute(("tool", "go"), line=lines.append) == "one\ntwo\nthree\nfour"
    assert sorted(lines) == ["four", "one", "problem", "three", "two"]


async def test_a_line_of_any_length_is_read(programs: Programs) -> None:
    programs.add(
        "tool", otherwise='s=0123456789abcdef; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do s=$s$s; done; echo "$s"'
    )
    assert len(await execute(("tool",), line=nothing)) == 16 * 2**13


async def test_a_failure_shows_the_last_lines_and_a_hint(programs: Programs) -> None:
    programs.add(
        "tool", otherwise='for i in 1 2 3; do for j in 0 1 2 3 4 5 6 7 8 9; do echo "line $i$j"; done; done; exit 7'
    )
    with pytest.raises(ProgramFailed, match=r"^tool failed with exit code 7:\n") as caught:
        await execute(("tool",), line=nothing)
    assert caught.value.tail == tuple(f"line {number}" for number in range(20, 40))
    assert "line 39" in caught.value.message
    assert "line 19" not in caught.value.message
    assert caught.value.reason == "line 39"
    assert "--verbose" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("said", "hint"),
    {
        "denied: requested access to the resource is denied": "tool login",
        "unauthorized: authentication required": "tool login",
        "open /x: permission denied": "for example root",
        'Error: creating build container: short-name "python:3.13-slim" did not resolve': "--base-image",
        "toomanyrequests: You have reached your pull rate limit": "--base-image",
        "SSLError: CERTIFICATE_VERIFY_FAILED": "PIP_TRUSTED_HOST",
        "ERROR: No matching distribution found for grpcio": "PIP_INDEX_URL",
        "exec /bin/sh: exec format error": "architecture",
        "write /x: no space left on device": "free some space",
        "dial tcp: lookup registry.example.com: no such host": "HTTPS_PROXY",
        "http: server gave HTTP response to HTTPS client": "insecure registry",
    }.items(),
)
async def test_a_known_failure_has_a_hint_of_its_own(programs: Programs, said: str, hint: str) -> None:
    programs.add("tool", otherwise=f"echo '{said}' >&2; exit 1")
    with pytest.raises(ProgramFailed) as caught:
        await execute(("tool",), line=nothing)
    assert hint in str(caught.value.hint)


@pytest.mark.parametrize(("name", "hint"), [("kind", "install kind"), ("ctr", "comes with containerd")])
async def test_a_missing_program_says_what_to_install(programs: Programs, name: str, hint: str) -> None:
    with pytest.raises(ProgramFailed, match=f"{name} is not installed") as caught:
        await execute((name,), line=nothing)
    assert hint in str(caught.value.hint)


async def test_a_program_that_cannot_be_run_is_an_error_too(programs: Programs) -> None:
    (programs.directory / "tool").write_bytes(b"\x7fELF nonsense")
    (programs.directory / "tool").chmod(0o755)
    with pytest.raises(ProgramFailed, match="cannot run"):
        await execute(("tool",), line=nothing)


# A child that holds the pipes open and would not go by itself; `wait` makes the shell stay for it.
STUBBORN = "(trap '' TERM; exec /bin/sleep 60) & echo $! > {pid}; trap '' TERM; wait; wait"
OBEDIENT = "/bin/sleep 60 & echo $! > {pid}; wait"


@pytest.mark.parametrize("body", [OBEDIENT, STUBBORN], ids=["obedient", "stubborn"])
async def test_cancellation_ends_the_program_and_its_children(programs: Programs, tmp_path: Path, body: str) -> None:
    pid_file = tmp_path / "pid"
    programs.add("tool", otherwise=body.format(pid=pid_file))
    running = asyncio.create_task(execute(("tool",), line=nothing, grace_s=0.1))
    pid = int(await wait_until_written(pid_file))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wait_until_gone(pid)


async def test_a_second_interrupt_does_not_wait(programs: Programs, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    programs.add("tool", otherwise=f"echo hello; {STUBBORN.format(pid=pid_file)}")
    greeted = asyncio.Event()
    running = asyncio.create_task(execute(("tool",), line=lambda line: greeted.set(), grace_s=3600))
    await greeted.wait()
    pid = int(await wait_until_written(pid_file))
    running.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wait_until_gone(pid)


async def test_an_interrupt_while_it_starts_leaves_no_children_either(programs: Programs, tmp_path: Path) -> None:
    """The program has children already when asyncio is still about to connect its pipes."""
    pid_file = tmp_path / "pid"
    programs.add("tool", otherwise=OBEDIENT.format(pid=pid_file))
    running = asyncio.create_task(execute(("tool",), line=nothing))
    for _ in range(100):  # turns of the event loop; the second or third starts the program
        if is_written_within(pid_file, seconds=0.1):
            break
        await asyncio.sleep(0)
    running.cancel()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await wait_until_gone(pid_in(pid_file))


def is_written_within(path: Path, *, seconds: float) -> bool:
    """Stops the event loop meanwhile, so that only other processes get on."""
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text().endswith("\n")) and time.monotonic() < deadline:
        time.sleep(0.005)
    return pid_in(path) != 0


async def test_a_program_that_takes_too_long_is_ended(programs: Programs, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    programs.add("tool", otherwise=OBEDIENT.format(pid=pid_file))
    with pytest.raises(ProgramFailed, match=r"did not end within 300ms"):
        await execute(("tool",), line=nothing, timeout_s=0.3)
    await wait_until_gone(pid_in(pid_file))


async def test_a_reader_that_fails_does_not_leave_the_program_behind(programs: Programs, tmp_path: Path) -> None:
    def fail(line: str) -> None:
        raise BrokenPipeError

    pid_file = tmp_path / "pid"
    programs.add("tool", otherwise=f"echo hello; {OBEDIENT.format(pid=pid_file)}")
    with pytest.raises(BrokenPipeError):
        await execute(("tool",), line=fail)
    await wait_until_gone(pid_in(pid_file))


async def test_a_dry_run_names_the_command_and_leaves_it(programs: Programs, dry_shell: Shell, told: Told) -> None:
    programs.add("tool", otherwise="echo yes")
    await dry_shell.run("tool", "a b")
    assert told.lines == ["tool 'a b'"]
    assert programs.calls == []
    assert await dry_shell.ask("tool", "c") == "yes"


@pytest.fixture
def answering_stdin() -> Iterator[None]:
    """A stdin that holds an answer."""
    reader, writer = os.pipe()
    ours = os.dup(0)
    os.write(writer, b"yes\n")
    os.dup2(reader, 0)
    yield
    os.dup2(ours, 0)
    for descriptor in (reader, writer, ours):
        os.close(descriptor)


@pytest.mark.usefixtures("answering_stdin")
async def test_a_program_cannot_ask(programs: Programs) -> None:
    programs.add("tool", otherwise='read answer && echo "got $answer"; exit 0')
    assert await execute(("tool",), line=nothing) == ""
