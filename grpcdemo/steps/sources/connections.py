"""Who is connected to which server pod, as the kernel of each server pod has it in `/proc/net/tcp`.

No request is counted. That a client's connections all go to one pod, says where its requests go; that they go to
several, does not. A command in the server's container reads the tables: all containers of a pod have the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from grpcdemo.diagnosis.fan_out import OUTSIDE, Connection, Connections
from grpcdemo.diagnosis.proxies import Proxy, proxy_in
from grpcdemo.errors import ApiError
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import default_container, pod_ips
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.callers import tell_apart
from grpcdemo.steps.sources.polls import MOST_PODS, WAIT_S, Polls, unasked
from grpcdemo.steps.sources.source import Reading
from grpcdemo.workload.sockets import HEAD, Socket, parse_sockets

if TYPE_CHECKING:
    from grpcdemo.kube.client.execution import Output

COMMAND = ("cat", "/proc/net/tcp", "/proc/net/tcp6")
"""Where there is no IPv6, there is no second table, and the command fails after the first."""
BYTE_ORDER: Final = "little"
"""Of the nodes, as far as it matters: amd64 and arm64."""
NO_PROGRAM = "no container has the program `cat`, as in a distroless image"
BEHIND = "its proxy accepts the connections of its callers"
UNSEEN = "not all server pods' connections can be read"
TAKING = (Proxy.SIDECAR, Proxy.LINKERD)
"""What takes the connections of a pod's callers."""
NOT_READ = "its connections are not read"
OF_THE_NODE = "it has the address of its node"
Sockets = tuple[Socket, ...]


class ConnectionsSource:
    """The connections to one port of a Service's pods."""

    def __init__(self, api: Api, *, wait_s: float = WAIT_S) -> None:
        def call(pod: Object, containers: tuple[str, ...]) -> TablesLine:
            return TablesLine(api, pod, containers)

        self._polls = Polls(api, call, wait_s=wait_s)

    async def read(self, around: Around) -> Reading:
        names, serving = pod_names(around.servers), around.serving
        seeing = {uid: pod for uid, pod in serving.items() if proxy_in(pod, {}) not in TAKING}
        if not around.clients:
            return Reading("connections", nobody="no client pod is known")
        if not seeing:
            return Reading("connections", nobody="the server pods' proxies accept the connections of the callers")
        asked = [*seeing.values()][:MOST_PODS]
        answers, failed = await self._polls.ask((pod, _containers(pod, around.ports)) for pod in asked)
        tables = {uid: sockets for uid, sockets in answers.items() if sockets is not None}
        if answers and not tables and not failed:
            return Reading("connections", nobody=f"the server pods' connections cannot be read: {NO_PROGRAM}")
        told = {names[uid]: _to_pod(seeing[uid], sockets, around.ports) for uid, sockets in tables.items()}
        failed.update(dict.fromkeys(answers.keys() - tables.keys(), NO_PROGRAM))
        failures = {names[uid]: why for uid, why in failed.items()}
        behind = {names[uid]: BEHIND for uid in serving if uid not in seeing}
        too_many = unasked([names[uid] for uid in seeing])
        missing = {
            name: too_many.get(name, NOT_READ) for name in around.address_of if name not in {*told, *failures, *behind}
        }
        silent = {**behind, **missing}
        return Reading(
            "connections",
            told=[*told],
            all_pods=len(serving),
            failures=failures,
            is_awaited=self._polls.are_awaited,
            uncounted={**silent, **_of_nodes(around.clients)},
            connections=Connections(_by_client(told, around.clients), UNSEEN if failures or silent else ""),
        )

    async def close(self) -> None:
        await self._polls.close()


class TablesLine:
    """Reads the tables of one pod, in the first of its *containers* that has the program."""

    def __init__(self, api: Api, pod: Object, containers: Sequence[str]) -> None:
        self._api = api
        self._pod, self._namespace = str(pod["metadata"]["name"]), str(pod["metadata"]["namespace"])
        self._containers = [*containers]

    @property
    def silence(self) -> str:
        return f"`{' '.join(COMMAND)}` does not answer"

    async def missing_right(self) -> Right:
        """Kubernetes asked for only `get` until 1.35, and now also for `create`."""
        for verb in ("get", "create"):
            right = Right(verb, PODS, self._namespace, subresource="exec")
            if not await self._api.may(right):
                return right
        raise ApiError("commands in the pod are rejected, although this user has the permission: maybe by a webhook")

    async def ask(self) -> Sockets | None:
        """None if no container has the program. Raises ApiError."""
        while self._containers:
            output = await self._api.execute(self._pod, self._containers[0], *COMMAND, namespace=self._namespace)
            if not output.is_missing:
                return _parse(output)
            del self._containers[0]
        return None

    async def hang_up(self) -> None:
        """Each command has a connection of its own."""


def _parse(output: Output) -> Sockets:
    """Raises ApiError."""
    text = output.stdout.decode(errors="replace")
    if HEAD not in text:
        raise ApiError(f"`{' '.join(COMMAND)}` fails: {output.stderr or output.message}")
    try:
        return tuple(parse_sockets(text, BYTE_ORDER))
    except ValueError as error:
        raise ApiError(str(error)) from error


def _containers(pod: Object, ports: Collection[int]) -> tuple[str, ...]:
    """Those of the pod, the server's first, as far as its ports tell."""
    default = default_container(pod)
    declaring = {
        str(container["name"])
        for container in pod["spec"]["containers"]
        if any(port.get("containerPort") in ports for port in container.get("ports") or [])
    }
    names = (str(container["name"]) for container in pod["spec"]["containers"])
    return tuple(sorted(names, key=lambda name: (name not in declaring, name != default)))


def _to_pod(pod: Object, sockets: Sockets, ports: Collection[int]) -> list[Socket]:
    """Those of its own addresses: others are of the pod with itself, or of another one with the node's network."""
    own = {*pod_ips(pod)}
    return [socket for socket in sockets if socket.local_port in ports and socket.local_ip in own]


def _by_client(told: Mapping[str, Sequence[Socket]], clients: Sequence[Object]) -> dict[str, set[Connection]]:
    at, _ = tell_apart(clients, ())
    by_client: dict[str, set[Connection]] = defaultdict(set)
    for server, sockets in told.items():
        for socket in sockets:
            connection = Connection(server, socket.remote_ip, socket.remote_port)
            by_client[at.get(socket.remote_ip, OUTSIDE)].add(connection)
    return dict(by_client)


def _of_nodes(clients: Sequence[Object]) -> dict[str, str]:
    """The client pods that look like everything else on their node."""
    names = pod_names(clients)
    return {names[pod["metadata"]["uid"]]: OF_THE_NODE for pod in clients if pod["spec"].get("hostNetwork")}
