"""Which VirtualServices route the client's calls to the Service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from grpcdemo.diagnosis.finding import Evidence, field, json_patch
from grpcdemo.diagnosis.mesh.hosts import is_visible, matches, names_service, qualify, search_path
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object
from grpcdemo.resources.references import reference_to
from grpcdemo.resources.resource import VIRTUAL_SERVICES

MESH = "mesh"
"""The gateway that stands for every sidecar."""


@dataclass(frozen=True)
class Route:
    """One entry of `spec.http`, with what of it goes to the Service's port."""

    virtual_service: Object
    index: int
    destinations: tuple[tuple[int, Object], ...]
    """With their positions in the route; those of weight 0 are left out."""
    elsewhere: bool
    """Part of its calls goes to another host."""
    conditional: bool
    """It is only for calls that match."""

    @property
    def entry(self) -> Object:
        entry: Object = self.virtual_service["spec"]["http"][self.index]
        return entry

    def evidence(self, path: str, value: object) -> Evidence:
        """What is at the *path* in the entry."""
        return field(VIRTUAL_SERVICES, self.virtual_service, f"spec.http[{self.index}].{path}", value)

    def patch(self, *operations: Object) -> Kubectl:
        """The command that changes the entry by these operations of a JSON patch, whose paths begin in it."""
        absolute = [{**one, "path": f"/spec/http/{self.index}/{one['path']}"} for one in operations]
        return json_patch(reference_to(VIRTUAL_SERVICES, self.virtual_service), *absolute)


def visible_virtual_services(scene: Scene) -> list[Object]:
    """Those that a sidecar of the client sees. Raises Unreadable."""
    namespaces = search_path(scene)
    return [
        obj for obj in scene.inventory.read(VIRTUAL_SERVICES, *namespaces) if is_visible(obj, scene.caller_namespace)
    ]


def virtual_services(scene: Scene) -> list[Object]:
    """Those for the Service's host in the mesh. Raises Unreadable."""
    return [obj for obj in visible_virtual_services(scene) if in_mesh(obj) and is_for(scene, obj)]


def in_mesh(virtual_service: Object) -> bool:
    return MESH in (virtual_service["spec"].get("gateways") or [MESH])


def is_for(scene: Scene, virtual_service: Object) -> bool:
    return any(names_service(scene, virtual_service, host) for host in virtual_service["spec"].get("hosts") or [])


def routes(scene: Scene) -> Iterator[Route]:
    """The routes of gRPC calls to the Service: the first that matches is followed. Raises Unreadable."""
    for obj in virtual_services(scene):
        for index, entry in enumerate(obj["spec"].get("http") or []):
            taken = [(at, one) for at, one in enumerate(entry.get("route") or []) if _takes_calls(entry, one)]
            ours = tuple((at, one) for at, one in taken if goes_to_service(scene, obj, one))
            yield Route(obj, index, ours, len(ours) < len(taken), bool(entry.get("match")))
            if not entry.get("match"):
                break  # no call gets to those behind it


def subsets_in_use(scene: Scene) -> set[str]:
    """The subsets of the Service that calls are routed to. Raises Unreadable."""
    names = {one["destination"].get("subset") for route in routes(scene) for _, one in route.destinations}
    return {name for name in names if name}


def goes_to_service(scene: Scene, virtual_service: Object, route: Object) -> bool:
    """Whether a destination is the Service, and its port."""
    destination = route["destination"]
    host = qualify(destination["host"], virtual_service["metadata"]["namespace"])
    number = (destination.get("port") or {}).get("number", scene.port_number)
    return matches(host, scene.host) and number == scene.port_number


def _takes_calls(entry: Object, route: Object) -> bool:
    """A weight of 0 among several takes none."""
    return len(entry["route"]) == 1 or bool(route.get("weight"))
