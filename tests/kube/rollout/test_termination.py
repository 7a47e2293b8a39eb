"""Waiting until deleted objects are gone."""

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.rollout.termination import wait_until_ours_gone
from grpcdemo.resources.objects import Object
from tests.fakes.script import Feed, Script, reply


async def test_what_is_still_there_when_time_is_up_is_named(script: Script, api: Api) -> None:
    objects: dict[str, list[Object]] = {
        "/apis/apps/v1/namespaces/demo/deployments": [{"metadata": {"name": "d", "namespace": "demo"}}],
        "/api/v1/namespaces/demo/pods": [{"metadata": {"name": "p", "namespace": "demo"}}],
        "/api/v1/namespaces/demo/services": [
            {"metadata": {"name": "s", "namespace": "demo", "finalizers": ["example.com/keep"]}}
        ],
    }
    for path, items in objects.items():
        script.on("GET", path, reply({"metadata": {"resourceVersion": "1"}, "items": items}))
        script.on("WATCH", path, Feed())
    with pytest.raises(GrpcdemoError) as caught:
        await wait_until_ours_gone(api, "demo", timeout_s=0, report=lambda _: None)
    objects_left = "services/s (finalizer example.com/keep), deployments/d, pods/p"
    assert caught.value.message == f"still terminating after 0s: {objects_left}"
    assert "services/s" in str(caught.value.hint)
