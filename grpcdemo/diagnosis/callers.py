"""Who calls a Service, by the pods' specs: they name it in an environment variable or an argument.

A client that gets the name in another way (a ConfigMap, a default in its code) is not found: it has to be named.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from grpcdemo.diagnosis.inventory import Inventory
from grpcdemo.diagnosis.proxies import CONTAINERS
from grpcdemo.diagnosis.scene import Client
from grpcdemo.diagnosis.workloads import workload_of
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.references import ObjectReference, reference_to
from grpcdemo.resources.resource import CLUSTER_DOMAIN, PODS

WITH_PORT = re.compile(r"(?<![\w.-])([a-z0-9][a-z0-9.-]*):([0-9]+)(?![\w.])")
ALONE = re.compile(r"(?:^|=)([a-z0-9][a-z0-9.-]*)$")
"""A host is the whole text, or what follows an option's `=`: a word in a sentence names nothing."""

Address = tuple[str, "int | str | None"]
"""A host, and the port if it is named with it."""


class Callers:
    """The pods of an inventory, by the addresses that their specs name."""

    def __init__(self, inventory: Inventory) -> None:
        self._pods: dict[Address, list[Object]] = defaultdict(list)
        for pod in inventory.known(PODS):
            if is_active(pod):
                for address in dict.fromkeys(_addresses(pod)):
                    self._pods[address].append(pod)

    def of(self, service: Object, port: Object) -> list[Client]:
        """The workloads that name the Service, with this *port* of it or without any; its own pods apart."""
        selector = (service["spec"].get("selector") or {}).items()
        pods = {
            (pod["metadata"]["namespace"], pod["metadata"]["name"]): pod
            for pod in self._naming(service, {port["port"], port.get("targetPort")})
            if not selector or not selector <= labels_of(pod).items()
        }
        workloads: dict[ObjectReference, list[Object]] = defaultdict(list)
        for pod in pods.values():
            workloads[workload_of(pod) or reference_to(PODS, pod)].append(pod)
        return [Client(reference, None, tuple(pods)) for reference, pods in workloads.items()]

    def _naming(self, service: Object, ports: set[int | str | None]) -> Iterator[Object]:
        name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
        for port in {*ports, None}:
            near = self._pods.get((name, port), [])
            yield from (pod for pod in near if pod["metadata"]["namespace"] == namespace)
            for host in (f"{name}.{namespace}", f"{name}.{namespace}.svc", f"{name}.{namespace}.{CLUSTER_DOMAIN}"):
                yield from self._pods.get((host, port), [])


def _addresses(pod: Object) -> Iterator[Address]:
    for text in _texts(pod):
        for host, port in WITH_PORT.findall(text):
            yield host, int(port)
        if alone := ALONE.search(text):
            yield alone[1], None


def _texts(pod: Object) -> Iterator[str]:
    """What a pod's containers are started with, their proxies apart."""
    for container in pod["spec"]["containers"]:
        if container["name"] not in CONTAINERS:
            yield from (str(entry.get("value") or "") for entry in container.get("env") or [])
            yield from (*(container.get("command") or []), *(container.get("args") or []))
