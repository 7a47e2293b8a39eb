"""Who serves a Service and who calls it now, from a mirror of the pods and the endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grpcdemo.diagnosis.callers import Callers
from grpcdemo.diagnosis.inventory import Inventory
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.watch import Lost, Mirror, Query
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.metrics_ports import annotated_port, usual_port
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import ENDPOINT_SLICES, PODS
from grpcdemo.resources.selectors import selects
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.sidecars import has_envoy
from grpcdemo.steps.sources.source import Choice, SourceConfig

SLICES = "slices/"
"""Named as no namespace can be."""


async def find_caller_namespaces(api: Api, service: Object, port: Object, client: Client | None) -> list[str]:
    """Where clients run: the named one or, without one, those that name the Service now, as far as the user may look.

    The Service's own namespace is always among them: there, others may appear.
    """
    own = service["metadata"]["namespace"]
    if client:
        return sorted({own, client.namespace})
    try:
        pods = await api.list_all(PODS)
    except Forbidden:
        return [own]
    return sorted({own, *(caller.namespace for caller in Callers(Inventory({PODS: pods})).of(service, port))})


def service_queries(service: Object, namespaces: Iterable[str]) -> dict[str, Query]:
    """What to mirror for `ServicePods`: the pods in these *namespaces*, each by its name, and the Service's slices."""
    metadata = service["metadata"]
    slices = Query(ENDPOINT_SLICES, metadata["namespace"], f"{SERVICE_NAME}={metadata['name']}")
    return {SLICES: slices, **{namespace: Query(PODS, namespace) for namespace in namespaces}}


class ServicePods:
    """The pods around one port of a Service: its clients are the named one or, without one, those that name it."""

    def __init__(
        self, service: Object, port: Object, client: Client | None, namespaces: Sequence[str], mirror: Mirror
    ) -> None:
        self._service = service
        self._port = port
        self._client = client
        self._namespaces = namespaces
        self._mirror = mirror

    @property
    def lost(self) -> Lost | None:
        """Why the pods cannot be watched now."""
        return self._mirror.lost

    def look(self) -> Around:
        scene = Scene(self._service, self._port, Inventory({ENDPOINT_SLICES: self._mirror[SLICES]}))
        own = self._service["metadata"]["namespace"]
        names = {endpoint.pod for endpoint in scene.endpoints}
        servers = [pod for pod in self._mirror[own] if pod["metadata"]["name"] in names and is_active(pod)]
        is_one_of_many = bool(self._client and self._client.is_one_of_many)
        return Around(self._clients(), servers, scene.ready_addresses, scene.target_ports, is_one_of_many)

    def check_clients(self, config: SourceConfig) -> None:
        """Raises NotFound if nobody is known to call, and the servers are not asked or count nothing."""
        around, choice = self.look(), config.choice
        know_callers = choice in (Choice.AUTO, Choice.ISTIO) and any(map(has_envoy, around.servers))
        named = [pod for pod in around.servers if annotated_port(pod) or usual_port(pod)]
        have_metrics = choice is Choice.AUTO and (config.metrics_port or named)
        ask_servers = choice in (Choice.APP, Choice.LOG) or know_callers or have_metrics
        if not around.clients and not ask_servers:
            metadata = self._service["metadata"]
            raise NotFound(
                f"no pod names Service {metadata['name']} in namespace {metadata['namespace']}, "
                "so its clients are not known",
                hint="name the client with --client, such as deploy/web, and its namespace with --client-namespace",
            )

    def _clients(self) -> list[Object]:
        if self._client:
            pods = self._mirror[self._client.namespace]
            return [pod for pod in pods if is_active(pod) and _is_of(pod, self._client)]
        pods = [pod for namespace in self._namespaces for pod in self._mirror[namespace]]
        callers = Callers(Inventory({PODS: pods})).of(self._service, self._port)
        return sorted((pod for caller in callers for pod in caller.pods), key=lambda pod: str(pod["metadata"]["name"]))


def _is_of(pod: Object, client: Client) -> bool:
    if client.reference.resource is PODS:
        return bool(pod["metadata"]["name"] == client.reference.name)
    selector = ((client.workload or {}).get("spec") or {}).get("selector") or {}
    return selects(selector, labels_of(pod))
