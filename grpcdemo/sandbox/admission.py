"""The injector: what stands in for Istio's webhook, which adds the sidecar to a pod when it is created.

Pure. It takes the MutatingWebhookConfigurations that are stored, and asks each webhook's selectors, as the API
server of a cluster does; so a label on a namespace or a pod has the effect here that it has there. A webhook of
somebody else's cannot be called from here, and a pod that it selects fails as it would if nobody answered.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable

from grpcdemo.resources.endpoints import any_endpoint_ready
from grpcdemo.resources.istio import (
    CANONICAL_NAME,
    CANONICAL_REVISION,
    INJECT,
    INJECTION_LABEL,
    NATIVE_SIDECAR,
    PROXY_CONTAINER,
    REVISION_LABEL,
    SIDECAR_STATUS,
    TLS_MODE,
    WEBHOOK_SUFFIX,
)
from grpcdemo.resources.labels import APP_NAME, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, annotations_of, controller_of, labels_of
from grpcdemo.resources.selectors import Labels, selects
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.proxy.sidecar import READY_PATH, STATUS_PORT

DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
DEFAULT_LOGS_CONTAINER = "kubectl.kubernetes.io/default-logs-container"

Fault = Callable[[str, str], str | None]
"""Why a Service (namespace, name) cannot be called, such as `no endpoints available for service "istiod"`."""
ONLY_OURS = "the sandbox calls no webhook but its own injector"


def inject(pod: Object, namespace: Object, configurations: Iterable[Object], *, fault: Fault, image: str) -> Object:
    """The pod as it is to be created: with a sidecar, if an injector selects it and it does not refuse.

    Raises StatusError (InternalError) where a webhook cannot be called, unless it may be ignored.
    """
    for configuration in sorted(configurations, key=lambda found: str(found["metadata"]["name"])):
        revision = labels_of(configuration).get(REVISION_LABEL, "default")
        for webhook in configuration.get("webhooks") or []:
            if _selects(webhook, namespace, pod) and _can_call(webhook, fault) and _wants_sidecar(pod):
                pod = add_sidecar(pod, revision=revision, image=image)
    return pod


def _selects(webhook: Object, namespace: Object, pod: Object) -> bool:
    """A webhook's rules, where it has any, are for new pods: no others are stored."""
    selectors = ((webhook.get("namespaceSelector"), namespace), (webhook.get("objectSelector"), pod))
    return bool(webhook.get("rules")) and all(selects(selector or {}, labels_of(obj)) for selector, obj in selectors)


def _can_call(webhook: Object, fault: Fault) -> bool:
    service = webhook["clientConfig"].get("service")
    why = fault(service["namespace"], service["name"]) if service else ONLY_OURS
    if why is None and not webhook["name"].endswith(WEBHOOK_SUFFIX):
        why = ONLY_OURS
    if not why:
        return True
    if webhook.get("failurePolicy", "Fail") == "Ignore":
        return False
    url = webhook["clientConfig"].get("url", "")
    if service:
        url = (
            f"https://{service['name']}.{service['namespace']}.svc:{service.get('port', 443)}{service.get('path', '/')}"
        )
    raise StatusError(
        "InternalError",
        f'Internal error occurred: failed calling webhook "{webhook["name"]}": '
        f'failed to call webhook: Post "{url}?timeout={webhook.get("timeoutSeconds", 10)}s": {why}',
    )


def _wants_sidecar(pod: Object) -> bool:
    """The injector's own say, once it is called: the pod's label goes before its annotation."""
    if pod["spec"].get("hostNetwork") or any(found["name"] == PROXY_CONTAINER for found in _containers(pod)):
        return False
    return labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT, "")) != "false"


def add_sidecar(pod: Object, *, revision: str, image: str) -> Object:
    """The pod with the proxy: as a native sidecar before everything else, or as one more container."""
    made = copy.deepcopy(pod)
    native = annotations_of(pod).get(NATIVE_SIDECAR) != "false"
    first = pod["spec"]["containers"][0]["name"]
    if native:
        made["spec"]["initContainers"] = [
            build_proxy(image, native=True),
            *(made["spec"].get("initContainers") or []),
        ]
    else:
        made["spec"]["containers"].append(build_proxy(image, native=False))
    made["metadata"]["labels"] = {
        **labels_of(pod),
        TLS_MODE: "istio",
        CANONICAL_NAME: canonical_name(pod),
        CANONICAL_REVISION: _first(labels_of(pod), CANONICAL_REVISION, "app.kubernetes.io/version", "version")
        or "latest",
    }
    made["metadata"]["annotations"] = {
        DEFAULT_CONTAINER: first,
        DEFAULT_LOGS_CONTAINER: first,
        **annotations_of(pod),
        REVISION_LABEL: revision,
        SIDECAR_STATUS: _status(revision, native=native),
    }
    return made


def _status(revision: str, *, native: bool) -> str:
    status = {
        "initContainers": [PROXY_CONTAINER] if native else None,
        "containers": None if native else [PROXY_CONTAINER],
        "volumes": None,
        "imagePullSecrets": None,
        "revision": revision,
    }
    return json.dumps(status, separators=(",", ":"))


def build_proxy(image: str, *, native: bool) -> Object:
    """The container, with the probes that Istio's has: the application waits for the proxy."""
    ready = {"httpGet": {"path": READY_PATH, "port": STATUS_PORT, "scheme": "HTTP"}, "successThreshold": 1}
    return {
        "name": PROXY_CONTAINER,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **({"restartPolicy": "Always"} if native else {}),
        "startupProbe": {**ready, "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 600},
        "readinessProbe": {**ready, "periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4},
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }


def canonical_name(pod: Object) -> str:
    """The workload that the pod belongs to, for the mesh: a label, or its owner's name, or its own."""
    labels, metadata = labels_of(pod), pod["metadata"]
    if labelled := _first(labels, CANONICAL_NAME, APP_NAME, "app"):
        return labelled
    owner = controller_of(pod)
    if owner is None:
        return str(metadata.get("name") or metadata.get("generateName", "").rstrip("-"))
    return str(owner["name"]).removesuffix(f"-{labels.get(TEMPLATE_HASH)}")


def _first(labels: Labels, *names: str) -> str | None:
    return next((labels[name] for name in names if name in labels), None)


def _containers(pod: Object) -> list[Object]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]


def default_webhooks(*, namespace: str, service: str, revision: str = "default") -> Object:
    """The MutatingWebhookConfiguration of the sandbox's injector: the entries of Istio's default installation."""
    listens = ("NotIn", ["false"])
    labelled: list[tuple[str, list[Object], list[Object]]] = [
        (
            "rev.namespace",
            [_expression(REVISION_LABEL, "In", [revision]), _expression(INJECTION_LABEL, "DoesNotExist")],
            [_expression(INJECT, *listens)],
        ),
        (
            "rev.object",
            [_expression(REVISION_LABEL, "DoesNotExist"), _expression(INJECTION_LABEL, "DoesNotExist")],
            [_expression(INJECT, *listens), _expression(REVISION_LABEL, "In", [revision])],
        ),
        ("namespace", [_expression(INJECTION_LABEL, "In", ["enabled"])], [_expression(INJECT, *listens)]),
        (
            "object",
            [_expression(INJECTION_LABEL, "DoesNotExist"), _expression(REVISION_LABEL, "DoesNotExist")],
            [_expression(INJECT, "In", ["true"]), _expression(REVISION_LABEL, "DoesNotExist")],
        ),
    ]
    client = {"service": {"namespace": namespace, "name": service, "path": "/inject", "port": 443}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": "istio-sidecar-injector",
            "labels": {"app": "sidecar-injector", REVISION_LABEL: revision},
        },
        "webhooks": [_webhook(name, client, of_namespace, of_pod) for name, of_namespace, of_pod in labelled],
    }


def _expression(key: str, operator: str, values: list[str] | None = None) -> Object:
    return {"key": key, "operator": operator, **({"values": values} if values else {})}


def _webhook(name: str, client: Object, of_namespace: list[Object], of_pod: list[Object]) -> Object:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}
    return {
        "name": f"{name}.{WEBHOOK_SUFFIX}",
        "admissionReviewVersions": ["v1"],
        "clientConfig": copy.deepcopy(client),
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {"matchExpressions": of_namespace},
        "objectSelector": {"matchExpressions": of_pod},
        "reinvocationPolicy": "Never",
        "rules": [rule],
        "sideEffects": "None",
        "timeoutSeconds": 10,
    }


def service_fault(service: Object | None, name: str, slices: Iterable[Object]) -> str | None:
    """A `Fault` from the Service, if it is there, and its EndpointSlices."""
    if service is None:
        return f'service "{name}" not found'
    return None if any_endpoint_ready(slices) else f'no endpoints available for service "{name}"'
