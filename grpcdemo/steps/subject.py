"""Which Service, which of its ports, and who calls: what the user names, and what exists."""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from grpcdemo.diagnosis.scene import Client
from grpcdemo.diagnosis.speaking import declares_grpc
from grpcdemo.errors import ApiError, Hint, Kubectl, NotEnoughResponses, NotFound, UsageError
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.references import ObjectReference, parse_reference
from grpcdemo.resources.resource import DAEMON_SETS, DEPLOYMENTS, JOBS, PODS, SERVICES, STATEFUL_SETS
from grpcdemo.resources.selectors import format_selector

CLIENTS = (DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, JOBS, PODS)
"""What a client can be, the usual one first."""


@dataclass(frozen=True)
class Subject:
    """As the user names it."""

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


async def find_subject(api: Api, subject: Subject) -> tuple[Object, Object, Client | None]:
    """The Service, its port, and the client if one is named.

    Raises UsageError, NotFound, or NotEnoughResponses if the client has no pod to look at.
    """
    namespace = subject.namespace or api.target.own_namespace
    service = await find_service(api, parse_reference(subject.service, (SERVICES,), namespace))
    port = choose_port(service, subject.port)
    return service, port, await find_client(api, subject, namespace)


async def find_service(api: Api, named: ObjectReference) -> Object:
    service = await api.find(SERVICES, named.name, namespace=named.namespace)
    if service is None:
        hint = await _elsewhere(api, named.name) or await _near(api, named) or "name another namespace with --namespace"
        raise NotFound(f"there is no Service {named.name} in namespace {named.namespace}", hint=hint)
    return service


async def _elsewhere(api: Api, name: str) -> str:
    """In which other namespace there is such a Service; empty if in none that the user may look at."""
    try:
        same = (await api.list(SERVICES, fields=f"metadata.name={name}"))["items"]
    except ApiError:
        return ""
    return f"there is one in namespace {same[0]['metadata']['namespace']}: name it with --namespace" if same else ""


async def _near(api: Api, reference: ObjectReference) -> str:
    """What there is in place of what is not; empty if nothing."""
    objects = (await api.list(reference.resource, namespace=reference.namespace))["items"]
    names = [obj["metadata"]["name"] for obj in objects]
    near = difflib.get_close_matches(reference.name, names, cutoff=0.5) or names[:3]
    return f"there is {', '.join(near)}" if near else ""


def choose_port(service: Object, wanted: str | None) -> Object:
    """The *wanted* one, by name or number, or else the only one, or the only one that declares gRPC.

    Raises UsageError.
    """
    ports: list[Object] = service["spec"].get("ports") or []
    if wanted is None:
        chosen = ports if len(ports) == 1 else [*filter(declares_grpc, ports)]
        is_found = len(chosen) == 1
    else:
        chosen = [port for port in ports if wanted in (port.get("name"), str(port["port"]))]
        is_found = bool(chosen)
    if is_found:
        return chosen[0]
    name = service["metadata"]["name"]
    if not ports:
        raise UsageError(f"Service {name} has no ports")
    which = f"no port {wanted}" if wanted else f"{len(ports)} ports"
    raise UsageError(f"Service {name} has {which}", hint=f"choose one with --port: {', '.join(map(_port, ports))}")


def _port(port: Object) -> str:
    return f"{port['name']} ({port['port']})" if port.get("name") else str(port["port"])


async def find_client(api: Api, subject: Subject, namespace: str) -> Client | None:
    if subject.client is None:
        return None
    namespace = subject.client_namespace or namespace
    reference = parse_reference(subject.client, CLIENTS, namespace)
    workload = await api.find(reference.resource, reference.name, namespace=namespace)
    if workload is None:
        hint = await _near(api, reference) or "name its namespace with --client-namespace"
        raise NotFound(f"there is no {reference.singular} in namespace {namespace}", hint=hint)
    pods = await _pods(api, reference, workload)
    if not pods:
        raise NotEnoughResponses(
            f"{reference.singular} has no pod: whether its calls go through a proxy is not known",
            hint=Hint("see ", Kubectl("get", reference.singular, namespace=namespace)),
        )
    return Client(reference, workload, tuple(pods))


async def _pods(api: Api, reference: ObjectReference, workload: Object) -> list[Object]:
    if reference.resource is PODS:
        return [workload]
    selector = workload["spec"].get("selector") or {}
    pods = (await api.list(PODS, namespace=reference.namespace, selector=format_selector(selector)))["items"]
    return [pod for pod in pods if is_active(pod)]
