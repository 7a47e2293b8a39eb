"""The server and the client of the cures, in this process, against each other."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from grpcdemo.workload.cures.client import parse_options as parse_client
from grpcdemo.workload.cures.client import ports_of
from grpcdemo.workload.cures.connections import Connections, count_connections
from grpcdemo.workload.cures.crash import EXIT_CODE, crashing_on_request
from grpcdemo.workload.cures.http1 import parse_address
from grpcdemo.workload.cures.server import age_options
from grpcdemo.workload.cures.server import parse_options as parse_server
from grpcdemo.workload.cures.tcp import serving_tcp
from tests.workload.harness import PATIENCE_S, Client

from .harness import running_client, running_server

linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


async def pods_of(client: Client, count: int) -> list[str | None]:
    calls = [await client.log.next_call() for _ in range(count)]
    assert {call.code for call in calls} == {"OK"}
    return [call.pod for call in calls]


@pytest.mark.parametrize("policy", ["round_robin", "weighted_round_robin"])
async def test_a_policy_spreads_calls_over_the_addresses_of_a_name(policy: str) -> None:
    async with AsyncExitStack() as stack:
        ports = [(await stack.enter_async_context(running_server(pod, load_reports=True)))["port"] for pod in "ab"]
        client = await stack.enter_async_context(running_client(*ports, policy=policy))
        await client.log.calls_until(lambda call: call.pod == "b")
        shares = Counter(await pods_of(client, 20))
    assert shares == {"a": 10, "b": 10}


@linux
@pytest.mark.parametrize(("local", "connections"), [(False, 1), (True, 4)], ids=["shared", "local"])
async def test_only_local_subchannels_give_each_channel_a_connection(local: bool, connections: int) -> None:
    async with running_server("a") as server, running_client(server["port"], channels=4, local=local) as client:
        await pods_of(client, 8)
        counted = count_connections([int(server["port"])], "remote")
    assert counted == Connections(connections, 1)


@asynccontextmanager
async def counting_relay(to: str) -> AsyncIterator[tuple[str, list[int]]]:
    """A port that leads to another one, and the connections that were made to it."""
    made: list[int] = []

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(1)
        there = await asyncio.open_connection("127.0.0.1", int(to))
        await asyncio.gather(copy(reader, there[1]), copy(there[0], writer))

    async with serving_tcp(0, relay, host="127.0.0.1") as port:
        yield str(port), made


async def test_a_channel_for_each_call_is_a_connection_for_each_call() -> None:
    async with (
        running_server("a") as server,
        counting_relay(server["port"]) as (port, made),
        running_client(port, calls_per_channel=1, local=True) as client,
    ):
        await pods_of(client, 20)
    assert len(made) >= 20


async def test_http1_asks_the_same_over_a_connection_that_is_kept_or_not() -> None:
    async with running_server("a", http_port=0) as server:
        for calls in (0, 1):
            async with running_client(server["http_port"], http1=True, calls_per_channel=calls) as client:
                assert set(await pods_of(client, 5)) == {"a"}


async def test_http1_names_a_failure_and_goes_on() -> None:
    async with running_server("a") as server:
        port = server["http_port"]
    async with running_client(port, http1=True) as client:
        call = await client.log.next_call()
    assert (call.code, call.pod) == ("UNAVAILABLE", None)
    assert call.message


async def test_a_request_to_the_crash_port_ends_the_server() -> None:
    ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with crashing_on_request(0, end=ended.set_result) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert await asyncio.wait_for(ended, PATIENCE_S) == EXIT_CODE == 137
        assert (await reader.readline()).split()[1] == b"200"
        writer.close()


def test_the_options_of_cures_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    variables = {"POLICY": "round_robin", "CHANNELS": "8", "SUBCHANNELS": "local", "CALLS_PER_CHANNEL": "3"}
    variables |= {"PROTOCOL": "http1", "MAX_CONNECTION_AGE": "5", "LOAD_REPORTS": "on", "HTTP_PORT": "8080"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    client, server = parse_client([]), parse_server([])
    pool = client.pool
    assert (pool.policy, pool.channels, pool.local, pool.calls_per_channel) == ("round_robin", 8, True, 3)
    assert client.http1
    assert (server.http_port, server.load_reports) == (8080, True)
    assert age_options(server) == [("grpc.max_connection_age_ms", 5000)]


def test_without_them_the_programs_are_the_demos() -> None:
    client, server = parse_client([]), parse_server([])
    assert (client.pool.policy, client.pool.channels, client.http1) == ("pick_first", 1, False)
    assert age_options(server) == []
    assert not server.load_reports


@pytest.mark.parametrize("flags", [["--channels", "0"], ["--subchannels", "none"], ["--calls-per-channel", "-1"]])
def test_a_wrong_option_is_refused(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse_client(flags)
    assert flags[0] in capsys.readouterr().err


def test_a_target_names_ports_and_an_address() -> None:
    assert ports_of("dns:///grpc-server:50051") == {50051}
    assert ports_of("dns://127.0.0.1:53/grpc-server.demo:50051") == {50051}
    assert ports_of("ipv4:10.0.0.1:1,10.0.0.2:2") == {1, 2}
    assert parse_address("dns:///grpc-server:50053") == ("grpc-server", 50053)
    assert parse_address("ipv4:127.4.0.2:50053") == ("127.4.0.2", 50053)
