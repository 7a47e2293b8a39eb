"""What is read from any object, however little of it is there."""

from grpcdemo.resources.objects import (
    annotations_of,
    conditions_of,
    controller_of,
    has_condition,
    is_terminating,
    labels_of,
    namespaced_name,
    owned_by,
)
from grpcdemo.resources.resource import DEPLOYMENTS, MUTATING_WEBHOOKS, NAMESPACES, PODS

BARE = {"metadata": {"name": "x", "labels": None, "annotations": None, "ownerReferences": None}, "status": None}


def test_an_object_with_nothing_in_it() -> None:
    assert (labels_of(BARE), annotations_of(BARE), conditions_of(BARE), controller_of(BARE)) == ({}, {}, {}, None)
    assert not is_terminating(BARE)
    assert namespaced_name(BARE) == ("", "x")


def test_a_condition_holds_if_it_is_true() -> None:
    conditions = [{"type": "A", "status": "True"}, {"type": "B", "status": "False"}, {"type": "C", "status": "Unknown"}]
    obj = {"status": {"conditions": conditions}}
    assert [kind for kind in "ABCD" if has_condition(obj, kind)] == ["A"]


def test_the_owner_that_controls_an_object_is_one_of_several() -> None:
    owner = {"metadata": {"uid": "2"}}
    references = [{"uid": "1"}, {"uid": "2", "controller": True}]
    owned, other = ({"metadata": {"ownerReferences": owners}} for owners in (references, references[:1]))
    assert controller_of(owned) == references[1]
    assert owned_by(owner, [owned, other]) == [owned]


def test_the_paths_and_names_of_a_resource() -> None:
    assert PODS.path("demo", "a", "log") == "/api/v1/namespaces/demo/pods/a/log"
    assert DEPLOYMENTS.path() == "/apis/apps/v1/deployments"
    assert NAMESPACES.path(name="demo") == "/api/v1/namespaces/demo"
    assert (PODS.qualified, DEPLOYMENTS.qualified) == ("pods", "deployments.apps")
    assert MUTATING_WEBHOOKS.qualified_kind == "MutatingWebhookConfiguration.admissionregistration.k8s.io"
