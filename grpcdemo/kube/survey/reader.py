"""Reads objects of many kinds. A kind that the cluster lacks has none; a right that the user lacks is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from grpcdemo.diagnosis.inventory import Inventory
from grpcdemo.errors import Forbidden, NotFound, Rejected
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.discovery import Groups, versions_of
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.resources.rights import Right


@dataclass(frozen=True)
class Wanted:
    """Objects of one kind: those in a namespace or, without one, in the whole cluster; or the one with the *name*."""

    resource: Resource
    namespace: str | None = None
    name: str | None = None
    selector: str | None = None

    @property
    def right(self) -> Right:
        return Right("get" if self.name else "list", self.resource, self.namespace, self.name)


class Reader:
    """Collects what was read, and what may not be."""

    def __init__(self, api: Api, groups: Groups | None) -> None:
        self._api = api
        self._groups = groups
        self._objects: dict[Resource, list[Object]] = {}
        self._missing: list[Right] = []

    async def read(self, wanted: Iterable[Wanted]) -> None:
        """All at once. What may not be read is noted in the order of *wanted*, whatever is answered first."""
        missing = await asyncio.gather(*map(self._read, dict.fromkeys(wanted)))
        self._missing += [right for right in missing if right]

    async def glance(self, wanted: Wanted) -> Right | None:
        """Read what is of use, but not needed: a right that is missing is returned, not noted."""
        return await self._read(wanted)

    def inventory(self) -> Inventory:
        return Inventory(self._objects, self._missing, self._groups or ())

    async def _read(self, wanted: Wanted) -> Right | None:
        """Keeps the objects. The right that is missing, if one is."""
        for version in versions_of(wanted.resource, self._groups):
            try:
                objects = await self._ask(replace(wanted.resource, version=version), wanted)
            except NotFound:
                continue  # in this version, or at all
            except (Forbidden, Rejected):  # in the API server's words, or in those of a proxy before it
                return wanted.right
            self._objects.setdefault(wanted.resource, []).extend(map(_lean, objects))
            break
        return None

    async def _ask(self, resource: Resource, wanted: Wanted) -> Sequence[Object]:
        namespace = wanted.namespace
        if wanted.name:
            return [await self._api.get(resource, wanted.name, namespace=namespace)]
        return await self._api.list_all(resource, namespace=namespace, selector=wanted.selector)


def _lean(obj: Object) -> Object:
    """Without who set which field, which is often half of an object."""
    obj["metadata"].pop("managedFields", None)
    return obj
