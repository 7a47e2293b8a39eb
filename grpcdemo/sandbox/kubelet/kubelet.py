"""The one node, `sandbox`: runs every pod that is bound to it, until the pod is deleted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from grpcdemo.resources.objects import Object, is_terminating, namespaced_name
from grpcdemo.resources.pods import is_finished
from grpcdemo.resources.resource import NODES, PODS
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.pod_ports import Address
from grpcdemo.sandbox.api.status import StatusError, not_found
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.child import Write
from grpcdemo.sandbox.kubelet.environment import IMAGE_ENV
from grpcdemo.sandbox.kubelet.fork_server import ForkServer, can_fork
from grpcdemo.sandbox.kubelet.host import NODE, Host, KubeletConfig, RecordEvent
from grpcdemo.sandbox.kubelet.images import MODULES
from grpcdemo.sandbox.kubelet.node import build_node
from grpcdemo.sandbox.kubelet.pod import PodWorker
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.services import follow_services

SHUTDOWN_S = 3.0
"""The grace period of all pods when the sandbox stops."""

Key = tuple[str, str]

log = logging.getLogger(__name__)


class Kubelet:
    """Runs pods, and commands in them, and serves their logs and ports. *root* is a folder of its own."""

    def __init__(
        self, store: Store, network: Network, root: Path, record: RecordEvent, *, config: KubeletConfig | None = None
    ) -> None:
        self._store = store
        config = config or KubeletConfig()
        self._fork_server = ForkServer(MODULES, IMAGE_ENV, root / "fork-server", launch=config.launch)
        can_be_forked = config.forks and can_fork()
        self._host = Host(store, network, root, record, config, self._fork_server if can_be_forked else None)
        self._workers: dict[Key, PodWorker] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until it is cancelled; then it stops every pod."""
        if self._store.find(NODES, "", NODE) is None:
            self._store.create(NODES, build_node())
        following = asyncio.create_task(follow_services(self._store, self._update_sidecars))
        try:
            async for event in self._store.follow(PODS, self._relist):
                self._sync(event.object, gone=event.type == "DELETED")
        finally:
            following.cancel()
            await self._shut_down()

    def read(self, namespace: str, pod: str, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """The log of a container. Raises StatusError."""
        worker = self._workers.get((namespace, pod))
        if worker is None:
            if self._store.find(PODS, namespace, pod) is None:
                raise not_found(PODS, pod)
            why = f'container "{container}" in pod "{pod}" is waiting to start: ContainerCreating'
            raise StatusError("BadRequest", why)
        return worker.read_log(container, options)

    def find_port(self, namespace: str, pod: str, port: int) -> Address:
        """Raises StatusError, and OSError if the port is known to be closed."""
        return self._find_worker(namespace, pod).find_port(port)

    async def run_command(self, namespace: str, pod: str, container: str, argv: Sequence[str], write: Write) -> int:
        """The exit code of a command in a container. Raises StatusError if it cannot be started."""
        if self._host.network.is_virtual:
            raise StatusError(
                "BadRequest", "only 127.0.0.1 answers on this machine, so a pod has no network of its own"
            )
        return await self._find_worker(namespace, pod).run_command(container, argv, write)

    def _find_worker(self, namespace: str, pod: str) -> PodWorker:
        """Raises StatusError."""
        worker = self._workers.get((namespace, pod))
        if worker is None:
            if self._store.find(PODS, namespace, pod) is None:
                raise not_found(PODS, pod)
            raise StatusError("BadRequest", f"pod {pod} does not run on a node")
        return worker

    def _relist(self) -> None:
        pods = {namespaced_name(pod): pod for pod in self._store.list(PODS)}
        for pod in pods.values():
            self._sync(pod, gone=False)
        for key, worker in list(self._workers.items()):
            if key not in pods:
                worker.delete(None)

    def _sync(self, pod: Object, *, gone: bool) -> None:
        key, metadata = namespaced_name(pod), pod["metadata"]
        worker = self._workers.get(key)
        if worker is not None and worker.uid == metadata["uid"]:
            if gone:
                worker.delete(None)
            elif is_terminating(pod):
                worker.delete(metadata.get("deletionGracePeriodSeconds") or 0)
            else:
                worker.add_ephemeral_containers(pod)
        elif not gone:
            if worker is not None:
                worker.delete(None)
            self._start(key)

    def _start(self, key: Key) -> None:
        """Start a pod that does not run yet, if it still exists and is bound to this node."""
        pod = self._store.find(PODS, *key)
        if pod is None or pod["spec"].get("nodeName") != NODE or is_finished(pod):
            return
        worker = self._workers[key] = PodWorker(pod, self._host)
        worker.add_ephemeral_containers(pod)
        if is_terminating(pod):
            worker.delete(0)
        task = asyncio.create_task(self._run(key, worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, key: Key, worker: PodWorker) -> None:
        try:
            await worker.run()
        except Exception:
            log.exception("pod %s failed", "/".join(key))
        finally:
            if self._workers.get(key) is worker:
                del self._workers[key]

    def _update_sidecars(self) -> None:
        service_ports = self._host.service_ports()
        for worker in self._workers.values():
            if worker.sidecar is not None:
                worker.sidecar.update(service_ports)

    async def _shut_down(self) -> None:
        for worker in self._workers.values():
            worker.delete(SHUTDOWN_S)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=2 * SHUTDOWN_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._fork_server.close()
