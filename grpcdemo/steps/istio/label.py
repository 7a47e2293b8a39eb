"""Which labels switch injection on or off in this cluster, found out before anything is changed."""

from __future__ import annotations

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.api import Api
from grpcdemo.kube.injection import (
    LabelChange,
    Webhook,
    injecting,
    label_choices,
    label_for,
    labelled,
    list_webhooks,
    revisions,
    service_ready,
)
from grpcdemo.model import Reporter, Warned
from grpcdemo.resources.istio import AMBIENT_LABEL, INJECTION_LABEL, REVISION_LABEL
from grpcdemo.resources.objects import Object, labels_of

INJECTION_OFF: LabelChange = {INJECTION_LABEL: "disabled", REVISION_LABEL: None}
"""Only the value `disabled` is off everywhere: without a label, some installs inject by default."""


async def labels_that_inject(
    api: Api, namespace: Object, pod: dict[str, str], revision: str | None, report: Reporter
) -> LabelChange:
    """The labels that will make an injector act on a pod with labels *pod*.

    Raises where there is no injector, none that would act, several to choose from, or nothing behind it.
    """
    if labels_of(namespace).get(AMBIENT_LABEL) == "ambient":
        report(Warned("the namespace is in ambient mode: a pod with a sidecar does not use ztunnel"))
    webhooks = await list_webhooks(api)
    if webhooks is None:
        report(Warned("could not check which label the injector listens to: this user may not list webhooks"))
        return label_for(revision)
    change, webhook = choose(labels_of(namespace), pod, webhooks, revision)
    if await service_ready(api, webhook.service) is False:
        raise GrpcdemoError(
            f"nothing ready stands behind Istio's injector (Service {webhook.service}): no pod could be made; "
            "nothing was changed",
            hint=Hint("see ", Kubectl("get", "pods", namespace=str(webhook.service).split("/")[0])),
        )
    return change


def choose(
    having: dict[str, str], pod: dict[str, str], webhooks: list[Webhook], revision: str | None
) -> tuple[LabelChange, Webhook]:
    """What is set already if it works, else the usual label if it works, else that of the only revision."""
    if not webhooks:
        raise GrpcdemoError(
            "there is no Istio sidecar injector in this cluster; nothing was changed",
            hint="install Istio, for example with `istioctl install --set profile=minimal`",
        )
    if revision is None and (webhook := injecting(webhooks, having, pod)):
        return {key: having.get(key) for key in INJECTION_OFF}, webhook
    choices = [label_for(revision)] if revision else label_choices(webhooks)
    working = [(change, found) for change in choices if (found := injecting(webhooks, labelled(having, change), pod))]
    known = ", ".join(revisions(webhooks)) or "none"
    if not working:
        asked = f"label {REVISION_LABEL}={revision}" if revision else "any label that could be set"
        raise GrpcdemoError(
            f"no injector of this cluster acts on {asked}; it has revisions and tags: {known}",
            hint="choose one of them with --revision, or see `grpcdemo istio status`",
        )
    by_usual_label = working[0][0][INJECTION_LABEL] is not None
    if len({found.revision for _, found in working}) > 1 and not by_usual_label:
        raise GrpcdemoError(
            f"several revisions of Istio could inject, and none is the default: {known}",
            hint="choose one with --revision",
        )
    return working[0]
