"""Whether Istio could be turned on."""

from __future__ import annotations

import asyncio

from grpcdemo.errors import Forbidden, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.injection import control_plane_versions, list_webhooks, read_injectors
from grpcdemo.model.check import Check, State, failed
from grpcdemo.steps.preflight import require_injector
from grpcdemo.steps.up import UpConfig


async def check_injection(api: Api, config: UpConfig) -> Check:
    webhooks = await list_webhooks(api)
    if webhooks is None:
        return Check("istio", State.UNKNOWN, "not checked: this user may not list webhooks")
    try:
        await require_injector(api, config, None)
    except Forbidden:
        raise
    except GrpcdemoError as error:
        return failed("istio", error.message, error.hint)
    injectors, versions = await asyncio.gather(read_injectors(api, webhooks), control_plane_versions(api))
    revisions = ", ".join(injector.revision for injector in injectors)
    name = f"Istio {', '.join(versions)}" if versions else "Istio"
    return Check("istio", State.OK, f"{name} injects sidecars; its injector is ready", (f"revisions: {revisions}",))
