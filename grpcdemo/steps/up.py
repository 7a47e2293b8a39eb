"""Bring the demo up: namespace, Service, Deployments, every pod ready.

A new demo comes without Istio's proxy. Of one that is there, what was not asked for stays: sizes, label, proxies.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from grpcdemo.errors import Forbidden, GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import Applied, apply, our_deployments, our_pods
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import create_namespace, find_namespace, relabel
from grpcdemo.kube.demo.settings import UNKNOWN, Settings, read_settings
from grpcdemo.kube.rollout.replacement import replace_stuck
from grpcdemo.kube.rollout.rollout import SLOW_S, restart, wait_for_rollout
from grpcdemo.kube.rollout.termination import wait_until_namespace_gone
from grpcdemo.manifests import defaults
from grpcdemo.manifests.compute import check_resources
from grpcdemo.manifests.render import NEWEST, ManifestValues, build_objects
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.resources.injectors import LabelChange
from grpcdemo.resources.istio import INJECTION_LABEL
from grpcdemo.resources.objects import Object, is_terminating, labels_of
from grpcdemo.steps.istio.label import INJECTION_OFF, describe_labels, labeled, require_labels
from grpcdemo.steps.shared import require_consent_to_relabel
from grpcdemo.steps.unfinished import unfinished


@dataclass(frozen=True)
class UpConfig:
    """What to bring up, and where."""

    namespace: str = defaults.NAMESPACE
    wanted: Settings = UNKNOWN
    """What it leaves open is as the demo there has it, or else the default."""
    afresh: bool = False
    """Keep nothing of a demo that is there."""
    timeout_s: float = defaults.TIMEOUT_S
    """How long each wait may take."""
    shared: bool = False
    """Relabel the namespace although other workloads run in it."""
    slow_s: float = SLOW_S
    """How long a pod may be held up before the progress says by what."""


def manifest_values(config: UpConfig, kubernetes: tuple[int, int], current: Settings = UNKNOWN) -> ManifestValues:
    """What *config* asks for; where it does not, the *current* settings, or else the defaults. Raises UsageError."""
    wanted = config.wanted
    resources = {**current.resources, **wanted.resources}
    check_resources(resources)
    return ManifestValues(
        config.namespace,
        wanted.servers or current.servers or defaults.SERVERS,
        wanted.clients or current.clients or defaults.CLIENTS,
        wanted.rate or current.rate or defaults.RATE,
        wanted.image_prefix or current.image_prefix,
        resources,
        kubernetes,
    )


def apply_command(values: ManifestValues) -> Kubectl:
    """The command that applies the manifests with these *values*."""
    default = ManifestValues()
    options = {
        "--servers": (f"{values.servers}", f"{default.servers}"),
        "--clients": (f"{values.clients}", f"{default.clients}"),
        "--rate": (f"{values.rate:g}", f"{default.rate:g}"),
        "--image-prefix": (values.image_prefix or "", ""),
        "--resources": (",".join(f"{key}={quantity}" for key, quantity in (values.resources or {}).items()), ""),
        "--namespace": (values.namespace, default.namespace),
    }
    words = [word for option, (value, usual) in options.items() if value != usual for word in (option, value)]
    return Kubectl("apply", "--filename", "-", reads=("grpcdemo", "manifests", *words))


def plan(config: UpConfig, report: Reporter) -> None:
    """Report what `up` would do where nothing is, as in a sandbox that does not run yet. Raises UsageError."""
    values = manifest_values(config, NEWEST)
    report(_created(config.namespace))
    manifests = build_objects(values)
    for manifest in manifests:
        report(_applied(manifest, "created", by=apply_command(values) if manifest is manifests[-1] else None))


async def up(api: Api, config: UpConfig, report: Reporter) -> list[Pod]:
    """Create the demo, or update it to *config*; return its pods, all of them ready.

    Raises UsageError before any change, and DemoRunning.
    """
    again = "`grpcdemo up` is not finished: run it again to continue, or remove what is there with `grpcdemo cleanup`"
    with unfinished(report, again) as noting:
        return await bring_up(api, config, noting)


async def bring_up(api: Api, config: UpConfig, report: Reporter, lease: Lease | None = None) -> list[Pod]:
    """The same as a part of another command, which says how to go on if it fails.

    Acquire *lease*, if there is one, before anything in the namespace changes.
    """
    kubernetes, namespace = await asyncio.gather(api.version(), find_namespace(api, config.namespace))
    stays = namespace is not None and not is_terminating(namespace)
    present = await our_deployments(api, config.namespace) if stays and not config.afresh else []
    values = manifest_values(config, kubernetes, read_settings(present))
    namespace = await _claim_namespace(api, namespace, config, report)
    await (lease.acquire(report) if lease else _clear_lease(api, config.namespace, report))
    labels = _injection_labels(namespace) if namespace and present else INJECTION_OFF
    if namespace is not None:
        await _prepare(api, namespace, labels, config, report)
        if not api.dry_run:
            await replace_stuck(api, config.namespace, report)
    await _apply(api, values, report, pretend=namespace is None and api.dry_run)
    if api.dry_run:
        return []
    if not present:
        await _remove_proxies(api, config.namespace, report)
    pods = await _wait_until_ready(api, config, labels, report)
    _check_proxies(pods, report, kept=bool(present))
    return pods


async def _claim_namespace(api: Api, namespace: Object | None, config: UpConfig, report: Reporter) -> Object | None:
    """The *namespace* that is there. If there is none, or it is terminating, create one, and return None."""
    name = config.namespace
    if namespace is not None and not is_terminating(namespace):
        return namespace
    if namespace is not None and api.dry_run:
        report(Done(f"namespace {name} is terminating: `up` waits until it is gone"))
    elif namespace is not None:
        await wait_until_namespace_gone(api, namespace, timeout_s=config.timeout_s, report=report)
    await create_namespace(api, name)
    report(_created(name))
    return None


def _created(namespace: str) -> Done:
    label = f"{INJECTION_LABEL}=disabled"
    create = Kubectl("create", "namespace", namespace)
    return Done(
        f"namespace {namespace} created, {label}",
        f"create namespace {namespace} with {label}",
        (create, Kubectl("label", "namespace", namespace, label)),
    )


async def _clear_lease(api: Api, namespace: str, report: Reporter) -> None:
    """The demo is the user's from now on, even if one that was killed began it. Raises DemoRunning."""
    lease = Lease(api, namespace)
    with suppress(Forbidden):
        await lease.remove_abandoned(await lease.require_free(report))


def _injection_labels(namespace: Object) -> LabelChange:
    """Those that switch injection, as they are."""
    return {key: labels_of(namespace).get(key) for key in INJECTION_OFF}


async def _prepare(api: Api, namespace: Object, labels: LabelChange, config: UpConfig, report: Reporter) -> None:
    """Give a namespace that exists these injection labels."""
    if _injection_labels(namespace) == labels:
        name, described = config.namespace, describe_labels(labels) or "no injection label"
        look = Kubectl("get", "namespace", name, "--show-labels")
        report(Done(f"namespace {name} exists, {described}", commands=(look,)))
        return
    await require_consent_to_relabel(api, namespace, given=config.shared)
    await relabel(api, namespace, labels)
    report(labeled(namespace, labels))


async def _apply(api: Api, values: ManifestValues, report: Reporter, *, pretend: bool) -> None:
    """Apply the manifests; *pretend* to if they have no namespace yet in which a dry run could create them.

    The Service comes first: a client that starts before its name resolves backs off for long.
    """
    manifests = build_objects(values)
    for manifest in manifests:
        outcome: Applied = "created" if pretend else await apply(api, manifest)
        report(_applied(manifest, outcome, by=apply_command(values) if manifest is manifests[-1] else None))


def _applied(manifest: Object, outcome: Applied, *, by: Kubectl | None) -> Done:
    """The last of the manifests names the command that applies them all."""
    name = f"{manifest['kind']} {manifest['metadata']['name']}"
    verb = {"created": "create", "changed": "change"}.get(outcome)
    return Done(f"{name} {outcome}", f"{verb} {name}" if verb else None, (by,) if by else ())


async def _remove_proxies(api: Api, namespace: str, report: Reporter) -> None:
    """Restart what an earlier demo has left with proxies: a label changes no pod that runs."""
    if any(pod.proxy for pod in await our_pods(api, namespace)):
        await restart(api, await our_deployments(api, namespace), report)


async def _wait_until_ready(api: Api, config: UpConfig, labels: LabelChange, report: Reporter) -> list[Pod]:
    names = (SERVER_APP, CLIENT_APP)
    pods = await wait_for_rollout(
        api, config.namespace, names, timeout_s=config.timeout_s, report=report, slow_s=config.slow_s
    )
    await require_labels(api, config.namespace, labels)
    return pods


def _check_proxies(pods: list[Pod], report: Reporter, *, kept: bool) -> None:
    """A new demo has no proxies; one that was *kept* has what it had, and some pods may have been left behind."""
    injected = [pod.name for pod in pods if pod.proxy]
    if injected and not kept:
        raise GrpcdemoError(
            f"pod {injected[0]} has a proxy, although its namespace is labeled {INJECTION_LABEL}=disabled",
            hint=Hint("something else injects here: see ", Kubectl("get", "mutatingwebhookconfigurations")),
        )
    if injected and len(injected) < len(pods):
        alike = "`grpcdemo istio on` or `grpcdemo istio off` makes them consistent"
        report(Warned(f"only {len(injected)} of {len(pods)} pods have a proxy: {alike}"))
