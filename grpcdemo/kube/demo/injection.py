"""Will Istio inject a proxy into a new pod? Asks the API for the injectors and for the versions of Istio."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from grpcdemo.errors import Forbidden, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.model.istio import Injection, Injector, ServiceReference
from grpcdemo.resources.endpoints import any_endpoint_ready
from grpcdemo.resources.injectors import Webhook, injecting, injection_labels, read_webhooks
from grpcdemo.resources.istio import AMBIENT_LABEL
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.resource import DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, MUTATING_WEBHOOKS
from grpcdemo.resources.selectors import Labels

ENDPOINT_SLICES_SINCE = (1, 21)


async def list_webhooks(api: Api) -> list[Webhook] | None:
    """The injectors of the cluster; None if this user may not list them."""
    try:
        return read_webhooks((await api.list(MUTATING_WEBHOOKS))["items"])
    except Forbidden:
        return None


async def read_injection(api: Api, namespace: Labels, pod: Labels) -> Injection:
    """What Istio would do to a pod with labels *pod* in a namespace with labels *namespace*."""
    webhooks = await list_webhooks(api)
    chosen = injecting(webhooks or [], namespace, pod)
    return Injection(
        injectors=None if webhooks is None else tuple(await read_injectors(api, webhooks)),
        labels=injection_labels(namespace),
        revision=chosen.revision if chosen else None,
        ambient=namespace.get(AMBIENT_LABEL) == "ambient",
    )


async def read_injectors(api: Api, webhooks: Iterable[Webhook]) -> list[Injector]:
    """One injector for each revision, and whether its Service has a ready endpoint."""
    services = {webhook.revision: webhook.service for webhook in webhooks}
    ready = await asyncio.gather(*(has_ready_endpoint(api, service) for service in services.values()))
    pairs = zip(services.items(), ready, strict=True)
    return [Injector(revision, service, is_ready) for (revision, service), is_ready in pairs]


async def has_ready_endpoint(api: Api, service: ServiceReference | None) -> bool | None:
    """Whether *service* has a ready endpoint; None if that cannot be read."""
    if service is None:
        return None
    try:
        if await api.version() >= ENDPOINT_SLICES_SINCE:
            selector = f"{SERVICE_NAME}={service.name}"
            slices = (await api.list(ENDPOINT_SLICES, namespace=service.namespace, selector=selector))["items"]
            return any_endpoint_ready(slices)
        subsets = (await api.get(ENDPOINTS, service.name, namespace=service.namespace)).get("subsets") or []
        return any(subset.get("addresses") for subset in subsets)
    except Forbidden:
        return None
    except NotFound:
        return False


async def control_plane_versions(api: Api) -> tuple[str, ...] | None:
    """The versions of every istiod, from its image; None if this user may not list Deployments cluster-wide."""
    try:
        istiods = (await api.list(DEPLOYMENTS, selector="app=istiod"))["items"]
    except Forbidden:
        return None
    images = {
        container["image"] for istiod in istiods for container in istiod["spec"]["template"]["spec"]["containers"]
    }
    return tuple(sorted(image.rsplit("@", 1)[0].rsplit(":", 1)[-1] for image in images))
