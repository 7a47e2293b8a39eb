"""How one object of the API is named: a value, which prints as kubectl takes it."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource


@dataclass(frozen=True)
class ObjectReference:
    """One object: `deployments/grpc-server`."""

    resource: Resource
    name: str
    namespace: str | None = None

    def __str__(self) -> str:
        return f"{self.resource.plural}/{self.name}"


def reference_to(resource: Resource, obj: Object) -> ObjectReference:
    return ObjectReference(resource, obj["metadata"]["name"], obj["metadata"].get("namespace"))


def listed(references: list[ObjectReference], most: int = 3) -> str:
    """The first few, for a message."""
    more = f" and {len(references) - most} more" if len(references) > most else ""
    return ", ".join(map(str, references[:most])) + more
