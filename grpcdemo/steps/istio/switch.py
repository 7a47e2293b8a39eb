"""Turn Istio's sidecar injection on or off for the demo, and check every pod before reporting success."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpcdemo.errors import ApiError, Forbidden, GrpcdemoError, Hint, Kubectl, NoDryRun, NotFound
from grpcdemo.kube.advice import advise, advise_on_gap, describe, describe_gap
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import (
    dry_run_pods,
    injected_labels,
    opting_out,
    our_deployments,
    our_pods,
    require_whole,
)
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import find_namespace, relabel
from grpcdemo.kube.rollout.rollout import is_settled, restart, restart_command, wait_for_rollout
from grpcdemo.kube.symptoms import pause_of
from grpcdemo.kube.trouble import NoDemo
from grpcdemo.manifests import defaults
from grpcdemo.model.pods import Pod
from grpcdemo.model.progress import Done, Reporter, Waiting, Warned
from grpcdemo.resources.injectors import LabelChange, changed
from grpcdemo.resources.istio import INJECT
from grpcdemo.resources.objects import Object, is_terminating, labels_of, namespaced_name
from grpcdemo.steps.istio.label import INJECTION_OFF, labeled, labels_that_inject, require_labels
from grpcdemo.steps.shared import require_consent_to_relabel

LABEL_SETTLES_S = 10.0
"""The API server evaluates selectors on its own copy of the namespace, which lags behind the label."""
POLL_S = 0.1


@dataclass(frozen=True)
class SwitchConfig:
    """Which way to switch, and where; *timeout_s* bounds the rollout."""

    on: bool
    namespace: str = defaults.NAMESPACE
    revision: str | None = None
    """The revision of Istio that injects, or its tag; None for the one that selects the usual label."""
    timeout_s: float = defaults.TIMEOUT_S
    shared: bool = False
    """Relabel the namespace although other workloads run in it."""
    label_settles_s: float = LABEL_SETTLES_S
    """How long the label may take to reach the API server's webhooks."""


async def switch(api: Api, config: SwitchConfig, report: Reporter, lease: Lease | None = None) -> list[Pod]:
    """Switch injection on or off and return the demo's pods; idempotent.

    If the cluster would refuse the new pods, the labels are restored and nothing is restarted. Raises DemoRunning if
    a demo runs that does not hold *lease*.
    """
    namespace, deployments = await _find_demo(api, config.namespace)
    await (lease or Lease(api, config.namespace)).require_free(report)
    pods = await our_pods(api, config.namespace)
    is_done = is_settled(deployments, pods) and all(bool(pod.proxy) == config.on for pod in pods)
    if not is_done:
        _check_that_none_is_paused(deployments)
    if config.on:
        _check_that_none_opts_out(deployments)
        change = await labels_that_inject(api, namespace, injected_labels(deployments), config.revision, report)
    else:
        change = INJECTION_OFF
    must_relabel = changed(labels_of(namespace), change) != labels_of(namespace)
    if must_relabel:
        await require_consent_to_relabel(api, namespace, given=config.shared)
        await relabel(api, namespace, change)
        report(labeled(namespace, change))
    if is_done:
        report(Done(f"{_count(pods, on=config.on)} already: nothing to restart"))
        return pods
    if api.dry_run:
        names = " and ".join(_names(deployments))
        report(Done(f"{names} restarted", f"restart {names}", (restart_command(deployments),)))
        return pods
    try:
        await _wait_until_label_works(api, config, deployments, report)
    except GrpcdemoError:
        if must_relabel:
            await _restore(api, config, namespace, change, report)
        raise
    await _restart(api, config, deployments, report)
    pods = await _roll_out(api, config, _names(deployments), change, report)
    _check_proxies(pods, on=config.on)
    look = Kubectl("get", "pods", namespace=config.namespace)
    report(Done(f"checked every pod: {_count(pods, on=config.on)}", commands=(look,)))
    return pods


async def _find_demo(api: Api, name: str) -> tuple[Object, list[Object]]:
    """The namespace and the Deployments in it, servers first."""
    namespace, deployments = await asyncio.gather(find_namespace(api, name), our_deployments(api, name))
    if namespace is None:
        gap = NoDemo(name, exists=False)
        raise NotFound(describe_gap(gap), hint=advise_on_gap(gap))
    if is_terminating(namespace):
        raise GrpcdemoError(
            f"namespace {name} is terminating", hint="`grpcdemo up` waits until it is gone, and creates the demo"
        )
    require_whole(name, deployments)
    return namespace, sorted(deployments, key=namespaced_name, reverse=True)


def _check_that_none_is_paused(deployments: list[Object]) -> None:
    for pause in filter(None, map(pause_of, deployments)):
        raise GrpcdemoError(f"{describe(pause)}; nothing was changed", hint=advise(pause))


def _check_that_none_opts_out(deployments: list[Object]) -> None:
    for name in opting_out(deployments):
        raise GrpcdemoError(
            f"Deployment {name} opts out of injection: its pods have {INJECT}=false; nothing was changed",
            hint="remove that label or annotation from its pod template",
        )


async def _wait_until_label_works(api: Api, config: SwitchConfig, deployments: list[Object], report: Reporter) -> None:
    """Create pods in a dry run until they come out as the label requests."""
    report(Waiting("the API server to see the label"))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + config.label_settles_s
    while True:
        try:
            pods = await dry_run_pods(api, config.namespace, deployments)
        except (Forbidden, NoDryRun) as error:
            report(Warned(f"could not check whether a new pod gets a proxy: {error.message}"))
            return
        if all(bool(pod.proxy) == config.on for pod in pods):
            return
        if loop.time() > deadline:
            raise GrpcdemoError(
                f"the label is set, but a new pod still gets {'no' if config.on else 'a'} proxy",
                hint=Hint(
                    "find out why with `grpcdemo istio status`, or `istioctl experimental check-inject`", looks=True
                ),
            )
        await asyncio.sleep(POLL_S)


async def _restore(api: Api, config: SwitchConfig, before: Object, change: LabelChange, report: Reporter) -> None:
    """Restore the labels of *before*; a failure must not hide the error that led here."""
    try:
        now = await find_namespace(api, config.namespace)
        if now is None:
            return
        await relabel(api, now, {key: labels_of(before).get(key) for key in change})
    except GrpcdemoError as error:
        this, other = _commands(config)
        report(
            Warned(
                f"nothing was restarted, but the namespace's labels could not be restored: {error}; "
                f"`{this}` completes the switch, `{other}` reverts it"
            )
        )
    else:
        report(Warned("the namespace's labels are restored, and nothing was restarted"))


def _commands(config: SwitchConfig) -> tuple[str, str]:
    """The command that completes this switch, and the one that reverts it."""
    on, off = "grpcdemo istio on", "grpcdemo istio off"
    return (on, off) if config.on else (off, on)


async def _restart(api: Api, config: SwitchConfig, deployments: list[Object], report: Reporter) -> None:
    try:
        await restart(api, deployments, report)
    except GrpcdemoError:
        this, other = _commands(config)
        report(
            Warned(
                "the label is set, but not every Deployment may have been restarted; "
                f"`{this}` completes the switch, `{other}` reverts it"
            )
        )
        raise


async def _roll_out(
    api: Api, config: SwitchConfig, names: list[str], change: LabelChange, report: Reporter
) -> list[Pod]:
    this, other = _commands(config)
    unknown = (
        "the label is set, but the outcome of the rollout is not known; "
        f"`{this}` waits for it and checks the pods, `{other}` reverts the switch"
    )
    try:
        pods = await wait_for_rollout(api, config.namespace, names, timeout_s=config.timeout_s, report=report)
    except ApiError:
        report(Warned(unknown))
        raise
    except GrpcdemoError:
        report(Warned(f"the rollout continues in the cluster, and the label is kept; `{other}` reverts both"))
        raise
    try:
        await require_labels(api, config.namespace, change)
    except NotFound:
        raise
    except ApiError:
        report(Warned(f"the pods are there, but the label could not be checked; `{this}` checks it"))
        raise
    return pods


def _check_proxies(pods: list[Pod], *, on: bool) -> None:
    wrong = [pod.name for pod in pods if bool(pod.proxy) != on]
    if wrong:
        have = "have no" if on else "still have a"
        raise GrpcdemoError(
            f"{len(wrong)} of {len(pods)} pods {have} proxy, for example {wrong[0]}",
            hint=Hint("see why with `grpcdemo istio status`", looks=True),
        )


def _names(deployments: list[Object]) -> list[str]:
    return [deployment["metadata"]["name"] for deployment in deployments]


def _count(pods: list[Pod], *, on: bool) -> str:
    return f"all {len(pods)} have a proxy" if on else f"none of {len(pods)} has a proxy"
