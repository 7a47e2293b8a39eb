"""The processes of a sandbox, as `/proc` lists them."""

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

GONE_WITHIN_S = 120


def find_processes(belongs: Callable[[Path], bool]) -> set[int]:
    """The ids of the processes that *belongs* accepts, given their folder in `/proc`."""
    pids = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is another user's
            if belongs(process):
                pids.add(int(process.name))
    return pids


def processes_in(folder: Path) -> set[int]:
    """The processes whose working directory is in *folder*."""
    return find_processes(lambda process: (process / "cwd").readlink().is_relative_to(folder))


def kill_process_in(folder: Path) -> None:
    (pid,) = processes_in(folder)
    os.kill(pid, signal.SIGKILL)


def kill_part(pods: Path, pod: str, part: str) -> None:
    """Kill the process of a pod's *part*: a container, or `proxy`. *pods* is the kubelet's folder of pods."""
    (folder,) = pods.glob(f"*_{pod}_*")
    kill_process_in(folder / part)


def wait_until_gone(pid: int) -> None:
    """Wait for a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ready, _, _ = select.select([descriptor], [], [], GONE_WITHIN_S)
    os.close(descriptor)
    assert ready, f"process {pid} outlived the sandbox"
