"""The sidecar injector's webhooks by kind of Istio install: the sandbox's, and what other installs have instead."""

from grpcdemo.resources.istio import INJECT, INJECTION_LABEL, REVISION_LABEL
from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.admission import default_webhooks

NEVER = {"matchLabels": {"istio.io/deactivated": "never-match"}}
"""What an install writes into its own webhooks while a default tag stands in for them."""
BY_REVISION = ("rev.namespace.", "rev.object.")
SYSTEM = ["kube-system", "kube-public", "kube-node-lease"]


def default_install() -> list[Object]:
    """`istioctl install`: the tag `default` works, and the install's own webhooks are switched off."""
    own = _configuration("istio-sidecar-injector", "default", istiod="istiod")
    for webhook in own["webhooks"]:
        webhook.update(namespaceSelector=NEVER, objectSelector=NEVER)
    return [own, tag("default", "default", istiod="istiod")]


def tag(name: str, revision: str, *, istiod: str | None = None) -> Object:
    """`istioctl tag set NAME --revision REVISION`."""
    istiod = istiod or f"istiod-{revision}"
    return _configuration(f"istio-revision-tag-{name}", revision, selects=name, istiod=istiod)


def revisioned_install(revision: str) -> list[Object]:
    """`istioctl install --revision REVISION`, without a default tag."""
    return [_configuration(f"istio-sidecar-injector-{revision}", revision, istiod=f"istiod-{revision}")]


def install_by_default() -> list[Object]:
    """`--set values.sidecarInjectorWebhook.enableNamespacesByDefault=true`, installed by Helm."""
    configuration = _configuration("istio-sidecar-injector", "default", istiod="istiod")
    unlabelled = [{"key": key, "operator": "DoesNotExist"} for key in (INJECTION_LABEL, REVISION_LABEL)]
    system = {"key": "kubernetes.io/metadata.name", "operator": "NotIn", "values": SYSTEM}
    undecided = [{"key": key, "operator": "DoesNotExist"} for key in (INJECT, REVISION_LABEL)]
    by_default = {
        **configuration["webhooks"][0],
        "name": "auto.sidecar-injector.istio.io",
        "namespaceSelector": {"matchExpressions": [*unlabelled, system]},
        "objectSelector": {"matchExpressions": undecided},
    }
    configuration["webhooks"].append(by_default)
    return [configuration]


def _configuration(name: str, revision: str, *, istiod: str, selects: str | None = None) -> Object:
    """The webhooks that select a revision or a tag and, of the default one, those that select the usual label."""
    selects = selects or revision
    configuration = default_webhooks(namespace="istio-system", service=istiod, revision=selects)
    configuration["metadata"] = {"name": name, "labels": {REVISION_LABEL: revision, "app": "sidecar-injector"}}
    if selects != "default":
        by_revision = [webhook for webhook in configuration["webhooks"] if webhook["name"].startswith(BY_REVISION)]
        configuration["webhooks"] = by_revision
    return configuration
