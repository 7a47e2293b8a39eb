"""Discovery: the groups, versions and resources, which a client asks for first."""

from __future__ import annotations

from itertools import groupby

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.api.reviews import PART_VERBS, SUBRESOURCE_VERBS
from grpcdemo.sandbox.api.served import SERVED
from grpcdemo.sandbox.api.status import no_such_path

SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
BY_VERSION: dict[str, list[Resource]] = {
    version: list(resources)
    for version, resources in groupby(
        sorted(SERVED, key=lambda resource: resource.api_version), lambda resource: resource.api_version
    )
}
GROUPS = sorted({resource.group for resource in SERVED if resource.group})


def core_versions(address: str) -> Object:
    """`/api`. *address* is the server's."""
    own = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": own}


def group_list() -> Object:
    """`/apis`."""
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [_group(group) for group in GROUPS]}


def group(name: str) -> Object:
    """`/apis/GROUP`. Raises StatusError (NotFound)."""
    if name not in GROUPS:
        raise no_such_path()
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name)}


def resource_list(version: str) -> Object:
    """`/api/v1` and `/apis/GROUP/VERSION`. Raises StatusError (NotFound)."""
    if version not in BY_VERSION:
        raise no_such_path()
    resources = [entry for resource in BY_VERSION[version] for entry in _entries(resource)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def aggregated(*, core: bool) -> Object:
    """All resources of the core group, or of all others, in one answer."""
    groups = [""] if core else GROUPS
    items = [{"metadata": {"name": name} if name else {}, "versions": [_aggregated_version(name)]} for name in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _entries(resource: Resource) -> list[Object]:
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": sorted(resource.verbs),
    }
    for name, values in (("shortNames", resource.short_names), ("categories", resource.categories)):
        if values:
            entry[name] = list(values)
    return [entry, *(_part(resource, name) for name in sorted(resource.subresources))]


def _part(resource: Resource, name: str) -> Object:
    what = SCALE if name == "scale" else {"kind": resource.kind}
    verbs = SUBRESOURCE_VERBS.get(name, PART_VERBS)
    part = {"name": f"{resource.plural}/{name}", "singularName": "", "namespaced": resource.namespaced}
    return {**part, **what, "verbs": list(verbs)}


def _aggregated_version(group_name: str) -> Object:
    version = f"{group_name}/v1" if group_name else "v1"
    resources = [_aggregated(resource) for resource in BY_VERSION[version]]
    return {"version": "v1", "resources": resources, "freshness": "Current"}


def _aggregated(resource: Resource) -> Object:
    own = {"group": "", "version": "", "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": own,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    for name, values in (("shortNames", resource.short_names), ("categories", resource.categories)):
        if values:
            entry[name] = list(values)
    parts = [
        {
            "subresource": name,
            "responseKind": SCALE if name == "scale" else own,
            "verbs": list(SUBRESOURCE_VERBS.get(name, PART_VERBS)),
        }
        for name in sorted(resource.subresources)
    ]
    return {**entry, "subresources": parts} if parts else entry
