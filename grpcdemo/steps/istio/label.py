"""Which labels switch injection on or off in this cluster: read before anything is changed, and checked at the end."""

from __future__ import annotations

from collections.abc import Mapping

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl, NotFound
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.injection import has_ready_endpoint, list_webhooks
from grpcdemo.kube.demo.namespace import find_namespace, label_command
from grpcdemo.model.progress import Done, Reporter, Warned
from grpcdemo.near_miss import suggest
from grpcdemo.resources.injectors import LabelChange, Webhook, changed, injecting, label_choices, label_for, revisions
from grpcdemo.resources.istio import AMBIENT_LABEL, INJECTION_LABEL, REVISION_LABEL
from grpcdemo.resources.objects import Object, labels_of

INJECTION_OFF: LabelChange = {INJECTION_LABEL: "disabled", REVISION_LABEL: None}
"""Only the value `disabled` is off everywhere: without any label, some installations inject by default."""


async def require_labels(api: Api, name: str, change: LabelChange) -> None:
    """Raise if somebody has changed the namespace's injection labels since they were set."""
    namespace = await find_namespace(api, name)
    if namespace is None:
        raise NotFound(f"namespace {name} was deleted meanwhile")
    labels = labels_of(namespace)
    if changed(labels, change) == labels:
        return
    now = {key: labels[key] for key in change if key in labels}
    raise GrpcdemoError(
        f"somebody else has changed the labels of namespace {name} meanwhile: "
        f"it should have {describe_labels(change)}, and has {describe_labels(now) or 'no injection label'}",
        hint=Hint(
            "a GitOps controller may manage it: set the label there; see who changed it with ",
            Kubectl("get", f"namespaces/{name}", "--output", "yaml", "--show-managed-fields"),
        ),
    )


def describe_labels(change: Mapping[str, str | None]) -> str:
    return ", ".join(f"{key}={value}" for key, value in change.items() if value is not None)


def labeled(namespace: Object, change: LabelChange) -> Done:
    """That the *namespace*, as it was read, has got these labels."""
    name, described = namespace["metadata"]["name"], describe_labels(change)
    would = f"label namespace {name} {described}"
    return Done(f"namespace {name} labeled {described}", would, (label_command(namespace, change),))


async def labels_that_inject(
    api: Api, namespace: Object, pod: dict[str, str], revision: str | None, report: Reporter
) -> LabelChange:
    """The labels that make an injector select a pod with labels *pod*.

    Raises GrpcdemoError if there is no injector, none that would inject, several to choose from, or none ready.
    """
    if labels_of(namespace).get(AMBIENT_LABEL) == "ambient":
        report(Warned("the namespace is in ambient mode: pods with a sidecar bypass ztunnel"))
    webhooks = await list_webhooks(api)
    if webhooks is None:
        report(Warned("could not check which label the injector selects: this user may not list webhooks"))
        return label_for(revision)
    change, webhook = choose(labels_of(namespace), pod, webhooks, revision)
    if webhook.service and await has_ready_endpoint(api, webhook.service) is False:
        raise GrpcdemoError(
            f"Istio's injector has no ready endpoints (Service {webhook.service}), so no pod could be created; "
            "nothing was changed",
            hint=Hint("see ", Kubectl("get", "pods", namespace=webhook.service.namespace)),
        )
    return change


def choose(
    labels: dict[str, str], pod: dict[str, str], webhooks: list[Webhook], revision: str | None
) -> tuple[LabelChange, Webhook]:
    """The labels as they are if they work, else the usual label if it works, else that of the only revision."""
    if not webhooks:
        raise GrpcdemoError(
            "this cluster has no Istio sidecar injector; nothing was changed",
            hint="install Istio, for example with `istioctl install --set profile=minimal`",
        )
    if revision is None and (webhook := injecting(webhooks, labels, pod)):
        return {key: labels.get(key) for key in INJECTION_OFF}, webhook
    choices = [label_for(revision)] if revision else label_choices(webhooks)
    working = [
        (change, webhook) for change in choices if (webhook := injecting(webhooks, changed(labels, change), pod))
    ]
    known = ", ".join(revisions(webhooks)) or "none"
    if not working:
        label = f"label {REVISION_LABEL}={revision}" if revision else "any label"
        raise GrpcdemoError(
            f"no injector in this cluster selects {label}; its revisions and tags: {known}",
            hint=f"{suggest(revision or '', revisions(webhooks))}choose one with --revision",
        )
    by_usual_label = working[0][0][INJECTION_LABEL] is not None
    if len({webhook.revision for _, webhook in working}) > 1 and not by_usual_label:
        raise GrpcdemoError(
            f"several revisions of Istio can inject, and none is the default: {known}",
            hint="choose one with --revision",
        )
    return working[0]
