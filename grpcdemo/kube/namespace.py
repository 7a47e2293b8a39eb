"""The demo's namespace: made by us, or lent by somebody else and given back as it was."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable

from grpcdemo.errors import Conflict, Forbidden, GrpcdemoError, NotFound
from grpcdemo.kube.api import Api
from grpcdemo.kube.injection import INJECTION_LABEL, Change
from grpcdemo.kube.resources import (
    CONFIG_MAPS,
    DAEMON_SETS,
    DEPLOYMENTS,
    MANAGED_BY,
    NAMESPACES,
    OURS,
    PODS,
    SECRETS,
    SERVICES,
    STATEFUL_SETS,
    VOLUME_CLAIMS,
    Object,
    Resource,
    annotations_of,
    conditions_of,
    is_ours,
    labels_of,
)
from grpcdemo.kube.watch import Mirror, Query, wait_until
from grpcdemo.model import Reporter, Waiting

LABELS_BEFORE = "grpcdemo/labels-before"
"""The annotation that keeps what the labels we changed were; null means that there was none."""

RELABEL_ATTEMPTS = 5
"""A namespace's controllers write to it too, now and then; nobody writes five times in a row."""

OURS_ONLY: tuple[Resource, ...] = (SERVICES, DEPLOYMENTS)
"""What we make in a namespace."""

PRECIOUS = (PODS, DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS, SERVICES, CONFIG_MAPS, SECRETS, VOLUME_CLAIMS)
"""What somebody would miss if the namespace went."""

MADE_BY_CONTROLLERS = ("kube-root-ca.crt", "openshift-service-ca.crt", "istio-ca-root-cert", "istio-ca-crl")
FINALIZER_HINT = (
    "a finalizer belongs to the controller that set it: start that controller, or, when you are sure, "
    "remove the finalizer by hand"
)
TOKENS = {"kubernetes.io/service-account-token", "kubernetes.io/dockercfg"}


async def find_namespace(api: Api, name: str) -> Object | None:
    try:
        return await api.get(NAMESPACES, name)
    except NotFound:
        return None


def is_terminating(namespace: Object) -> bool:
    return "deletionTimestamp" in namespace["metadata"]


async def create_namespace(api: Api, name: str) -> Object:
    """Make the namespace, ours, with injection off."""
    body = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": {MANAGED_BY: "grpcdemo", INJECTION_LABEL: "disabled"}},
    }
    return await api.create(NAMESPACES, body)


async def relabel(api: Api, namespace: Object, change: Change) -> Object:
    """Set labels (None removes one); in a namespace that is not ours, remember what they were before.

    Raises Conflict where others keep changing the namespace at the same time.
    """
    for _ in range(RELABEL_ATTEMPTS - 1):
        try:
            return await _relabel(api, namespace, change)
        except Conflict:
            namespace = await api.get(NAMESPACES, namespace["metadata"]["name"])
    return await _relabel(api, namespace, change)


async def _relabel(api: Api, namespace: Object, change: Change) -> Object:
    metadata: Object = {"labels": change, "resourceVersion": namespace["metadata"]["resourceVersion"]}
    if not is_ours(namespace):
        before = {key: labels_of(namespace).get(key) for key in change}
        metadata["annotations"] = {LABELS_BEFORE: json.dumps({**before, **remembered(namespace)}, sort_keys=True)}
    return await api.patch(NAMESPACES, namespace["metadata"]["name"], {"metadata": metadata})


def remembered(namespace: Object) -> Change:
    """The labels that we changed, as they were before."""
    try:
        found = json.loads(annotations_of(namespace).get(LABELS_BEFORE, "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


async def give_back(api: Api, namespace: Object) -> Change:
    """Restore the labels of a namespace that is not ours; return what was restored."""
    before = remembered(namespace)
    if LABELS_BEFORE in annotations_of(namespace):
        body = {"metadata": {"labels": before, "annotations": {LABELS_BEFORE: None}}}
        await api.patch(NAMESPACES, namespace["metadata"]["name"], body)
    return before


async def strangers(api: Api, namespace: str) -> list[str]:
    """What in the namespace is neither ours nor made by a controller, as `pods/NAME`.

    Kinds that this API does not have, or this user may not list, are left out: who may not see them cannot
    delete them either, but deleting the namespace would, so what is ours is so only as far as we can see.
    """
    found = await asyncio.gather(*(_strangers_of(api, kind, namespace) for kind in PRECIOUS))
    return [name for names in found for name in names]


async def _strangers_of(api: Api, kind: Resource, namespace: str) -> list[str]:
    try:
        items = (await api.list(kind, namespace=namespace))["items"]
    except (Forbidden, NotFound):
        return []
    return [f"{kind.plural}/{item['metadata']['name']}" for item in items if _is_strange(item)]


def _is_strange(item: Object) -> bool:
    metadata = item["metadata"]
    return not (
        is_ours(item)
        or metadata.get("ownerReferences")
        or metadata["name"] in MADE_BY_CONTROLLERS
        or item.get("type") in TOKENS
        or (metadata["name"] == "kubernetes" and metadata.get("namespace") == "default")
    )


async def delete_ours(api: Api, namespace: str) -> list[str]:
    """Ask for the deletion of everything in the namespace that carries our label; return what it was."""
    found = [(kind, item) for kind in OURS_ONLY for item in await _ours(api, kind, namespace)]
    await asyncio.gather(*(_delete(api, kind, item) for kind, item in found))
    return [f"{kind.plural}/{item['metadata']['name']}" for kind, item in found]


async def _ours(api: Api, kind: Resource, namespace: str) -> list[Object]:
    items = (await api.list(kind, namespace=namespace, selector=OURS))["items"]
    return [item for item in items if "deletionTimestamp" not in item["metadata"]]


async def _delete(api: Api, kind: Resource, item: Object) -> None:
    metadata = item["metadata"]
    try:
        await api.delete(kind, metadata["name"], uid=metadata["uid"], namespace=metadata.get("namespace"))
    except (NotFound, Conflict):
        return  # somebody else was quicker


async def delete_namespace(api: Api, namespace: Object) -> None:
    if not is_terminating(namespace):
        await _delete(api, NAMESPACES, namespace)


async def wait_until_namespace_gone(api: Api, name: str, *, timeout_s: float, report: Reporter) -> None:
    """Wait until the namespace is gone; on time-out the error names the conditions and finalizers in the way."""
    async with Mirror(api, {"namespace": Query(NAMESPACES, fields=f"metadata.name={name}")}) as mirror:

        def gone() -> bool | None:
            if not mirror["namespace"]:
                return True
            report(Waiting(_with_reason(f"namespace {name} to be gone", blockers(mirror["namespace"][0]))))
            return None

        def failure() -> GrpcdemoError:
            reason = blockers(mirror["namespace"][0])
            return GrpcdemoError(
                _with_reason(f"after {timeout_s:g} s namespace {name} is still terminating", reason),
                hint=FINALIZER_HINT if "finalizer" in reason else "`grpcdemo cleanup` waits for it again",
            )

        await wait_until(mirror, gone, timeout_s=timeout_s, failure=failure)


async def wait_until_ours_gone(api: Api, namespace: str, *, timeout_s: float, report: Reporter) -> None:
    """Wait until nothing in the namespace carries our label any more."""
    queries = {kind.plural: Query(kind, namespace, OURS) for kind in (*OURS_ONLY, PODS)}
    async with Mirror(api, queries) as mirror:

        def left() -> list[str]:
            return [_with_finalizers(kind, item) for kind in queries for item in mirror[kind]]

        def gone() -> bool | None:
            if not left():
                return True
            report(Waiting(f"{', '.join(left())} to be gone"))
            return None

        def failure() -> GrpcdemoError:
            return GrpcdemoError(
                f"after {timeout_s:g} s these are still there: {', '.join(left())}",
                hint=f"see why with `kubectl --namespace {namespace} get {left()[0].split(' ')[0]} -o yaml`",
            )

        await wait_until(mirror, gone, timeout_s=timeout_s, failure=failure)


def blockers(namespace: Object) -> str:
    """What keeps a terminating namespace from going, in the words of its conditions and finalizers."""
    said = [
        found.get("message", kind)
        for kind, found in conditions_of(namespace).items()
        if found.get("status") == "True" and kind.startswith("Namespace")
    ]
    finalizers = namespace["metadata"].get("finalizers") or []
    if finalizers:
        said.append(f"the namespace's own finalizers: {', '.join(finalizers)}")
    return "; ".join(said)


def _with_reason(text: str, reason: str) -> str:
    return f"{text}: {reason}" if reason else text


def _with_finalizers(kind: str, item: Object) -> str:
    finalizers: Iterable[str] = item["metadata"].get("finalizers") or []
    others = [name for name in finalizers if name != "foregroundDeletion"]
    name = f"{kind}/{item['metadata']['name']}"
    return f"{name} (finalizers: {', '.join(others)})" if others else name
