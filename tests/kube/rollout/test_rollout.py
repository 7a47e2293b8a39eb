"""When a rollout is over."""

import pytest

from grpcdemo.errors import GrpcdemoError, Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.rollout.rollout import TRIED_AGAIN_AT, is_settled, wait_for_rollout
from grpcdemo.model.progress import Done, StepEvent, Waiting
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import DEPLOYMENTS, EVENTS, PODS, REPLICA_SETS
from tests.fakes.script import Feed, Script, refuse, reply
from tests.resources.samples import CREATED, HASH, deployment, labels, pod

THREE = [pod(f"p{index}") for index in range(3)]


@pytest.mark.parametrize(
    ("obj", "pods", "settled"),
    [
        (deployment("d", replicas=3), THREE, True),
        (deployment("d", replicas=0), [], True),
        (deployment("d", replicas=3), THREE[:2], False),
        (deployment("d", replicas=2), THREE, False),
        (deployment("d", replicas=3, generation=2, observedGeneration=1), THREE, False),
        (deployment("d", replicas=3, updatedReplicas=1), THREE, False),
        (deployment("d", replicas=3) | {"status": {}}, THREE, False),
        (deployment("d", replicas=3), [*THREE[:2], pod("p2", ready=False)], False),
        (deployment("d", replicas=3), [*THREE[:2], pod("p2", metadata={"deletionTimestamp": "now"})], False),
    ],
)
def test_a_rollout_is_over_when_every_pod_is_new_and_ready(obj: Object, pods: list[Object], settled: bool) -> None:
    assert is_settled([obj], [read_pod(one) for one in pods]) is settled


def test_every_deployment_counts() -> None:
    pods = [read_pod(one) for one in THREE]
    assert is_settled([deployment("a", replicas=2), deployment("b")], pods)
    assert not is_settled([deployment("a", replicas=2), deployment("b", observedGeneration=0)], pods)


NAMESPACE = "istio-grpc-demo"
TEMPLATE: Object = {"metadata": {"labels": {"app": "grpc-server"}}, "spec": {"containers": []}}
OLD: Object = {"labels": labels("grpc-server", "old")}


def rolled_out(**status: int) -> Object:
    """A Deployment of two pods that has rolled out, except for *status*."""
    obj = deployment("grpc-server", replicas=2)
    return {**obj, "spec": {"replicas": 2, "template": TEMPLATE}, "status": obj["status"] | status}


SET = f"grpc-server-{HASH}"


def replica_set(owner: str = "uid-of-grpc-server", template_hash: str = HASH) -> Object:
    template = {**TEMPLATE, "metadata": {"labels": {"app": "grpc-server", "pod-template-hash": template_hash}}}
    metadata = {
        "name": f"grpc-server-{template_hash}",
        "labels": labels("grpc-server", template_hash),
        "creationTimestamp": CREATED,
    }
    return {
        "metadata": {**metadata, "ownerReferences": [{"uid": owner, "controller": True}]},
        "spec": {"template": template},
    }


def unscheduled(name: str) -> Object:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
    return pod(name, phase="Pending", containers=[], status={"conditions": [condition]})


def serve(script: Script, deployments: list[Object], pods: list[Object], sets: list[Object]) -> None:
    """These objects are all there is, and none changes."""
    objects = {DEPLOYMENTS: deployments, REPLICA_SETS: sets, PODS: pods, EVENTS: []}
    for resource, items in objects.items():
        script.on("GET", resource.path(NAMESPACE), reply({"metadata": {"resourceVersion": "1"}, "items": items}))
        script.on("WATCH", resource.path(NAMESPACE), Feed())


async def roll_out(script: Script, api: Api, obj: Object, pods: list[Object], sets: list[Object]) -> list[str]:
    """The names of the pods of a rollout that stays as it is now."""
    serve(script, [obj], pods, sets)
    ended = await wait_for_rollout(api, NAMESPACE, ["grpc-server"], timeout_s=0, report=lambda _: None)
    return [one.name for one in ended]


EVICTED = pod("evicted", phase="Failed", ready=False, status={"reason": "Evicted"})
"""It was replaced, and stays until it is garbage collected."""


@pytest.mark.parametrize("pods", [[pod("a"), pod("b")], [pod("a"), pod("b"), EVICTED]])
async def test_the_pods_of_a_finished_rollout(script: Script, api: Api, pods: list[Object]) -> None:
    others = replica_set(owner="another", template_hash="another")
    assert await roll_out(script, api, rolled_out(), pods, [others, replica_set()]) == ["a", "b"]


@pytest.mark.parametrize(
    ("obj", "pods", "message"),
    [
        (rolled_out(), [pod("a"), pod("b", ready=False)], "grpc-server 1/2 ready: pod b is not ready"),
        (rolled_out(), [pod("a"), pod("b"), pod("c", metadata=OLD)], "grpc-server 2/2 ready, 1 old pod terminating"),
        (
            rolled_out(),
            [pod("a"), pod("b"), pod("c", metadata=OLD), pod("d", metadata={"deletionTimestamp": "now"})],
            "2/2 ready, 2 old pods terminating: pods/d is terminating",
        ),
        (rolled_out(), [pod("a"), pod("b"), pod("c")], "grpc-server 3/2 ready"),
        (rolled_out(availableReplicas=1), [pod("a"), pod("b")], "grpc-server 2/2 ready"),
        (rolled_out(replicas=3), [pod("a"), pod("b")], "grpc-server 2/2 ready"),
        (rolled_out(observedGeneration=0), [pod("a"), pod("b")], "grpc-server 2/2 ready"),
        (rolled_out(), [pod("a"), unscheduled("b")], "1/2 ready: pod b is unschedulable: Insufficient cpu"),
        (rolled_out(availableReplicas=1), [pod("a"), EVICTED], "grpc-server 1/2 ready: pod evicted failed: Evicted"),
    ],
)
async def test_an_unfinished_rollout(script: Script, api: Api, obj: Object, pods: list[Object], message: str) -> None:
    with pytest.raises(GrpcdemoError) as caught:
        await roll_out(script, api, obj, pods, [replica_set()])
    assert caught.value.message.startswith("timed out after 0s waiting for ")
    assert message in caught.value.message


async def test_a_replica_set_of_another_owner_is_not_the_rollout(script: Script, api: Api) -> None:
    with pytest.raises(GrpcdemoError, match="grpc-server 0/2 ready"):
        await roll_out(script, api, rolled_out(), [pod("a"), pod("b")], [replica_set(owner="another")])


async def test_progress_is_reported_once_until_it_changes(script: Script, api: Api) -> None:
    events: list[StepEvent] = []
    settled, waiting = rolled_out(), deployment("grpc-client", replicas=1)
    waiting["spec"]["template"] = {"metadata": {}, "spec": {}}
    serve(script, [settled, waiting], [pod("a"), pod("b")], [replica_set()])
    with pytest.raises(GrpcdemoError, match="waiting for grpc-client 0/1 ready"):
        await wait_for_rollout(api, NAMESPACE, ["grpc-server", "grpc-client"], timeout_s=0, report=events.append)
    look = Kubectl("rollout", "status", "deployment/grpc-server", namespace=NAMESPACE)
    assert events == [Done("grpc-server 2/2 ready", commands=(look,)), Waiting("grpc-client 0/1 ready")]


@pytest.mark.parametrize(
    ("pods", "message"),
    [
        ([pod("a")], "^cannot create pods for replicasets/"),
        (
            [pod("a"), pod("b", metadata={"deletionTimestamp": "now"})],
            "^timed out after 1.5s waiting .*: cannot create pods",
        ),
        (
            [pod("a"), pod("b", metadata=OLD), pod("c", metadata=OLD)],
            "^timed out after 1.5s waiting .*: cannot create pods",
        ),
    ],
    ids=["no pod leaves", "one terminates", "old ones will"],
)
async def test_a_quota_gets_room_as_long_as_pods_leave(
    script: Script, api: Api, pods: list[Object], message: str
) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": 'pods "x" is forbidden: exceeded quota: small'}
    refused = {**replica_set(), "status": {"conditions": [failure]}}
    serve(script, [rolled_out()], pods, [refused])
    with pytest.raises(GrpcdemoError, match=message):
        await wait_for_rollout(api, NAMESPACE, ["grpc-server"], timeout_s=1.5, report=lambda _: None)


async def test_a_controller_that_backs_off_is_woken_when_a_quota_may_have_room(script: Script, api: Api) -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "message": 'pods "x" is forbidden: exceeded quota: small'}
    refused, path = {**replica_set(), "status": {"conditions": [failure]}}, REPLICA_SETS.path(NAMESPACE, SET)
    serve(script, [rolled_out()], [pod("a"), pod("b", metadata={"deletionTimestamp": "now"})], [refused])
    script.on("PATCH", path, refuse(403), reply({}))
    with pytest.raises(GrpcdemoError, match="waiting"):
        await wait_for_rollout(api, NAMESPACE, ["grpc-server"], timeout_s=1.5, report=lambda _: None, assist_s=0.01)
    touches = script.asked_for("PATCH", path)
    assert len(touches) > 1
    assert TRIED_AGAIN_AT in touches[0].body["metadata"]["annotations"]
