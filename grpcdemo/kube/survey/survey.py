"""What is read for a diagnosis: as little as the rules need."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from grpcdemo.diagnosis.callers import Callers
from grpcdemo.diagnosis.inventory import Inventory
from grpcdemo.diagnosis.rules.ambient import WAYPOINT_NAMESPACE
from grpcdemo.diagnosis.rules.ebpf import CILIUM_CONFIG, CILIUM_GROUP, SYSTEM_NAMESPACE
from grpcdemo.diagnosis.rules.visibility import MESH_CONFIG
from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Client
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.discovery import Groups, read_groups
from grpcdemo.kube.survey.reader import Reader, Wanted
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import (
    AUTHORIZATION_POLICIES,
    CONFIG_MAPS,
    DEPLOYMENTS,
    DESTINATION_RULES,
    ENDPOINT_SLICES,
    ENVOY_FILTERS,
    FELIX_CONFIGURATIONS,
    GATEWAYS,
    GRPC_ROUTES,
    HTTP_ROUTES,
    INGRESSES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
    PEER_AUTHENTICATIONS,
    PODS,
    SERVICE_ENTRIES,
    SERVICES,
    SIDECARS,
    TELEMETRIES,
    VIRTUAL_SERVICES,
)
from grpcdemo.resources.rights import Right

MESH_WIDE = (
    DESTINATION_RULES,
    VIRTUAL_SERVICES,
    SERVICE_ENTRIES,
    SIDECARS,
    ENVOY_FILTERS,
    PEER_AUTHENTICATIONS,
    AUTHORIZATION_POLICIES,
    TELEMETRIES,
)
"""What Istio also takes from its root namespace."""
LOCAL = (SERVICES, PODS, GATEWAYS, GRPC_ROUTES, HTTP_ROUTES, INGRESSES)


@dataclass(frozen=True)
class Survey:
    """What was read."""

    inventory: Inventory
    unseen: Right | None = None
    """Why callers in other namespaces could not be looked for."""


async def survey_service(api: Api, service: Object, port: Object, client: Client | None) -> tuple[Survey, list[Client]]:
    """What is around one Service and its clients: the one that is named, or those whose pods name the Service."""
    metadata = service["metadata"]
    namespaces = [*dict.fromkeys((metadata["namespace"], *([client.namespace] if client else [])))]
    slices = Wanted(ENDPOINT_SLICES, metadata["namespace"], selector=f"{SERVICE_NAME}={metadata['name']}")
    groups = await read_groups(api)
    reader = Reader(api, groups)
    wanted = [*_around(namespaces), *_of_the_mesh(groups), slices]
    unseen = await _read(reader, wanted, everybody=client is None)
    clients = [client] if client else Callers(reader.inventory()).of(service, port)
    nodes = {pod["spec"].get("nodeName") for client in clients for pod in client.pods}
    waypoints = _waypoints([service], reader.inventory(), namespaces)
    elsewhere = _around({client.namespace for client in clients}.difference(namespaces))
    await reader.read([*(Wanted(NODES, name=node) for node in nodes if node), *waypoints, *elsewhere])
    return Survey(reader.inventory(), unseen), clients


async def survey_namespace(api: Api, namespace: str) -> Survey:
    """What is around every Service of a namespace, and its clients."""
    groups = await read_groups(api)
    reader = Reader(api, groups)
    wanted = [*_around([namespace]), *_of_the_mesh(groups), Wanted(ENDPOINT_SLICES, namespace), Wanted(NODES)]
    unseen = await _read(reader, wanted, everybody=True)
    inventory = reader.inventory()
    services = inventory.known(SERVICES, namespace)
    callers = Callers(inventory)
    calling = {
        client.namespace
        for service in services
        for port in service["spec"].get("ports") or []
        for client in callers.of(service, port)
    }
    await reader.read([*_waypoints(services, inventory, [namespace]), *_around(calling.difference([namespace]))])
    return Survey(reader.inventory(), unseen)


async def _read(reader: Reader, wanted: Iterable[Wanted], *, everybody: bool) -> Right | None:
    """And *everybody*'s pods, of all namespaces: any may call. The right that is missing for these, if one is."""
    if not everybody:
        await reader.read(wanted)
        return None
    unseen, _ = await asyncio.gather(reader.glance(Wanted(PODS)), reader.read(wanted))
    return unseen


async def survey_cluster(api: Api) -> Survey:
    """What is around every Service of the cluster."""
    groups = await read_groups(api)
    reader = Reader(api, groups)
    everywhere = (NAMESPACES, NODES, ENDPOINT_SLICES, *LOCAL, *MESH_WIDE)
    await reader.read([*map(Wanted, everywhere), *_of_the_cluster(groups)])
    return Survey(reader.inventory())


def _around(namespaces: Iterable[str]) -> Iterator[Wanted]:
    for namespace in namespaces:
        yield Wanted(NAMESPACES, name=namespace)
        yield from (Wanted(resource, namespace) for resource in (*LOCAL, *MESH_WIDE))


def _of_the_mesh(groups: Groups | None) -> Iterator[Wanted]:
    yield from (Wanted(resource, ROOT_NAMESPACE) for resource in MESH_WIDE)
    yield from _of_the_cluster(groups)


def _of_the_cluster(groups: Groups | None) -> Iterator[Wanted]:
    yield Wanted(MUTATING_WEBHOOKS)
    yield Wanted(FELIX_CONFIGURATIONS)
    if groups is None or DESTINATION_RULES.group in groups:
        yield Wanted(DEPLOYMENTS, ROOT_NAMESPACE, selector="app=istiod")
        yield Wanted(CONFIG_MAPS, ROOT_NAMESPACE, MESH_CONFIG)
    if groups is None or CILIUM_GROUP in groups:
        yield Wanted(CONFIG_MAPS, SYSTEM_NAMESPACE, CILIUM_CONFIG)


def _waypoints(services: Iterable[Object], inventory: Inventory, read: Iterable[str]) -> Iterator[Wanted]:
    """The waypoints that labels name in other namespaces than those that were *read*, and their pods."""
    labeled = (*services, *inventory.known(NAMESPACES))
    namespaces = {name for obj in labeled if (name := labels_of(obj).get(WAYPOINT_NAMESPACE))}
    for namespace in namespaces.difference(read):
        yield from (Wanted(resource, namespace) for resource in (GATEWAYS, PODS))
