"""Istio's sidecar injectors: which pods they select, and which labels a namespace needs for that.

Which label an injector selects depends on how Istio was installed: a revision, a tag, injection by default. So
evaluate the selectors of each injector's webhook, as the API server does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from grpcdemo.model.istio import ServiceReference
from grpcdemo.resources.istio import AMBIENT_LABEL, INJECTION_LABEL, REVISION_LABEL, WEBHOOK_SUFFIX
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.selectors import Labels, selects

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
