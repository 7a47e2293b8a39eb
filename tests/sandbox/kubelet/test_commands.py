"""Commands in a container beside its program."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from grpcdemo.sandbox.api.status import StatusError
from tests.sandbox.processes import wait_until_gone

from .machine import CLIENT_IMAGE, NAMESPACE, Machine, build_shell, running_machine

pytestmark = pytest.mark.sandbox

ENV = [{"name": "COLOR", "value": "red"}]


class Command:
    """Run by the kubelet in a container of the pod `one`."""

    def __init__(self, machine: Machine, *argv: str, container: str = "shell") -> None:
        self.output = {"stdout": b"", "stderr": b""}
        self.said = asyncio.Event()
        self._running = machine.kubelet.run_command(NAMESPACE, "one", container, argv, self._write)

    async def run(self) -> tuple[int, str]:
        code = await self._running
        return code, self.output["stdout"].decode()

    def _write(self, stream: str, data: bytes) -> None:
        self.output[stream] += data
        self.said.set()


async def start(machine: Machine) -> None:
    machine.create_pod("one", build_shell("while :; do sleep 1000; done", env=ENV))
    await machine.until_ready("one")


async def test_a_command_runs_as_the_containers_program_does(machine: Machine, tmp_path: Path) -> None:
    await start(machine)
    code, said = await Command(machine, "sh", "-c", 'echo "$COLOR $HOSTNAME $(pwd) $$$$"; exit 3').run()
    color, host, folder, _ = said.split()
    assert (code, color, host, Path(folder).is_relative_to(tmp_path)) == (3, "red", "one", True)
    code, said = await Command(machine, "cat", "/proc/net/tcp").run()
    assert (code, "local_address" in said) == (0, True)


async def test_errors_have_a_channel_of_their_own(machine: Machine) -> None:
    await start(machine)
    command = Command(machine, "cat", "/nowhere")
    assert await command.run() == (1, "")
    assert b"/nowhere" in command.output["stderr"]


async def test_a_command_ends_with_its_container(machine: Machine) -> None:
    """Which ends by itself, once there is a file."""
    machine.create_pod("one", build_shell("while [ ! -e end ]; do sleep 0.01; done"), restartPolicy="Never")
    await machine.until_ready("one")
    command = Command(machine, "sh", "-c", "echo; while :; do sleep 1000; done")
    running = asyncio.create_task(command.run())
    await command.said.wait()
    code, _ = await Command(machine, "touch", "end").run()
    assert code in (0, -9)  # it, too, may end with the container
    assert (await running)[0] == -9


async def test_a_command_ends_with_whoever_waits_for_it(machine: Machine) -> None:
    await start(machine)
    command = Command(machine, "python3", "-c", "import os, time; print(os.getpid()); time.sleep(1000)")
    running = asyncio.create_task(command.run())
    await command.said.wait()
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    await asyncio.to_thread(wait_until_gone, int(command.output["stdout"]))


@pytest.mark.parametrize(
    ("argv", "container", "words"),
    [
        (["no-such-program"], "shell", 'exec: "no-such-program": executable file not found in $PATH'),
        (["cat"], "other", "container other is not valid for pod one"),
    ],
)
async def test_refusals(machine: Machine, argv: Sequence[str], container: str, words: str) -> None:
    await start(machine)
    with pytest.raises(StatusError, match=words.replace("$", r"\$")):
        await Command(machine, *argv, container=container).run()


async def test_a_container_that_does_not_run(machine: Machine) -> None:
    machine.create_pod("one", {"name": "shell", "image": CLIENT_IMAGE, "command": ["true"]}, restartPolicy="Never")
    await machine.until("one", lambda pod: pod.get("status", {}).get("phase") == "Succeeded")
    with pytest.raises(StatusError, match='container not found \\("shell"\\)'):
        await Command(machine, "cat").run()


async def test_where_pods_have_no_addresses(tmp_path: Path) -> None:
    async with running_machine(tmp_path, virtual=True) as machine:
        await start(machine)
        with pytest.raises(StatusError, match="a pod has no network of its own"):
            await Command(machine, "cat", "/proc/net/tcp").run()
