"""The PodMonitors and ServiceMonitors that may select the pods of a namespace, as far as the user may read them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.reader import Reader, Wanted
from grpcdemo.resources.monitors import Monitors
from grpcdemo.resources.resource import POD_MONITORS, SERVICE_MONITORS, SERVICES, Resource
from grpcdemo.resources.rights import Right


@dataclass(frozen=True)
class MonitorSurvey:
    """What was read; nothing where the Prometheus operator is not installed."""

    monitors: Monitors
    unseen: Right | None = None
    """What kept some of them from being read."""


async def survey_monitors(api: Api, namespace: str) -> MonitorSurvey:
    """They may be in any namespace. A user who may not look everywhere, sees those in the *namespace* itself."""
    reader = Reader(api, None)

    async def look(resource: Resource) -> Right | None:
        if await reader.glance(Wanted(resource)) is None:
            return None
        return await reader.glance(Wanted(resource, namespace))

    unseen = [right for right in await asyncio.gather(look(POD_MONITORS), look(SERVICE_MONITORS)) if right]
    service_monitors = reader.inventory().known(SERVICE_MONITORS)
    if service_monitors and (right := await reader.glance(Wanted(SERVICES, namespace))):
        unseen.append(right)
    inventory = reader.inventory()
    monitors = Monitors(inventory.known(POD_MONITORS), service_monitors, inventory.known(SERVICES))
    return MonitorSurvey(monitors, next(iter(unseen), None))
