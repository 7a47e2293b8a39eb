"""Labels of a namespace: set although others write to it, remembered, and restored."""

import json

import pytest

from grpcdemo.errors import Conflict, Replaced
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.namespace import LABELS_BEFORE, RELABEL_ATTEMPTS, create_namespace, relabel, restore_labels
from grpcdemo.resources.injectors import LabelChange
from grpcdemo.resources.objects import Object
from tests.fakes.script import Script, cut, refuse, reply

NAMESPACES = "/api/v1/namespaces"
PATH = f"{NAMESPACES}/demo"
ON: LabelChange = {"istio-injection": "enabled"}


def namespace(version: str = "1", **metadata: object) -> Object:
    return {"metadata": {"name": "demo", "uid": "u", "resourceVersion": version, **metadata}}


async def test_a_namespace_that_changed_meanwhile_is_labeled_as_it_is_now(script: Script, api: Api) -> None:
    script.on("PATCH", PATH, refuse(409), reply(namespace("3")))
    script.on("GET", PATH, reply(namespace("2", labels={"istio-injection": "disabled"})))
    await relabel(api, namespace("1"), ON)
    first, second = (asked.body["metadata"] for asked in script.asked_for("PATCH", PATH))
    assert (first["resourceVersion"], second["resourceVersion"]) == ("1", "2")
    assert json.loads(second["annotations"][LABELS_BEFORE]) == {"istio-injection": "disabled"}


async def test_a_namespace_that_always_changes_is_a_conflict(script: Script, api: Api) -> None:
    script.on("PATCH", PATH, refuse(409))
    script.on("GET", PATH, *(reply(namespace(str(version))) for version in range(2, 20)))
    with pytest.raises(Conflict):
        await relabel(api, namespace("1"), ON)
    assert len(script.asked_for("PATCH", PATH)) == RELABEL_ATTEMPTS


async def test_another_namespace_of_the_same_name_is_not_labeled(script: Script, api: Api) -> None:
    script.on("PATCH", PATH, refuse(409))
    script.on("GET", PATH, reply(namespace("2", uid="v")))
    for change in (
        relabel(api, namespace("1"), ON),
        restore_labels(api, namespace("1", annotations={LABELS_BEFORE: "{}"})),
    ):
        with pytest.raises(Replaced):
            await change
    assert {asked.body["metadata"]["uid"] for asked in script.changes} == {"u"}


OURS = {"app.kubernetes.io/managed-by": "grpcdemo"}


async def test_a_namespace_that_was_created_although_the_answer_was_lost(script: Script, api: Api) -> None:
    ours = namespace(labels=OURS)
    script.on("POST", NAMESPACES, cut(), refuse(409, "already exists"))
    script.on("GET", PATH, reply(ours))
    assert await create_namespace(api, "demo") == ours


@pytest.mark.parametrize("metadata", [{}, {"labels": OURS, "deletionTimestamp": "now"}])
async def test_a_namespace_that_somebody_else_created(script: Script, api: Api, metadata: Object) -> None:
    script.on("POST", NAMESPACES, refuse(409, "already exists"))
    script.on("GET", PATH, reply(namespace(**metadata)))
    with pytest.raises(Conflict, match="already exists"):
        await create_namespace(api, "demo")


@pytest.mark.parametrize(
    ("remembered", "restored"),
    [('{"istio-injection": null, "team": "x"}', {"istio-injection": None, "team": "x"}), ("nonsense", {}), ("[]", {})],
)
async def test_labels_are_restored(script: Script, api: Api, remembered: str, restored: dict[str, str | None]) -> None:
    script.on("PATCH", PATH, reply(namespace()))
    assert await restore_labels(api, namespace(annotations={LABELS_BEFORE: remembered})) == restored
    (asked,) = script.asked_for("PATCH", PATH)
    assert asked.body["metadata"] == {"uid": "u", "labels": restored, "annotations": {LABELS_BEFORE: None}}


async def test_a_namespace_that_we_never_labeled_is_not_changed(script: Script, api: Api) -> None:
    assert await restore_labels(api, namespace()) == {}
    assert not script.asked_for("PATCH", PATH)
