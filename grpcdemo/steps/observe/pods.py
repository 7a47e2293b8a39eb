"""The pods of an observation: the servers, the clients, and when they are no longer the same."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.errors import Hint, Kubectl, NotFound, UsageError
from grpcdemo.kube.advice import advise_on_gap, describe_gap
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.streams.watch import Lost, Mirror, Query
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod
from grpcdemo.resources.labels import OURS
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import read_pod
from grpcdemo.resources.resource import PODS
from grpcdemo.steps.observe.config import ObserveConfig
from grpcdemo.steps.observe.gaps import find_gap


def pod_queries(config: ObserveConfig) -> dict[str, Query]:
    """What to mirror for `ObservedPods`."""
    queries = {"pods": Query(PODS, config.namespace, OURS)}
    if config.selector:
        queries["clients"] = Query(PODS, config.namespace, config.selector)
    return queries


def log_command(config: ObserveConfig, *options: str) -> Kubectl:
    """The command that shows the clients' logs."""
    clients = ("--selector", config.selector) if config.selector else (f"deployment/{CLIENT_APP}",)
    return Kubectl("logs", *clients, "--container", config.log_container, *options, namespace=config.namespace)


def observe_commands(config: ObserveConfig) -> tuple[Kubectl, ...]:
    """What shows the same by hand, call by call."""
    pods = Kubectl("get", "pods", "--output", "wide", namespace=config.namespace)
    return pods, log_command(config, "--follow", "--tail", "10")


@dataclass(frozen=True)
class Changing:
    """How many server pods come or go, as in a rollout."""

    not_ready: int = 0
    terminating: int = 0

    def __bool__(self) -> bool:
        return bool(self.not_ready or self.terminating)

    def __str__(self) -> str:
        counts = {"not ready": self.not_ready, "terminating": self.terminating}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


class ObservedPods:
    """Reads live pods, neither terminating nor finished, from a mirror of `pod_queries`."""

    def __init__(self, config: ObserveConfig, mirror: Mirror) -> None:
        self._config = config
        self._mirror = mirror

    @property
    def servers(self) -> list[Pod]:
        """Live server pods, by name."""
        return [pod for pod in map(read_pod, self._mirror["pods"]) if pod.app == SERVER_APP and pod.live]

    @property
    def clients(self) -> list[Pod]:
        """Live client pods, by name."""
        return [read_pod(client) for client in self._client_objects()]

    @property
    def generation(self) -> frozenset[str]:
        """The UIDs of clients and ready servers. When it changes, connections change, and a new window begins."""
        ready = [server for server in self.servers if server.ready]
        return frozenset(pod.uid for pod in [*self.clients, *ready])

    @property
    def changing(self) -> Changing:
        """The server pods that come or go."""
        servers = [pod for pod in map(read_pod, self._mirror["pods"]) if pod.app == SERVER_APP and not pod.finished]
        starting = sum(not pod.ready for pod in servers if not pod.deleting)
        return Changing(starting, sum(pod.deleting for pod in servers))

    @property
    def lost(self) -> Lost | None:
        """Why the pods cannot be watched now."""
        return self._mirror.lost

    async def changed(self, timeout_s: float) -> bool:
        """Wait for a change of any pod; False if there is none within *timeout_s*."""
        return await self._mirror.changed(timeout_s)

    async def check_clients(self, api: Api) -> None:
        """Raise NotFound if there is no client, with what is missing; UsageError if no client has the container."""
        config, clients = self._config, self._client_objects()
        if not clients and config.selector:
            raise NotFound(
                f"there is no pod with {config.selector} in namespace {config.namespace}",
                hint=Hint("see ", Kubectl("get", "pods", "--show-labels", namespace=config.namespace)),
            )
        if not clients:
            gap = await find_gap(api, config, servers=bool(self.servers), clients=False)
            raise NotFound(
                describe_gap(gap) if gap else f"there is no {CLIENT_APP} pod in namespace {config.namespace}",
                hint=advise_on_gap(gap) if gap else "see why with `grpcdemo status`",
            )
        names = sorted({container["name"] for client in clients for container in client["spec"]["containers"]})
        if config.log_container not in names:
            raise UsageError(
                f"pod {clients[0]['metadata']['name']} has no container {config.log_container}",
                hint=f"name one with --container: {', '.join(names)}",
            )

    def _client_objects(self) -> list[Object]:
        pods = self._mirror["clients" if self._config.selector else "pods"]
        if not self._config.selector:
            pods = [pod for pod in pods if read_pod(pod).app == CLIENT_APP]
        return [pod for pod in pods if read_pod(pod).live]
