"""Are there pods behind the Service, and more than one?"""

from __future__ import annotations

from collections.abc import Iterator

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field, merge_patch, run
from grpcdemo.diagnosis.mesh.sidecars import PATIENCE
from grpcdemo.diagnosis.proxies import CONTAINERS
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.diagnosis.workloads import workload_of
from grpcdemo.errors import Kubectl
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_ready
from grpcdemo.resources.resource import DEPLOYMENTS, PODS, SERVICES, STATEFUL_SETS

SINGLE = "single-endpoint"
REPLICAS = 3
"""How many the cure for a single one asks for: fewer than three hardly show a difference."""


def no_ready_endpoint(scene: Scene) -> Findings:
    if scene.is_external_name or scene.ready_endpoints:
        return
    selector, target = scene.spec.get("selector"), scene.port.get("targetPort")
    evidence = field(SERVICES, scene.service, "spec.selector", selector)
    if selector and not scene.selected_pods:
        summary = "the selector matches no pod, so every call fails"
    elif isinstance(target, str) and not any(target in _port_names(pod) for pod in scene.selected_pods):
        summary = f"no pod declares a port with the name {target}, so every call fails"
        evidence = field(SERVICES, scene.service, "spec.ports[].targetPort", target)
    else:
        summary = "no pod behind the Service is ready, so every call fails"
    look = Kubectl("get", "pods", "--show-labels", namespace=scene.namespace)
    yield Finding("no-ready-endpoint", Severity.ERRORS, summary, (evidence,), run(look))


def single_endpoint(scene: Scene) -> Findings:
    """There is no other pod, as of many a Service."""
    if len(scene.endpoints) == len(scene.ready_endpoints) == 1 and not scene.is_external_name:
        summary = f"there is only one pod ({_the_ready_one(scene)}), so there is nothing to balance"
        yield Finding(SINGLE, Severity.PINS, summary, (_selector(scene),), _more_pods(scene))


def single_ready_endpoint(scene: Scene) -> Findings:
    """There are others."""
    pods = len(scene.endpoints)
    if pods > len(scene.ready_endpoints) == 1 and not scene.is_external_name:
        summary = f"only one of {pods} pods is ready ({_the_ready_one(scene)}), so it gets every call"
        yield Finding("single-ready-endpoint", Severity.PINS, summary, (_selector(scene),), _look(scene))


def _the_ready_one(scene: Scene) -> str:
    return scene.ready_endpoints[0].pod or scene.ready_endpoints[0].address


def _selector(scene: Scene) -> Evidence:
    return field(SERVICES, scene.service, "spec.selector", scene.spec.get("selector"))


def _look(scene: Scene) -> Remedy:
    """At the pods."""
    selector = ",".join(f"{key}={value}" for key, value in (scene.spec.get("selector") or {}).items())
    selected = [f"--selector={selector}"] if selector else []
    return run(Kubectl("get", "pods", *selected, "--output=wide", namespace=scene.namespace))


def _more_pods(scene: Scene) -> Remedy:
    owners = sorted({owner for pod in scene.servers if (owner := workload_of(pod))}, key=str)
    if len(owners) != 1 or owners[0].resource not in (DEPLOYMENTS, STATEFUL_SETS):
        return _look(scene)
    name = owners[0].singular
    return run(
        Kubectl("scale", name, f"--replicas={REPLICAS}", namespace=scene.namespace),
        Kubectl("rollout", "status", name, PATIENCE, namespace=scene.namespace),
    )


def port_missing_in_pods(scene: Scene) -> Findings:
    """A `targetPort` by name that some containers do not declare: their pods never become endpoints."""
    target = scene.port.get("targetPort")
    if not isinstance(target, str):
        return
    without = [pod for pod in scene.selected_pods if is_ready(pod) and target not in _port_names(pod)]
    if not without or len(without) == len(scene.selected_pods):
        return
    summary = f"{len(without)} of {len(scene.selected_pods)} pods declare no port {target}, and get no calls"
    left = len(scene.selected_pods) - len(without)
    yield Finding(
        "port-missing-in-pods",
        Severity.PINS if left == 1 else Severity.MAY_PIN,
        summary,
        (
            field(SERVICES, scene.service, "spec.ports[].targetPort", target),
            field(PODS, without[0], "spec.containers[].ports[].name", sorted(_port_names(without[0]))),
        ),
        Remedy(note=f"name a container port {target}, or set the Service's targetPort to the port's number"),
    )


def port_not_declared(scene: Scene) -> Findings:
    """A `targetPort` by number. Containers need not declare what they listen on, so it may be right."""
    target = scene.port.get("targetPort", scene.port_number)
    declared = {port["containerPort"] for pod in scene.servers for port in _own_ports(pod)}
    if isinstance(target, int) and declared and target not in declared:
        numbers = sorted(declared)
        yield Finding(
            "port-not-declared",
            Severity.OBSCURES,
            f"calls go to port {target} of the pods, but their containers only declare {', '.join(map(str, numbers))}: "
            "if nothing listens there, every call fails",
            (
                field(SERVICES, scene.service, "spec.ports[].targetPort", target),
                field(PODS, scene.servers[0], "spec.containers[].ports[].containerPort", numbers),
            ),
            Remedy(note="set the Service's targetPort to the port that the servers listen on"),
        )


def _own_ports(pod: Object) -> Iterator[Object]:
    """Those of its containers, their proxies apart."""
    for container in pod["spec"]["containers"]:
        if container["name"] not in CONTAINERS:
            yield from container.get("ports") or []


def _port_names(pod: Object) -> set[str]:
    containers = (*pod["spec"]["containers"], *(pod["spec"].get("initContainers") or []))
    return {port.get("name", "") for container in containers for port in container.get("ports") or []}


def unready_pods_published(scene: Scene) -> Findings:
    if not scene.spec.get("publishNotReadyAddresses") or scene.is_headless:
        return
    patch = merge_patch(scene.reference, {"spec": {"publishNotReadyAddresses": False}})
    yield Finding(
        "unready-pods-published",
        Severity.OBSCURES,
        "pods get calls before they are ready: their failures look like an uneven share",
        (field(SERVICES, scene.service, "spec.publishNotReadyAddresses", value=True),),
        run(patch),
    )


def several_workloads(scene: Scene) -> Findings:
    if not scene.spec.get("selector"):
        return
    owners = sorted({str(owner) for pod in scene.servers if (owner := workload_of(pod))})
    if len(owners) < 2:
        return
    yield Finding(
        "several-workloads",
        Severity.OBSCURES,
        f"the selector takes the pods of several workloads: {', '.join(owners)}",
        (field(SERVICES, scene.service, "spec.selector", scene.spec["selector"]),),
    )
