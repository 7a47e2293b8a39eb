"""How a Deployment and its ReplicaSets know each other: by the pod template alone.

So does Kubernetes' deployment controller (`FindNewReplicaSet`). The revision would not do: `kubectl rollout undo` puts
an old template back, and while a Deployment is also being scaled its status is updated first.
"""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.resources.labels import TEMPLATE_HASH
from grpcdemo.resources.objects import Object, labels_of


def current_replica_set(deployment: Object, replica_sets: Iterable[Object]) -> Object | None:
    """The ReplicaSet with the Deployment's present template, the oldest of several."""
    template = deployment["spec"]["template"]
    same = [replica_set for replica_set in replica_sets if _deployed_template(replica_set) == template]
    return min(same, key=by_age, default=None)


def by_age(obj: Object) -> tuple[str, str]:
    """Sorts the oldest first."""
    return obj["metadata"]["creationTimestamp"], obj["metadata"]["name"]


def _deployed_template(replica_set: Object) -> Object:
    """The ReplicaSet's pod template without the label that the deployment controller adds to it."""
    template = replica_set["spec"]["template"]
    labels = {key: value for key, value in labels_of(template).items() if key != TEMPLATE_HASH}
    return {**template, "metadata": {**template["metadata"], "labels": labels}}
