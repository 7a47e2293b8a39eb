"""Run an observation of a Service: watch the pods, poll what counts, and judge."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.errors import Forbidden, Hint
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.watch import Mirror
from grpcdemo.model.observation import Observation
from grpcdemo.steps.observe.blindness import unwatched
from grpcdemo.steps.observe.service.advice import diagnose_command
from grpcdemo.steps.observe.service.config import ServiceObserveConfig
from grpcdemo.steps.observe.service.pods import ServicePods, find_caller_namespaces, service_queries
from grpcdemo.steps.observe.service.record import ServiceRecord
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.choice import build_source
from grpcdemo.steps.sources.source import Reading, Source
from grpcdemo.steps.subject import find_subject


async def observe_service(api: Api, config: ServiceObserveConfig) -> AsyncIterator[Observation]:
    """Yield an observation after each poll, until the end that *config* asks for. The last one is the result.

    Raises UsageError, NotFound if there is no such Service or nobody is known to call it, Forbidden if the user may
    not read the counters, and ApiError if the pods cannot be watched.
    """
    clock = asyncio.get_running_loop().time
    service, port, client = await find_subject(api, config.subject)
    async with AsyncExitStack() as stack:
        lost_s = api.patience.lost_s if api.target.sandbox else math.inf
        namespaces = await find_caller_namespaces(api, service, port, client)
        mirror = await stack.enter_async_context(Mirror(api, service_queries(service, namespaces), lost_s=lost_s))
        pods = ServicePods(service, port, client, namespaces, mirror)
        pods.check_clients(config.source)
        source = build_source(api, config.source, service, port)
        stack.push_async_callback(source.close)
        began = clock()
        record = ServiceRecord(began, config.blind_s, config.criteria, _advice(config))
        generation = pods.look().generation
        while True:
            around = pods.look()
            if around.generation != generation:
                generation = around.generation
                record.begin_window(clock())
            reading = await _read(source, around)
            record.add(reading, around.addresses, clock(), unwatched(pods.lost))
            observation = record.observation(around.servers, around.clients, clock())
            yield observation
            if config.ends.are_reached(observation, clock() - began):
                return
            await asyncio.sleep(min(config.every_s, config.ends.until_next(clock() - began)))
            await mirror.changed(0)


async def _read(source: Source, around: Around) -> Reading:
    try:
        return await source.read(around)
    except Unreadable as error:
        raise Forbidden(
            f"this user may not {error.right}, so the counters cannot be read",
            hint=Hint("check with ", error.right.can_i),
        ) from error


def _advice(config: ServiceObserveConfig) -> Hint:
    """Where nobody counts."""
    why = diagnose_command(config.subject)
    return Hint(f"{why} says from the configuration whether clients are pinned, and what cures it")
