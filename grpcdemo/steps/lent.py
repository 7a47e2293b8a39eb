"""A namespace that is not ours may hold other people's workloads: nothing changes for them unless the user says so."""

from __future__ import annotations

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.api import Api
from grpcdemo.kube.namespace import strangers
from grpcdemo.kube.resources import Object, is_ours

RUNNING = ("pods/", "deployments/", "statefulsets/", "daemonsets/")


async def refuse_strangers(api: Api, namespace: Object, *, allowed: bool) -> None:
    """Raise where a new injection label would give, or take, a proxy to pods that are not ours.

    With *allowed*, the user has said that this is meant.
    """
    if allowed or is_ours(namespace):
        return
    name = namespace["metadata"]["name"]
    others = [found for found in await strangers(api, name) if found.startswith(RUNNING)]
    if others:
        raise GrpcdemoError(
            f"namespace {name} is not grpcdemo's and others run in it ({', '.join(others[:3])}): "
            "its injection label would change for them too",
            hint="choose another namespace with --namespace, or go on with --yes",
        )
