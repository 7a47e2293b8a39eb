"""Why a user's own gRPC Service is pinned, by what its objects and the counters of its clients say. Only reads."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace

from grpcdemo.diagnosis.callers import Callers
from grpcdemo.diagnosis.examination import Diagnosis, examine_clients
from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.speaking import speaks_grpc
from grpcdemo.errors import ApiError, Forbidden, Hint, Kubectl, NotEnoughResponses, NotFound, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.survey import survey_cluster, survey_namespace, survey_service
from grpcdemo.model.progress import Reporter, unreported
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.references import ObjectReference, parse_reference
from grpcdemo.resources.resource import DAEMON_SETS, DEPLOYMENTS, JOBS, PODS, SERVICES, STATEFUL_SETS
from grpcdemo.resources.selectors import format_selector
from grpcdemo.steps.measure import EVERY_S, measure

CLIENTS = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, PODS)
"""What a client can be, the usual one first."""


@dataclass(frozen=True)
class DiagnoseConfig:
    """Which Service, which port of it, and who calls."""

    service: str
    """Its name, or `svc/NAME`."""
    namespace: str | None = None
    """None for the context's own."""
    port: str | None = None
    """Its name or number."""
    client: str | None = None
    """A workload, such as `deploy/web`."""
    client_namespace: str | None = None
    """None for the Service's."""
    traffic_s: float | None = None
    """How long to measure the traffic at most; None for not at all."""
    every_s: float = EVERY_S
    """Between two polls."""


async def diagnose(api: Api, config: DiagnoseConfig, report: Reporter = unreported) -> Diagnosis:
    """Raises UsageError, NotFound, or NotEnoughResponses if the client has no pod to look at."""
    name = parse_reference(config.service, (SERVICES,)).name
    namespace = config.namespace or api.target.own_namespace
    service = await find_service(api, name, namespace)
    port = choose_port(service, config.port)
    client = await find_client(api, config, namespace)
    inventory, clients = await survey_service(api, service, port, client)
    scene = Scene(service, port, inventory)
    diagnosis = examine_clients(scene, clients, named=client is not None)
    if config.traffic_s is None:
        return diagnosis
    traffic = await measure(api, scene, clients, config.traffic_s, every_s=config.every_s, report=report)
    return replace(diagnosis, traffic=traffic)


async def diagnose_all(api: Api, namespace: str | None, *, everywhere: bool = False) -> list[Diagnosis]:
    """Each port that speaks gRPC of every Service in the namespace, or everywhere. Raises Forbidden."""
    inventory = await (
        survey_cluster(api) if everywhere else survey_namespace(api, namespace or api.target.own_namespace)
    )
    try:
        services = inventory.read(SERVICES)
    except Unreadable as error:
        raise Forbidden(
            f"this user may not {error.right}",
            hint=Hint("name a namespace with --namespace, or check with ", error.right.can_i),
        ) from error
    callers = Callers(inventory)
    return [
        examine_clients(Scene(service, port, inventory), callers.of(service, port), named=False)
        for service in services
        for port in service["spec"].get("ports") or []
        if speaks_grpc(service, port, inventory)
    ]


async def find_service(api: Api, name: str, namespace: str) -> Object:
    service = await api.find(SERVICES, name, namespace=namespace)
    if service is not None:
        return service
    names = [obj["metadata"]["name"] for obj in (await api.list(SERVICES, namespace=namespace))["items"]]
    raise NotFound(f"there is no Service {name} in namespace {namespace}", hint=await _near(api, name, names))


async def _near(api: Api, name: str, names: list[str]) -> str:
    """Where it may be instead."""
    try:
        same = (await api.list(SERVICES, fields=f"metadata.name={name}"))["items"]
    except ApiError:
        same = []
    if same:
        return f"there is one in namespace {same[0]['metadata']['namespace']}: name it with --namespace"
    near = difflib.get_close_matches(name, names, cutoff=0.5) or names[:3]
    return f"there is {', '.join(near)}" if near else "name another namespace with --namespace"


def choose_port(service: Object, wanted: str | None) -> Object:
    ports: list[Object] = service["spec"].get("ports") or []
    if wanted is None and len(ports) == 1:
        return ports[0]
    chosen = [port for port in ports if wanted in (port.get("name"), str(port["port"]))]
    if wanted and chosen:
        return chosen[0]
    name = service["metadata"]["name"]
    if not ports:
        raise UsageError(f"Service {name} has no ports")
    which = f"no port {wanted}" if wanted else f"{len(ports)} ports"
    raise UsageError(f"Service {name} has {which}", hint=f"choose one with --port: {', '.join(map(_port, ports))}")


def _port(port: Object) -> str:
    return f"{port['name']} ({port['port']})" if port.get("name") else str(port["port"])


async def find_client(api: Api, config: DiagnoseConfig, namespace: str) -> Client | None:
    if config.client is None:
        return None
    namespace = config.client_namespace or namespace
    reference = parse_reference(config.client, CLIENTS, namespace)
    workload = await api.find(reference.resource, reference.name, namespace=namespace)
    if workload is None:
        names = [obj["metadata"]["name"] for obj in (await api.list(reference.resource, namespace=namespace))["items"]]
        near = difflib.get_close_matches(reference.name, names, cutoff=0.5) or names[:3]
        hint = f"there is {', '.join(near)}" if near else "name its namespace with --client-namespace"
        raise NotFound(f"there is no {reference.singular} in namespace {namespace}", hint=hint)
    pods = await _pods(api, reference, workload)
    if not pods:
        raise NotEnoughResponses(
            f"{reference.singular} has no pod: whether its calls go through a proxy cannot be told",
            hint=Hint("see ", Kubectl("get", reference.singular, namespace=namespace)),
        )
    return Client(reference, workload, tuple(pods))


async def _pods(api: Api, reference: ObjectReference, workload: Object) -> list[Object]:
    if reference.resource is PODS:
        return [workload]
    selector = workload["spec"].get("selector") or {}
    pods = (await api.list(PODS, namespace=reference.namespace, selector=format_selector(selector)))["items"]
    return [pod for pod in pods if is_active(pod)]
