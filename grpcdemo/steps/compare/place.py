"""The namespace of one cure: its servers and clients are deployed, scaled, restarted and read there."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence

from grpcdemo.cures.cure import Cure, CureValues
from grpcdemo.errors import ApiError, Conflict, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import apply, our_pods
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import create_namespace, find_namespace, relabel
from grpcdemo.kube.rollout.rollout import restart, wait_for_rollout
from grpcdemo.kube.rollout.termination import wait_until_namespace_gone
from grpcdemo.kube.streams.logs import ContainerRef, whole_log
from grpcdemo.manifests.render import ManifestValues
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod
from grpcdemo.model.progress import Reporter, unreported
from grpcdemo.resources.objects import is_ours, is_terminating
from grpcdemo.resources.resource import DEPLOYMENTS
from grpcdemo.steps.cleanup import CleanupConfig, clean_up
from grpcdemo.steps.compare.call_times import ClientLog, read_client_log
from grpcdemo.steps.compare.capabilities import Capabilities
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.workload.cures.connections import parse_connections

LAST_CALLS = 50
"""So many lines of a log tell which server answers."""


class Place:
    """One cure where it runs. *lease* says that the comparison goes on."""

    def __init__(self, api: Api, cure: Cure, config: CompareConfig, capabilities: Capabilities, lease: Lease) -> None:
        self.api = api
        self.cure = cure
        self.namespace = config.namespace_of(cure)
        self._config = config
        self._capabilities = capabilities
        self._lease = lease

    async def deploy(self, report: Reporter) -> None:
        """The servers, ready; and no client yet. Raises GrpcdemoError."""
        kubernetes = await self.api.version()
        await self._make_room(report)
        namespace = await create_namespace(self.api, self.namespace)
        await self._lease.acquire(report)
        if self.cure.injected and self._capabilities.injection:
            await relabel(self.api, namespace, self._capabilities.injection)
        config = self._config
        demo = ManifestValues(
            self.namespace,
            config.servers,
            config.clients,
            config.rate,
            config.image_prefix,
            config.resources,
            kubernetes,
        )
        deployments = []
        for obj in self.cure.build(CureValues(demo, self._capabilities.proxy_image)):
            if obj["kind"] == DEPLOYMENTS.kind:
                deployments.append(obj["metadata"]["name"])
                if obj["metadata"]["name"] == CLIENT_APP:
                    obj["spec"]["replicas"] = 0
            await apply(self.api, obj)
        await self._wait(*deployments)

    async def clean_up(self, timeout_s: float, report: Reporter) -> None:
        await clean_up(self.api, CleanupConfig(self.namespace, timeout_s), report, self._lease)

    async def scale(self, app: str, replicas: int) -> None:
        """Scale a Deployment, and wait until it has so many pods, all ready."""
        await self.api.patch(DEPLOYMENTS, app, {"spec": {"replicas": replicas}}, namespace=self.namespace)
        await self._wait(app)

    async def restart_servers(self) -> None:
        """A rolling restart, up to its end."""
        deployment = await self.api.get(DEPLOYMENTS, SERVER_APP, namespace=self.namespace)
        await restart(self.api, [deployment], unreported)
        await self._wait(SERVER_APP)

    async def pods(self, app: str) -> list[Pod]:
        """Live ones, by name."""
        return [pod for pod in await our_pods(self.api, self.namespace) if pod.app == app and pod.live]

    async def client_logs(self) -> list[ClientLog]:
        """What each client has done up to now."""
        return [await self._client_log(pod) for pod in await self.pods(CLIENT_APP)]

    async def pod_in_use(self) -> str | None:
        """The server pod that answered a client last."""
        for client in await self.pods(CLIENT_APP):
            log = await self._client_log(client, tail=LAST_CALLS)
            if answers := [call.result.pod for call in log.calls if call.answered]:
                return answers[-1]
        return None

    async def server_connections(self, seconds: int) -> list[float]:
        """How many each server had open, as the median over the last *seconds*."""
        servers = await self.pods(SERVER_APP)
        logs = await asyncio.gather(*(self._log(pod, SERVER_APP, tail=seconds) for pod in servers))
        return [statistics.median(opened) for log in logs if (opened := _opened(log))]

    async def why_unanswered(self) -> str:
        """What gRPC says of the latest call that failed; empty if none is known."""
        for client in await self.pods(CLIENT_APP):
            try:
                log = await self._client_log(client, tail=LAST_CALLS)
            except ApiError:
                continue
            if failed := [call.result for call in log.calls if not call.answered]:
                latest = failed[-1]
                return ": ".join(filter(None, (latest.code, latest.message)))
        return ""

    async def _client_log(self, pod: Pod, tail: int | None = None) -> ClientLog:
        log = await self._log(pod, CLIENT_APP, tail=tail)
        return read_client_log(pod.name, log, time.time())

    async def _log(self, pod: Pod, container: str, tail: int | None = None) -> bytes:
        return await whole_log(self.api, ContainerRef(self.namespace, pod.name, container), tail=tail)

    async def _wait(self, *deployments: str) -> None:
        await wait_for_rollout(
            self.api, self.namespace, deployments, timeout_s=self._config.timeout_s, report=unreported
        )

    async def _make_room(self, report: Reporter) -> None:
        """Delete what a comparison that was killed has left. Raises Conflict if the namespace is somebody else's."""
        namespace = await find_namespace(self.api, self.namespace)
        if namespace is None:
            return
        if not is_ours(namespace):
            raise Conflict(
                f"namespace {self.namespace} exists, and grpcdemo did not create it",
                hint="choose another prefix with --namespace",
            )
        if is_terminating(namespace):
            await wait_until_namespace_gone(self.api, namespace, timeout_s=self._config.timeout_s, report=report)
            return
        await self.clean_up(self._config.timeout_s, report)
        if await find_namespace(self.api, self.namespace) is not None:
            raise GrpcdemoError(
                f"namespace {self.namespace} contains objects that grpcdemo did not create",
                hint="choose another prefix with --namespace",
            )


def _opened(log: bytes) -> Sequence[int]:
    return [opened.open for line in log.splitlines() if (opened := parse_connections(line))]
