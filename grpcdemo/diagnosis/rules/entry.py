"""Calls that come from outside the cluster, or continue to another hop, which decides."""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.resource import CLUSTER_DOMAIN, INGRESSES, SERVICES

SERVICE_UPSTREAM = (
    "nginx.ingress.kubernetes.io/service-upstream",
    "nginx.org/use-cluster-ip",
)


def external_name(scene: Scene) -> Findings:
    if scene.is_external_name:
        yield Finding(
            "external-name",
            Severity.UNKNOWN,
            "the Service is an ExternalName: its target decides, and was not examined",
            (field(SERVICES, scene.service, "spec.externalName", scene.spec.get("externalName")),),
            _look_there(str(scene.spec.get("externalName") or "")),
        )


def _look_there(host: str) -> Remedy:
    """At the Service of this cluster that the name leads to, if it does."""
    name, _, rest = host.partition(".")
    namespace, _, domain = rest.partition(".")
    if domain not in ("svc", CLUSTER_DOMAIN):
        return Remedy()
    return Remedy(note=f"examine the target: `grpcdemo diagnose svc/{name} --namespace {namespace}`")


def no_selector(scene: Scene) -> Findings:
    if not scene.is_external_name and not scene.spec.get("selector"):
        yield Finding(
            "no-selector",
            Severity.OBSCURES,
            "the Service has no selector: its endpoints are set by something else, and may be another load balancer",
            (field(SERVICES, scene.service, "spec.selector", None),),
        )


def entered_from_outside(scene: Scene) -> Findings:
    kind = scene.spec.get("type")
    if kind in ("NodePort", "LoadBalancer") and scene.client is None:
        yield Finding(
            "entered-from-outside",
            Severity.OBSCURES,
            f"the Service is a {kind}: clients outside the cluster have no sidecar",
            (field(SERVICES, scene.service, "spec.type", kind),),
        )


def ingress_calls_cluster_ip(scene: Scene) -> Findings:
    for ingress in scene.inventory.read(INGRESSES, scene.namespace):
        for name in SERVICE_UPSTREAM:
            if annotations_of(ingress).get(name) == "true" and scene.name in _backends(ingress):
                key = f"{name}-"
                yield Finding(
                    "ingress-calls-cluster-ip",
                    Severity.MAY_PIN,
                    "an Ingress calls the cluster IP instead of the pods: each of its connections stays on one pod",
                    (field(INGRESSES, ingress, f"metadata.annotations.{name}", "true"),),
                    run(Kubectl("annotate", "ingress", ingress["metadata"]["name"], key, namespace=scene.namespace)),
                )


def _backends(ingress: Object) -> Iterator[str]:
    spec = ingress.get("spec") or {}
    paths = [path for rule in spec.get("rules") or [] for path in (rule.get("http") or {}).get("paths") or []]
    backends = [spec.get("defaultBackend") or {}, *(path.get("backend") or {} for path in paths)]
    yield from (name for backend in backends if (name := (backend.get("service") or {}).get("name")))
