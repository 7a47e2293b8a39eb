"""Are nearby pods preferred, so that few pods get all calls?"""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field, merge_patch, run
from grpcdemo.diagnosis.locality import Level, judge_preference
from grpcdemo.diagnosis.mesh.destination_rules import policies
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.resource import NAMESPACES, SERVICES, Resource

ANNOTATION = "networking.istio.io/traffic-distribution"
TOPOLOGY_MODE = "service.kubernetes.io/topology-mode"
LEVELS: dict[str, Level] = {"PreferClose": "zone", "PreferSameZone": "zone", "PreferSameNode": "node"}


def traffic_distribution(scene: Scene) -> Findings:
    for value, evidence, remedy in _preferences(scene):
        level = LEVELS.get(value)
        if level and (locality := judge_preference(scene, level)):
            yield Finding(
                "traffic-distribution",
                locality.severity,
                f"nearby pods are preferred ({value}): {locality.effect}",
                (evidence,),
                remedy,
            )
            return


def _preferences(scene: Scene) -> Iterator[tuple[str, Evidence, Remedy]]:
    if value := scene.spec.get("trafficDistribution"):
        removed = merge_patch(scene.reference, {"spec": {"trafficDistribution": None}})
        yield value, field(SERVICES, scene.service, "spec.trafficDistribution", value), run(removed)
    if not scene.sidecar_matters:
        return
    namespace = scene.inventory.find(NAMESPACES, scene.namespace)
    objects: list[tuple[Resource, Object]] = [(SERVICES, scene.service)]
    objects += [(NAMESPACES, namespace)] if namespace else []
    for resource, obj in objects:
        if value := annotations_of(obj).get(ANNOTATION):
            own = scene.namespace if resource is SERVICES else None
            removed = Kubectl("annotate", resource.singular, obj["metadata"]["name"], f"{ANNOTATION}-", namespace=own)
            yield value, field(resource, obj, f"metadata.annotations.{ANNOTATION}", value), run(removed)


def topology_mode(scene: Scene) -> Findings:
    """Only kube-proxy follows the hints in EndpointSlices."""
    value = annotations_of(scene.service).get(TOPOLOGY_MODE, "")
    if value.lower() != "auto" or not scene.kube_proxy_matters:
        return
    if locality := judge_preference(scene, "zone"):
        yield Finding(
            "topology-mode",
            Severity.MAY_PIN,
            f"topology-aware routing is on: {locality.effect}",
            (field(SERVICES, scene.service, f"metadata.annotations.{TOPOLOGY_MODE}", value),),
            run(Kubectl("annotate", "service", scene.name, f"{TOPOLOGY_MODE}-", namespace=scene.namespace)),
        )


def locality_failover(scene: Scene) -> Findings:
    """Outlier detection switches locality failover on: the pods of the client's zone take all while they are well."""
    if not scene.sidecar_matters:
        return
    for policy in policies(scene):
        settings = policy.load_balancer.get("localityLbSetting") or {}
        if settings.get("enabled") is False or not (policy.fields.get("outlierDetection") or settings):
            continue
        name = "outlierDetection" if policy.fields.get("outlierDetection") else "loadBalancer"
        if locality := judge_preference(scene, "zone"):
            off = {**policy.load_balancer, "localityLbSetting": {"enabled": False}}
            yield Finding(
                "locality-failover",
                locality.severity,
                f"the DestinationRule prefers the client's zone: {locality.effect}",
                (policy.evidence(name),),
                run(policy.set("loadBalancer", off)),
            )
