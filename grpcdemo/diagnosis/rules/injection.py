"""The client should have a sidecar, but has none."""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field
from grpcdemo.diagnosis.mesh.sidecars import Why, inject_namespace, opt_in, patched, restarted, why_no_sidecar
from grpcdemo.diagnosis.rules.client_proxy import unproxied, who
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.resources.istio import INJECT, INJECTION_LABEL, REVISION_LABEL
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import MUTATING_WEBHOOKS, NAMESPACES, PODS


def client_older_than_injection(scene: Scene) -> Findings:
    for client, pods in _left_alone(scene, Why.NOT_RESTARTED):
        yield Finding(
            "client-older-than-injection",
            Severity.PINS,
            f"{who(scene, client, pods)} no sidecar, but a new pod would get one: restart it",
            (*_wishes(scene, client), field(PODS, pods[0], "metadata.creationTimestamp", _created(pods[0]))),
            restarted(client),
        )


def client_opts_out_of_injection(scene: Scene) -> Findings:
    for client, pods in _left_alone(scene, Why.OPTED_OUT):
        kind = "labels" if INJECT in labels_of(pods[0]) else "annotations"
        yield Finding(
            "client-opts-out-of-injection",
            Severity.PINS,
            f"{who(scene, client, pods)} no sidecar: the pod template opts out of injection",
            (field(PODS, pods[0], f"metadata.{kind}.{INJECT}", "false"),),
            _opt_in(scene, client),
        )


def client_on_host_network(scene: Scene) -> Findings:
    for client, pods in _left_alone(scene, Why.HOST_NETWORK):
        yield Finding(
            "client-on-host-network",
            Severity.PINS,
            f"{who(scene, client, pods)} no sidecar: pods with hostNetwork get none",
            (field(PODS, pods[0], "spec.hostNetwork", value=True),),
            patched(client, {"spec": {"hostNetwork": False}}),
        )


def no_injector_for_client(scene: Scene) -> Findings:
    for client, pods in _left_alone(scene, Why.NO_INJECTOR):
        scene.inventory.require(MUTATING_WEBHOOKS)
        subject = who(scene, client, pods)
        yield Finding(
            "no-injector-for-client",
            Severity.PINS,
            f"{subject} no sidecar: no injector in this cluster matches the injection labels",
            _wishes(scene, client),
            inject_namespace(scene, client),
        )


def _left_alone(scene: Scene, why: Why) -> Iterator[tuple[Client, list[Object]]]:
    """The client and those of its pods that have no sidecar for this reason, if there are any."""
    if scene.client is None or not scene.has_istio:
        return
    if pods := [pod for pod in unproxied(scene) if why_no_sidecar(scene, pod) is why]:
        yield scene.client, pods


def _opt_in(scene: Scene, client: Client) -> Remedy:
    """A pod that asks for a sidecar gets one unless its namespace forbids it, which wins."""
    namespace = scene.namespace_labels(client.namespace)
    remedy = opt_in(client)
    if namespace.get(INJECTION_LABEL, "enabled") == "enabled":
        return remedy
    label = inject_namespace(scene, client).steps[:1]
    return Remedy((*label, *remedy.steps), remedy.note)


def _wishes(scene: Scene, client: Client) -> tuple[Evidence, ...]:
    """The labels that ask for a sidecar."""
    namespace = scene.namespace_object(client.namespace)
    objects = [(NAMESPACES, namespace)] if namespace else []
    objects += [(PODS, pod) for pod in client.pods[:1]]
    return tuple(
        field(resource, obj, f"metadata.labels.{key}", labels_of(obj)[key])
        for resource, obj in objects
        for key in (INJECTION_LABEL, REVISION_LABEL, INJECT)
        if key in labels_of(obj)
    )


def _created(pod: Object) -> str:
    return str(pod["metadata"].get("creationTimestamp", ""))
