"""Waiting until deleted objects are gone."""

from typing import Any

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.rollout.termination import DELETED, leaving_uids, wait_until_gone
from grpcdemo.resources.objects import Object
from tests.fakes.script import Feed, Script, reply


def named(name: str, owner: str = "", **metadata: Any) -> Object:
    """An object in the namespace `demo`; *owner* is the UID of its controller."""
    owners = [{"uid": owner, "controller": True}] if owner else []
    return {"metadata": {"name": name, "namespace": "demo", "uid": name, "ownerReferences": owners, **metadata}}


def hold(script: Script, **items: list[Object]) -> None:
    """The namespace holds *items*, by resource."""
    for resource in DELETED:
        listed = {"metadata": {"resourceVersion": "1"}, "items": items.get(resource.plural, [])}
        script.on("GET", resource.path("demo"), reply(listed))
        script.on("WATCH", resource.path("demo"), Feed())


async def test_what_is_still_there_when_time_is_up_is_named(script: Script, api: Api) -> None:
    hold(
        script,
        services=[named("s", finalizers=["example.com/keep"]), named("later")],
        deployments=[named("d")],
        replicasets=[named("r", owner="d")],
        pods=[named("p", owner="r"), named("theirs", owner="x")],
    )
    with pytest.raises(GrpcdemoError) as caught:
        await wait_until_gone(api, "demo", {"s", "d"}, timeout_s=0, report=lambda _: None)
    left = "services/s (finalizer example.com/keep), deployments/d, replicasets/r, pods/p"
    assert caught.value.message == f"still terminating after 0s: {left}"
    assert "services/s" in str(caught.value.hint)


async def test_what_others_have_created_meanwhile_is_not_waited_for(script: Script, api: Api) -> None:
    hold(script, services=[named("s", uid="another")], pods=[named("p", owner="another")])
    await wait_until_gone(api, "demo", {"s"}, timeout_s=0, report=lambda _: None)


async def test_what_leaves_by_itself_or_with_its_controller(script: Script, api: Api) -> None:
    going = named("going", deletionTimestamp="2026-05-04T10:00:00Z")
    hold(script, services=[going, named("s")], pods=[named("p", owner="r"), named("bare")])
    assert await leaving_uids(api, "demo") == {"going", "p"}
    assert all("managed-by=grpcdemo" in asked.query["labelSelector"] for asked in script.asked)
