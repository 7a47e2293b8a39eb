"""The client's health follows its signs of life."""

import asyncio

from grpcdemo.workload.client import Options
from grpcdemo.workload.liveness import ANSWERED, Vitals, answering_probes
from grpcdemo.workload.pacing import BACKOFF_CAP_S

from .harness import Health, channel_to


async def keep_setting(beat: asyncio.Event) -> None:
    while True:
        beat.set()
        await asyncio.sleep(0.001)


async def test_silence_is_reported_and_so_is_its_end() -> None:
    vitals = Vitals()
    async with (
        answering_probes(0, vitals, limit_s=0.05) as listener,
        channel_to(listener.port) as channel,
    ):
        health = Health(channel)
        await health.until("NOT_SERVING")
        beating = asyncio.create_task(keep_setting(vitals.beat))
        await health.until("SERVING")
        beating.cancel()
        await health.until("NOT_SERVING")


async def test_a_loop_that_has_just_begun_is_given_time() -> None:
    async with (
        answering_probes(0, Vitals(), limit_s=3600) as listener,
        channel_to(listener.port) as channel,
    ):
        await Health(channel).until("SERVING")


async def test_it_is_ready_with_its_first_answer_and_not_before() -> None:
    vitals = Vitals()
    async with (
        answering_probes(0, vitals, limit_s=3600) as listener,
        channel_to(listener.port) as channel,
    ):
        await Health(channel).until("SERVING")
        await Health(channel, ANSWERED).until("NOT_SERVING")
        vitals.answered.set()
        await Health(channel, ANSWERED).until("SERVING")


def test_silence_is_only_suspicious_when_longer_than_any_wait_of_a_healthy_loop() -> None:
    options = Options(target="", rate=0.1, deadline_s=5, health_port=None)
    assert options.silence_limit_s > 10 + 5 + BACKOFF_CAP_S
