"""One container of a pod: starts, probes, restarts and stops its process."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.resources.istio import XDS_BOOTSTRAP
from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import EPOCH, write_now, write_time
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.child import Command, RunningProcess, Write
from grpcdemo.sandbox.controllers.events import Severity
from grpcdemo.sandbox.kubelet.backoff import Backoff, format_delay
from grpcdemo.sandbox.kubelet.checks import Check, build_check
from grpcdemo.sandbox.kubelet.command import StartError, build_command, build_proxy_command, find_command
from grpcdemo.sandbox.kubelet.container_logs import ContainerLogs
from grpcdemo.sandbox.kubelet.environment import (
    IMAGE_ENV,
    ConfigError,
    add_addresses,
    build_environment,
    write_bootstrap,
)
from grpcdemo.sandbox.kubelet.host import Host
from grpcdemo.sandbox.kubelet.images import IMAGES, Image, is_proxy
from grpcdemo.sandbox.kubelet.prober import ProbeListener, run_probes
from grpcdemo.sandbox.kubelet.status import ContainerState
from grpcdemo.sandbox.proxy.sidecar import Sidecar
from grpcdemo.waiting import is_set_within

START_FAILED = 128

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PodContext:
    """What a container knows of its pod."""

    host: Host
    pod: Object
    pod_ip: str
    sidecar: Sidecar | None
    folder: Path
    changed: Callable[[], None]
    """Called when the state of a container has changed."""

    @property
    def full_name(self) -> str:
        metadata = self.pod["metadata"]
        return f"{metadata['name']}_{metadata['namespace']}({metadata['uid']})"


class Container:
    """A container through all its runs. *restart* is its restart policy.

    *part* is the field of the pod's spec that lists it. An init container goes before the main ones; with the policy
    Always, it is a native sidecar.
    """

    def __init__(self, spec: Object, context: PodContext, *, restart: str, part: str = "containers") -> None:
        init = part == "initContainers"
        self.spec = spec
        self.state = ContainerState(spec["name"], spec.get("image", ""), sidecar=init and restart == "Always")
        self.logs = ContainerLogs(context.folder / spec["name"], context.host.config.rotate_at)
        self.started = asyncio.Event()
        """Set once the startup probe, if any, has succeeded."""
        self._context = context
        self._restart = restart
        self._part = part
        self._stopping = asyncio.Event()
        self._process: RunningProcess | None = None
        self._env: Mapping[str, str] = {}
        """Of the present run."""
        self._commands: set[RunningProcess] = set()
        """Those that were started in the container beside its program."""
        self._runs = 0
        first_s = context.host.config.backoff_s
        self._crashes = Backoff(first_s=first_s, free=1)
        self._pulls = Backoff(first_s=first_s)

    async def run(self) -> None:
        """Until it is stopped, or ends and is not to be restarted."""
        while not self._stopping.is_set():
            image = IMAGES.get(self.state.image)
            if image is None:
                await self._fail_to_pull()
                continue
            try:
                await self._run_once(image)
            except ConfigError as error:
                self._wait("CreateContainerConfigError", str(error), event=f"Error: {error}")
                await is_set_within(self._stopping, self._pulls.next_delay_s())
                continue
            if self._restart == "Never" or (self._restart == "OnFailure" and self.state.ended_well):
                return
            await self._back_off()

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, and SIGKILL after *grace_s*; does nothing if no process runs."""
        self._stopping.set()
        if self._process is not None and not self._process.ended.done():
            self._record("Normal", "Killing", f"Stopping container {self.state.name}")
            await self._process.stop(grace_s)

    def kill(self) -> None:
        for process in filter(None, (self._process, *self._commands)):
            process.signal(signal.SIGKILL)

    async def run_command(self, argv: Sequence[str], write: Write) -> int:
        """Run *argv* beside the container's program, with its environment, to the end; the exit code.

        Raises StatusError if the container does not run, or there is no such program.
        """
        if "running" not in self.state.state:
            raise StatusError("BadRequest", f'container not found ("{self.state.name}")')
        try:
            command = find_command(argv, self._env, self._work(), dns=self._context.host.config.dns)
            process = await self._context.host.start(command, write)
        except (StartError, GrpcdemoError, OSError) as error:
            raise StatusError("InternalError", f"error executing command in container: {error}") from error
        self._commands.add(process)
        try:
            return await asyncio.shield(process.ended)
        finally:
            process.signal(signal.SIGKILL)
            self._commands.discard(process)

    async def _run_once(self, image: Image) -> None:
        """From start to end. Raises ConfigError."""
        present = f'Container image "{self.state.image}" already present on machine and can be accessed by the pod'
        self._record("Normal", "Pulled", present)
        self.state.image_id = image.id
        with contextlib.ExitStack() as stack:
            try:
                env = self._env = await self._build_environment(image)
                self._record("Normal", "Created", "Container created")
                file = stack.enter_context(contextlib.closing(self.logs.open(self._runs)))
                self._process = await self._context.host.start(self._build_command(image, env), file.write)
            except (StartError, GrpcdemoError, OSError) as error:
                self._count_run()
                self._fail_to_start(str(error))
                return
            self._count_run()
            code = await self._run_to_end(self._process)
            self.kill()  # what still runs beside it
        self._end(code)

    async def _run_to_end(self, process: RunningProcess) -> int:
        self._record("Normal", "Started", "Container started")
        self._set({"running": {"startedAt": write_now()}})
        listener = ProbeListener(self._report_started, self._report_ready, self._report_unhealthy, self._restart_failed)
        probing = asyncio.create_task(run_probes(self.spec, self._make_check, listener))
        probing.add_done_callback(log_failure)
        if self._stopping.is_set():  # stopped while it was starting
            process.signal(signal.SIGKILL)
        try:
            return await asyncio.shield(process.ended)
        finally:
            probing.cancel()

    async def _build_environment(self, image: Image) -> dict[str, str]:
        """Raises ConfigError, GrpcdemoError, OSError."""
        context, metadata = self._context, self._context.pod["metadata"]
        env = build_environment(self.spec, context.pod, context.pod_ip)

        def resolve(namespace: str, service: str, port: int) -> str | None:
            return context.host.resolve(namespace or metadata["namespace"], service, port, context.sidecar)

        env = add_addresses(env, image, self._listen_ip, context.host.network, resolve)
        if XDS_BOOTSTRAP in env and context.host.config.agent:
            bootstrap = await context.host.config.agent.bootstrap(metadata["name"])
            env[XDS_BOOTSTRAP] = write_bootstrap(bootstrap, self._work())
        return {"HOSTNAME": metadata["name"], **IMAGE_ENV, **env}

    def _build_command(self, image: Image, env: dict[str, str]) -> Command:
        """Raises StartError, GrpcdemoError, OSError."""
        sidecar = self._context.sidecar
        if is_proxy(self.spec) and sidecar is not None:
            sidecar.create(self._context.host.service_ports())
            return build_proxy_command(sidecar)
        return build_command(self.spec, image, env, self._work(), dns=self._context.host.config.dns)

    def _work(self) -> Path:
        """The folder in which the container's program runs. Raises OSError."""
        cwd = self._context.folder / self.state.name / "work"
        cwd.mkdir(parents=True, exist_ok=True)
        return cwd

    @property
    def _listen_ip(self) -> str:
        """The pod's address, or the one behind the sidecar."""
        sidecar = self._context.sidecar
        return self._context.pod_ip if sidecar is None or is_proxy(self.spec) else sidecar.app_ip

    def _count_run(self) -> None:
        self.state.restarts = self._runs
        self._runs += 1
        self.state.container_id = f"grpcdemo://{secrets.token_hex(32)}"

    def _end(self, code: int) -> None:
        began = self.state.state.get("running", {}).get("startedAt") or write_now()
        exit_code = code if code >= 0 else 128 - code
        self._set(self._terminated(exit_code, "Completed" if exit_code == 0 else "Error", began))

    def _fail_to_start(self, why: str) -> None:
        self.state.last_state = self._terminated(START_FAILED, "StartError", write_time(EPOCH), message=why)
        self._wait("RunContainerError", why, event=f"Error: {why}")

    def _terminated(self, exit_code: int, reason: str, began: str, **message: str) -> Object:
        ended = {"startedAt": began, "finishedAt": write_now(), "containerID": self.state.container_id}
        return {"terminated": {"exitCode": exit_code, "reason": reason, **message, **ended}}

    async def _fail_to_pull(self) -> None:
        image = self.state.image
        if self.spec.get("imagePullPolicy") == "Never":
            why = f'Container image "{image}" is not present with pull policy of Never'
            self._record("Warning", "ErrImageNeverPull", why)
            self._wait("ErrImageNeverPull", why, event="Error: ErrImageNeverPull")
            await self._stopping.wait()
            return
        why = f'failed to pull and unpack image "{image}": the sandbox has only its own images'
        self._record("Normal", "Pulling", f'Pulling image "{image}"')
        self._record("Warning", "Failed", f'Failed to pull image "{image}": {why}')
        self._wait("ErrImagePull", why, event="Error: ErrImagePull")
        delay_s = self._pulls.next_delay_s()
        self._record("Normal", "BackOff", f'Back-off pulling image "{image}"')
        message = f'Back-off pulling image "{image}": ErrImagePull: {why}'
        self._wait("ImagePullBackOff", message, event="Error: ImagePullBackOff")
        await is_set_within(self._stopping, delay_s)

    async def _back_off(self) -> None:
        delay_s = self._crashes.next_delay_s()
        if "terminated" in self.state.state:
            self.state.last_state = self.state.state
        if delay_s <= 0 or self._stopping.is_set():
            return
        name, pod = self.state.name, self._context.full_name
        self._record("Warning", "BackOff", f"Back-off restarting failed container {name} in pod {pod}")
        why = f"back-off {format_delay(delay_s)} restarting failed container={name} pod={pod}"
        self._wait("CrashLoopBackOff", why)
        if await is_set_within(self._stopping, delay_s):
            self._set(self.state.last_state)

    def _wait(self, reason: str, message: str, *, event: str | None = None) -> None:
        if event is not None:
            self._record("Warning", "Failed", event)
        self._set({"waiting": {"reason": reason, "message": message}})

    def _set(self, state: Object) -> None:
        """Only a completed init container is ready at once; the probes make a running one ready."""
        self.state.state = state
        is_complete = self._part == "initContainers" and not self.state.sidecar and self.state.ended_well
        self.state.ready, self.state.started = is_complete, False
        self._context.changed()

    def _make_check(self, probe: Object) -> Check:
        context = self._context
        return build_check(probe, self.spec, context.host.network, pod_ip=context.pod_ip, listen_ip=self._listen_ip)

    def _report_started(self) -> None:
        self.state.started = True
        self.started.set()
        self._context.changed()

    def _report_ready(self, ready: bool) -> None:  # noqa: FBT001  (a callback)
        if self.state.ready != ready:
            self.state.ready = ready
            self._context.changed()

    def _report_unhealthy(self, message: str) -> None:
        self._record("Warning", "Unhealthy", message)

    async def _restart_failed(self, probe: str) -> None:
        if self._process is None or self._stopping.is_set():
            return
        self._record("Normal", "Killing", f"Container {self.state.name} failed {probe} probe, will be restarted")
        await self._process.stop(self._context.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _record(self, severity: Severity, reason: str, message: str) -> None:
        self._context.host.record(
            self._context.pod, f"spec.{self._part}{{{self.state.name}}}", severity, reason, message
        )


def log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("a container's task failed", exc_info=error)
