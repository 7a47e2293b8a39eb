"""What blocks a deletion: read from finalizers and conditions, and named when time is up."""

from __future__ import annotations

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.kube.references import ObjectReference
from grpcdemo.kube.termination import (
    Condition,
    Finalizer,
    Terminating,
    read_terminating,
    wait_until_namespace_gone,
    wait_until_ours_gone,
)
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES, SERVICES
from tests.fakes.script import Feed, Script, reply

DEMO = ObjectReference(NAMESPACES, "demo")


def namespace(*conditions: Object, **metadata: object) -> Object:
    return {"metadata": {"name": "demo", **metadata}, "status": {"conditions": list(conditions)}}


def condition(kind: str, message: str, status: str = "True") -> Object:
    return {"type": kind, "status": status, "message": message}


def test_true_conditions_and_finalizers_block() -> None:
    obj = namespace(
        condition("NamespaceContentRemaining", "1 pod left"),
        condition("NamespaceDeletionDiscoveryFailure", "all is well", status="False"),
        condition("Ready", "not about deletion"),
        finalizers=["example.com/keep", "foregroundDeletion"],
    )
    blockers = (Condition("NamespaceContentRemaining", "1 pod left"), Finalizer("example.com/keep"))
    assert read_terminating(NAMESPACES, obj) == Terminating(DEMO, blockers)


def test_every_blocker_is_worded() -> None:
    assert str(Terminating(DEMO, ())) == "namespaces/demo"
    both = Terminating(DEMO, (Condition("NamespaceContentRemaining", "1 pod left"), Finalizer("example.com/keep")))
    assert str(both) == "namespaces/demo (1 pod left; finalizer example.com/keep)"


@pytest.mark.parametrize(
    "blocker, has_finalizer",
    [
        (Finalizer("example.com/keep"), True),
        (Condition("NamespaceFinalizersRemaining", "in 1 instance"), True),
        (Condition("NamespaceContentRemaining", "a configmap named finalizer is left"), False),
    ],
)
async def test_the_hint_depends_on_what_blocks_not_on_its_words(
    script: Script, api: Api, blocker: Finalizer | Condition, has_finalizer: bool
) -> None:
    assert Terminating(DEMO, (blocker,)).has_finalizer is has_finalizer
    obj = (
        namespace(finalizers=[blocker.name])
        if isinstance(blocker, Finalizer)
        else namespace(condition(blocker.type, blocker.message))
    )
    script.on("GET", "/api/v1/namespaces", reply({"metadata": {"resourceVersion": "1"}, "items": [obj]}))
    script.on("WATCH", "/api/v1/namespaces", Feed())
    with pytest.raises(GrpcdemoError, match=r"still terminating after 0.02 s: namespaces/demo \(") as caught:
        await wait_until_namespace_gone(api, "demo", timeout_s=0.02, report=lambda _: None)
    assert ("start that controller" in str(caught.value.hint)) is has_finalizer
    assert ("grpcdemo cleanup" in str(caught.value.hint)) is not has_finalizer
    assert "get namespaces/demo --output yaml" in str(caught.value.hint)


async def test_the_hint_shows_the_object_that_has_the_finalizer(script: Script, api: Api) -> None:
    objects: dict[str, list[Object]] = {
        "/apis/apps/v1/namespaces/demo/deployments": [{"metadata": {"name": "d", "namespace": "demo"}}],
        "/api/v1/namespaces/demo/pods": [],
        "/api/v1/namespaces/demo/services": [
            {"metadata": {"name": "a", "namespace": "demo"}},
            {"metadata": {"name": "b", "namespace": "demo", "finalizers": ["example.com/keep"]}},
        ],
    }
    for path, items in objects.items():
        script.on("GET", path, reply({"metadata": {"resourceVersion": "1"}, "items": items}))
        script.on("WATCH", path, Feed())
    with pytest.raises(GrpcdemoError) as caught:
        await wait_until_ours_gone(api, "demo", timeout_s=0.02, report=lambda _: None)
    assert "services/a, services/b (finalizer example.com/keep), deployments/d" in caught.value.message
    assert "kubectl get services/b --output yaml --namespace demo" in str(caught.value.hint)


def test_a_reference_prints_as_kubectl_takes_it() -> None:
    assert str(ObjectReference(SERVICES, "grpc-server", "demo")) == "services/grpc-server"
