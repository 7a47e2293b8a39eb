"""Whose objects a namespace holds: ours carry our label; those of others must survive everything we do."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from grpcdemo.errors import Forbidden, Kubectl, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Done, Reporter
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object, is_ours, is_terminating, owner_references, uid_of
from grpcdemo.resources.references import ObjectReference, reference_to
from grpcdemo.resources.resource import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    PODS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    VOLUME_CLAIMS,
    Resource,
)

CREATED: tuple[Resource, ...] = (SERVICES, DEPLOYMENTS)
"""What we create in a namespace; controllers create the rest."""
WORKLOADS = (PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS)
PRECIOUS = (*WORKLOADS, SERVICES, CONFIG_MAPS, SECRETS, VOLUME_CLAIMS)
"""What others would lose if the namespace were deleted."""

FROM_CONTROLLERS = ("kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert", "istio-ca-crl")
TOKEN_TYPES = {"kubernetes.io/service-account-token", "kubernetes.io/dockercfg"}


async def list_foreign(api: Api, namespace: str, resources: tuple[Resource, ...] = PRECIOUS) -> list[ObjectReference]:
    """The objects in the namespace that neither we nor a controller created.

    Resources that this API lacks, or that this user may not list, are skipped.
    """
    listed = await asyncio.gather(*(_foreign(api, resource, namespace) for resource in resources))
    return [reference for references in listed for reference in references]


async def _foreign(api: Api, resource: Resource, namespace: str) -> list[ObjectReference]:
    try:
        items = (await api.list(resource, namespace=namespace))["items"]
    except (Forbidden, NotFound):
        return []
    return [reference_to(resource, item) for item in items if _is_foreign(item)]


def _is_foreign(obj: Object) -> bool:
    metadata = obj["metadata"]
    return not (
        is_ours(obj)
        or owner_references(obj)
        or metadata["name"] in FROM_CONTROLLERS
        or obj.get("type") in TOKEN_TYPES
        or (metadata["name"] == "kubernetes" and metadata.get("namespace") == "default")
    )


async def list_ours(api: Api, resource: Resource, namespace: str) -> list[Object]:
    """The objects in the namespace that carry our label."""
    objects: list[Object] = (await api.list(resource, namespace=namespace, selector=OURS))["items"]
    return objects


async def delete_ours(api: Api, namespace: str, report: Reporter, deleted: dict[str, ObjectReference]) -> None:
    """Request the deletion of everything in the namespace that carries our label; report it, and add it by its uid.

    Raises Replaced if another object has the name of one of ours by now.
    """
    references: list[ObjectReference] = []
    try:
        for resource in CREATED:
            for obj in await list_ours(api, resource, namespace):
                if not is_terminating(obj):
                    await delete(api, resource, obj)
                    references.append(reference_to(resource, obj))
                    deleted[uid_of(obj)] = references[-1]
    finally:  # what was done is reported also if the rest fails
        if references:
            names = ", ".join(map(str, references))
            command = Kubectl("delete", *(reference.singular for reference in references), namespace=namespace)
            report(Done(f"deleted {names}", f"delete {names}", (command,)))


async def delete(api: Api, resource: Resource, obj: Object) -> None:
    """Request the deletion of exactly this object, which may be gone already. Raises Replaced."""
    metadata = obj["metadata"]
    with suppress(NotFound):
        await api.delete(resource, metadata["name"], uid=metadata["uid"], namespace=metadata.get("namespace"))
