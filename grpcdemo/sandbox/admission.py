"""The injector: what stands in for Istio's webhook, which adds the sidecar to a pod when it is created.

Pure. It takes the MutatingWebhookConfigurations that are stored, and asks each webhook's selectors, as the API
server of a cluster does; so a label on a namespace or a pod has the effect here that it has there. A webhook of
somebody else's cannot be called from here, and a pod that it selects fails as it would if nobody answered.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable

from grpcdemo.labels import TEMPLATE_HASH, Labels, selects
from grpcdemo.sandbox.api.kinds import Object
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.proxy.sidecar import READY_PATH, STATUS_PORT

WEBHOOK_SUFFIX = "sidecar-injector.istio.io"
PROXY = "istio-proxy"
INJECT = "sidecar.istio.io/inject"
NATIVE = "sidecar.istio.io/nativeSidecar"
STATUS = "sidecar.istio.io/status"
REVISION = "istio.io/rev"
INJECTION = "istio-injection"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
DEFAULT_LOGS_CONTAINER = "kubectl.kubernetes.io/default-logs-container"
CANONICAL_NAME = "service.istio.io/canonical-name"
CANONICAL_REVISION = "service.istio.io/canonical-revision"

Fault = Callable[[str, str], str | None]
"""Why a Service (namespace, name) cannot be called, such as `no endpoints available for service "istiod"`."""
ONLY_OURS = "the sandbox calls no webhook but its own injector"


def inject(pod: Object, namespace: Object, configurations: Iterable[Object], *, fault: Fault, image: str) -> Object:
    """The pod as it is to be created: with a sidecar, if an injector selects it and it does not refuse.

    Raises StatusError (InternalError) where a webhook cannot be called, unless it may be ignored.
    """
    for configuration in sorted(configurations, key=lambda found: str(found["metadata"]["name"])):
        revision = _labels(configuration).get(REVISION, "default")
        for webhook in configuration.get("webhooks") or []:
            if _selects(webhook, namespace, pod) and _can_call(webhook, fault) and _wants_sidecar(pod):
                pod = add_sidecar(pod, revision=revision, image=image)
    return pod


def _selects(webhook: Object, namespace: Object, pod: Object) -> bool:
    """A webhook's rules, where it has any, are for new pods: no others are stored."""
    selectors = ((webhook.get("namespaceSelector"), namespace), (webhook.get("objectSelector"), pod))
    return bool(webhook.get("rules")) and all(selects(selector or {}, _labels(obj)) for selector, obj in selectors)


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
    if pod["spec"].get("hostNetwork") or any(found["name"] == PROXY for found in _containers(pod)):
        return False
    return _labels(pod).get(INJECT, _annotations(pod).get(INJECT, "")) != "false"


def add_sidecar(pod: Object, *, revision: str, image: str) -> Object:
    """The pod with the proxy: as a native sidecar before everything else, or as one more container."""
    made = copy.deepcopy(pod)
    native = _annotations(pod).get(NATIVE) != "false"
    first = pod["spec"]["containers"][0]["name"]
    if native:
        made["spec"]["initContainers"] = [
            build_proxy(image, native=True),
            *(made["spec"].get("initContainers") or []),
        ]
    else:
        made["spec"]["containers"].append(build_proxy(image, native=False))
    made["metadata"]["labels"] = {
        **_labels(pod),
        "security.istio.io/tlsMode": "istio",
        CANONICAL_NAME: canonical_name(pod),
        CANONICAL_REVISION: _first(_labels(pod), CANONICAL_REVISION, "app.kubernetes.io/version", "version")
        or "latest",
    }
    made["metadata"]["annotations"] = {
        DEFAULT_CONTAINER: first,
        DEFAULT_LOGS_CONTAINER: first,
        **_annotations(pod),
        REVISION: revision,
        STATUS: _status(revision, native=native),
    }
    return made


def _status(revision: str, *, native: bool) -> str:
    status = {
        "initContainers": [PROXY] if native else None,
        "containers": None if native else [PROXY],
        "volumes": None,
        "imagePullSecrets": None,
        "revision": revision,
    }
    return json.dumps(status, separators=(",", ":"))


def build_proxy(image: str, *, native: bool) -> Object:
    """The container, with the probes that Istio's has: the application waits for the proxy."""
    ready = {"httpGet": {"path": READY_PATH, "port": STATUS_PORT, "scheme": "HTTP"}, "successThreshold": 1}
    return {
        "name": PROXY,
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
    labels, metadata = _labels(pod), pod["metadata"]
    if labelled := _first(labels, CANONICAL_NAME, "app.kubernetes.io/name", "app"):
        return labelled
    owner = next((found for found in metadata.get("ownerReferences") or [] if found.get("controller")), None)
    if owner is None:
        return str(metadata.get("name") or metadata.get("generateName", "").rstrip("-"))
    return str(owner["name"]).removesuffix(f"-{labels.get(TEMPLATE_HASH)}")


def _first(labels: Labels, *names: str) -> str | None:
    return next((labels[name] for name in names if name in labels), None)


def _containers(pod: Object) -> list[Object]:
    return [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]


def _labels(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _annotations(obj: Object) -> dict[str, str]:
    return obj["metadata"].get("annotations") or {}


def default_webhooks(*, namespace: str, service: str, revision: str = "default") -> Object:
    """The MutatingWebhookConfiguration of the sandbox's injector: the entries of Istio's default installation."""
    listens = ("NotIn", ["false"])
    labelled: list[tuple[str, list[Object], list[Object]]] = [
        (
            "rev.namespace",
            [_expression(REVISION, "In", [revision]), _expression(INJECTION, "DoesNotExist")],
            [_expression(INJECT, *listens)],
        ),
        (
            "rev.object",
            [_expression(REVISION, "DoesNotExist"), _expression(INJECTION, "DoesNotExist")],
            [_expression(INJECT, *listens), _expression(REVISION, "In", [revision])],
        ),
        ("namespace", [_expression(INJECTION, "In", ["enabled"])], [_expression(INJECT, *listens)]),
        (
            "object",
            [_expression(INJECTION, "DoesNotExist"), _expression(REVISION, "DoesNotExist")],
            [_expression(INJECT, "In", ["true"]), _expression(REVISION, "DoesNotExist")],
        ),
    ]
    client = {"service": {"namespace": namespace, "name": service, "path": "/inject", "port": 443}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": "istio-sidecar-injector",
            "labels": {"app": "sidecar-injector", REVISION: revision},
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
    ready = any(
        (endpoint.get("conditions") or {}).get("ready", True)
        for found in slices
        for endpoint in found.get("endpoints") or []
    )
    return None if ready else f'no endpoints available for service "{name}"'
