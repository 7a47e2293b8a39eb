"""Whether a demo could run here: looks at all that it needs, at the same time, and changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.model.check import Check, State
from grpcdemo.steps.check.images import check_images
from grpcdemo.steps.check.injection import check_injection
from grpcdemo.steps.check.place import check_place
from grpcdemo.steps.check.rights import check_rights
from grpcdemo.steps.check.target import check_clock, check_files, check_target
from grpcdemo.steps.up import UpConfig

Look = Callable[[Api, UpConfig], Awaitable[Check]]
LOOKS: dict[str, Look] = {
    "rights": check_rights,
    "namespace": check_place,
    "istio": check_injection,
    "images": check_images,
    "clock": check_clock,
}


async def check(api: Api, config: UpConfig) -> list[Check]:
    """One result for each thing; what cannot be looked at is unknown, with the reason.

    Raises ApiError if there is no answer at all.
    """
    target = await check_target(api)
    return [target, *await asyncio.gather(*(_look(name, api, config) for name in LOOKS)), check_files()]


async def _look(name: str, api: Api, config: UpConfig) -> Check:
    try:
        return await LOOKS[name](api, config)
    except GrpcdemoError as error:
        return Check(name, State.UNKNOWN, f"not checked: {error.message}", advice=error.hint)
