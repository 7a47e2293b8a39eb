"""Is the demo's namespace free for it?"""

from __future__ import annotations

from grpcdemo.errors import DemoExists, Hint
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.model.check import Check, State
from grpcdemo.resources.objects import is_terminating
from grpcdemo.steps.preflight import require_place
from grpcdemo.steps.up import UpConfig


async def check_place(api: Api, config: UpConfig) -> Check:
    name = config.namespace
    existing = await find_namespace(api, name)
    if existing is None:
        return Check("namespace", State.OK, f"namespace {name} will be created")
    if is_terminating(existing):
        hint = Hint("`grpcdemo cleanup` waits until it is gone, and says what it waits for")
        return Check(
            "namespace", State.WARNING, f"namespace {name} is terminating; `up` waits until it is gone", advice=hint
        )
    try:
        await require_place(api, name)
    except DemoExists as error:
        return Check("namespace", State.WARNING, error.message, advice=error.hint)
    return Check("namespace", State.OK, f"namespace {name} exists, without a demo")
