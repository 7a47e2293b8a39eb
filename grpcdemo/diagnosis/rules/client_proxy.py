"""Do the client's calls go through a proxy that balances requests? The server's proxy does not matter for that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.mesh.sidecars import Why, inject_namespace, restarted, why_no_sidecar
from grpcdemo.diagnosis.proxies import Proxy, wants_ambient
from grpcdemo.diagnosis.rules.ebpf import balances_requests
from grpcdemo.diagnosis.scene import Client, Scene
from grpcdemo.diagnosis.workloads import workload_of
from grpcdemo.errors import Kubectl
from grpcdemo.resources.istio import AMBIENT_LABEL, INJECTION_LABEL
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.pods import is_active
from grpcdemo.resources.resource import NAMESPACES, PODS

NAMED = 3
"""How many workloads a summary names."""


def client_without_sidecar(scene: Scene) -> Findings:
    """Nothing asks for one. Where something does, the rules about injection say why there is none."""
    pods = [pod for pod in unproxied(scene) if not scene.has_istio or why_no_sidecar(scene, pod) is Why.NOT_ASKED]
    if not pods or scene.client is None or not scene.has_mesh:
        return
    subject = who(scene, scene.client, pods)
    yield Finding(
        "client-without-sidecar",
        Severity.PINS,
        f"{subject} no sidecar: kube-proxy balances connections, and a gRPC client keeps one",
        _label_evidence(scene, scene.client),
        inject_namespace(scene, scene.client) if scene.has_istio else _inject_linkerd(scene.client),
    )


def unproxied(scene: Scene) -> list[Object]:
    """The client's pods that reach the Service's cluster IP without a proxy."""
    if not scene.has_cluster_ip or balances_requests(scene):
        return []
    return scene.callers_with(Proxy.NONE)


def who(scene: Scene, client: Client, pods: list[Object]) -> str:
    """The subject of a sentence about what these *pods* of the client have."""
    where = f" in {client.namespace}" if client.namespace != scene.namespace else ""
    if len(pods) == len(client.pods):
        return f"{client.reference.singular}{where} has"
    return f"{len(pods)} of {len(client.pods)} pods of {client.reference.singular}{where} have"


def _label_evidence(scene: Scene, client: Client) -> tuple[Evidence, ...]:
    namespace = scene.namespace_object(client.namespace)
    if namespace is None:
        return ()
    label = labels_of(namespace).get(INJECTION_LABEL)
    return (field(NAMESPACES, namespace, f"metadata.labels.{INJECTION_LABEL}", label),)


def _inject_linkerd(client: Client) -> Remedy:
    annotate = Kubectl("annotate", "namespace", client.namespace, "linkerd.io/inject=enabled", "--overwrite")
    return restarted(client, annotate)


def client_with_another_proxy(scene: Scene) -> Findings:
    for pod in scene.callers_with(Proxy.OTHER)[:1]:
        names = [container["name"] for container in pod["spec"]["containers"]]
        yield Finding(
            "client-with-another-proxy",
            Severity.UNKNOWN,
            "the client's calls go through another mesh's proxy: how it balances is unknown",
            (field(PODS, pod, "spec.containers[].name", ", ".join(names)),),
        )


def client_not_named(scene: Scene) -> Findings:
    """Where there is a mesh, all depends on whether the client is in it."""
    if scene.client or not scene.has_mesh or not scene.has_cluster_ip or balances_requests(scene):
        return
    servers = {pod["metadata"]["name"] for pod in scene.servers}
    scene.inventory.require(PODS, scene.namespace)
    around = scene.inventory.once(("around", scene.namespace), lambda: _around(scene))
    outside = [owner for owner, pods in around.outside.items() if not pods <= servers]
    if not outside and not around.pods <= servers:
        return
    names = sorted(filter(None, outside))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    example = next((name for name in names if name.startswith("deployment/")), "deploy/NAME")
    why = (
        f"workloads without a sidecar here: {', '.join(names[:NAMED])}{more}"
        if names
        else "its namespace has no other pod"
    )
    yield Finding(
        "client-not-named",
        Severity.MAY_PIN,
        f"a client without a sidecar would stay on one pod, but no client is known ({why})",
        remedy=Remedy(note=f"name the client: --client {example}"),
    )


def callers_out_of_sight(scene: Scene) -> Findings:
    if scene.unseen:
        yield Finding(
            "callers-out-of-sight",
            Severity.OBSCURES,
            f"pods in other namespaces may also call the Service: this user may not {scene.unseen}",
            remedy=run(scene.unseen.can_i, note="or name the client with --client and --client-namespace"),
        )


@dataclass(frozen=True)
class Around:
    """The names of the active pods in a namespace."""

    pods: frozenset[str]
    outside: Mapping[str, frozenset[str]]
    """Those without a proxy, by their workload; empty for none."""


def _around(scene: Scene) -> Around:
    active = [pod for pod in scene.inventory.known(PODS, scene.namespace) if is_active(pod)]
    outside: dict[str, set[str]] = defaultdict(set)
    for pod in active:
        if scene.proxy_of(pod) is Proxy.NONE:
            owner = workload_of(pod)
            outside[str(owner.singular) if owner else ""].add(pod["metadata"]["name"])
    names = frozenset(pod["metadata"]["name"] for pod in active)
    return Around(names, {owner: frozenset(pods) for owner, pods in outside.items()})


def client_in_sidecar_and_ambient(scene: Scene) -> Findings:
    for pod in scene.callers_with(Proxy.SIDECAR):
        if scene.client and wants_ambient(pod, scene.namespace_labels(scene.client.namespace)):
            label = labels_of(pod).get(AMBIENT_LABEL)
            where = (PODS, pod) if label else (NAMESPACES, scene.namespace_object(scene.client.namespace) or pod)
            yield Finding(
                "client-in-sidecar-and-ambient",
                Severity.MAY_PIN,
                "the client has a sidecar and is labeled for ambient mode: which of them handles its calls is unclear",
                (field(*where, f"metadata.labels.{AMBIENT_LABEL}", "ambient"),),
                run(Kubectl("label", "namespace", scene.client.namespace, f"{AMBIENT_LABEL}-")),
            )
            return
