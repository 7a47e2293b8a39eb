"""Which groups, versions and kinds there are: what a client asks first."""

from __future__ import annotations

from itertools import groupby

from grpcdemo.sandbox.api.kinds import KINDS, Kind, Object
from grpcdemo.sandbox.api.reviews import PART_VERBS, SUBRESOURCE_VERBS
from grpcdemo.sandbox.api.status import no_such_path

SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}
BY_VERSION: dict[str, list[Kind]] = {
    version: list(kinds)
    for version, kinds in groupby(sorted(KINDS, key=lambda kind: kind.api_version), lambda kind: kind.api_version)
}
GROUPS = sorted({kind.group for kind in KINDS if kind.group})


def core_versions(address: str) -> Object:
    """`/api`. *address* is the server's own."""
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
    resources = [entry for kind in BY_VERSION[version] for entry in _entries(kind)]
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": version, "resources": resources}


def aggregated(*, core: bool) -> Object:
    """All kinds of the core group, or of all others, at once."""
    groups = [""] if core else GROUPS
    items = [{"metadata": {"name": name} if name else {}, "versions": [_aggregated_version(name)]} for name in groups]
    return {"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items}


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _entries(kind: Kind) -> list[Object]:
    entry: Object = {
        "name": kind.plural,
        "singularName": kind.singular,
        "namespaced": kind.namespaced,
        "kind": kind.name,
        "verbs": sorted(kind.verbs),
    }
    for name, values in (("shortNames", kind.short_names), ("categories", kind.categories)):
        if values:
            entry[name] = list(values)
    return [entry, *(_part(kind, name) for name in sorted(kind.subresources))]


def _part(kind: Kind, name: str) -> Object:
    what = SCALE if name == "scale" else {"kind": kind.name}
    verbs = SUBRESOURCE_VERBS.get(name, PART_VERBS)
    part = {"name": f"{kind.plural}/{name}", "singularName": "", "namespaced": kind.namespaced}
    return {**part, **what, "verbs": list(verbs)}


def _aggregated_version(group_name: str) -> Object:
    version = f"{group_name}/v1" if group_name else "v1"
    resources = [_aggregated(kind) for kind in BY_VERSION[version]]
    return {"version": "v1", "resources": resources, "freshness": "Current"}


def _aggregated(kind: Kind) -> Object:
    own = {"group": "", "version": "", "kind": kind.name}
    resource: Object = {
        "resource": kind.plural,
        "responseKind": own,
        "scope": "Namespaced" if kind.namespaced else "Cluster",
        "singularResource": kind.singular,
        "verbs": sorted(kind.verbs),
    }
    for name, values in (("shortNames", kind.short_names), ("categories", kind.categories)):
        if values:
            resource[name] = list(values)
    parts = [
        {
            "subresource": name,
            "responseKind": SCALE if name == "scale" else own,
            "verbs": list(SUBRESOURCE_VERBS.get(name, PART_VERBS)),
        }
        for name in sorted(kind.subresources)
    ]
    return {**resource, "subresources": parts} if parts else resource
