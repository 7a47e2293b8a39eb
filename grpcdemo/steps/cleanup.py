"""Delete what grpcdemo created and nothing else, restore a shared namespace, and wait until all of it is gone."""

from __future__ import annotations

from dataclasses import dataclass, replace

from grpcdemo.errors import DemoRunning, Kubectl, Replaced
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import find_namespace, find_namespaces_of_comparison, label_command, restore_labels
from grpcdemo.kube.demo.ownership import delete, delete_ours, list_foreign
from grpcdemo.kube.rollout.termination import leaving_uids, wait_until_gone, wait_until_namespace_gone
from grpcdemo.manifests import defaults
from grpcdemo.model.cleanup import CleanedNamespace, Fate
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.resources.injectors import LabelChange
from grpcdemo.resources.objects import Object, is_ours, is_terminating
from grpcdemo.resources.references import ObjectReference, listed
from grpcdemo.resources.resource import NAMESPACES
from grpcdemo.steps.unfinished import unfinished

LOOKS = 5
"""How often to look again after somebody else was faster; nobody is five times in a row."""


@dataclass(frozen=True)
class CleanupConfig:
    """What to clean up, and how long to wait until it is gone."""

    namespace: str = defaults.NAMESPACE
    timeout_s: float = defaults.TIMEOUT_S
    wait: bool = True


async def cleanup(api: Api, config: CleanupConfig, report: Reporter) -> list[CleanedNamespace]:
    """Leave the cluster as it was before `up` and `compare`, also after one, or a `cleanup`, that was cut short.

    Returns what was done in the demo's namespace, then in each of a comparison. One that goes on keeps its own.

    Raises DemoRunning if a demo runs in the demo's; GrpcdemoError, which names what blocks, if something is still
    there after the timeout.
    """
    with unfinished(report, "`grpcdemo cleanup` is not finished: run it again to continue") as noting:
        cleaned = [await clean_up(api, config, noting, Lease(api, config.namespace))]
        for namespace in await find_namespaces_of_comparison(api, config.namespace):
            name = namespace["metadata"]["name"]
            try:
                cleaned.append(await clean_up(api, replace(config, namespace=name), noting, Lease(api, name)))
            except DemoRunning as running:
                noting(Warned(f"{running.message}: it stays"))
                cleaned.append(CleanedNamespace(name, "kept"))
    return cleaned


async def clean_up(api: Api, config: CleanupConfig, report: Reporter, lease: Lease) -> CleanedNamespace:
    """The same as a part of a demo that may hold *lease*, and which says how to go on if it fails."""
    deleted: dict[str, ObjectReference] = {}
    for _ in range(LOOKS - 1):
        try:
            return await _clean_up(api, config, report, lease, deleted)
        except Replaced:
            report(Warned(f"somebody else creates objects in namespace {config.namespace}: looking again"))
    return await _clean_up(api, config, report, lease, deleted)


async def _clean_up(
    api: Api, config: CleanupConfig, report: Reporter, lease: Lease, deleted: dict[str, ObjectReference]
) -> CleanedNamespace:
    """Add what it deletes to *deleted*. Raises Replaced if another object is in the place of one that was to go."""
    name = config.namespace
    namespace = await find_namespace(api, config.namespace)
    if namespace is None:
        report(Done(f"nothing to clean up: namespace {config.namespace} does not exist"))
        return CleanedNamespace(name, "absent")
    fate: Fate = "terminating"
    if is_terminating(namespace):
        report(Done(f"namespace {config.namespace} is already terminating"))
    else:
        abandoned = await lease.require_free(report)
        foreign = await list_foreign(api, config.namespace) if is_ours(namespace) else []
        if foreign or not is_ours(namespace):
            restored = await _leave(api, namespace, foreign, config, report, deleted)
            await lease.remove_abandoned(abandoned)
            return CleanedNamespace(name, "kept", _named(deleted), restored, gone=config.wait)
        # The namespace controller starts to delete the content only 5 s later; ours may be gone by then.
        await delete_ours(api, name, report, deleted)
        await delete(api, NAMESPACES, namespace)
        fate = "deleted"
        would = f"delete namespace {name}, with everything in it"
        command = Kubectl("delete", "namespace", name)
        report(Done(f"namespace {name} is being deleted, with everything in it", would, (command,)))
    if config.wait:
        free = await wait_until_namespace_gone(api, namespace, timeout_s=config.timeout_s, report=report)
        report(Done(f"namespace {config.namespace} is gone"))
        if not free:
            report(Warned(f"somebody has created another namespace {config.namespace} since"))
    return CleanedNamespace(name, fate, _named(deleted), gone=config.wait)


def _named(deleted: dict[str, ObjectReference]) -> tuple[str, ...]:
    return tuple(map(str, deleted.values()))


async def _leave(
    api: Api,
    namespace: Object,
    foreign: list[ObjectReference],
    config: CleanupConfig,
    report: Reporter,
    deleted: dict[str, ObjectReference],
) -> LabelChange:
    """Delete what is ours from a namespace that stays; restore, and return, the labels of one that existed before."""
    uids = await leaving_uids(api, config.namespace) if config.wait else set()
    await delete_ours(api, config.namespace, report, deleted)
    if not deleted:
        report(Done(f"nothing created by grpcdemo in namespace {config.namespace}"))
    restored: LabelChange = {}
    if is_ours(namespace):
        report(Warned(f"namespace {config.namespace} is kept, because it also contains {listed(foreign)}"))
    else:
        restored = await restore_labels(api, namespace)
        report(Done(f"namespace {config.namespace} is kept, because grpcdemo did not create it"))
        if labels := ", ".join(f"{key}={value}" if value else f"no {key}" for key, value in restored.items()):
            command = label_command(namespace, restored)
            report(Done(f"labels restored: {labels}", f"restore the labels: {labels}", (command,)))
    uids |= deleted.keys()
    if config.wait and uids:
        await wait_until_gone(api, config.namespace, uids, timeout_s=config.timeout_s, report=report)
        report(Done("everything that was deleted is gone"))
    return restored
