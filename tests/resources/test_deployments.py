"""Which ReplicaSet a Deployment rolls out to."""

from typing import Any

from grpcdemo.resources.deployments import current_replica_set
from grpcdemo.resources.objects import Object


def template(image: str, **labels: str) -> Object:
    metadata = {"labels": {"app": "server", **labels}, "annotations": {"a": "b"}}
    return {"metadata": metadata, "spec": {"containers": [{"image": image}]}}


def replica_set(name: str, image: str, created: str, **labels: str) -> dict[str, Any]:
    spec = {"template": template(image, **{"pod-template-hash": name, **labels})}
    return {"metadata": {"name": name, "creationTimestamp": created}, "spec": spec}


DEPLOYMENT = {"spec": {"template": template("server:2")}}
OLD = replica_set("old", "server:1", "2026-01-01T00:00:00Z")
FIRST = replica_set("first", "server:2", "2026-01-02T00:00:00Z")
SECOND = replica_set("second", "server:2", "2026-01-03T00:00:00Z")


def test_it_has_the_template_of_the_deployment_and_one_label_more() -> None:
    assert current_replica_set(DEPLOYMENT, [OLD, FIRST]) is FIRST
    assert current_replica_set(DEPLOYMENT, [OLD]) is None
    other_label = replica_set("other", "server:2", "2026-01-02T00:00:00Z", tier="back")
    assert current_replica_set(DEPLOYMENT, [other_label]) is None


def test_of_several_it_is_the_oldest() -> None:
    assert current_replica_set(DEPLOYMENT, [SECOND, FIRST]) is FIRST
