"""Discovery: the groups, versions and resources, which a client asks for first."""

from __future__ import annotations

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource
from grpcdemo.sandbox.api.served import SERVED, verbs_of
from grpcdemo.sandbox.api.status import no_such_path

KINDS: dict[str, Object] = {
    "scale": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
    "exec": {"kind": "PodExecOptions"},
    "portforward": {"kind": "PodPortForwardOptions"},
    "proxy": {"kind": "PodProxyOptions"},
}
"""What a subresource takes or answers with, where that is not its resource's kind."""
BY_VERSION = {
    version: [resource for resource in SERVED if resource.api_version == version]
    for version in sorted({resource.api_version for resource in SERVED})
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


def _group(name: str) -> Object:
    version = {"groupVersion": f"{name}/v1", "version": "v1"}
    return {"name": name, "versions": [version], "preferredVersion": version}


def _entries(resource: Resource) -> list[Object]:
    shared = {"namespaced": resource.namespaced, "kind": resource.kind}
    entry = {"name": resource.plural, "singularName": resource.singular, **shared, "verbs": sorted(verbs_of(resource))}
    for name, values in (("shortNames", resource.short_names), ("categories", resource.categories)):
        if values:
            entry[name] = list(values)
    parts = [
        {
            "name": f"{resource.plural}/{part}",
            "singularName": "",
            **shared,
            **KINDS.get(part, {}),
            "verbs": list(verbs_of(resource, part)),
        }
        for part in sorted(resource.subresources)
    ]
    return [entry, *parts]
