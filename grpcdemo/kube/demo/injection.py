"""Will Istio inject a proxy into a new pod?

Which label an injector selects depends on how Istio was installed: a revision, a tag, injection by default. So
evaluate the selectors of each injector's webhook, as the API server does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from grpcdemo.errors import ApiError, Forbidden
from grpcdemo.kube.client.api import Api
from grpcdemo.model.istio import Injection, Injector, ServiceReference
from grpcdemo.resources.endpoints import any_endpoint_ready
from grpcdemo.resources.istio import AMBIENT_LABEL, INJECTION_LABEL, REVISION_LABEL, WEBHOOK_SUFFIX
from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import DEPLOYMENTS, ENDPOINT_SLICES, ENDPOINTS, MUTATING_WEBHOOKS
from grpcdemo.resources.selectors import Labels, selects

ENDPOINT_SLICES_SINCE = (1, 21)

LabelChange = dict[str, "str | None"]
"""Labels to set; None removes one."""


@dataclass(frozen=True)
class Webhook:
    """One entry of an injector's MutatingWebhookConfiguration."""

    revision: str
    namespace_selector: Object
    object_selector: Object
    service: ServiceReference | None

    def matches(self, namespace: Labels, pod: Labels) -> bool:
        return selects(self.namespace_selector, namespace) and selects(self.object_selector, pod)


def read_webhooks(configurations: Iterable[Object]) -> list[Webhook]:
    """The sidecar injectors among MutatingWebhookConfigurations."""
    return [
        _read_webhook(labels_of(configuration).get(REVISION_LABEL, "default"), webhook)
        for configuration in configurations
        for webhook in configuration.get("webhooks") or []
        if webhook["name"].endswith(WEBHOOK_SUFFIX)
    ]


def _read_webhook(revision: str, webhook: Object) -> Webhook:
    service = webhook["clientConfig"].get("service")
    return Webhook(
        revision=revision,
        namespace_selector=webhook.get("namespaceSelector") or {},
        object_selector=webhook.get("objectSelector") or {},
        service=ServiceReference(service["namespace"], service["name"]) if service else None,
    )


def injecting(webhooks: Iterable[Webhook], namespace: Labels, pod: Labels) -> Webhook | None:
    """The webhook that injects into *pod* in a namespace with these labels, if any."""
    return next((webhook for webhook in webhooks if webhook.matches(namespace, pod)), None)


def label_for(revision: str | None) -> LabelChange:
    """The labels that request injection by *revision*, or by the cluster's default."""
    if revision is None:
        return {INJECTION_LABEL: "enabled", REVISION_LABEL: None}
    return {INJECTION_LABEL: None, REVISION_LABEL: revision}


def label_choices(webhooks: Iterable[Webhook]) -> list[LabelChange]:
    """Every way to label a namespace that an injector may select; the usual one first."""
    return [label_for(None), *map(label_for, revisions(webhooks))]


def revisions(webhooks: Iterable[Webhook]) -> list[str]:
    """The values of `istio.io/rev` that injectors select: revisions and their tags."""
    selected = {
        value
        for webhook in webhooks
        for expression in webhook.namespace_selector.get("matchExpressions") or []
        if expression["key"] == REVISION_LABEL and expression["operator"] == "In"
        for value in expression.get("values") or []
    }
    return sorted(selected)


def injection_labels(namespace: Labels) -> dict[str, str]:
    """The labels of a namespace that decide on sidecars and ambient mode."""
    deciding = (INJECTION_LABEL, REVISION_LABEL, AMBIENT_LABEL)
    return {key: namespace[key] for key in deciding if key in namespace}


def changed(labels: Labels, change: LabelChange) -> dict[str, str]:
    """*labels* after *change*."""
    merged: dict[str, str | None] = {**labels, **change}
    return {key: value for key, value in merged.items() if value is not None}


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
    except ApiError:
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
