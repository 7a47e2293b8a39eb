"""Whether a demo could run: each thing as it should be, and each thing that is not."""

import re
import resource
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.settings import Settings
from grpcdemo.manifests.images import IMAGES, image_reference
from grpcdemo.model.check import Check, State
from grpcdemo.resources.resource import (
    ACCESS_REVIEWS,
    DEPLOYMENTS,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
)
from grpcdemo.steps.check import check
from grpcdemo.steps.check.rights import helpful, needed, needed_for_new
from grpcdemo.steps.check.target import check_clock, check_files
from grpcdemo.steps.up import UpConfig, up
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Script, connected_to, refuse, reply, serving

from .events import Events
from .test_single_faults import STORIES, tell

DEMO = "istio-grpc-demo"
CONFIG = UpConfig(wanted=Settings(servers=1))
ALLOWED = reply({"status": {"allowed": True}}, status=201)
DENIED = reply({"status": {"allowed": False}}, status=201)


def node(name: str, *images: str, **spec: Any) -> dict[str, Any]:
    listed = [{"names": [f"{image}@sha256:1", image]} for image in images]
    return {"metadata": {"name": name}, "spec": spec, "status": {"images": listed}}


def with_nodes(cluster: HollowCluster, *nodes: dict[str, Any]) -> None:
    cluster.faults.on("GET", NODES.path(), reply({"items": list(nodes)}))


OURS = [image_reference(name) for name in IMAGES]


async def checks(api: Api, config: UpConfig = CONFIG) -> dict[str, Check]:
    return {one.id: one for one in await check(api, config)}


async def test_a_cluster_that_is_fit(cluster: HollowCluster, cluster_api: Api) -> None:
    with_nodes(cluster, node("a", *OURS))
    done = await checks(cluster_api)
    assert {name: one.state for name, one in done.items()} == dict.fromkeys(done, State.OK)
    assert list(done) == ["target", "rights", "namespace", "istio", "images", "clock", "files"]
    assert not cluster.faults.changes or {asked.path for asked in cluster.faults.changes} == {ACCESS_REVIEWS.path()}


async def test_the_rights_are_those_that_are_used(tmp_path: Path) -> None:
    """Every request of the commands, but for the looks at what else is in a namespace."""
    others = {"configmaps", "persistentvolumeclaims", "secrets", "daemonsets", "statefulsets"}
    verbs = {"POST": "create", "PATCH": "patch", "DELETE": "delete"}
    used = set()
    for story in (STORIES["own"], STORIES["demo"]):
        for told in await tell(story, tmp_path):
            for asked in told.asked:
                if parts := re.fullmatch(
                    r"/apis?/(?:[a-z0-9.]+/)?v1/(?:namespaces/[a-z-]+/)?([a-z]+)(/[a-z0-9-]+)?(/log)?", asked.path
                ):
                    read = "watch" if "watch" in asked.query else "get" if parts[2] else "list"
                    used.add((verbs.get(asked.method, read), f"{parts[1]}{parts[3] or ''}"))
    known = {
        (right.verb, right.resource.plural + (f"/{right.subresource}" if right.subresource else ""))
        for right in (*needed(DEMO), *needed_for_new(DEMO), *helpful(DEMO))
    }
    assert {right for right in used if right[1] not in others} - {("list", "namespaces")} <= known


@pytest.mark.parametrize(
    ("exists", "denied", "state", "summary"),
    [
        (False, (NAMESPACES.plural, "create"), State.FAILED, "you may not create namespaces"),
        (True, (NAMESPACES.plural, "create"), State.OK, "you have all permissions"),
        (True, (DEPLOYMENTS.plural, "patch"), State.FAILED, "you may not patch deployments.apps"),
        (True, (MUTATING_WEBHOOKS.plural, "list"), State.WARNING, "the demo runs, but explains less"),
    ],
)
async def test_rights_that_are_missing(
    cluster: HollowCluster,
    cluster_api: Api,
    exists: bool,
    denied: tuple[str, str],
    state: State,
    summary: str,
) -> None:
    if exists:
        cluster.create_namespace(DEMO)

    async def review(request: Any) -> Any:
        asked = (await request.json())["spec"]["resourceAttributes"]
        return await (DENIED if (asked["resource"], asked["verb"]) == denied else ALLOWED)(request)

    cluster.faults.on("POST", ACCESS_REVIEWS.path(), *[review] * 60)
    rights = (await checks(cluster_api))["rights"]
    assert rights.state is state
    assert summary in rights.summary
    assert rights.advice is None or f"kubectl auth can-i {denied[1]}" in str(rights.advice) or state is State.OK


async def test_a_namespace_that_is_taken(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    await up(cluster_api, CONFIG, events.append)
    place = (await checks(cluster_api))["namespace"]
    assert place.state is State.WARNING
    assert "a demo is already deployed" in place.summary


async def test_a_namespace_that_terminates(cluster: HollowCluster, cluster_api: Api) -> None:
    cluster.create_namespace(DEMO)
    cluster.set_metadata(NAMESPACES, "", DEMO, finalizers=["example.com/keep"])
    namespace = await cluster_api.get(NAMESPACES, DEMO)
    await cluster_api.delete(NAMESPACES, DEMO, uid=namespace["metadata"]["uid"])
    assert "is terminating" in (await checks(cluster_api))["namespace"].summary


@pytest.mark.parametrize(
    ("answer", "state"),
    [(reply({"items": []}), State.FAILED), (refuse(403, "no"), State.UNKNOWN)],
    ids=["no Istio", "unreadable"],
)
async def test_no_injector(cluster: HollowCluster, cluster_api: Api, answer: Any, state: State) -> None:
    cluster.faults.on("GET", MUTATING_WEBHOOKS.path(), *[answer] * 9)
    assert (await checks(cluster_api))["istio"].state is state


@pytest.mark.parametrize(
    ("nodes", "prefix", "state", "summary"),
    [
        ([node("a", *OURS), node("b", OURS[0])], None, State.FAILED, f"1 of 2 nodes do not have {OURS[1]}"),
        ([node("a", *OURS), node("b", unschedulable=True)], None, State.OK, "every schedulable node"),
        ([node("a", *map(str, range(50)))], None, State.UNKNOWN, "by the images that they list"),
        ([node("a", *OURS)], "registry.example.com/x", State.UNKNOWN, "whether they can pull it"),
        ([node("a")], None, State.FAILED, f"1 of 1 nodes do not have {OURS[0]}"),
    ],
)
async def test_images(
    cluster: HollowCluster,
    cluster_api: Api,
    nodes: Sequence[dict[str, Any]],
    prefix: str | None,
    state: State,
    summary: str,
) -> None:
    with_nodes(cluster, *nodes)
    images = (await checks(cluster_api, UpConfig(wanted=Settings(image_prefix=prefix))))["images"]
    assert images.state is state
    assert summary in images.summary


async def test_nodes_that_may_not_be_listed(cluster: HollowCluster, cluster_api: Api) -> None:
    cluster.faults.on("GET", NODES.path(), *[refuse(403, 'User "jane" cannot list resource "nodes"')] * 3)
    images = (await checks(cluster_api))["images"]
    assert images.state is State.UNKNOWN
    assert 'cannot list resource "nodes"' in images.summary


@pytest.mark.parametrize(
    ("ahead_s", "state", "words"),
    [
        (0, State.OK, "agrees"),
        (300, State.WARNING, "5m0s behind the cluster's"),
        (-90, State.WARNING, "1m30s ahead of the cluster's"),
    ],
)
async def test_clocks(script: Script, tmp_path: Path, ahead_s: float, state: State, words: str) -> None:
    date = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead_s), usegmt=True)
    script.on("GET", "/version", reply({"major": "1", "minor": "36", "gitVersion": "v1.36.0"}, Date=date))
    async with serving(script) as server, connected_to(server, tmp_path) as api:
        await api.version()
        clock = await check_clock(api, CONFIG)
    assert clock.state is state
    assert re.search(words.replace("5m0s", "(5m0s|5m1s|4m59s|5m)").replace("1m30s", "1m(29|30|31)s"), clock.summary)


@pytest.mark.parametrize(("limit", "state"), [(255, State.FAILED), (256, State.OK), (resource.RLIM_INFINITY, State.OK)])
def test_open_files(limit: int, state: State) -> None:
    assert check_files(limit).state is state
