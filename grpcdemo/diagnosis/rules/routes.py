"""Do VirtualServices send the calls to only some of the pods?"""

from __future__ import annotations

from collections import Counter

from grpcdemo.diagnosis.finding import Evidence, Finding, Findings, Remedy, Severity, field, run
from grpcdemo.diagnosis.mesh.destination_rules import destination_rule
from grpcdemo.diagnosis.mesh.hosts import names_service
from grpcdemo.diagnosis.mesh.protocol import Protocol, protocol_of
from grpcdemo.diagnosis.mesh.virtual_services import (
    Route,
    goes_to_service,
    in_mesh,
    is_for,
    routes,
    virtual_services,
    visible_virtual_services,
)
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.resources.objects import Object, labels_of
from grpcdemo.resources.resource import VIRTUAL_SERVICES

UNEVEN = 2
"""How many times its even share a pod may get, or the other way round: as the verdict on traffic has it."""
WHOLE = 100
"""Percent."""
ANSWERS = ("directResponse", "redirect")
"""What a route has in place of destinations."""


def subset_of_pods(scene: Scene) -> Findings:
    if not scene.sidecar_matters or len(scene.ready_endpoints) < 2:
        return
    for route in routes(scene):
        names = {one["destination"].get("subset") for _, one in route.destinations}
        if not names or None in names:
            continue
        subsets = _subsets(scene)
        unknown = sorted(names - subsets.keys())
        reached = [pod for pod in scene.servers if any(_is_in(subsets[name], pod) for name in names - set(unknown))]
        if severity := _judge(scene, route, len(reached), unknown):
            yield Finding("subset-of-pods", severity, _effect(scene, reached, unknown), _evidence(route), _widen(route))


def calls_aborted(scene: Scene) -> Findings:
    """By the client's sidecar: no pod sees them, and no counter of the pods."""
    if not scene.sidecar_matters:
        return
    for route in routes(scene):
        yield from _faults(route)
        yield from _answers(route)


def _faults(route: Route) -> Findings:
    fault = route.entry.get("fault") or {}
    share = ((fault.get("abort") or {}).get("percentage") or {}).get("value", 0)
    if share:
        whole = share >= WHOLE and not route.conditional
        yield Finding(
            "calls-aborted",
            Severity.ERRORS if whole else Severity.OBSCURES,
            f"a VirtualService aborts {'all' if whole else 'some'} calls in the client's sidecar: they fail",
            (route.evidence("fault.abort", fault["abort"]),),
            run(route.patch({"op": "remove", "path": "fault/abort" if "delay" in fault else "fault"})),
        )


def _answers(route: Route) -> Findings:
    for name in {*ANSWERS} & route.entry.keys():
        which = "some" if route.conditional else "all"
        yield Finding(
            "calls-aborted",
            Severity.OBSCURES if route.conditional else Severity.ERRORS,
            f"a VirtualService answers {which} calls in the client's sidecar, so no pod sees them: they fail",
            (route.evidence(name, route.entry[name]),),
            Remedy(note="let it route them to the Service"),
        )


def uneven_weights(scene: Scene) -> Findings:
    """The weights of a route are for subsets, whatever number of pods is in each."""
    if not scene.sidecar_matters:
        return
    for route in routes(scene):
        if len(route.destinations) < 2 or route.elsewhere or route.conditional:
            continue
        reached = [_reached(scene, one) for _, one in route.destinations]
        shares = Counter[str]()
        for (_, one), pods in zip(route.destinations, reached, strict=True):
            shares.update({name: one["weight"] / len(pods) for name in pods})
        even = sum(one["weight"] for _, one in route.destinations) / len(scene.servers)
        heaviest, most = max(shares.items(), key=lambda item: item[1], default=("", 0.0))
        if shares.keys() != {pod["metadata"]["name"] for pod in scene.servers} or not all(reached):
            continue  # some pods get none: the rule about subsets tells
        if most > UNEVEN * even or min(shares.values()) * UNEVEN < even:
            total = even * len(scene.servers)
            yield Finding(
                "uneven-weights",
                Severity.MAY_PIN,
                f"a VirtualService's weights give {heaviest} {most / total:.0%} of the calls, even share "
                f"{1 / len(scene.servers):.0%}",
                _weights(route),
                _weigh(route, [len(pods) for pods in reached]),
            )


def _reached(scene: Scene, destination: Object) -> list[str]:
    """The ready pods of a destination."""
    name = destination["destination"].get("subset")
    subset = _subsets(scene).get(name, {"labels": {"": ""}}) if name else {}
    return [str(pod["metadata"]["name"]) for pod in scene.servers if _is_in(subset, pod)]


def _weights(route: Route) -> tuple[Evidence, ...]:
    return tuple(route.evidence(f"route[{at}].weight", one.get("weight")) for at, one in route.destinations)


def _weigh(route: Route, pods: list[int]) -> Remedy:
    """In proportion to the pods."""
    operations = [
        {"op": "replace", "path": f"route/{at}/weight", "value": number}
        for (at, _), number in zip(route.destinations, pods, strict=True)
    ]
    return run(route.patch(*operations), note="unless the weights are intended, as for a canary")


def calls_led_elsewhere(scene: Scene) -> Findings:
    if not scene.sidecar_matters:
        return
    for route in routes(scene):
        if route.elsewhere and not route.destinations and not route.conditional:
            others = {str(one["destination"]["host"]) for one in route.entry["route"]}
            if any(names_service(scene, route.virtual_service, host) for host in others):
                continue  # to another port of it
            hosts = ", ".join(sorted(others))
            yield Finding(
                "calls-led-elsewhere",
                Severity.UNKNOWN,
                f"a VirtualService routes the calls to {hosts}: its pods answer, and were not examined",
                (route.evidence("route[].destination.host", hosts),),
            )


def _subsets(scene: Scene) -> dict[str, Object]:
    rule = destination_rule(scene)
    return {subset["name"]: subset for subset in (rule or {"spec": {}})["spec"].get("subsets") or []}


def _is_in(subset: Object, pod: Object) -> bool:
    return bool((subset.get("labels") or {}).items() <= labels_of(pod).items())


def _judge(scene: Scene, route: Route, reached: int, unknown: list[str]) -> Severity | None:
    if unknown or not reached:
        return Severity.ERRORS
    if reached == len(scene.servers):
        return None
    whole = reached == 1 and not route.conditional and not route.elsewhere
    return Severity.PINS if whole else Severity.MAY_PIN


def _effect(scene: Scene, reached: list[Object], unknown: list[str]) -> str:
    if unknown:
        return f"a VirtualService sends calls to the subset {unknown[0]}, which no DestinationRule defines: they fail"
    if not reached:
        return "a VirtualService sends calls to a subset whose labels no ready pod has: they fail"
    name = f" ({reached[0]['metadata']['name']})" if len(reached) == 1 else ""
    return f"a VirtualService sends calls to a subset with {len(reached)} of {len(scene.servers)} ready pods{name}"


def _evidence(route: Route) -> tuple[Evidence, ...]:
    return tuple(
        route.evidence(f"route[{at}].destination.subset", one["destination"].get("subset"))
        for at, one in route.destinations
    )


def _widen(route: Route) -> Remedy:
    """Let the calls go to the Service's pods, whatever their labels."""
    removed = [{"op": "remove", "path": f"route/{at}/destination/subset"} for at, _ in route.destinations]
    return run(route.patch(*removed))


def connection_routes(scene: Scene) -> Findings:
    """`tcp` and `tls` routes balance connections, but Istio takes them for ports of that kind only."""
    if not scene.sidecar_matters or protocol_of(scene.port) is Protocol.REQUESTS:
        return
    for obj in virtual_services(scene):
        for kind in ("tcp", "tls"):
            if obj["spec"].get(kind) and not obj["spec"].get("http"):
                yield Finding(
                    "connection-routes",
                    Severity.MAY_PIN,
                    f"a VirtualService has {kind} routes for the Service: they balance connections",
                    (field(VIRTUAL_SERVICES, obj, f"spec.{kind}", obj["spec"][kind]),),
                    Remedy(note="write them as http routes, and declare the Service's port as grpc"),
                )


def virtual_service_for_another_host(scene: Scene) -> Findings:
    """One that is meant for the mesh and leads to the Service, but not for calls by the Service's own name."""
    if not scene.sidecar_matters:
        return
    for obj in visible_virtual_services(scene):
        entries = obj["spec"].get("http") or []
        leads = any(goes_to_service(scene, obj, one) for entry in entries for one in entry.get("route") or [])
        if leads and in_mesh(obj) and not is_for(scene, obj):
            yield Finding(
                "virtual-service-for-another-host",
                Severity.OBSCURES,
                "a VirtualService routes to the Service, but does not apply to calls by the Service's own name",
                (field(VIRTUAL_SERVICES, obj, "spec.hosts", obj["spec"].get("hosts")),),
            )


def several_virtual_services(scene: Scene) -> Findings:
    if not scene.sidecar_matters:
        return
    applying = virtual_services(scene)
    if len(applying) > 1:
        yield Finding(
            "several-virtual-services",
            Severity.OBSCURES,
            f"{len(applying)} VirtualServices are for the Service's host: only one is sure to apply",
            tuple(field(VIRTUAL_SERVICES, obj, "spec.hosts", obj["spec"].get("hosts")) for obj in applying),
        )
