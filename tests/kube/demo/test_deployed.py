"""Our objects in the cluster: applied, listed, and whether their pods opt out of injection."""

import pytest

from grpcdemo.errors import Conflict
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import apply, injected_labels, injected_pod, opting_out, our_pods
from grpcdemo.resources.objects import Object
from tests.fakes.script import Script, cut, refuse, reply
from tests.resources.samples import pod

PODS = "/api/v1/namespaces/demo/pods"
SERVICES = "/api/v1/namespaces/demo/services"
INJECT = "sidecar.istio.io/inject"
SERVICE: Object = {
    "kind": "Service",
    "metadata": {"name": "s", "namespace": "demo", "uid": "u", "labels": {"app.kubernetes.io/managed-by": "grpcdemo"}},
    "spec": {"ports": [1]},
}


def template(**metadata: dict[str, str]) -> Object:
    return {"metadata": {"name": "d"}, "spec": {"template": {"metadata": metadata, "spec": {}}}}


@pytest.mark.parametrize(
    ("metadata", "out"),
    [
        ({"labels": {INJECT: "false"}}, ["d"]),
        ({"annotations": {INJECT: "false"}}, ["d"]),
        ({"labels": {INJECT: "true"}}, []),
        ({}, []),
    ],
)
def test_a_pod_template_opts_out_by_label_or_annotation(metadata: dict[str, dict[str, str]], out: list[str]) -> None:
    assert opting_out([template(**metadata)]) == out


def test_the_labels_that_an_injector_may_select() -> None:
    assert injected_labels([template(labels={"app": "x", INJECT: "false"})]) == {"app": "x"}
    assert injected_labels([]) == {}


async def test_a_pod_that_has_ended_is_not_listed(script: Script, api: Api) -> None:
    items = [pod("b"), pod("a"), pod("evicted", phase="Failed")]
    script.on("GET", PODS, reply({"items": items}))
    assert [one.name for one in await our_pods(api, "demo")] == ["a", "b"]


@pytest.mark.parametrize(
    ("patched", "outcome"),
    [({"spec": {"ports": [1]}, "status": {"new": 1}}, "unchanged"), ({"spec": {"ports": [2]}}, "changed")],
)
async def test_only_the_spec_shows_a_change(script: Script, api: Api, patched: Object, outcome: str) -> None:
    script.on("GET", f"{SERVICES}/s", reply(SERVICE))
    script.on("PATCH", f"{SERVICES}/s", reply(SERVICE | patched))
    assert await apply(api, SERVICE) == outcome
    (patch,) = script.changes
    assert patch.body["metadata"]["uid"] == "u"


@pytest.mark.parametrize(
    ("spec", "outcome"), [({"ports": [1]}, "created"), ({"ports": [2]}, "changed")], ids=["ours", "of another run"]
)
async def test_what_was_created_although_the_answer_was_lost(
    script: Script, api: Api, spec: Object, outcome: str
) -> None:
    script.on("GET", f"{SERVICES}/s", refuse(404), reply(SERVICE | {"spec": spec}))
    script.on("POST", SERVICES, cut(), refuse(409, "already exists"))
    script.on("PATCH", f"{SERVICES}/s", reply(SERVICE))
    assert await apply(api, SERVICE) == outcome


async def test_a_conflict_without_an_object_keeps_its_message(script: Script, api: Api) -> None:
    script.on("GET", f"{SERVICES}/s", refuse(404, "not found"))
    script.on("POST", SERVICES, refuse(409, "the quota is being updated"))
    with pytest.raises(Conflict, match="the quota is being updated"):
        await apply(api, SERVICE)


NEW_POD = "/api/v1/namespaces/default/pods"


async def test_a_dry_run_shows_what_an_injector_adds(script: Script, api: Api) -> None:
    injected = {"spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]}}
    script.on("POST", NEW_POD, reply(injected))
    assert await injected_pod(api, template(labels={"app": "x"}), {INJECT: "true"}) == injected
    (created,) = script.changes
    assert created.query == {"dryRun": "All"}
    assert created.body["metadata"]["labels"] == {"app": "x", INJECT: "true"}


@pytest.mark.parametrize("code", [403, 404, 500])
async def test_what_cannot_be_tried_is_not_known(script: Script, api: Api, code: int) -> None:
    script.on("POST", NEW_POD, refuse(code, "no"))
    assert await injected_pod(api, template(), {INJECT: "true"}) is None
