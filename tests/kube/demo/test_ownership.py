"""Whose objects a namespace holds, and that only ours are deleted."""

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.ownership import PRECIOUS, WORKLOADS, delete_ours, list_foreign
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import ObjectReference
from grpcdemo.resources.resource import CONFIG_MAPS, DEPLOYMENTS, PODS, SECRETS, SERVICES, Resource
from tests.fakes.script import Answer, Script, refuse, reply

FORBIDDEN = refuse(403, 'User "jane" cannot list resource "secrets"')


def lists(script: Script, namespace: str, **items: list[Object]) -> None:
    """The namespace holds *items* and no other object."""
    for resource in PRECIOUS:
        script.on("GET", resource.path(namespace), reply({"items": items.get(resource.plural, [])}))


def named(name: str, namespace: str = "demo", **metadata: object) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, "uid": f"uid-of-{name}", **metadata}}


@pytest.mark.parametrize("resource", PRECIOUS)
async def test_an_object_of_others_is_foreign(script: Script, api: Api, resource: Resource) -> None:
    lists(script, "demo", **{resource.plural: [named("theirs")]})
    reference = ObjectReference(resource, "theirs", "demo")
    assert await list_foreign(api, "demo") == [reference]
    assert await list_foreign(api, "demo", WORKLOADS) == ([reference] if resource in WORKLOADS else [])


async def test_what_we_or_controllers_created_is_not_foreign(script: Script, api: Api) -> None:
    ours = named("ours", labels={"app.kubernetes.io/managed-by": "grpcdemo"})
    token = named("token") | {"type": "kubernetes.io/service-account-token"}
    owned = named("owned", ownerReferences=[{"uid": "x"}])
    lists(script, "demo", pods=[ours, owned], configmaps=[named("kube-root-ca.crt")], secrets=[token])
    assert await list_foreign(api, "demo") == []


@pytest.mark.parametrize(("namespace", "foreign"), [("default", 0), ("demo", 1)])
async def test_the_api_servers_service_is_not_foreign(script: Script, api: Api, namespace: str, foreign: int) -> None:
    lists(script, namespace, services=[named("kubernetes", namespace)])
    assert len(await list_foreign(api, namespace)) == foreign


@pytest.mark.parametrize("refusal", [FORBIDDEN, refuse(404)])
async def test_what_may_not_be_listed_is_skipped(script: Script, api: Api, refusal: Answer) -> None:
    lists(script, "demo", configmaps=[named("theirs")])
    script.on("GET", SECRETS.path("demo"), refusal)
    assert await list_foreign(api, "demo") == [ObjectReference(CONFIG_MAPS, "theirs", "demo")]


async def test_what_is_already_terminating_is_not_deleted_again(script: Script, api: Api) -> None:
    lists(script, "demo", services=[named("going", deletionTimestamp="now")], deployments=[named("ours")], pods=[])
    script.on("DELETE", DEPLOYMENTS.path("demo", "ours"), reply({}))
    deleted: dict[str, ObjectReference] = {}
    await delete_ours(api, "demo", lambda _: None, deleted)
    assert deleted == {"uid-of-ours": ObjectReference(DEPLOYMENTS, "ours", "demo")}
    (asked,) = script.asked_for("DELETE", DEPLOYMENTS.path("demo", "ours"))
    assert asked.body["preconditions"] == {"uid": "uid-of-ours"}
    assert not script.asked_for("DELETE", SERVICES.path("demo", "going"))
    assert not script.asked_for("GET", PODS.path("demo"))
