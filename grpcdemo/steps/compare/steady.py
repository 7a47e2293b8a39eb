"""One cure alone, in steady state: new clients, a window of their calls, and no clients again."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from grpcdemo.errors import GrpcdemoError
from grpcdemo.model.comparison import Window
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP
from grpcdemo.steps.compare.analysis import window_of
from grpcdemo.steps.compare.call_times import ClientLog
from grpcdemo.steps.compare.config import CompareConfig, Timing
from grpcdemo.steps.compare.place import Place
from grpcdemo.steps.compare.plan import Slot
from grpcdemo.steps.compare.pod_times import PodTimes
from grpcdemo.verdict import Outcome

MOST_WINDOWS = 3
"""A window is so many times as long as usual at most, where a busy machine makes few calls, or chance is against it."""


async def measure_window(place: Place, slot: Slot, config: CompareConfig) -> tuple[Window, Sequence[str]]:
    """The window, and the servers that could answer. Raises GrpcdemoError if the clients do not get ready.

    The logs are read before the clients stop, and after the window: reading them would disturb it.
    """
    timing = config.timing
    servers = [pod.name for pod in await place.pods(SERVER_APP)]
    async with PodTimes(place.api, place.namespace) as times:
        await start_clients(place, config.clients)
        await asyncio.sleep(timing.warm_up_s)
        window = await _watch(place, slot, servers, times, timing)
    await place.scale(CLIENT_APP, 0)
    return window, servers


async def _watch(place: Place, slot: Slot, servers: Sequence[str], times: PodTimes, timing: Timing) -> Window:
    """A window that is longer than usual if there would be no verdict."""
    for number in range(1, MOST_WINDOWS + 1):
        await asyncio.sleep(timing.window_s)
        logs = await place.client_logs()
        window = window_of(
            slot,
            logs,
            servers,
            warm_up_s=timing.warm_up_s,
            window_s=number * timing.window_s,
            server_connections=await place.server_connections(max(1, round(timing.window_s))),
            startup_s=_startup_s(logs, times),
        )
        if window.verdict.outcome is not Outcome.INCONCLUSIVE:
            break
    return window


async def start_clients(place: Place, clients: int) -> None:
    """Raises GrpcdemoError, with gRPC's own words if no call is answered."""
    try:
        await place.scale(CLIENT_APP, clients)
    except GrpcdemoError as error:
        why = await place.why_unanswered()
        if why:
            raise GrpcdemoError(f"calls fail: {why}") from error
        raise


def _startup_s(logs: Sequence[ClientLog], times: PodTimes) -> list[float]:
    """From when each client's pod was there until its first answer."""
    ahead_s = min((log.ahead_s for log in logs), default=0.0)
    return [
        log.first_answer + ahead_s - times.came[log.client]
        for log in logs
        if log.first_answer is not None and log.client in times.came
    ]
