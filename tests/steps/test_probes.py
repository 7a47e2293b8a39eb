"""Adding probes to the servers: asked before, refused where they see nothing, and ended where they cannot start."""

import asyncio
from collections.abc import Mapping
from itertools import count

import pytest
from aiohttp import web

from grpcdemo.errors import Forbidden, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ACCESS_REVIEWS, PODS
from grpcdemo.steps.diagnose import DiagnoseConfig, ProbeConfig, diagnose
from grpcdemo.steps.probes import START_S, ProbePlan
from grpcdemo.steps.subject import Subject
from grpcdemo.verdict import Outcome
from grpcdemo.workload.probe import format_counts
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.log import format_time
from tests.fakes.script import Answer, refuse, reply

from .meshed import DEMO, mesh_servers, pods_of

DENIED = reply({"status": {"allowed": False}}, status=201)


class Asking:
    """Says yes, or no, and keeps what it was asked, and what had been changed before."""

    def __init__(self, cluster: HollowCluster, *, says: bool = True) -> None:
        self.plans: list[ProbePlan] = []
        self._cluster = cluster
        self._says = says

    async def __call__(self, plan: ProbePlan) -> None:
        self.plans.append(plan)
        assert changes(self._cluster) == []
        if not self._says:
            raise GrpcdemoError("nothing was changed")


def changes(cluster: HollowCluster) -> list[str]:
    return [asked.path for asked in cluster.faults.changes if asked.path != ACCESS_REVIEWS.path()]


def config(agree: Asking, start_s: float = START_S) -> DiagnoseConfig:
    probe = ProbeConfig(agree, start_s=start_s)
    return DiagnoseConfig(Subject("grpc-server", DEMO), traffic_s=60, every_s=0.001, probe=probe)


def containers(cluster: HollowCluster) -> list[Object]:
    return [each for pod in pods_of(cluster, "server") for each in pod["spec"].get("ephemeralContainers") or []]


@pytest.fixture
def agree(cluster: HollowCluster, demo_api: Api) -> Asking:
    cluster.faults.asked.clear()
    return Asking(cluster)


def telling(segments: Mapping[str, int]) -> Answer:
    """The log of a probe, to which so many come from each address every time that it looks."""

    async def send(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in count():
            line = format_counts(number, 1, {caller: each * number for caller, each in segments.items()})
            await response.write(f"{format_time(number * 1000)} {line}\n".encode())
            await asyncio.sleep(0.01)
        return response

    return send


def tell(cluster: HollowCluster, *numbers: int) -> None:
    """Each server's probe tells so many of the client."""
    (client,) = pods_of(cluster, "client")
    for pod, number in zip(pods_of(cluster, "server"), numbers, strict=True):
        path = PODS.path(DEMO, pod["metadata"]["name"], "log")
        cluster.faults.on("GET", path, telling({client["status"]["podIP"]: number}))


@pytest.mark.parametrize(
    ("numbers", "outcome"), [((0, 30, 0), Outcome.PINNED), ((30, 30, 30), Outcome.BALANCED)], ids=["pinned", "balanced"]
)
async def test_probes_count(
    cluster: HollowCluster, demo_api: Api, agree: Asking, numbers: tuple[int, ...], outcome: Outcome
) -> None:
    tell(cluster, *numbers)
    diagnosis = await diagnose(demo_api, config(agree))
    assert diagnosis.measured
    assert (diagnosis.measured.verdict.outcome, diagnosis.measured.counted_by.source) == (outcome, "probe")
    (plan,) = agree.plans
    assert {*plan.names} == {pod["metadata"]["name"] for pod in pods_of(cluster, "server")}
    assert [each["name"] for each in containers(cluster)] == [plan.container] * 3
    assert {path.rsplit("/", 1)[1] for path in changes(cluster)} == {"ephemeralcontainers"}


async def test_a_second_probe_leaves_the_first_one_there(cluster: HollowCluster, demo_api: Api, agree: Asking) -> None:
    """Each is what the level `restricted` admits."""
    tell(cluster, 0, 30, 0)
    await diagnose(demo_api, config(agree))
    cluster.faults.asked.clear()
    await diagnose(demo_api, config(agree))
    names = [plan.container for plan in agree.plans]
    assert sorted(each["name"] for each in containers(cluster)) == sorted(names * 3)
    for container in containers(cluster):
        assert container["securityContext"] == {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        }
        assert (container["resources"], container["image"]) == ({}, agree.plans[0].image)
        assert {one["name"]: one["value"] for one in container["env"]} == {"PORT": "50051", "READS": "240"}


async def test_a_no_changes_nothing(cluster: HollowCluster, demo_api: Api) -> None:
    cluster.faults.asked.clear()
    with pytest.raises(GrpcdemoError, match="nothing was changed"):
        await diagnose(demo_api, config(Asking(cluster, says=False)))
    assert changes(cluster) == []


async def test_a_missing_right_is_named_before_anybody_is_asked(
    cluster: HollowCluster, demo_api: Api, agree: Asking
) -> None:
    cluster.faults.on("POST", ACCESS_REVIEWS.path(), DENIED)
    with pytest.raises(Forbidden, match="patch pods/ephemeralcontainers in namespace istio-grpc-demo") as refused:
        await diagnose(demo_api, config(agree))
    assert "kubectl auth can-i patch pods --subresource=ephemeralcontainers" in str(refused.value.hint)
    assert agree.plans == []


async def test_behind_a_sidecar_nobody_would_be_seen(cluster: HollowCluster, demo_api: Api) -> None:
    await mesh_servers(cluster)
    cluster.faults.asked.clear()
    agree = Asking(cluster)
    with pytest.raises(GrpcdemoError, match=r"Istio's sidecar accepts the connections to pod .*, so a probe") as no:
        await diagnose(demo_api, config(agree))
    assert "--source envoy" in str(no.value.hint)
    assert (agree.plans, changes(cluster)) == ([], [])


def adding(pod: Object) -> str:
    return PODS.path(DEMO, pod["metadata"]["name"], "ephemeralcontainers")


async def test_an_old_cluster_has_none(cluster: HollowCluster, demo_api: Api, agree: Asking) -> None:
    for pod in pods_of(cluster, "server"):
        cluster.faults.on("PATCH", adding(pod), refuse(404, "the server could not find the requested resource"))
    with pytest.raises(GrpcdemoError, match=r"this cluster has no ephemeral containers \(v1.34.0\)") as old:
        await diagnose(demo_api, config(agree))
    assert "since 1.25" in str(old.value.hint)


async def test_an_earlier_container_that_is_not_admitted_keeps_others_out(
    cluster: HollowCluster, demo_api: Api, agree: Asking
) -> None:
    for pod in pods_of(cluster, "server"):
        pod["spec"]["ephemeralContainers"] = [{"name": "debugger", "image": "busybox"}]
        cluster.store.update(PODS, pod)
        why = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": privileged (container "debugger" must'
        cluster.faults.on("PATCH", adding(pod), refuse(403, why))
    with pytest.raises(GrpcdemoError, match="violates PodSecurity") as refused:
        await diagnose(demo_api, config(agree))
    assert "debugger is an earlier ephemeral container, which can only be removed with its pod" in str(
        refused.value.hint
    )


async def test_an_image_that_is_not_there(cluster: HollowCluster, demo_api: Api, agree: Asking) -> None:
    cluster.node.added = {"waiting": {"reason": "ErrImagePull", "message": "not found"}}
    with pytest.raises(GrpcdemoError, match=r"cannot pull image .*grpcdemo-server.*: not found") as missing:
        await diagnose(demo_api, config(agree))
    assert "grpcdemo images build" in str(missing.value.hint)


async def test_a_probe_that_ends_at_once_says_why(cluster: HollowCluster, demo_api: Api, agree: Asking) -> None:
    """As where the kernel does not tell: gVisor."""
    cluster.node.added = {"terminated": {"exitCode": 1}}
    with pytest.raises(GrpcdemoError, match=r"the probe in pod .* has ended: first last"):
        await diagnose(demo_api, config(agree))


async def test_one_that_never_starts_is_not_awaited_for_ever(
    cluster: HollowCluster, demo_api: Api, agree: Asking
) -> None:
    cluster.node.added = {"waiting": {"reason": "ContainerCreating"}}
    with pytest.raises(GrpcdemoError, match=r"has not started within 0 s \(ContainerCreating\)"):
        await diagnose(demo_api, config(agree, start_s=0))
