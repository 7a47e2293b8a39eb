"""Everything at a glance: where, what, how it is labelled, and each pod."""

from __future__ import annotations

import asyncio

from grpcdemo.kube.api import Api
from grpcdemo.kube.deployed import our_pods
from grpcdemo.kube.injection import injection_labels
from grpcdemo.kube.namespace import find_namespace
from grpcdemo.model import Status
from grpcdemo.resources.objects import is_ours, labels_of


async def read_status(api: Api, namespace: str) -> Status:
    """What is there now; a namespace that does not exist is an answer, not an error."""
    kubernetes, found, pods = await asyncio.gather(
        api.git_version(), find_namespace(api, namespace), our_pods(api, namespace)
    )
    having = labels_of(found) if found else {}
    return Status(
        target=api.target,
        kubernetes=kubernetes,
        namespace=namespace,
        phase=found.get("status", {}).get("phase", "Active") if found else None,
        owned=bool(found and is_ours(found)),
        labels=injection_labels(having),
        pods=tuple(pods),
    )
