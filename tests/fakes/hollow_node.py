"""A hollow node, as in kubemark and KWOK: it runs nothing, and says of its pods what a kubelet would."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, is_terminating
from grpcdemo.resources.pod_status import is_sidecar
from grpcdemo.resources.resource import ENDPOINT_SLICES, NODES, PODS
from grpcdemo.resources.times import write_time
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.pod_ports import Address
from grpcdemo.sandbox.api.registry import Registry
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.controllers.clock import Clock
from grpcdemo.sandbox.kubelet.status import ContainerState, PodState, build_status
from grpcdemo.workload.call_log import Call, format_call

from .log import format_time

NAME = "hollow-node"
NODE = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NAME, "labels": {"kubernetes.io/os": "linux"}}}
PROXY = "istio-proxy"
LAST_LINES = b"first\nlast\n"
"""The log of every container that is not followed."""
CALLS_AT_ONCE = 10
PAUSE_S = 0.001
HISTORY, CALL_NS = 400, 50_000
"""How many calls the log of a pod has that is read at once, and how much later one is than the one before."""


@dataclass(frozen=True)
class Behavior:
    """How a pod does on the node. `state` and `last_state` are those of its own containers, not of its proxy."""

    ready: bool = True
    stops: bool = True
    """Whether it ends when it is deleted."""
    state: Object | None = None
    """None while it runs."""
    last_state: Object | None = None


READY = Behavior()
NOT_READY = Behavior(ready=False)
SLOW_TO_STOP = Behavior(stops=False)
CRASHING = Behavior(
    ready=False, state={"waiting": {"reason": "CrashLoopBackOff"}}, last_state={"terminated": {"exitCode": 7}}
)


def waiting(reason: str, message: str = "") -> Behavior:
    """A pod whose containers do not start, such as for `ErrImagePull`."""
    return Behavior(ready=False, state={"waiting": {"reason": reason, "message": message}})


class HollowNode:
    """Also the logs of its pods: each calls the server of its namespace, without end."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self.behavior: Callable[[Object], Behavior] = lambda pod: READY
        self.added: Object = {"running": {}}
        """The state of each ephemeral container."""
        self.balances = False
        """Whether calls are balanced even without a proxy."""
        self.calls_fail = False
        self._registry = registry
        self._store = registry.store
        self._clock = clock
        self._calls: Counter[str] = Counter()

    async def run(self) -> None:
        if self._store.find(NODES, "", NAME) is None:
            self._store.create(NODES, NODE)
        while True:
            since = self._store.version
            self.look_again()
            with suppress(StatusError):  # it fell behind
                async for event in self._store.watch(PODS, since):
                    if event.type != "DELETED":
                        self._sync(event.object)

    def look_again(self) -> None:
        """After a change of `behavior`, which new pods alone follow by themselves."""
        for pod in self._store.scan(PODS):
            self._sync(pod)

    def set_ready(self, pod: Object, ready: bool) -> None:
        self._report(pod, READY if ready else NOT_READY)

    def _sync(self, pod: Object) -> None:
        metadata, behavior = pod["metadata"], self.behavior(pod)
        current = self._store.peek(PODS, metadata["namespace"], metadata["name"])
        if current is None or current["spec"].get("nodeName") != NAME:
            return
        if not is_terminating(current):
            is_new = current["status"].get("phase") == "Pending" and "podIP" not in current["status"]
            if is_new or len(_ephemeral(current)) > len(current["status"].get("ephemeralContainerStatuses") or []):
                self._report(current, behavior)
        elif behavior.stops and current["metadata"]["deletionGracePeriodSeconds"]:
            self._registry.delete(PODS, metadata["namespace"], metadata["name"], options={"gracePeriodSeconds": 0})

    def _report(self, pod: Object, behavior: Behavior) -> None:
        ip = (pod.get("status") or {}).get("podIP") or free_ip("10.244", self._store)
        init = [_container_state(spec, behavior, init=True) for spec in pod["spec"].get("initContainers") or []]
        main = [_container_state(spec, behavior) for spec in pod["spec"]["containers"]]
        added = [ContainerState(spec["name"], spec["image"], state=self.added) for spec in _ephemeral(pod)]
        now = write_time(self._clock.now())
        self._store.update(PODS, {**pod, "status": build_status(pod, PodState(ip, now, init, main, added), now)})

    def find_port(self, namespace: str, pod: str, port: int) -> Address:
        raise StatusError("InternalError", "a hollow node has no ports")

    async def run_command(
        self, namespace: str, pod: str, container: str, argv: Sequence[str], write: Callable[[str, bytes], None]
    ) -> int:
        raise StatusError("InternalError", f'exec: "{argv[0]}": executable file not found in $PATH')

    async def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        if options.timestamps and not options.follow and options.tail_lines != 1:
            yield self._history(namespace, self._store.get(PODS, namespace, pod))
            return
        if not options.follow:
            yield LAST_LINES
            return
        while client := self._store.peek(PODS, namespace, pod):
            servers, balances = self._servers(namespace), self._balances_of(client)
            for _ in range(CALLS_AT_ONCE):
                yield self._call(client["metadata"]["uid"], servers, time.time_ns(), balances=balances)
            await asyncio.sleep(PAUSE_S)

    def _history(self, namespace: str, pod: Object) -> bytes:
        """The calls of the last seconds, as if it had called the present servers all the time."""
        now, servers, balances = time.time_ns(), self._servers(namespace), self._balances_of(pod)
        times = (now - (HISTORY - number) * CALL_NS for number in range(HISTORY))
        self._calls.pop(pod["metadata"]["uid"], None)
        return b"".join(self._call(pod["metadata"]["uid"], servers, at, balances=balances) for at in times)

    def _balances_of(self, client: Object) -> bool:
        specs = _specs(client)
        policies = [env.get("value") for spec in specs for env in spec.get("env") or [] if env["name"] == "POLICY"]
        return self.balances or any(spec["name"] == PROXY for spec in specs) or "round_robin" in policies

    def _servers(self, namespace: str) -> list[tuple[str, str]]:
        """Name and IP of every pod that a Service called grpc-server leads to."""
        return sorted(
            (endpoint["targetRef"]["name"], endpoint["addresses"][0])
            for slice_ in self._store.scan(ENDPOINT_SLICES, namespace)
            if slice_["metadata"]["labels"].get(SERVICE_NAME) == "grpc-server"
            for endpoint in slice_["endpoints"]
            if endpoint["conditions"]["ready"]
        )

    def _call(self, client: str, servers: list[tuple[str, str]], at_ns: int, *, balances: bool) -> bytes:
        self._calls[client] += 1
        seq = self._calls[client]
        if servers and not self.calls_fail:
            pod, ip = servers[seq % len(servers) if balances else 0]
            call = Call(seq, "OK", pod, ip, 1.0, None)
        else:
            call = Call(seq, "UNAVAILABLE", None, None, 1.0, f"attempt {seq}")
        return f"{format_time(at_ns)} {format_call(call)}\n".encode()


def free_ip(network: str, store: Store) -> str:
    """An address that nothing in *store* has: the change that writes it there is the only one with its number."""
    return "{}.{}.{}".format(network, *divmod(store.version, 250))


def _container_state(spec: Object, behavior: Behavior, *, init: bool = False) -> ContainerState:
    sidecar = init and is_sidecar(spec)
    state = ContainerState(spec["name"], spec["image"], sidecar=sidecar)
    if init and not sidecar:
        state.state = {"terminated": {"exitCode": 0}}
    elif spec["name"] == PROXY:
        state.state, state.ready, state.started = {"running": {}}, True, True
    else:
        state.state = behavior.state or {"running": {}}
        state.last_state = behavior.last_state or {}
        state.ready, state.started = behavior.ready, behavior.state is None
    return state


def _ephemeral(pod: Object) -> list[Object]:
    return pod["spec"].get("ephemeralContainers") or []


def _specs(pod: Object) -> list[Object]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
