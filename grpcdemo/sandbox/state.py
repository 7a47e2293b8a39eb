"""The sandbox's folder: one for each user, held by one daemon at a time.

The daemon holds the kernel's lock (`flock`), which is released however the daemon ends. The next start clears a folder
that no daemon holds.
"""

from __future__ import annotations

import asyncio
import base64
import fcntl
import json
import os
import pwd
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grpcdemo.errors import GrpcdemoError, NoSandbox

CONTEXT = "grpcdemo-sandbox"
PRIVATE = 0o700
LOOK_AGAIN_S = 0.1
ROOM = 1024 * 1024
"""The free bytes that a start needs."""
ELSEWHERE = "set XDG_STATE_HOME to a directory of your own, on a disk with free space"


@dataclass(frozen=True)
class State:
    """The folder of this user's sandbox."""

    root: Path

    @property
    def kubeconfig(self) -> Path:
        return self.root / "kubeconfig"

    @property
    def log(self) -> Path:
        return self.root / "daemon.log"

    @property
    def auto_started(self) -> Path:
        """Exists while a daemon runs that a command started; the last command to use it stops it."""
        return self.root / "auto-started"

    @property
    def run(self) -> Path:
        """What lives as long as the daemon: pods' logs, Envoys' configuration, sockets."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Locked while a daemon lives; holds its process id."""
        return self.root / "lock"


def find_state() -> State:
    """`$XDG_STATE_HOME/grpcdemo/sandbox`, or `~/.local/state/grpcdemo/sandbox`.

    The specification says to ignore a relative XDG_STATE_HOME. A HOME that is relative or empty is ignored too. Raises
    GrpcdemoError if there is neither, and the system knows no home of this user.
    """
    if named := _absolute(os.environ.get("XDG_STATE_HOME")):
        return State(named / "grpcdemo" / "sandbox")
    return State(_find_home() / ".local" / "state" / "grpcdemo" / "sandbox")


def _find_home() -> Path:
    if home := _absolute(os.environ.get("HOME")):
        return home
    try:
        return Path(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        raise GrpcdemoError(
            "the sandbox has no directory: HOME is not an absolute path, and this user has no home directory",
            hint=ELSEWHERE,
        ) from None


def _absolute(path: str | None) -> Path | None:
    return Path(path) if path and Path(path).is_absolute() else None


def running(state: State) -> int | None:
    """The process id of the daemon that holds *state*, or None. Raises GrpcdemoError if the folder cannot be read."""
    with folder_errors(state):
        try:
            with state.lock.open(encoding="utf-8") as lock:
                return None if lock_at_once(lock, fcntl.LOCK_SH) else int(lock.read() or 0) or None
        except (FileNotFoundError, ValueError):
            return None


def find_running(state: State) -> int:
    """The process id of the daemon. Raises NoSandbox if none runs."""
    if pid := running(state):
        return pid
    raise NoSandbox("no sandbox runs", hint="start it with `grpcdemo sandbox start`")


def clear_when_free(state: State) -> None:
    """Block until no daemon holds *state*, and remove what a killed one left."""
    with state.lock.open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)  # keeps other daemons from starting
        clear(state)


def prepare(state: State) -> None:
    """Create the folder, private to its user. Raises GrpcdemoError if that fails, or another user owns it."""
    with folder_errors(state):
        for folder in (state.root.parent, state.root):
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
            status = folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                raise GrpcdemoError(f"the sandbox cannot use {folder}: it is not your own directory", hint=ELSEWHERE)
            folder.chmod(PRIVATE)


def acquire(state: State) -> IO[str]:
    """Prepare the folder, lock it until the returned file closes, and clear what a dead daemon left.

    Raises GrpcdemoError if another daemon holds the folder, or it cannot be used.
    """
    prepare(state)
    with folder_errors(state), ExitStack() as on_failure:
        lock = on_failure.enter_context(state.lock.open("a+", encoding="utf-8"))
        while not lock_at_once(lock, fcntl.LOCK_EX):
            if not lock_at_once(lock, fcntl.LOCK_SH):  # a shared lock is a short look by another command
                hint = "use it, or stop it with `grpcdemo sandbox stop`"
                raise GrpcdemoError("your sandbox is already running", hint=hint)
        lock.truncate(0)  # the process id of the daemon before
        clear(state)
        try:
            state.run.mkdir(mode=PRIVATE)
            room = state.run / "room"
            room.write_bytes(bytes(ROOM))
            room.unlink()
        except OSError:
            clear(state)
            raise
        on_failure.pop_all()
    return lock


def room_left(state: State) -> int:
    """The free bytes on the disk, for this user."""
    with folder_errors(state):
        return shutil.disk_usage(state.root).free


def last_lines(log: Path, count: int = 8) -> str:
    """The end of a log, for an error message."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return " | ".join(lines[-count:]) or "its log is empty"


@contextmanager
def folder_errors(state: State) -> Iterator[None]:
    """Turn errors about the folder or its disk into GrpcdemoError."""
    try:
        yield
    except OSError as error:
        raise GrpcdemoError(f"the sandbox cannot use {state.root}: {error.strerror}", hint=ELSEWHERE) from error


def clear(state: State) -> None:
    """Remove what lives as long as a daemon; the log and the lock stay."""
    for path in (state.kubeconfig, state.auto_started):
        path.unlink(missing_ok=True)
    shutil.rmtree(state.run, ignore_errors=True)


def write_kubeconfig(state: State, *, server: str, certificate: bytes, token: str) -> None:
    """Write the file at once and private: it lets this user in, and no other."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {"server": server, "certificate-authority-data": base64.b64encode(certificate).decode()},
            }
        ],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }
    part = state.run / state.kubeconfig.name
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.rename(state.kubeconfig)


def hold_turn(state: State) -> AbstractAsyncContextManager[int]:
    """One command at a time starts or stops the daemon. The others wait."""
    return _held(state.root.parent, fcntl.LOCK_EX)


def hold_use(state: State) -> AbstractAsyncContextManager[int]:
    """The lock of the commands that use the sandbox, which they share."""
    return _held(state.root, fcntl.LOCK_SH)


def lock_at_once(lock: IO[str] | int, how: int) -> bool:
    """Try to lock a file or a descriptor, without waiting; False if another lock excludes it."""
    try:
        fcntl.flock(lock, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@asynccontextmanager
async def _held(folder: Path, how: int) -> AsyncIterator[int]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        while True:
            if lock_at_once(descriptor, how):
                break
            await asyncio.sleep(LOOK_AGAIN_S)  # Ctrl-C could not interrupt a thread that waits for the lock
        yield descriptor
    finally:
        os.close(descriptor)
