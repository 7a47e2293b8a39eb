"""What `demo` would do, for a dry run."""

from __future__ import annotations

from dataclasses import replace

from grpcdemo.errors import Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.rollout.rollout import restart_command
from grpcdemo.manifests.render import NEWEST, build_objects
from grpcdemo.model.progress import Done, Reporter
from grpcdemo.resources.istio import INJECTION_LABEL
from grpcdemo.resources.resource import DEPLOYMENTS
from grpcdemo.steps.demo import DemoConfig
from grpcdemo.steps.istio.label import labeled
from grpcdemo.steps.observe import ObserveConfig
from grpcdemo.steps.observe.pods import observe_commands
from grpcdemo.steps.preflight import require_injector, require_place
from grpcdemo.steps.up import manifest_values, up
from grpcdemo.steps.up import plan as plan_up


async def rehearse(api: Api, config: DemoConfig, report: Reporter) -> None:
    """Report what `demo` would do, with an API that persists nothing. Raises DemoExists."""
    if not config.replace:
        await require_place(api, config.up.namespace)
    labels = await require_injector(api, config.up, config.revision)
    await up(api, replace(config.up, afresh=True), report)
    _plan_phases(config, labels, report)


def plan(config: DemoConfig, report: Reporter) -> None:
    """Report what `demo` would do where nothing is, as in a sandbox that does not run yet. Raises UsageError."""
    plan_up(config.up, report)
    namespace = {"metadata": {"name": config.up.namespace}}
    _plan_phases(config, labeled(namespace, {INJECTION_LABEL: "enabled"}), report)


def _plan_phases(config: DemoConfig, labels: Done, report: Reporter) -> None:
    """*labels* is how the namespace will be labeled to switch injection on."""
    namespace = config.up.namespace
    manifests = build_objects(manifest_values(config.up, NEWEST))
    deployments = [manifest for manifest in manifests if manifest["kind"] == DEPLOYMENTS.kind]
    names = " and ".join(deployment["metadata"]["name"] for deployment in deployments)
    looks = observe_commands(ObserveConfig(namespace))
    report(Done("calls observed until pinned", "observe calls until pinned", looks))
    report(labels)
    report(Done(f"{names} restarted", f"restart {names}", (restart_command(deployments),)))
    report(Done("calls observed until balanced", "observe calls until balanced", looks))
    if not config.keep:
        everything = [f"{manifest['kind'].lower()}/{manifest['metadata']['name']}" for manifest in manifests]
        delete = Kubectl("delete", *everything, namespace=namespace)
        report(Done("all deleted", f"delete all that grpcdemo has in namespace {namespace}", (delete,)))
