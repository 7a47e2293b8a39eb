"""One pod on the node: its containers in their order, its status, and its end.

Init containers run one after the other, and native sidecars stay: they are there before the main containers
start, and until these have ended.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.times import write_now
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.kubelet.container import Container, Surroundings
from grpcdemo.sandbox.kubelet.images import is_proxy
from grpcdemo.sandbox.kubelet.log_reader import read_log
from grpcdemo.sandbox.kubelet.settings import Node
from grpcdemo.sandbox.kubelet.status import ContainerState, PodState, build_status
from grpcdemo.sandbox.proxy.sidecar import Sidecar
from grpcdemo.sandbox.proxy.xds import XdsFolder

FORCED_GRACE_S = 1.0
"""What a pod gets that is gone from the API already."""

LONGEST_READABLE = 200
"""A pod's name may be nearly as long as a folder's, which has to hold more than that."""

log = logging.getLogger(__name__)


class PodWorker:
    """Runs one pod, and holds what the node has given it: an address, a folder, its processes."""

    def __init__(self, pod: Object, node: Node) -> None:
        self._node = node
        self._pod = pod
        self._pod_ip = node.network.allocate_pod()
        self._start_time = write_now()
        self._running = True
        self._deleted = asyncio.Event()
        self._grace_s = FORCED_GRACE_S
        metadata, spec = pod["metadata"], pod["spec"]
        self.uid: str = metadata["uid"]
        readable = f"{metadata['namespace']}_{metadata['name']}"[:LONGEST_READABLE]
        self.folder: Path = node.root / "pods" / f"{readable}_{self.uid}"
        self.sidecar = self._make_sidecar()
        around = Surroundings(node, pod, self._pod_ip, self.sidecar, self.folder, self.write_status)
        policy = spec.get("restartPolicy", "Always")
        self._init = [_make_init_container(found, around, policy) for found in spec.get("initContainers") or []]
        self._main = [Container(found, around, restart=policy) for found in spec["containers"]]
        self._tasks: dict[Container, asyncio.Task[None]] = {}

    def delete(self, grace_s: float | None) -> None:
        """Begin to end, within *grace_s*; None where the pod is gone from the API. Later calls can only hurry."""
        wanted_s = FORCED_GRACE_S if grace_s is None else grace_s
        if self._deleted.is_set():
            if wanted_s < self._grace_s:
                asyncio.get_running_loop().call_later(wanted_s, self._kill)
            return
        self._grace_s = wanted_s
        self._deleted.set()

    async def run(self) -> None:
        """From start to end; afterwards nothing of the pod is left, in the store neither."""
        if self._init:
            for container in self._main:
                container.state.state = {"waiting": {"reason": "PodInitializing"}}
        self.write_status()
        working = asyncio.create_task(self._work())
        deleted = asyncio.create_task(self._deleted.wait())
        try:
            await asyncio.wait({working, deleted}, return_when=asyncio.FIRST_COMPLETED)
            if not deleted.done():
                working.result()
                self._end()
                await deleted
            working.cancel()
            await self._stop(self._grace_s)
            self._end()
            self._remove()
        finally:
            self._kill()
            for task in (working, deleted, *self._tasks.values()):
                task.cancel()
            self._free()

    def read_log(self, container: str, options: LogOptions) -> AsyncIterator[bytes]:
        """Raises StatusError (BadRequest) where there is none."""
        name = self._pod["metadata"]["name"]
        found = next((found for found in (*self._init, *self._main) if found.state.name == container), None)
        if found is None:
            raise StatusError("BadRequest", f"container {container} is not valid for pod {name}")
        return read_log(found.logs.choose(name, found.state, previous=options.previous), options)

    def write_status(self) -> None:
        """As it is now, onto the object as it is now; both in one breath of the event loop."""
        metadata = self._pod["metadata"]
        pod = self._node.store.find(PODS, metadata["namespace"], metadata["name"])
        if pod is None or pod["metadata"]["uid"] != self.uid:
            return
        init, main = _states(self._init), _states(self._main)
        state = PodState(self._pod_ip, self._start_time, init, main, running=self._running)
        pod["status"] = build_status(pod, state, write_now())
        self._node.store.update(PODS, pod)

    async def _work(self) -> None:
        """Returns once the main containers have ended for good."""
        for container in self._init:
            task = self._start(container)
            if container.state.sidecar:
                started = asyncio.create_task(container.started.wait())
                await asyncio.wait({started, task}, return_when=asyncio.FIRST_COMPLETED)
                started.cancel()
            else:
                await asyncio.wait({task})
                if not container.state.ended_well:
                    break
        else:
            await asyncio.wait({self._start(container) for container in self._main})
        await self._stop(float(self._pod["spec"].get("terminationGracePeriodSeconds", 30)))

    def _start(self, container: Container) -> asyncio.Task[None]:
        task = self._tasks[container] = asyncio.create_task(container.run())
        task.add_done_callback(_log_failure)
        return task

    async def _stop(self, grace_s: float) -> None:
        """The main containers together, then the others, the last one first; all within *grace_s*."""
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        for group in (self._main, *([container] for container in reversed(self._init))):
            left_s = max(0.0, until - loop.time())
            await asyncio.gather(*(container.stop(left_s) for container in group))
            if ending := [self._tasks[container] for container in group if container in self._tasks]:
                await asyncio.wait(ending)

    def _end(self) -> None:
        self._running = False
        self.write_status()

    def _remove(self) -> None:
        """Take the pod out of the store, or leave that to whoever has a finalizer on it."""
        namespace, name = self._pod["metadata"]["namespace"], self._pod["metadata"]["name"]
        pod = self._node.store.find(PODS, namespace, name)
        if pod is None or pod["metadata"]["uid"] != self.uid:
            return
        if pod["metadata"].get("finalizers"):
            self._node.store.mark_deleted(PODS, namespace, name, grace_s=0)
        else:
            self._node.store.remove(PODS, namespace, name)

    def _kill(self) -> None:
        for container in (*self._main, *self._init):
            container.kill()

    def _free(self) -> None:
        self._node.network.free(self._pod_ip)
        if self.sidecar is not None:
            self.sidecar.free()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_sidecar(self) -> Sidecar | None:
        spec = self._pod["spec"]
        containers = [*spec["containers"], *(spec.get("initContainers") or [])]
        if not any(is_proxy(found.get("image", "")) for found in containers):
            return None
        return Sidecar(self._pod, self._pod_ip, self._node.network, XdsFolder(self.folder / "proxy"))


def _make_init_container(spec: Object, around: Surroundings, policy: str) -> Container:
    if spec.get("restartPolicy") == "Always":
        return Container(spec, around, restart="Always", init=True)
    return Container(spec, around, restart="Never" if policy == "Never" else "OnFailure", init=True)


def _states(containers: Sequence[Container]) -> list[ContainerState]:
    return [container.state for container in containers]


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a container's task failed", exc_info=error)
