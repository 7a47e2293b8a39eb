"""What `demo` looks at before it changes anything: whether it may, and whether it could finish."""

from __future__ import annotations

import asyncio

from grpcdemo.errors import DemoExists
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import injected_labels, our_deployments
from grpcdemo.kube.demo.lease import Lease
from grpcdemo.kube.demo.namespace import find_namespace
from grpcdemo.manifests.render import NEWEST, build_objects
from grpcdemo.model.progress import Done
from grpcdemo.resources.injectors import changed
from grpcdemo.resources.labels import NAMESPACE_NAME
from grpcdemo.resources.objects import is_terminating, labels_of
from grpcdemo.resources.references import listed, reference_to
from grpcdemo.resources.resource import DEPLOYMENTS
from grpcdemo.steps.istio.label import INJECTION_OFF, labeled, labels_that_inject
from grpcdemo.steps.up import UpConfig, manifest_values


async def require_place(api: Api, namespace: str) -> None:
    """Raise DemoExists if somebody works with a demo there, which `demo` would rebuild, and delete at the end.

    What a `demo` that was killed has left is nobody's.
    """
    existing, deployments = await asyncio.gather(find_namespace(api, namespace), our_deployments(api, namespace))
    if existing is None or is_terminating(existing) or not deployments:
        return
    if await Lease(api, namespace).exists():
        return
    names = listed([reference_to(DEPLOYMENTS, deployment) for deployment in deployments])
    raise DemoExists(
        f"a demo is already deployed in namespace {namespace} ({names})",
        hint="choose another --namespace, or replace it, and delete it at the end, with --replace; "
        "`grpcdemo observe` and `grpcdemo istio on` use it as it is",
    )


async def require_injector(api: Api, config: UpConfig, revision: str | None) -> Done:
    """What `istio on` will report of the namespace's labels.

    Raises if Istio could not be turned on later: what is missing is reported before anything is deployed.
    """
    namespace = await find_namespace(api, config.namespace)
    labels = labels_of(namespace) if namespace else {NAMESPACE_NAME: config.namespace}
    off = {"metadata": {"name": config.namespace, "labels": changed(labels, INJECTION_OFF)}}
    manifests = build_objects(manifest_values(config, NEWEST))
    pod = injected_labels([manifest for manifest in manifests if manifest["kind"] == DEPLOYMENTS.kind])
    return labeled(off, await labels_that_inject(api, off, pod, revision, lambda _: None))
