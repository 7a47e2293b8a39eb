"""The part of the API that a controller creates and deletes through, so that what it makes is defaulted and
admitted, and what it deletes is deleted as anybody else's is.

Updates go to the store itself: a controller reads an object and writes it back in one breath of the event
loop, so there is nobody to conflict with, and nothing in what it changes that needs to be defaulted.
"""

from __future__ import annotations

from typing import Any, Protocol

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource

BACKGROUND: Object = {"propagationPolicy": "Background"}


class Writer(Protocol):
    def create(self, resource: Resource, namespace: str, obj: Object, *, dry_run: bool = False) -> Object:
        """Raises StatusError where the object is refused."""

    def delete(self, resource: Resource, namespace: str, name: str, *, options: Object | None = None) -> Any:
        """Raises StatusError (NotFound)."""
