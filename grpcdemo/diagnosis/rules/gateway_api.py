"""Routes of the Gateway API whose parent is the Service itself."""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import GRPC_ROUTES, HTTP_ROUTES, SERVICES, Resource

NEEDED = ("Accepted", "ResolvedRefs")


def _routes(scene: Scene) -> Iterator[tuple[Resource, Object]]:
    """Those for all callers are in the Service's namespace, those for the client's own in the client's."""
    for resource in (GRPC_ROUTES, HTTP_ROUTES):
        for route in scene.inventory.read(resource, scene.namespace, scene.caller_namespace):
            own = route["metadata"]["namespace"]
            if any(_is_service(scene, parent, own) for parent in route["spec"].get("parentRefs") or []):
                yield resource, route


def _is_service(scene: Scene, reference: Object, namespace: str) -> bool:
    if reference.get("kind") != SERVICES.kind or reference.get("name") != scene.name:
        return False
    return bool(reference.get("namespace", namespace) == scene.namespace) and (
        reference.get("port", scene.port_number) == scene.port_number
    )


def route_not_accepted(scene: Scene) -> Findings:
    for resource, route in _routes(scene):
        for parent in (route.get("status") or {}).get("parents") or []:
            for condition in parent.get("conditions") or []:
                if condition["type"] in NEEDED and condition["status"] != "True":
                    yield Finding(
                        "route-not-accepted",
                        Severity.OBSCURES,
                        f"a {resource.kind} for the Service is not accepted: {condition.get('reason', 'unknown')}",
                        (field(resource, route, f"status.parents[].{condition['type']}", condition["status"]),),
                    )


def session_persistence(scene: Scene) -> Findings:
    for resource, route in _routes(scene):
        for index, rule in enumerate(route["spec"].get("rules") or []):
            if persistence := rule.get("sessionPersistence"):
                yield Finding(
                    "session-persistence",
                    Severity.MAY_PIN,
                    f"a {resource.kind} keeps the calls of a session on one pod, where the mesh supports that",
                    (field(resource, route, f"spec.rules[{index}].sessionPersistence", persistence),),
                    Remedy(note="remove sessionPersistence from the rule"),
                )
