"""Bring the demo up, without Istio's proxy: namespace, Service, Deployments, every pod ready."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.api import Api
from grpcdemo.kube.deployed import Applied, apply, our_pods
from grpcdemo.kube.namespace import (
    create_namespace,
    find_namespace,
    is_terminating,
    relabel,
)
from grpcdemo.kube.rollout import UNSCHEDULABLE_S, restart, wait_for_rollout
from grpcdemo.kube.termination import wait_until_namespace_gone
from grpcdemo.manifests import defaults
from grpcdemo.manifests.images import CLIENT, SERVER, image_reference
from grpcdemo.manifests.render import Settings, objects
from grpcdemo.model import CLIENT_APP, SERVER_APP, Done, Pod, Reporter
from grpcdemo.resources.istio import INJECTION_LABEL
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.steps.istio.label import INJECTION_OFF
from grpcdemo.steps.shared import require_consent_to_relabel


@dataclass(frozen=True)
class UpConfig:
    """What to bring up, and where. *rate* is the calls a second of each client; *timeout_s* bounds each wait."""

    namespace: str = defaults.NAMESPACE
    servers: int = defaults.SERVERS
    clients: int = defaults.CLIENTS
    rate: float = defaults.RATE
    image_prefix: str | None = None
    timeout_s: float = defaults.TIMEOUT_S
    shared: bool = False
    """Relabel the namespace although other workloads run in it."""
    unschedulable_s: float = UNSCHEDULABLE_S
    """How long a pod may be unschedulable before that is an error."""


def settings(config: UpConfig, kubernetes: tuple[int, int]) -> Settings:
    """What the manifests are filled in with."""
    return Settings(
        server_image=image_reference(SERVER, config.image_prefix),
        client_image=image_reference(CLIENT, config.image_prefix),
        namespace=config.namespace,
        servers=config.servers,
        clients=config.clients,
        rate=config.rate,
        kubernetes=kubernetes,
    )


async def up(api: Api, config: UpConfig, report: Reporter) -> list[Pod]:
    """Make the demo, or bring what is there of it to *config*; return its pods, ready and without proxy."""
    kubernetes, namespace = await asyncio.gather(api.version(), find_namespace(api, config.namespace))
    if namespace is not None and is_terminating(namespace):
        if api.dry_run:
            report(Done(f"namespace {config.namespace} is terminating: it would be waited for"))
        else:
            await wait_until_namespace_gone(api, config.namespace, timeout_s=config.timeout_s, report=report)
        namespace = None
    if namespace is None:
        await create_namespace(api, config.namespace)
        report(Done(f"namespace {config.namespace} created, {INJECTION_LABEL}=disabled"))
    else:
        await _prepare(api, namespace, config, report)
    new = namespace is None
    await _apply(api, config, kubernetes, report, only_say=new and api.dry_run)
    if api.dry_run:
        return []
    return await _wait_until_ready(api, config, report, new=new)


async def _prepare(api: Api, namespace: Object, config: UpConfig, report: Reporter) -> None:
    """Switch injection off in a namespace that exists."""
    name = config.namespace
    if all(labels_of(namespace).get(key) == value for key, value in INJECTION_OFF.items()):
        report(Done(f"namespace {name} is there, {INJECTION_LABEL}=disabled"))
        return
    await require_consent_to_relabel(api, namespace, given=config.shared)
    await relabel(api, namespace, INJECTION_OFF)
    report(Done(f"namespace {name} labeled {INJECTION_LABEL}=disabled"))


async def _apply(api: Api, config: UpConfig, kubernetes: tuple[int, int], report: Reporter, *, only_say: bool) -> None:
    """Apply the manifests; with *only_say*, there is no namespace yet in which the API could try them."""
    wanted = objects(settings(config, kubernetes))
    if only_say:
        outcomes: list[Applied] = ["created"] * len(wanted)
    else:
        # The Service first: a client that starts before its name resolves backs off for long.
        service, *deployments = wanted
        outcomes = [await apply(api, service)]
        outcomes += await asyncio.gather(*(apply(api, found) for found in deployments))
    for found, outcome in zip(wanted, outcomes, strict=True):
        report(Done(f"{found['kind']} {found['metadata']['name']} {outcome}"))


async def _wait_until_ready(api: Api, config: UpConfig, report: Reporter, *, new: bool) -> list[Pod]:
    names = (SERVER_APP, CLIENT_APP)
    if not new and any(pod.proxy for pod in await our_pods(api, config.namespace)):
        await restart(api, config.namespace, names)
        report(Done("both Deployments restarted, to lose the proxies that they had"))
    pods = await wait_for_rollout(
        api,
        config.namespace,
        names,
        timeout_s=config.timeout_s,
        report=report,
        unschedulable_s=config.unschedulable_s,
    )
    if injected := [pod.name for pod in pods if pod.proxy]:
        raise GrpcdemoError(
            f"pod {injected[0]} has a proxy, although its namespace is labeled {INJECTION_LABEL}=disabled",
            hint=Hint("something else injects here: see ", Kubectl("get", "mutatingwebhookconfigurations")),
        )
    return pods
