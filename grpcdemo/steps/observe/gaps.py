"""What the demo lacks when nobody calls, or nobody answers."""

from __future__ import annotations

from grpcdemo.errors import ApiError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import find_gaps
from grpcdemo.kube.trouble import Gap, Missing, NoDemo, ScaledToZero
from grpcdemo.model.pods import SERVER_APP
from grpcdemo.resources.resource import SERVICES
from grpcdemo.steps.observe.config import ObserveConfig


async def find_gap(api: Api, config: ObserveConfig, *, servers: bool, clients: bool) -> Gap | None:
    """The gap that explains it, where there are pods of *servers* and *clients*, or not; None if none is known."""
    try:
        gaps = await find_gaps(api, config.namespace)
    except ApiError:
        return None
    for gap in gaps:
        match gap:
            case NoDemo():
                explains = not servers
            case Missing(reference) if reference.resource is SERVICES:
                explains = True
            case Missing(reference) | ScaledToZero(reference) if reference.name == SERVER_APP:
                explains = not servers
            case _:
                explains = not clients and not config.selector
        if explains:
            return gap
    return None
