"""`pods/ephemeralcontainers`: adds containers to a pod that runs. None can be changed or removed, as on a cluster."""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.sandbox.api.defaults import apply_defaults
from grpcdemo.sandbox.api.pod_validation import check_container
from grpcdemo.sandbox.api.status import Cause, invalid

FIELD = "spec.ephemeralContainers"
FORBIDDEN = ("ports", "lifecycle", "livenessProbe", "readinessProbe", "startupProbe")
"""What only a container can have that is there from the start."""


def check_new_pod(pod: Object) -> None:
    """Raises StatusError (Invalid) if it has some from the start."""
    if pod["spec"].get("ephemeralContainers"):
        raise invalid(PODS.qualified_kind, pod["metadata"]["name"], [Cause.forbidden(FIELD, "cannot be set on create")])


def add_ephemeral_containers(new: Object, old: Object) -> Object:
    """*old* with the ephemeral containers of *new*. Raises StatusError (Invalid)."""
    added = {**old, "spec": {**old["spec"], "ephemeralContainers": new["spec"].get("ephemeralContainers") or []}}
    apply_defaults(PODS, added)
    if causes := list(_check(added["spec"], old["spec"])):
        raise invalid(PODS.qualified_kind, old["metadata"]["name"], causes)
    return added


def _check(spec: Object, old: Object) -> Iterator[Cause]:
    names = {container["name"] for part in ("initContainers", "containers") for container in spec.get(part) or []}
    for number, container in enumerate(spec["ephemeralContainers"]):
        field = f"{FIELD}[{number}]"
        yield from check_container(container, field, names)
        for name in FORBIDDEN:
            if container.get(name):
                yield Cause.forbidden(f"{field}.{name}", "cannot be set for an Ephemeral Container")
    present = {container.get("name"): container for container in spec["ephemeralContainers"]}
    for container in old.get("ephemeralContainers") or []:
        if present.get(container["name"], container) != container:
            yield Cause.forbidden(FIELD, f'existing ephemeral containers "{container["name"]}" may not be changed')
        elif container["name"] not in present:
            yield Cause.forbidden(FIELD, f'existing ephemeral containers "{container["name"]}" may not be removed')
