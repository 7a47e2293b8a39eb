"""The probes of one run of a container: when to probe, when a result counts, and what follows.

A kubelet first probes at some moment within a period. Here probing starts at once, at growing intervals, and failures
within the first period do not count: a demo should not wait for the clock.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.pod_defaults import PROBE_DEFAULTS
from grpcdemo.sandbox.kubelet.checks import Check, ProbeFailure

SOON_S = 0.05
SLOWER = 1.5

MakeCheck = Callable[[Object], Check]


@dataclass(frozen=True)
class ProbeListener:
    """What to call with the results."""

    started: Callable[[], None]
    ready: Callable[[bool], None]
    unhealthy: Callable[[str], None]
    """Takes the message of the event."""
    failed: Callable[[str], Awaitable[None]]
    """Takes the kind of probe for which the container must restart; returns once it has ended."""


async def run_probes(container: Object, make_check: MakeCheck, listener: ProbeListener) -> None:
    """Until it is cancelled, when the container ends."""
    startup = container.get("startupProbe")
    if startup and not await _succeeds("Startup", startup, make_check, listener):
        await listener.failed("startup")
        return
    listener.started()
    running = []
    if probe := container.get("readinessProbe"):
        running.append(_report_readiness(probe, make_check, listener))
    else:
        listener.ready(True)  # noqa: FBT003  (a callback)
    if probe := container.get("livenessProbe"):
        running.append(_watch_liveness(probe, make_check, listener))
    await asyncio.gather(*running)


async def _succeeds(kind: str, probe: Object, make_check: MakeCheck, listener: ProbeListener) -> bool:
    async with aclosing(_results(kind, probe, make_check, listener, soon=True)) as results:
        return await anext(results)


async def _report_readiness(probe: Object, make_check: MakeCheck, listener: ProbeListener) -> None:
    async with aclosing(_results("Readiness", probe, make_check, listener, soon=True)) as results:
        async for success in results:
            listener.ready(success)


async def _watch_liveness(probe: Object, make_check: MakeCheck, listener: ProbeListener) -> None:
    async with aclosing(_results("Liveness", probe, make_check, listener, soon=False)) as results:
        async for success in results:
            if not success:
                break
    await listener.failed("liveness")


async def _results(
    kind: str, probe: Object, make_check: MakeCheck, listener: ProbeListener, *, soon: bool
) -> AsyncGenerator[bool, None]:
    """Probe until cancelled; yield a result each time that it came often enough in a row."""
    now = asyncio.get_running_loop().time
    spec = {**PROBE_DEFAULTS, **{name: value for name, value in probe.items() if value}}  # a zero counts as unset
    delay_s, period_s = spec.get("initialDelaySeconds", 0), spec["periodSeconds"]
    check = make_check(probe)
    row = 0  # successes above zero, failures below
    try:
        await asyncio.sleep(delay_s if soon else max(delay_s, period_s))
        wait_s, counts_from = (SOON_S, now() + period_s) if soon else (period_s, now())
        while True:
            failure = await _probe(check, spec["timeoutSeconds"])
            if failure is None:
                row, wait_s = max(row, 0) + 1, period_s
                if row >= spec["successThreshold"]:
                    yield True
            elif now() >= counts_from:
                listener.unhealthy(f"{kind} probe failed: {failure}")
                row, counts_from = min(row, 0) - 1, now() + (period_s if wait_s < period_s else 0)
                if -row >= spec["failureThreshold"]:
                    yield False
            await asyncio.sleep(wait_s)
            wait_s = min(SLOWER * wait_s, period_s)
    finally:
        await check.close()


async def _probe(check: Check, timeout_s: float) -> str | None:
    """Why the probe failed, or None."""
    try:
        await check(timeout_s)
    except ProbeFailure as failure:
        return str(failure)
    return None
