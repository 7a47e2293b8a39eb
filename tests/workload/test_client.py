"""The client, in this process, against real servers: what it logs, and that only a signal ends it."""

import asyncio
from contextlib import AsyncExitStack
from itertools import count

import grpc
import pytest

from grpcdemo.workload.call_log import Call
from grpcdemo.workload.client import CHANNEL_OPTIONS, Options, call_repeatedly, parse_options
from grpcdemo.workload.liveness import Vitals
from grpcdemo.workload.pacing import BACKOFF_FIRST_S, Backoff, Pace

from .harness import (
    PATIENCE_S,
    Context,
    Health,
    channel_to,
    fields_of,
    running_client,
    running_impostor,
    running_server,
)


async def test_it_logs_who_answered_and_counts_from_one() -> None:
    async with running_server("grpc-server-abc") as port, running_client(port) as client:
        calls = [await client.log.next_call() for _ in range(5)]
    assert [call.seq for call in calls] == [1, 2, 3, 4, 5]
    assert {(call.code, call.pod, call.pod_ip) for call in calls} == {("OK", "grpc-server-abc", "10.0.0.1")}
    assert all(call.latency_ms > 0 for call in calls)


async def test_a_server_that_goes_away_and_comes_back_is_found_again() -> None:
    async with AsyncExitStack() as stack:
        async with running_server("before") as port:
            client = await stack.enter_async_context(running_client(port))
            calls = await client.log.calls_until(lambda call: call.pod == "before")
        calls += await client.log.calls_until(lambda call: call.code == "UNAVAILABLE")
        async with running_server("after", port):
            calls += await client.log.calls_until(lambda call: call.pod == "after")
    assert [call.seq for call in calls] == list(range(1, len(calls) + 1))
    refused = next(call for call in calls if call.code == "UNAVAILABLE")
    assert refused.message
    assert refused.pod is None


@pytest.mark.parametrize("code", [grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL])
async def test_an_error_is_one_harmless_line_and_the_next_call_is_made(code: grpc.StatusCode) -> None:
    attempts = count(1)

    async def fail_once(context: Context) -> None:
        if next(attempts) == 1:
            await context.abort(code, 'bad\n\x1b[31m"é')

    async with running_impostor(fail_once) as port, running_client(port) as client:
        await client.log.next_line()
        line = await client.log.next_line()
        recovered = await client.log.next_call()
    assert line.startswith(f"seq=1 code={code.name} latency_ms=")
    assert line.endswith(r'message="bad\n\u001b[31m\"\u00e9"')
    assert (recovered.seq, recovered.pod) == (2, "impostor")


async def test_every_call_has_a_deadline() -> None:
    async def never(context: Context) -> None:
        await asyncio.Event().wait()

    async with running_impostor(never) as port, running_client(port, deadline_s=0.05) as client:
        calls = await client.log.calls_until(lambda call: call.seq == 2)
    assert [call.code for call in calls] == ["DEADLINE_EXCEEDED"] * 2


async def test_it_stays_with_one_of_two_servers() -> None:
    async with (
        running_server("one") as one,
        running_server("two") as two,
        running_client(one, two) as client,
    ):
        calls = await client.log.calls_until(lambda call: call.seq == 50)
    assert len({call.pod for call in calls}) == 1


def test_it_leaves_the_choice_of_a_policy_to_grpc() -> None:
    assert not {"grpc.lb_policy_name", "grpc.service_config"} & {name for name, _ in CHANNEL_OPTIONS}


async def test_a_call_under_way_may_still_finish_after_the_signal() -> None:
    begun, may_answer = asyncio.Event(), asyncio.Event()

    async def wait(context: Context) -> None:
        begun.set()
        await may_answer.wait()

    async with running_impostor(wait) as port, running_client(port) as client:
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        client.stop.set()
        may_answer.set()
        await asyncio.wait_for(client.ended, PATIENCE_S)
        assert (await client.log.next_call()).seq == 1
        assert client.log.lines.empty()


async def test_a_call_that_takes_too_long_after_the_signal_is_dropped() -> None:
    begun, dropped = asyncio.Event(), asyncio.Event()

    async def never(context: Context) -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()

    async with running_impostor(never) as port, running_client(port, deadline_s=3600) as client:
        await asyncio.wait_for(begun.wait(), PATIENCE_S)
        client.stop.set()
        await asyncio.wait_for(client.ended, PATIENCE_S)
        await asyncio.wait_for(dropped.wait(), PATIENCE_S)


async def test_a_client_that_meets_only_errors_is_alive_until_it_stops() -> None:
    nobody = 1  # a port that no test is ever given
    async with running_client(nobody, health_port=0) as client:
        health_port = int(fields_of(await client.log.next_line())["health_port"])
        assert (await client.log.next_call()).code == "UNAVAILABLE"
        async with channel_to(health_port) as channel:
            health = Health(channel)
            await health.until("SERVING")
            client.stop.set()
            await health.until("NOT_SERVING")


async def test_health_checks_can_be_switched_off() -> None:
    async with running_server("any") as port, running_client(port, health_port=None) as client:
        assert "health_port" not in fields_of(await client.log.next_line())


async def test_every_attempt_is_a_sign_of_life_and_each_success_resets_the_backoff() -> None:
    stop, vitals = asyncio.Event(), Vitals()
    beats: list[bool] = []
    waits: list[float] = []

    async def alternate(seq: int) -> Call:
        beats.append(vitals.beat.is_set())
        vitals.beat.clear()
        if seq == 6:
            stop.set()
        return Call(seq, "OK" if seq % 2 else "UNAVAILABLE", None, None, 0.1, None)

    def no_wait(shortest: float, longest: float) -> float:
        waits.append(longest)
        return 0

    pace, backoff = Pace(10_000), Backoff(jitter=no_wait)
    await call_repeatedly(alternate, pace=pace, backoff=backoff, stop=stop, vitals=vitals, log=lambda line: None)
    assert vitals.answered.is_set()
    assert beats == [False, True, True, True, True, True]
    assert waits == [BACKOFF_FIRST_S] * 3


def test_options_come_from_flags_else_the_environment_else_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_options([]) == Options("dns:///grpc-server:50051", 50, 2, 50052)
    for name, value in {"TARGET": "host:1", "RATE": "5", "DEADLINE": "0.5", "HEALTH_PORT": "off"}.items():
        monkeypatch.setenv(name, value)
    assert parse_options([]) == Options("host:1", 5, 0.5, None)
    flags = ["--target", "host:2", "--rate", "6", "--deadline", "1", "--health-port", "0"]
    assert parse_options(flags) == Options("host:2", 6, 1, 0)


@pytest.mark.parametrize("flag", ["--rate", "--deadline", "--health-port"])
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "1e9", "fast", ""])
def test_a_senseless_value_is_a_usage_error(flag: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options([flag, value])
    assert f"argument {flag}: {value!r} is not a" in capsys.readouterr().err


@pytest.mark.parametrize("flag", ["--rate", "--deadline"])
def test_zero_is_neither_a_rate_nor_a_deadline(flag: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options([flag, "0"])
