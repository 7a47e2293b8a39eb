"""Finding the processes of a sandbox, by the folders that they run in, and waiting for their end."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Iterable
from pathlib import Path

from .machine import PATIENCE_S


def find_processes(root: Path) -> list[int]:
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                folder = (process / "cwd").readlink()
            except OSError:
                continue
            if folder.is_relative_to(root):
                found.append(int(process.name))
    return found


def find_process(root: Path, pod: str, part: str) -> int:
    """The one process of a pod's *part*: a container, or `proxy`."""
    (folder,) = (root / "kubelet" / "pods").glob(f"*_{pod}_*")
    (found,) = find_processes(folder / part)
    return found


async def wait_until_ended(processes: Iterable[int]) -> None:
    await asyncio.wait_for(asyncio.to_thread(_wait, list(processes)), PATIENCE_S)


def _wait(processes: list[int]) -> None:
    for process in processes:
        try:
            descriptor = os.pidfd_open(process)
        except ProcessLookupError:
            continue
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.poll(PATIENCE_S * 1000)
        os.close(descriptor)
