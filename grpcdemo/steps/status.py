"""The demo at a glance: cluster, namespace, labels, pods."""

from __future__ import annotations

import asyncio

from grpcdemo.errors import Kubectl
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import our_deployments, our_pods, read_workloads
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.model.pods import Status
from grpcdemo.resources.injectors import injection_labels
from grpcdemo.resources.objects import is_ours, labels_of


def status_commands(namespace: str) -> tuple[Kubectl, ...]:
    """What shows the same by hand."""
    return (
        Kubectl("version"),
        Kubectl("get", "namespace", namespace, "--show-labels"),
        Kubectl("get", "deployments,pods", "--output", "wide", namespace=namespace),
    )


async def read_status(api: Api, namespace: str) -> Status:
    """The present state; a missing namespace is an answer, not an error."""
    kubernetes, obj, deployments, pods = await asyncio.gather(
        api.git_version(),
        find_namespace(api, namespace),
        our_deployments(api, namespace),
        our_pods(api, namespace),
    )
    return Status(
        target=api.target,
        kubernetes=kubernetes,
        namespace=namespace,
        phase=obj.get("status", {}).get("phase", "Active") if obj else None,
        owned=bool(obj and is_ours(obj)),
        labels=injection_labels(labels_of(obj)) if obj else {},
        pods=tuple(pods),
        workloads=read_workloads(deployments),
    )
