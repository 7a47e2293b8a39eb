"""Plays Istio's injector, the webhook that adds the sidecar to a new pod. Pure.

It evaluates the selectors of the stored MutatingWebhookConfigurations as an API server does, so labels on namespaces
and pods have the same effect here. It can call no other webhook: creating a pod that one selects fails, as on a
cluster where the webhook does not answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

from grpcdemo.resources.endpoints import any_endpoint_ready
from grpcdemo.resources.istio import (
    CANONICAL_NAME,
    CANONICAL_REVISION,
    GRPC_AGENT,
    INJECT,
    INJECTION_LABEL,
    NATIVE_SIDECAR,
    PROXY_CONTAINER,
    REVISION_LABEL,
    SIDECAR_STATUS,
    TEMPLATES,
    TLS_MODE,
    WEBHOOK_SUFFIX,
    XDS_BOOTSTRAP,
)
from grpcdemo.resources.labels import APP_NAME, TEMPLATE_HASH
from grpcdemo.resources.objects import Object, annotations_of, controller_of, copy_json, labels_of
from grpcdemo.resources.pods import DEFAULT_CONTAINER
from grpcdemo.resources.selectors import Labels, parse_selector, selects
from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.proxy.sidecar import READY_PATH, STATUS_PORT

DEFAULT_LOGS_CONTAINER = "kubectl.kubernetes.io/default-logs-container"
XDS_BOOTSTRAP_FILE = "/etc/istio/proxy/grpc-bootstrap.json"
"""Where Istio's agent writes it."""

Fault = Callable[[str, str], str | None]
"""Why a Service (namespace, name) cannot be called, such as `no endpoints available for service "istiod"`."""
ONLY_OURS = "the sandbox calls no webhook but its own injector"


def inject(pod: Object, namespace: Object, configurations: Iterable[Object], *, fault: Fault, image: str) -> Object:
    """Add the sidecar, or what the pod's template adds, if an injector selects the pod and the pod does not opt out.

    Raises StatusError (InternalError) if a webhook cannot be called and its failurePolicy is Fail.
    """
    for configuration in sorted(configurations, key=lambda obj: str(obj["metadata"]["name"])):
        revision = labels_of(configuration).get(REVISION_LABEL, "default")
        for webhook in configuration.get("webhooks") or []:
            if _selects(webhook, namespace, pod) and _can_call(webhook, fault) and _wants_sidecar(pod):
                pod = (
                    add_agent(pod, revision) if _wants_agent(pod) else add_sidecar(pod, revision=revision, image=image)
                )
    return pod


def _selects(webhook: Object, namespace: Object, pod: Object) -> bool:
    """Every stored rule is for new pods: validation refuses any other."""
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
        host = f"{service['name']}.{service['namespace']}.svc"
        url = f"https://{host}:{service.get('port', 443)}{service.get('path', '/')}"
    raise StatusError(
        "InternalError",
        f'Internal error occurred: failed calling webhook "{webhook["name"]}": '
        f'failed to call webhook: Post "{url}?timeout={webhook.get("timeoutSeconds", 10)}s": {why}',
    )


def _wants_sidecar(pod: Object) -> bool:
    """The injector's own decision, once it is called. The pod's label overrides its annotation."""
    containers = [*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or [])]
    if pod["spec"].get("hostNetwork") or any(container["name"] == PROXY_CONTAINER for container in containers):
        return False
    return labels_of(pod).get(INJECT, annotations_of(pod).get(INJECT, "")) != "false"


def _wants_agent(pod: Object) -> bool:
    return GRPC_AGENT in re.split(r"[,\s]+", annotations_of(pod).get(TEMPLATES, ""))


def add_agent(pod: Object, revision: str) -> Object:
    """Have every container's gRPC find endpoints by xDS. Istio adds an agent for it; the kubelet plays that one."""
    injected = copy_json(pod)
    for container in injected["spec"]["containers"]:
        container["env"] = [*(container.get("env") or []), {"name": XDS_BOOTSTRAP, "value": XDS_BOOTSTRAP_FILE}]
    _mark(injected, {**annotations_of(pod), REVISION_LABEL: revision})
    return injected


def add_sidecar(pod: Object, *, revision: str, image: str) -> Object:
    """Add the proxy as a native sidecar before all init containers, or as one more container."""
    injected = copy_json(pod)
    spec, first = injected["spec"], injected["spec"]["containers"][0]["name"]
    native = annotations_of(pod).get(NATIVE_SIDECAR) != "false"
    proxy = build_proxy(image, native=native)
    if native:
        spec["initContainers"] = [proxy, *(spec.get("initContainers") or [])]
    else:
        spec["containers"].append(proxy)
    annotations = {
        DEFAULT_CONTAINER: first,
        DEFAULT_LOGS_CONTAINER: first,
        **annotations_of(pod),
        REVISION_LABEL: revision,
        SIDECAR_STATUS: _status(revision, native=native),
    }
    _mark(injected, annotations)
    return injected


def _mark(pod: Object, annotations: Labels) -> None:
    """Give the pod the labels by which the mesh names its workload."""
    pod["metadata"]["labels"] = {
        **labels_of(pod),
        TLS_MODE: "istio",
        CANONICAL_NAME: canonical_name(pod),
        CANONICAL_REVISION: _first(labels_of(pod), CANONICAL_REVISION, "app.kubernetes.io/version", "version")
        or "latest",
    }
    pod["metadata"]["annotations"] = {**annotations}


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


def default_webhooks(*, namespace: str, service: str, revision: str = "default") -> Object:
    """The MutatingWebhookConfiguration of the sandbox's injector: the entries of Istio's default installation."""
    listens, of_revision = f"{INJECT} notin (false)", f"{REVISION_LABEL} in ({revision})"
    selectors = {
        "rev.namespace": (f"{of_revision},!{INJECTION_LABEL}", listens),
        "rev.object": (f"!{REVISION_LABEL},!{INJECTION_LABEL}", f"{listens},{of_revision}"),
        "namespace": (f"{INJECTION_LABEL} in (enabled)", listens),
        "object": (f"!{INJECTION_LABEL},!{REVISION_LABEL}", f"{INJECT} in (true),!{REVISION_LABEL}"),
    }
    client = {"service": {"namespace": namespace, "name": service, "path": "/inject", "port": 443}}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "istio-sidecar-injector", "labels": {"app": "sidecar-injector", REVISION_LABEL: revision}},
        "webhooks": [_webhook(name, client, *selected) for name, selected in selectors.items()],
    }


def _webhook(name: str, client: Object, namespaces: str, pods: str) -> Object:
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"], "scope": "*"}
    return {
        "name": f"{name}.{WEBHOOK_SUFFIX}",
        "admissionReviewVersions": ["v1"],
        "clientConfig": copy_json(client),
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "namespaceSelector": parse_selector(namespaces),
        "objectSelector": parse_selector(pods),
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
