"""Where pods have their metrics according to the Prometheus operator's PodMonitors and ServiceMonitors.

The fields are those of https://prometheus-operator.dev/docs/api-reference/api/: an endpoint's port is a name of a
container port, or of a Service's port; a number stands in fields of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from grpcdemo.resources.metrics_ports import MetricsPort, build_metrics_port
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.pod_status import sidecars_of
from grpcdemo.resources.selectors import selects


@dataclass(frozen=True)
class Monitors:
    """Those that may select pods of one namespace, and its Services."""

    pod_monitors: Sequence[Object] = ()
    service_monitors: Sequence[Object] = ()
    services: Sequence[Object] = ()

    @property
    def are_there(self) -> bool:
        return bool(self.pod_monitors or self.service_monitors)

    def ports_of(self, pod: Object, proxies: Collection[str]) -> Iterator[MetricsPort]:
        """Where the *pod* has metrics, those of the containers that are *proxies* left out."""
        ports = _ContainerPorts(pod, proxies)
        for endpoint, target in (*self._by_pod(pod), *self._by_service(pod)):
            number = ports.number(target)
            if number and (port := build_metrics_port(str(number), endpoint.get("path"), endpoint.get("scheme"))):
                yield port

    def _by_pod(self, pod: Object) -> Iterator[tuple[Object, int | str | None]]:
        """Each endpoint, and the number or the name of a container port."""
        for monitor in self.pod_monitors:
            if _selects(monitor, pod):
                for endpoint in monitor["spec"].get("podMetricsEndpoints") or []:
                    yield endpoint, endpoint.get("port") or endpoint.get("portNumber") or endpoint.get("targetPort")

    def _by_service(self, pod: Object) -> Iterator[tuple[Object, int | str | None]]:
        services = [service for service in self.services if _is_behind(pod, service)]
        for monitor, service in product(self.service_monitors, services):
            if _selects(monitor, service):
                for endpoint in monitor["spec"].get("endpoints") or []:
                    yield endpoint, _target(service, endpoint)


class _ContainerPorts:
    """Of one pod."""

    def __init__(self, pod: Object, proxies: Collection[str]) -> None:
        self._named: dict[str, int] = {}
        self._foreign: set[int] = set()
        for container in (*sidecars_of(pod), *pod["spec"]["containers"]):
            for port in container.get("ports") or []:
                if container["name"] in proxies:
                    self._foreign.add(port["containerPort"])
                elif "name" in port:
                    self._named.setdefault(port["name"], port["containerPort"])

    def number(self, target: int | str | None) -> int | None:
        """None if no container that matters has it."""
        if isinstance(target, int):
            return None if target in self._foreign else target
        return self._named.get(target or "")


def _selects(monitor: Object, obj: Object) -> bool:
    """By its labels and its namespace, a pod or a Service."""
    spec, namespaces = monitor["spec"], monitor["spec"].get("namespaceSelector") or {}
    names = namespaces.get("matchNames") or [monitor["metadata"]["namespace"]]
    reaches = namespaces.get("any") or obj["metadata"]["namespace"] in names
    return bool(reaches) and selects(spec.get("selector") or {}, labels_of(obj))


def _is_behind(pod: Object, service: Object) -> bool:
    selector = service["spec"].get("selector") or {}
    return bool(selector) and selector.items() <= labels_of(pod).items()


def _target(service: Object, endpoint: Object) -> int | str | None:
    """What the endpoint's port of the Service leads to."""
    if not (name := endpoint.get("port")):
        return endpoint.get("targetPort")
    ports = (port for port in service["spec"].get("ports") or [] if port.get("name") == name)
    return next((port.get("targetPort") or port["port"] for port in ports), None)
