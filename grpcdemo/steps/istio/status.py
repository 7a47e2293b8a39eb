"""What Istio is there, what the namespace's label will do, and which pods have a proxy."""

from __future__ import annotations

import asyncio

from grpcdemo.errors import Kubectl, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import injected_labels, our_deployments, our_pods, read_workloads
from grpcdemo.kube.demo.injection import control_plane_versions, read_injection
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.model.istio import IstioStatus
from grpcdemo.resources.objects import labels_of
from grpcdemo.steps.istio.label import INJECTION_OFF


def istio_commands(namespace: str) -> tuple[Kubectl, ...]:
    """What shows the same by hand."""
    return (
        Kubectl("get", "mutatingwebhookconfigurations", "--show-labels"),
        Kubectl("get", "namespace", namespace, "--label-columns", ",".join(INJECTION_OFF)),
        Kubectl("get", "deployments,pods", "--output", "wide", namespace=namespace),
    )


async def istio_status(api: Api, namespace: str) -> IstioStatus:
    """Raises NotFound if the namespace does not exist."""
    obj, deployments, pods, versions = await asyncio.gather(
        find_namespace(api, namespace),
        our_deployments(api, namespace),
        our_pods(api, namespace),
        control_plane_versions(api),
    )
    if obj is None:
        raise NotFound(f"namespace {namespace} does not exist", hint="deploy the demo with `grpcdemo up`")
    injection = await read_injection(api, labels_of(obj), injected_labels(deployments))
    return IstioStatus(
        namespace=namespace,
        injection=injection,
        versions=versions,
        pods=tuple(pods),
        workloads=read_workloads(deployments),
        sandbox=api.target.sandbox,
    )
