"""The ReplicaSets that a Deployment creates, and the revisions that `kubectl rollout` reads.

A template that `kubectl rollout undo` puts back has its old ReplicaSet still, which then takes the newest revision.
"""

from __future__ import annotations

import hashlib
import json

from grpcdemo.resources.labels import TEMPLATE_HASH
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.resource import DEPLOYMENTS
from grpcdemo.sandbox.api.names import ALPHABET
from grpcdemo.sandbox.controllers.owners import controller_reference

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
NOT_COPIED = {
    "kubectl.kubernetes.io/last-applied-configuration",
    REVISION,
    REVISION_HISTORY,
    DESIRED_REPLICAS,
    MAX_REPLICAS,
}
"""Annotations that a ReplicaSet does not take from its Deployment."""


def template_hash(template: Object) -> str:
    """The pod-template-hash, the same for equal templates in every process."""
    digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).digest()
    number = str(int.from_bytes(digest[:4], "big"))
    return "".join(ALPHABET[ord(digit) % len(ALPHABET)] for digit in number)


def revision_of(obj: Object) -> int:
    return int(annotations_of(obj).get(REVISION, 0))


def build_replica_set(deployment: Object, replicas: int, revision: int, max_replicas: int) -> Object:
    """A ReplicaSet of the Deployment's current template."""
    template, metadata = deployment["spec"]["template"], deployment["metadata"]
    hash_ = template_hash(template)
    labels = {**template["metadata"]["labels"], TEMPLATE_HASH: hash_}
    selector = deployment["spec"]["selector"]
    spec: Object = {
        "replicas": replicas,
        "selector": {**selector, "matchLabels": {**(selector.get("matchLabels") or {}), TEMPLATE_HASH: hash_}},
        "template": {**template, "metadata": {**template["metadata"], "labels": labels}},
    }
    if "minReadySeconds" in deployment["spec"]:
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{metadata['name']}-{hash_}",
            "namespace": metadata["namespace"],
            "labels": labels,
            "annotations": {
                **_copied_annotations(deployment),
                REVISION: str(revision),
                **size_annotations(deployment["spec"]["replicas"], max_replicas),
            },
            "ownerReferences": [controller_reference(DEPLOYMENTS, deployment)],
        },
        "spec": spec,
    }


def size_annotations(desired: int, max_replicas: int) -> dict[str, str]:
    return {DESIRED_REPLICAS: str(desired), MAX_REPLICAS: str(max_replicas)}


def promote(replica_set: Object, deployment: Object, revision: int) -> Object:
    """The ReplicaSet with *revision*, unless its own is newer, and the Deployment's annotations."""
    annotations = {**annotations_of(replica_set), **_copied_annotations(deployment)}
    old = revision_of(replica_set)
    if old < revision:
        annotations[REVISION] = str(revision)
        if old:
            history = annotations.get(REVISION_HISTORY)
            annotations[REVISION_HISTORY] = f"{history},{old}" if history else str(old)
    return {**replica_set, "metadata": {**replica_set["metadata"], "annotations": annotations}}


def _copied_annotations(deployment: Object) -> dict[str, str]:
    return {key: value for key, value in annotations_of(deployment).items() if key not in NOT_COPIED}
