"""Bring the demo up without Istio's proxy: namespace, Service, Deployments, every pod ready."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import apply, our_deployments, our_pods
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import create_namespace, find_namespace, relabel
from grpcdemo.kube.rollout.replacement import replace_stuck
from grpcdemo.kube.rollout.rollout import SLOW_S, restart, wait_for_rollout
from grpcdemo.kube.rollout.termination import wait_until_namespace_gone
from grpcdemo.manifests import defaults
from grpcdemo.manifests.compute import Resources
from grpcdemo.manifests.render import ManifestValues, build_objects
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod
from grpcdemo.model.progress import Done, Reporter
from grpcdemo.resources.istio import INJECTION_LABEL
from grpcdemo.resources.objects import Object, is_terminating, labels_of
from grpcdemo.steps.istio.label import INJECTION_OFF, require_labels
from grpcdemo.steps.shared import require_consent_to_relabel
from grpcdemo.steps.unfinished import unfinished


@dataclass(frozen=True)
class UpConfig:
    """What to bring up, and where; *timeout_s* bounds each wait."""

    namespace: str = defaults.NAMESPACE
    servers: int = defaults.SERVERS
    clients: int = defaults.CLIENTS
    rate: float = defaults.RATE
    image_prefix: str | None = None
    resources: Resources | None = None
    timeout_s: float = defaults.TIMEOUT_S
    shared: bool = False
    """Relabel the namespace although other workloads run in it."""
    slow_s: float = SLOW_S
    """How long a pod may be held up before the progress says by what."""


def manifest_values(config: UpConfig, kubernetes: tuple[int, int]) -> ManifestValues:
    return ManifestValues(
        config.namespace,
        config.servers,
        config.clients,
        config.rate,
        config.image_prefix,
        config.resources,
        kubernetes,
    )


async def up(api: Api, config: UpConfig, report: Reporter) -> list[Pod]:
    """Create the demo, or update it to *config*; return its pods, ready and without proxies. Raises DemoRunning."""
    again = "`grpcdemo up` is not finished: run it again to continue, or remove what is there with `grpcdemo cleanup`"
    with unfinished(report, again) as noting:
        return await bring_up(api, config, noting)


async def bring_up(api: Api, config: UpConfig, report: Reporter, lease: Lease | None = None) -> list[Pod]:
    """The same as a part of another command, which says how to go on if it fails.

    Acquire *lease*, if there is one, before anything in the namespace changes.
    """
    kubernetes, namespace = await asyncio.gather(api.version(), find_namespace(api, config.namespace))
    if namespace is not None and is_terminating(namespace):
        if api.dry_run:
            report(Done(f"namespace {config.namespace} is terminating: `up` waits until it is gone"))
        else:
            await wait_until_namespace_gone(api, namespace, timeout_s=config.timeout_s, report=report)
        namespace = None
    if namespace is None:
        await create_namespace(api, config.namespace)
        report(Done(f"namespace {config.namespace} created, {INJECTION_LABEL}=disabled"))
    await (lease.acquire(report) if lease else Lease(api, config.namespace).require_free(report))
    if namespace is not None:
        await _prepare(api, namespace, config, report)
        if not api.dry_run:
            await replace_stuck(api, config.namespace, report)
    manifests = build_objects(manifest_values(config, kubernetes))
    await _apply(api, manifests, report, pretend=namespace is None and api.dry_run)
    return [] if api.dry_run else await _wait_until_ready(api, config, report)


async def _prepare(api: Api, namespace: Object, config: UpConfig, report: Reporter) -> None:
    """Switch injection off in a namespace that exists."""
    name = config.namespace
    if all(labels_of(namespace).get(key) == value for key, value in INJECTION_OFF.items()):
        report(Done(f"namespace {name} exists, {INJECTION_LABEL}=disabled"))
        return
    await require_consent_to_relabel(api, namespace, given=config.shared)
    await relabel(api, namespace, INJECTION_OFF)
    report(Done(f"namespace {name} labeled {INJECTION_LABEL}=disabled"))


async def _apply(api: Api, manifests: list[Object], report: Reporter, *, pretend: bool) -> None:
    """Apply the manifests; *pretend* to if they have no namespace yet in which a dry run could create them.

    The Service comes first: a client that starts before its name resolves backs off for long.
    """
    for manifest in manifests:
        outcome = "created" if pretend else await apply(api, manifest)
        report(Done(f"{manifest['kind']} {manifest['metadata']['name']} {outcome}"))


async def _wait_until_ready(api: Api, config: UpConfig, report: Reporter) -> list[Pod]:
    names = (SERVER_APP, CLIENT_APP)
    if any(pod.proxy for pod in await our_pods(api, config.namespace)):
        await restart(api, await our_deployments(api, config.namespace), report)
    pods = await wait_for_rollout(
        api, config.namespace, names, timeout_s=config.timeout_s, report=report, slow_s=config.slow_s
    )
    await require_labels(api, config.namespace, INJECTION_OFF)
    if injected := [pod.name for pod in pods if pod.proxy]:
        raise GrpcdemoError(
            f"pod {injected[0]} has a proxy, although its namespace is labeled {INJECTION_LABEL}=disabled",
            hint=Hint("something else injects here: see ", Kubectl("get", "mutatingwebhookconfigurations")),
        )
    return pods
