"""The demo's namespace: created by us, or shared, with its labels restored when we leave."""

from __future__ import annotations

import json

from grpcdemo.errors import Conflict, Forbidden, Kubectl, Replaced
from grpcdemo.kube.client.api import Api
from grpcdemo.resources.injectors import LabelChange
from grpcdemo.resources.istio import INJECTION_LABEL
from grpcdemo.resources.labels import MANAGED_BY, OURS
from grpcdemo.resources.objects import Object, annotations_of, is_ours, is_terminating, labels_of
from grpcdemo.resources.resource import NAMESPACES

LABELS_BEFORE = "grpcdemo/labels-before"
"""The annotation that keeps the labels as they were before we changed them; null means no label."""

RELABEL_ATTEMPTS = 5
"""Controllers write to a namespace now and then, but not five times in a row."""


async def find_namespace(api: Api, name: str) -> Object | None:
    return await api.find(NAMESPACES, name)


def comparison_prefix(namespace: str) -> str:
    """What the names of the namespaces begin with in which `compare` runs cures."""
    return f"{namespace}-compare-"


async def find_namespaces_of_comparison(api: Api, namespace: str) -> list[Object]:
    """Those that there are and that are ours; none if this user may not list namespaces."""
    try:
        ours = (await api.list(NAMESPACES, selector=OURS))["items"]
    except Forbidden:
        return []
    return [one for one in ours if one["metadata"]["name"].startswith(comparison_prefix(namespace))]


async def create_namespace(api: Api, name: str) -> Object:
    """Create the namespace, labeled as ours and with injection off; one that is so already is as good.

    Raises Conflict if somebody else creates it at the same time.
    """
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {MANAGED_BY: "grpcdemo", INJECTION_LABEL: "disabled"}},
    }
    try:
        return await api.create(NAMESPACES, body)
    except Conflict:
        existing = await find_namespace(api, name)
        if existing is None or not is_ours(existing) or is_terminating(existing):
            raise
        return existing


def label_command(namespace: Object, change: LabelChange) -> Kubectl:
    """The command that makes the *change*."""
    present = labels_of(namespace)
    words = [f"{key}={value}" for key, value in change.items() if value is not None]
    words += [f"{key}-" for key, value in change.items() if value is None and key in present]
    return Kubectl("label", "namespace", namespace["metadata"]["name"], *words, "--overwrite")


async def relabel(api: Api, namespace: Object, change: LabelChange) -> Object:
    """Set labels (None removes one); in a namespace that is not ours, remember the previous ones.

    Raises Conflict if others keep changing the namespace at the same time, and Replaced if it is another one by now.
    """
    for _ in range(RELABEL_ATTEMPTS - 1):
        try:
            return await _relabel(api, namespace, change)
        except Replaced:
            raise
        except Conflict:
            namespace = await api.get(NAMESPACES, namespace["metadata"]["name"])
    return await _relabel(api, namespace, change)


async def _relabel(api: Api, namespace: Object, change: LabelChange) -> Object:
    metadata = {key: namespace["metadata"][key] for key in ("uid", "resourceVersion")} | {"labels": change}
    if not is_ours(namespace):
        before = {key: labels_of(namespace).get(key) for key in change}
        metadata["annotations"] = {LABELS_BEFORE: json.dumps({**before, **remembered(namespace)}, sort_keys=True)}
    return await api.patch(NAMESPACES, namespace["metadata"]["name"], {"metadata": metadata})


def remembered(namespace: Object) -> LabelChange:
    """The labels that we changed, with their previous values."""
    try:
        labels = json.loads(annotations_of(namespace).get(LABELS_BEFORE, "{}"))
    except ValueError:
        return {}
    return labels if isinstance(labels, dict) else {}


async def restore_labels(api: Api, namespace: Object) -> LabelChange:
    """Restore the labels of a namespace that is not ours; return those that were restored. Raises Replaced."""
    before = remembered(namespace)
    if LABELS_BEFORE in annotations_of(namespace):
        metadata = {"uid": namespace["metadata"]["uid"], "labels": before, "annotations": {LABELS_BEFORE: None}}
        await api.patch(NAMESPACES, namespace["metadata"]["name"], {"metadata": metadata})
    return before
