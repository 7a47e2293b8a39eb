"""How one object of the API is named: a value, which prints as kubectl takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grpcdemo.errors import UsageError
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

    @property
    def singular(self) -> str:
        """As a user types it: `deployment/grpc-server`."""
        return f"{self.resource.singular}/{self.name}"


def reference_to(resource: Resource, obj: Object) -> ObjectReference:
    return ObjectReference(resource, obj["metadata"]["name"], obj["metadata"].get("namespace"))


def parse_reference(text: str, kinds: Sequence[Resource], namespace: str | None = None) -> ObjectReference:
    """`deploy/web` or, of the first of the *kinds*, `web` alone. Raises UsageError."""
    word, slash, name = text.rpartition("/")
    resource = next((kind for kind in kinds if word.lower() in kind.words), None) if slash else kinds[0]
    if resource is None or not name:
        examples = ", ".join(f"{(*kind.short_names, kind.singular)[0]}/NAME" for kind in kinds)
        raise UsageError(f"{text!r} names no {' or '.join(kind.kind for kind in kinds)}", hint=f"write {examples}")
    return ObjectReference(resource, name, namespace)


def listed(references: list[ObjectReference], most: int = 3) -> str:
    """The first few, for a message."""
    more = f" and {len(references) - most} more" if len(references) > most else ""
    return ", ".join(map(str, references[:most])) + more
