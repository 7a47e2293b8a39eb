"""Labels of a namespace: set although others write to it, remembered, and restored."""

import json

import pytest

from grpcdemo.errors import Conflict
from grpcdemo.kube.api import Api
from grpcdemo.kube.injection import LabelChange
from grpcdemo.kube.namespace import LABELS_BEFORE, RELABEL_ATTEMPTS, relabel, restore_labels
from grpcdemo.resources.objects import Object
from tests.fakes.script import Script, refuse, reply

PATH = "/api/v1/namespaces/demo"
ON: LabelChange = {"istio-injection": "enabled"}


def namespace(version: str = "1", **metadata: object) -> Object:
    return {"metadata": {"name": "demo", "resourceVersion": version, **metadata}}


async def test_a_namespace_that_changed_meanwhile_is_labeled_as_it_is_now(script: Script, api: Api) -> None:
    script.on("PATCH", PATH, refuse(409), reply(namespace("3")))
    script.on("GET", PATH, reply(namespace("2", labels={"istio-injection": "disabled"})))
    await relabel(api, namespace("1"), ON)
    first, second = (asked.body["metadata"] for asked in script.asked_for("PATCH", PATH))
    assert (first["resourceVersion"], second["resourceVersion"]) == ("1", "2")
    assert json.loads(second["annotations"][LABELS_BEFORE]) == {"istio-injection": "disabled"}


async def test_a_namespace_that_always_changes_is_a_conflict(script: Script, api: Api) -> None:
    script.on("PATCH", PATH, refuse(409))
    script.on("GET", PATH, reply(namespace("2")))
    with pytest.raises(Conflict):
        await relabel(api, namespace("1"), ON)
    assert len(script.asked_for("PATCH", PATH)) == RELABEL_ATTEMPTS


@pytest.mark.parametrize(
    ("remembered", "restored"),
    [('{"istio-injection": null, "team": "x"}', {"istio-injection": None, "team": "x"}), ("nonsense", {}), ("[]", {})],
)
async def test_labels_are_restored(script: Script, api: Api, remembered: str, restored: dict[str, str | None]) -> None:
    script.on("PATCH", PATH, reply(namespace()))
    assert await restore_labels(api, namespace(annotations={LABELS_BEFORE: remembered})) == restored
    (asked,) = script.asked_for("PATCH", PATH)
    assert asked.body["metadata"] == {"labels": restored, "annotations": {LABELS_BEFORE: None}}


async def test_a_namespace_that_we_never_labeled_is_not_changed(script: Script, api: Api) -> None:
    assert await restore_labels(api, namespace()) == {}
    assert not script.asked_for("PATCH", PATH)
