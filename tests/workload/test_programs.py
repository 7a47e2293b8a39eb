"""Both programs as a pod runs them: `python -m`, the environment, signals, exit codes."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from grpcdemo.workload.call_log import Call
from tests.workload.call_line import parse_call

from .harness import PATIENCE_S, Health, channel_to, fields_of

pytestmark = pytest.mark.sandbox

FORBIDDEN = {"kubernetes", "typer", "rich", "aiohttp", "yaml"}


@asynccontextmanager
async def running(program: str, environ: dict[str, str], stdout: int = PIPE) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"grpcdemo.workload.{program}", env={**os.environ, **environ}, stdout=stdout, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def next_line(process: Process) -> str:
    assert process.stdout
    return (await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)).decode()


async def next_call(process: Process) -> Call:
    while (call := parse_call(line := await next_line(process))) is None:
        assert line, "the client has ended"
    return call


async def started(process: Process) -> dict[str, str]:
    return fields_of(await next_line(process))


async def end_of(process: Process) -> tuple[int | None, str, str]:
    """Exit code, and what was still to be read from stdout and stderr."""
    stdout, stderr = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return process.returncode, (stdout or b"").decode(), stderr.decode()


def target(server: dict[str, str]) -> str:
    return f"ipv4:127.0.0.1:{server['port']}"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_client_reads_the_pod_from_the_server_and_both_end_cleanly(number: signal.Signals) -> None:
    pod = {"POD_NAME": "grpc-server-abc", "POD_IP": "10.244.0.7", "NODE_NAME": "node-1"}
    async with running("server", {"PORT": "0", **pod}) as server:
        listening = await started(server)
        assert listening == listening | {"pod": "grpc-server-abc", "pod_ip": "10.244.0.7", "node": "node-1"}
        async with running("client", {"TARGET": target(listening), "RATE": "50", "HEALTH_PORT": "0"}) as client:
            async with channel_to(int((await started(client))["health_port"])) as channel:
                await Health(channel).until("SERVING")
            call = await next_call(client)
            assert (call.seq, call.code, call.pod, call.pod_ip) == (1, "OK", "grpc-server-abc", "10.244.0.7")
            client.send_signal(number)
            code, _, errors = await end_of(client)
            assert (code, errors) == (0, "")
        server.send_signal(number)
        assert await end_of(server) == (0, "event=stopping\nevent=stopped\n", "")


async def test_a_server_cut_off_by_sigkill_is_only_an_error_to_the_client() -> None:
    async with running("server", {"PORT": "0"}) as server:
        listening = await started(server)
        async with running("client", {"TARGET": target(listening), "RATE": "50", "HEALTH_PORT": "off"}) as client:
            assert (await next_call(client)).code == "OK"
            server.kill()
            while (await next_call(client)).code == "OK":
                pass
            async with running("server", {"PORT": listening["port"]}) as again:
                await started(again)
                while (await next_call(client)).code != "OK":
                    pass


@pytest.mark.parametrize(("program", "variable"), [("server", "PORT"), ("client", "HEALTH_PORT")])
async def test_a_taken_port_is_one_line_on_stderr(program: str, variable: str) -> None:
    async with running("server", {"PORT": "0"}) as first:
        port = (await started(first))["port"]
        async with running(program, {variable: port}) as second:
            assert await end_of(second) == (1, "", f"error: cannot listen on port {port}: Address already in use\n")


async def test_the_client_ends_quietly_without_a_reader_of_its_log() -> None:
    unread, written = os.pipe()
    async with running("client", {"TARGET": "ipv4:127.0.0.1:1", "HEALTH_PORT": "off"}, stdout=written) as client:
        os.close(written)
        os.close(unread)
        code, _, errors = await end_of(client)
    assert (code, errors) == (0, "")


async def test_a_usage_error_says_what_is_wrong() -> None:
    async with running("client", {"RATE": "nan"}) as client:
        code, log, errors = await end_of(client)
    assert (code, log) == (2, "")
    assert errors.splitlines()[-1].endswith("argument --rate: 'nan' is not a number from 0.001 to 10000")


@pytest.mark.parametrize("program", ["server", "client"])
def test_a_program_imports_nothing_that_would_make_its_image_big(program: str) -> None:
    code = f"import sys, grpcdemo.workload.{program}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not FORBIDDEN & {module.partition(".")[0] for module in loaded.stdout.split()}
