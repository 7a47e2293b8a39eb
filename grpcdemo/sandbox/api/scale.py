"""The subresource `scale`: reads and writes only the number of replicas."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.selectors import format_selector
from grpcdemo.sandbox.api.status import invalid
from grpcdemo.sandbox.api.validation import check_replicas

API_VERSION, KIND = "autoscaling/v1", "Scale"
SHARED = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


def read_scale(obj: Object) -> Object:
    selector = format_selector(obj["spec"]["selector"])
    return {
        "kind": KIND,
        "apiVersion": API_VERSION,
        "metadata": {name: obj["metadata"][name] for name in SHARED},
        "spec": {"replicas": obj["spec"]["replicas"]},
        "status": {"replicas": obj.get("status", {}).get("replicas", 0), "selector": selector},
    }


def write_scale(obj: Object, scale: Object) -> Object:
    """*obj* with the replicas of *scale*. Raises StatusError (Invalid)."""
    replicas = scale.get("spec", {}).get("replicas", 0)
    if causes := list(check_replicas(replicas)):
        raise invalid("Scale.autoscaling", obj["metadata"]["name"], causes)
    version = scale["metadata"].get("resourceVersion", "")
    metadata = {**obj["metadata"], "resourceVersion": version}
    return {**obj, "metadata": metadata, "spec": {**obj["spec"], "replicas": replicas}}
