"""Delete what grpcdemo made, and only that; give back what was lent; wait until it is gone."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.kube.api import Api
from grpcdemo.kube.namespace import (
    delete_namespace,
    delete_ours,
    find_namespace,
    give_back,
    is_terminating,
    strangers,
    wait_until_namespace_gone,
    wait_until_ours_gone,
)
from grpcdemo.kube.resources import Object, is_ours
from grpcdemo.manifests import defaults
from grpcdemo.model import Done, Reporter, Warned


@dataclass(frozen=True)
class CleanupConfig:
    """What to clean up, and how long to wait until it is gone."""

    namespace: str = defaults.NAMESPACE
    timeout_s: float = defaults.TIMEOUT_S
    wait: bool = True


async def cleanup(api: Api, config: CleanupConfig, report: Reporter) -> None:
    """Leave the cluster as it was before `up`; works on a half-made and on a half-deleted demo.

    Raises GrpcdemoError with what blocks where something does not go within the time.
    """
    namespace = await find_namespace(api, config.namespace)
    if namespace is None:
        report(Done(f"nothing to clean up: there is no namespace {config.namespace}"))
        return
    if is_terminating(namespace):
        report(Done(f"namespace {config.namespace} is being deleted already"))
    elif not is_ours(namespace):
        await _leave(api, namespace, config, report, why="was there before")
        return
    elif others := await strangers(api, config.namespace):
        await _leave(api, namespace, config, report, why=f"also holds {', '.join(others[:3])}")
        return
    else:
        # The namespace controller begins 5 s after the deletion, so what is ours may be gone by then.
        await delete_ours(api, config.namespace)
        await delete_namespace(api, namespace)
        report(Done(f"namespace {config.namespace} deleted, with all that is in it"))
    if config.wait and not api.dry_run:
        await wait_until_namespace_gone(api, config.namespace, timeout_s=config.timeout_s, report=report)
        report(Done(f"namespace {config.namespace} is gone"))


async def _leave(api: Api, namespace: Object, config: CleanupConfig, report: Reporter, *, why: str) -> None:
    """Take out what is ours, and leave the namespace."""
    deleted = await delete_ours(api, config.namespace)
    report(Done(f"deleted {', '.join(deleted)}" if deleted else f"nothing of grpcdemo's in {config.namespace}"))
    if is_ours(namespace):
        report(Warned(f"namespace {config.namespace} is left, because it {why}"))
    else:
        restored = await give_back(api, namespace)
        labels = ", ".join(f"{key}={value}" if value else f"no {key}" for key, value in restored.items())
        report(
            Done(f"namespace {config.namespace} is left, because it {why}" + (f"; labels: {labels}" if labels else ""))
        )
    if config.wait and not api.dry_run:
        await wait_until_ours_gone(api, config.namespace, timeout_s=config.timeout_s, report=report)
        report(Done("all of it is gone"))
