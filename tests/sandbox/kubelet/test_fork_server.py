"""Programs that are forked: none can tell, and a fork server that dies is replaced."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from grpcdemo.sandbox.child import Command, RunningProcess, start_process
from grpcdemo.sandbox.kubelet.fork_server import ForkServer
from tests.sandbox.processes import kill_process_in, processes_in, wait_until_gone

from .machine import PATIENCE_S, Machine, build_server, container

pytestmark = pytest.mark.sandbox

PROGRAM = "tests.sandbox.kubelet.told_program"
ENV = {"PYTHONUNBUFFERED": "1"}


@pytest.fixture
async def fork_server(tmp_path: Path) -> AsyncIterator[ForkServer]:
    server = ForkServer([PROGRAM], ENV, tmp_path / "server")
    yield server
    await server.close()


class Output:
    """What a program writes."""

    def __init__(self) -> None:
        self.written = {"stdout": b"", "stderr": b""}
        self.some = asyncio.Event()

    def write(self, stream: str, data: bytes) -> None:
        self.written[stream] += data
        self.some.set()


def build_command(folder: Path, *arguments: str, **env: str) -> Command:
    return Command("module", [PROGRAM, *arguments], {**ENV, **env}, folder)


async def end(process: RunningProcess) -> int:
    return await asyncio.wait_for(asyncio.shield(process.ended), PATIENCE_S)


@pytest.fixture
async def staying(fork_server: ForkServer, tmp_path: Path) -> RunningProcess:
    output = Output()
    process = await fork_server.start(build_command(tmp_path, "stay"), output.write)
    await asyncio.wait_for(output.some.wait(), PATIENCE_S)
    return process


@pytest.mark.parametrize("code", [0, 3, -signal.SIGKILL, -signal.SIGTERM])
async def test_a_forked_program_is_told_the_same_as_one_that_starts_afresh(
    fork_server: ForkServer, staying: RunningProcess, tmp_path: Path, code: int
) -> None:
    command = build_command(tmp_path, str(code), "an argument", NAME="a value")
    forked, afresh = Output(), Output()
    assert await end(await fork_server.start(command, forked.write)) == code
    assert await end(await start_process(command, afresh.write)) == code
    assert json.loads(forked.written["stdout"]) == json.loads(afresh.written["stdout"])
    assert forked.written["stderr"] == afresh.written["stderr"] == b"error"
    assert not staying.ended.done()


async def test_a_program_is_stopped_as_any_other(fork_server: ForkServer, staying: RunningProcess) -> None:
    await staying.stop(PATIENCE_S)
    assert staying.ended.result() == -signal.SIGTERM


async def test_programs_end_with_their_server(fork_server: ForkServer, staying: RunningProcess, tmp_path: Path) -> None:
    kill_process_in(tmp_path / "server")
    assert await end(staying) == -signal.SIGKILL
    assert await end(await fork_server.start(build_command(tmp_path, "3"), Output().write)) == 3


async def test_a_start_that_is_cancelled_leaves_no_program(
    fork_server: ForkServer, staying: RunningProcess, tmp_path: Path
) -> None:
    before = processes_in(tmp_path)
    starting = asyncio.create_task(fork_server.start(build_command(tmp_path, "stay"), Output().write))
    await asyncio.sleep(0)  # it has asked for a fork
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    for pid in processes_in(tmp_path) - before:
        await asyncio.to_thread(wait_until_gone, pid)


@pytest.mark.parametrize(
    ("env", "forked"),
    [
        ({}, True),
        ({"TARGET": "dns:///grpc-server:50051"}, True),
        ({"PYTHONUNBUFFERED": ""}, False),
        ({"PYTHONWARNINGS": "error"}, False),
        ({"LD_PRELOAD": "other.so"}, False),
        ({"GRPC_VERBOSITY": "debug"}, False),
    ],
)
def test_what_a_program_would_read_too_late_makes_it_start_afresh(
    fork_server: ForkServer, tmp_path: Path, env: Mapping[str, str], forked: bool
) -> None:
    assert fork_server.can_run(build_command(tmp_path, **env)) is forked


def test_other_programs_start_afresh(fork_server: ForkServer, tmp_path: Path) -> None:
    assert not fork_server.can_run(Command("module", ["http.server"], ENV, tmp_path))
    assert not fork_server.can_run(Command("guard", [PROGRAM], ENV, tmp_path))


async def test_containers_are_restarted_after_the_death_of_their_fork_server(machine: Machine, tmp_path: Path) -> None:
    pods = ["one", "two"]
    for name in pods:
        machine.create_server(name)
    await machine.until_ready(*pods)
    kill_process_in(tmp_path / "kubelet" / "fork-server")
    for name in pods:
        pod = await machine.until(name, lambda pod: container(pod)["restartCount"] == 1)
        assert container(pod)["lastState"]["terminated"]["exitCode"] == 137
    await machine.until_ready(*pods)


async def test_an_environment_too_large_for_a_request(machine: Machine) -> None:
    env = [{"name": f"LARGE_{number}", "value": "x" * 100_000} for number in range(4)]
    machine.create_pod("large", build_server(env=env))
    await machine.until_ready("large")
