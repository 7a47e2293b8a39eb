"""Which API groups a cluster serves, and in which versions."""

from __future__ import annotations

from collections.abc import Mapping

from grpcdemo.errors import Forbidden, Rejected
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.resource import Resource

Groups = Mapping[str, tuple[str, ...]]
"""The versions of each group, the preferred one first."""


async def read_groups(api: Api) -> Groups | None:
    """None if this user may not ask."""
    try:
        groups = (await api.discover())["groups"]
    except (Forbidden, Rejected):
        return None
    return {group["name"]: tuple(version["version"] for version in group["versions"]) for group in groups}


def versions_of(resource: Resource, groups: Groups | None) -> tuple[str, ...]:
    """The versions to ask for the resource in, best first; none if the cluster does not have its group."""
    if groups is None or not resource.group:
        return (resource.version,)
    served = groups.get(resource.group, ())
    return tuple(sorted(served, key=lambda version: version != resource.version))
