"""Where the sandbox keeps itself: one folder for each user, one daemon at a time, told apart by a lock.

The lock is the kernel's (`flock`), so it goes with the daemon however that ends, and a folder without a
locked daemon is debris that the next start may clear.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from grpcdemo.errors import GrpcdemoError

CONTEXT = "grpcdemo-sandbox"
PRIVATE = 0o700


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
    def by_itself(self) -> Path:
        """Is there while the daemon is one that a command started by itself, and may end by itself."""
        return self.root / "by-itself"

    @property
    def run(self) -> Path:
        """What goes with the daemon: pods' logs, Envoys' configuration, sockets."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        """Locked while a daemon lives; holds its process id."""
        return self.root / "lock"


def find_state() -> State:
    """`$XDG_STATE_HOME/grpcdemo/sandbox`, or `~/.local/state/grpcdemo/sandbox`."""
    home = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return State(Path(home) / "grpcdemo" / "sandbox")


def running(state: State) -> int | None:
    """The process id of the daemon that holds *state*, or None."""
    try:
        with state.lock.open("r+", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read() or 0) or None
    except (FileNotFoundError, ValueError):
        return None
    return None


def wait_until_free(state: State) -> None:
    """Block until no daemon holds *state*."""
    with state.lock.open("r+", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def claim(state: State) -> IO[str]:
    """Make the folder, clear what a dead daemon left, and lock it for as long as the answer stays open.

    Raises GrpcdemoError where another daemon holds it, or the folder cannot be written.
    """
    try:
        state.root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
        state.root.chmod(PRIVATE)
        lock = state.lock.open("a+", encoding="utf-8")
    except OSError as error:
        raise GrpcdemoError(f"the sandbox cannot use {state.root}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise GrpcdemoError(
            "a sandbox of yours is running already", hint="use it, or end it with `grpcdemo sandbox stop`"
        ) from None
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    clear(state)
    state.run.mkdir(mode=PRIVATE)
    return lock


def clear(state: State) -> None:
    """Take away what goes with a daemon; its log and the lock stay."""
    for path in (state.kubeconfig, state.by_itself):
        path.unlink(missing_ok=True)
    shutil.rmtree(state.run, ignore_errors=True)


def write_kubeconfig(state: State, *, server: str, certificate: bytes, token: str) -> None:
    """Let this user, and nobody else, in: the file appears whole, and readable by its owner only."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [
            {
                "name": CONTEXT,
                "cluster": {
                    "server": server,
                    "certificate-authority-data": base64.b64encode(certificate).decode(),
                },
            }
        ],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": {"cluster": CONTEXT, "user": CONTEXT}}],
    }
    part = state.kubeconfig.with_suffix(".part")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content, indent=1), encoding="utf-8")
    part.rename(state.kubeconfig)
