"""A shared namespace: relabeling it changes injection for all workloads in it, which needs the user's consent."""

from __future__ import annotations

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.ownership import WORKLOADS, list_foreign
from grpcdemo.resources.objects import Object, is_ours
from grpcdemo.resources.references import listed


async def require_consent_to_relabel(api: Api, namespace: Object, *, given: bool) -> None:
    """Raise if a new injection label would also add or remove proxies in other people's pods, unless *given*."""
    if given or is_ours(namespace):
        return
    name = namespace["metadata"]["name"]
    if workloads := await list_foreign(api, name, WORKLOADS):
        raise GrpcdemoError(
            f"namespace {name} was not created by grpcdemo, and other workloads run in it ({listed(workloads)}): "
            "its injection label also applies to them",
            hint="choose another namespace with --namespace, or allow it with --allow-shared-namespace",
        )
