"""One pod on the node: runs its containers in order, writes its status, and ends it.

Init containers run one after the other. Native sidecars keep running: they start before the main containers, and
stop after them.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from grpcdemo.resources.objects import Object, namespaced_name
from grpcdemo.resources.pod_status import is_sidecar
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.times import write_now
from grpcdemo.sandbox.api.logs import LogOptions
from grpcdemo.sandbox.api.pod_ports import Address
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.child import Write
from grpcdemo.sandbox.kubelet.container import Container, PodContext, log_failure
from grpcdemo.sandbox.kubelet.host import Host
from grpcdemo.sandbox.kubelet.images import is_proxy
from grpcdemo.sandbox.kubelet.log_reader import read_log
from grpcdemo.sandbox.kubelet.status import PodState, build_status
from grpcdemo.sandbox.proxy.sidecar import Sidecar
from grpcdemo.sandbox.proxy.xds import XdsFolder

FORCED_GRACE_S = 1.0
"""The grace period of a pod that is already gone from the API."""

LONGEST_READABLE = 200
"""A pod's name may be nearly as long as a folder's, which also holds the uid."""


class PodWorker:
    """Runs one pod, and owns its address, folder and processes."""

    def __init__(self, pod: Object, host: Host) -> None:
        self._host = host
        self._pod = pod
        self._pod_ip = host.network.allocate_pod()
        self._start_time = write_now()
        self._running = True
        self._deleted = asyncio.Event()
        self._grace_s = FORCED_GRACE_S
        metadata, spec = pod["metadata"], pod["spec"]
        self.uid: str = metadata["uid"]
        readable = f"{metadata['namespace']}_{metadata['name']}"[:LONGEST_READABLE]
        self.folder: Path = host.root / "pods" / f"{readable}_{self.uid}"
        self.sidecar = self._make_sidecar()
        self._context = context = PodContext(host, pod, self._pod_ip, self.sidecar, self.folder, self.write_status)
        policy = spec.get("restartPolicy", "Always")
        self._init = [_make_init_container(each, context, policy) for each in spec.get("initContainers") or []]
        self._main = [Container(each, context, restart=policy) for each in spec["containers"]]
        self._ephemeral: list[Container] = []
        self._tasks: dict[Container, asyncio.Task[None]] = {}

    def add_ephemeral_containers(self, pod: Object) -> None:
        """Start those in the spec that do not run yet. They are not restarted."""
        known = {container.state.name for container in self._ephemeral}
        added = [each for each in pod["spec"].get("ephemeralContainers") or [] if each["name"] not in known]
        for spec in added if self._running else []:
            container = Container(spec, self._context, restart="Never", part="ephemeralContainers")
            self._ephemeral.append(container)
            self._start(container)

    def delete(self, grace_s: float | None) -> None:
        """Start to stop the pod, within *grace_s*; None if it is gone from the API. Later calls can only shorten it."""
        given_s = FORCED_GRACE_S if grace_s is None else grace_s
        if self._deleted.is_set():
            if given_s < self._grace_s:
                asyncio.get_running_loop().call_later(given_s, self._kill)
            return
        self._grace_s = given_s
        self._deleted.set()

    async def run(self) -> None:
        """From start to end. Afterwards nothing is left of the pod, not even in the store."""
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
        """Raises StatusError (BadRequest) if there is none."""
        pod, known = self._pod["metadata"]["name"], self._find(container)
        return read_log(known.logs.choose(pod, known.state, previous=options.previous), options)

    async def run_command(self, container: str, argv: Sequence[str], write: Write) -> int:
        """The exit code. Raises StatusError if it cannot be started."""
        return await self._find(container).run_command(argv, write)

    def find_port(self, port: int) -> Address:
        """What leads to a port of the pod's loopback interface."""
        if self.sidecar is not None:
            return self.sidecar.find_port(port)
        return self._host.network.reach(self._pod_ip, port)

    def write_status(self) -> None:
        """Set the pod's status to the present state, in one turn of the event loop."""
        pod = self._host.store.find(PODS, *namespaced_name(self._pod))
        if pod is None or pod["metadata"]["uid"] != self.uid:
            return
        init, main, ephemeral = (
            [container.state for container in group] for group in (self._init, self._main, self._ephemeral)
        )
        state = PodState(self._pod_ip, self._start_time, init, main, ephemeral, running=self._running)
        pod["status"] = build_status(pod, state, write_now())
        self._host.store.update(PODS, pod)

    async def _work(self) -> None:
        """Returns once the main containers have ended and are not to be restarted."""
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

    def _find(self, container: str) -> Container:
        """Raises StatusError (BadRequest)."""
        for known in (*self._init, *self._main, *self._ephemeral):
            if known.state.name == container:
                return known
        raise StatusError("BadRequest", f"container {container} is not valid for pod {self._pod['metadata']['name']}")

    def _start(self, container: Container) -> asyncio.Task[None]:
        task = self._tasks[container] = asyncio.create_task(container.run())
        task.add_done_callback(log_failure)
        return task

    async def _stop(self, grace_s: float) -> None:
        """Stop the main containers together, then the others in reverse order, all within *grace_s*."""
        loop = asyncio.get_running_loop()
        until = loop.time() + grace_s
        for group in ([*self._main, *self._ephemeral], *([container] for container in reversed(self._init))):
            left_s = max(0.0, until - loop.time())
            await asyncio.gather(*(container.stop(left_s) for container in group))
            if ending := [self._tasks[container] for container in group if container in self._tasks]:
                await asyncio.wait(ending)

    def _end(self) -> None:
        self._running = False
        self.write_status()

    def _remove(self) -> None:
        """Remove the pod from the store, unless a finalizer holds it."""
        namespace, name = namespaced_name(self._pod)
        pod = self._host.store.find(PODS, namespace, name)
        if pod is None or pod["metadata"]["uid"] != self.uid:
            return
        if pod["metadata"].get("finalizers"):
            self._host.store.mark_deleted(PODS, namespace, name, grace_s=0)
        else:
            self._host.store.remove(PODS, namespace, name)

    def _kill(self) -> None:
        for container in (*self._ephemeral, *self._main, *self._init):
            container.kill()

    def _free(self) -> None:
        self._host.network.free(self._pod_ip)
        if self.sidecar is not None:
            self.sidecar.free()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _make_sidecar(self) -> Sidecar | None:
        spec = self._pod["spec"]
        containers = [*spec["containers"], *(spec.get("initContainers") or [])]
        if not any(is_proxy(container) for container in containers):
            return None
        return Sidecar(self._pod, self._pod_ip, self._host.network, XdsFolder(self.folder / "proxy"))


def _make_init_container(spec: Object, context: PodContext, policy: str) -> Container:
    if is_sidecar(spec):
        return Container(spec, context, restart="Always", part="initContainers")
    return Container(spec, context, restart="Never" if policy == "Never" else "OnFailure", part="initContainers")
