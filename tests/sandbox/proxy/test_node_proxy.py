"""The node's Envoy as a process: missing, failing at the start, or killed."""

import asyncio
import platform
import sys
from pathlib import Path

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.proxy.envoy import find_envoy, wait_until_ready
from grpcdemo.sandbox.proxy.xds import XdsFolder
from tests.sandbox.kubelet.machine import running_machine
from tests.sandbox.processes import kill_process_in

pytestmark = pytest.mark.sandbox


def test_a_missing_envoy_has_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "envoy", None)
    with pytest.raises(GrpcdemoError, match=r"^Envoy is not installed$") as error:
        find_envoy()
    assert f"this is {platform.system()} on {platform.machine()}" in str(error.value.hint)
    assert "use a cluster" in str(error.value.hint)


async def test_an_envoy_that_does_not_start_is_quoted(tmp_path: Path) -> None:
    folder = XdsFolder(tmp_path)
    folder.log.write_text("starting\nunknown field 'nonsense'\n", encoding="utf-8")
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    ended.set_result(1)
    with pytest.raises(GrpcdemoError, match=r"^Envoy ended with exit code 1: starting \| unknown field 'nonsense'$"):
        await wait_until_ready(folder, ended)


async def test_a_path_that_is_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with pytest.raises(GrpcdemoError, match="too long for a socket"):
        await wait_until_ready(XdsFolder(tmp_path / ("x" * 100)), ended)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
async def test_a_killed_envoy_is_restarted_and_clients_continue(tmp_path: Path) -> None:
    async with running_machine(tmp_path, proxy=True) as machine:
        await machine.start_demo("server")
        kill_process_in(tmp_path / "node-proxy")
        await machine.call_until(lambda call: call.code != "OK")
        await machine.calls(50)


async def test_only_the_owner_reaches_the_admin_socket(tmp_path: Path) -> None:
    async with running_machine(tmp_path, proxy=True):
        assert (tmp_path / "node-proxy" / "admin.sock").stat().st_mode & 0o777 == 0o600
