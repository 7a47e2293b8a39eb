"""The API objects that were read, and those that could not be for lack of permission."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import Resource
from grpcdemo.resources.rights import Right

T = TypeVar("T")


class Unreadable(Exception):
    """A rule needs objects that this user may not read."""

    def __init__(self, right: Right) -> None:
        super().__init__(str(right))
        self.right = right


class Inventory:
    """Objects of each kind. A kind that the cluster does not have, has no objects."""

    def __init__(
        self,
        objects: Mapping[Resource, Iterable[Object]],
        missing: Iterable[Right] = (),
        groups: Iterable[str] = (),
    ) -> None:
        self.missing = tuple(missing)
        self.groups = frozenset(groups)
        """The API groups that the cluster serves."""
        self._made: dict[Hashable, Any] = {}
        self._index: dict[Resource, dict[str, dict[str, Object]]] = {}
        for resource, items in objects.items():
            by_namespace = self._index.setdefault(resource, {})
            for item in items:
                metadata = item["metadata"]
                by_namespace.setdefault(metadata.get("namespace", ""), {})[metadata["name"]] = item

    def known(self, resource: Resource, *namespaces: str) -> list[Object]:
        """What could be read, in these *namespaces* or in all; there may be more."""
        index = self._index.get(resource, {})
        return [obj for namespace in dict.fromkeys(namespaces or index) for obj in index.get(namespace, {}).values()]

    def require(self, resource: Resource, *namespaces: str, name: str | None = None) -> None:
        """Raises Unreadable if there may be more than what could be read."""
        for right in self.missing:
            if right.hides(resource, namespaces, name):
                raise Unreadable(right)

    def read(self, resource: Resource, *namespaces: str) -> list[Object]:
        """All of them. Raises Unreadable."""
        self.require(resource, *namespaces)
        return self.known(resource, *namespaces)

    def select(self, resource: Resource, namespace: str, labels: Mapping[str, str]) -> list[Object]:
        """Those in the namespace with all of the *labels*. Raises Unreadable."""
        self.require(resource, namespace)
        by_label = self.once((resource, namespace), lambda: _by_label(self.known(resource, namespace)))
        fewest = min((by_label.get(label, []) for label in labels.items()), key=len, default=[])
        return [obj for obj in fewest if labels.items() <= labels_of(obj).items()]

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What *make* returns, which is asked for each of many Services, and is the same for them."""
        if key not in self._made:
            self._made[key] = make()
        made: T = self._made[key]
        return made

    def find(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """One object, or None if there is none. Raises Unreadable."""
        obj = self._index.get(resource, {}).get(namespace, {}).get(name)
        if obj is None:
            self.require(resource, *([namespace] if namespace else []), name=name)
        return obj


def _by_label(objects: Iterable[Object]) -> dict[tuple[str, str], list[Object]]:
    labeled: dict[tuple[str, str], list[Object]] = defaultdict(list)
    for obj in objects:
        for label in labels_of(obj).items():
            labeled[label].append(obj)
    return labeled
