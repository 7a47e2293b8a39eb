"""Tables: the server writes what `kubectl get` prints, so kubectl need not know every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone

from grpcdemo.resources.objects import Object, conditions_of, has_condition
from grpcdemo.resources.pod_status import read_pod_status
from grpcdemo.resources.resource import (
    DEPLOYMENTS,
    ENDPOINT_SLICES,
    ENDPOINTS,
    EVENTS,
    LEASES,
    MUTATING_WEBHOOKS,
    NAMESPACES,
    NODES,
    PODS,
    REPLICA_SETS,
    SERVICE_ACCOUNTS,
    SERVICES,
    Resource,
)
from grpcdemo.resources.selectors import format_selector
from grpcdemo.resources.times import write_age
from grpcdemo.sandbox.api.negotiation import metadata_only
from grpcdemo.sandbox.api.options import refuse_option
from grpcdemo.sandbox.api.status import Cause

NONE = "<none>"
Cells = list[str | int]
INCLUDED = ("Metadata", "None", "Object")
"""How much of its object each row includes."""


@dataclass(frozen=True)
class Columns:
    """*names* are the columns' names, with `_` for a space, and `|` before one that only `-o wide` shows."""

    names: str
    cells: Callable[[Object, datetime], Cells]
    integers: tuple[str, ...] = ()
    """The columns of type integer."""


def _namespace(obj: Object, now: datetime) -> Cells:
    return [_name(obj), obj.get("status", {}).get("phase", ""), _age(obj, now)]


def _pod(obj: Object, now: datetime) -> Cells:
    printed, status = read_pod_status(obj), obj.get("status", {})
    restarted = f" ({write_age(printed.last_restart, now)} ago)" if printed.last_restart else ""
    gates = obj["spec"].get("readinessGates", [])
    passed = sum(has_condition(obj, gate["conditionType"]) for gate in gates)
    return [
        _name(obj),
        f"{printed.ready}/{printed.containers}",
        printed.text,
        f"{printed.restarts}{restarted}",
        _age(obj, now),
        status.get("podIP") or NONE,
        obj["spec"].get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{passed}/{len(gates)}" if gates else NONE,
    ]


def _service(obj: Object, now: datetime) -> Cells:
    spec = obj["spec"]
    ports = [f"{port['port']}/{port['protocol']}" for port in spec.get("ports", [])]
    return [
        _name(obj),
        spec["type"],
        spec["clusterIP"],
        NONE,
        ",".join(ports) or NONE,
        _age(obj, now),
        format_selector({"matchLabels": spec.get("selector")}) or NONE,
    ]


def _event(obj: Object, now: datetime) -> Cells:
    about = obj.get("involvedObject", {})
    first = obj.get("firstTimestamp") or obj.get("eventTime")
    last = obj.get("lastTimestamp") or first
    source = obj.get("source", {})
    reporter = [
        source.get("component") or obj.get("reportingComponent"),
        source.get("host") or obj.get("reportingInstance"),
    ]
    return [
        write_age(last, now),
        obj.get("type", ""),
        obj.get("reason", ""),
        f"{about.get('kind', '').lower()}/{about.get('name', '')}",
        about.get("fieldPath", ""),
        ", ".join(filter(None, reporter)),
        obj.get("message", "").strip(),
        write_age(first, now),
        obj.get("count", 1),
        _name(obj),
    ]


def _node(obj: Object, now: datetime) -> Cells:
    status = obj.get("status", {})
    info = status.get("nodeInfo", {})
    addresses = {address["type"]: address["address"] for address in reversed(status.get("addresses", []))}
    ready = conditions_of(obj).get("Ready", {}).get("status")
    return [
        _name(obj),
        "Unknown" if ready is None else "Ready" if ready == "True" else "NotReady",
        NONE,
        _age(obj, now),
        info.get("kubeletVersion", ""),
        addresses.get("InternalIP", NONE),
        addresses.get("ExternalIP", NONE),
        info.get("osImage") or "<unknown>",
        _kernel(info),
        info.get("containerRuntimeVersion") or "<unknown>",
    ]


def _kernel(info: Object) -> str:
    version, machine = info.get("kernelVersion") or "<unknown>", info.get("architecture")
    return f"{version} ({machine})" if machine else version


def _deployment(obj: Object, now: datetime) -> Cells:
    spec, status = obj["spec"], obj.get("status", {})
    return [
        _name(obj),
        f"{status.get('readyReplicas', 0)}/{spec['replicas']}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        _age(obj, now),
        *_template(spec),
    ]


def _replica_set(obj: Object, now: datetime) -> Cells:
    spec, status = obj["spec"], obj.get("status", {})
    counts = [spec["replicas"], status.get("replicas", 0), status.get("readyReplicas", 0)]
    return [_name(obj), *counts, _age(obj, now), *_template(spec)]


def _template(spec: Object) -> Cells:
    containers = spec["template"]["spec"]["containers"]
    names, images = (",".join(container[part] for container in containers) for part in ("name", "image"))
    return [names, images, format_selector(spec["selector"]) or NONE]


def _endpoint_slice(obj: Object, now: datetime) -> Cells:
    ports = [str(port.get("port", "*")) for port in obj.get("ports") or []]
    addresses = [address for endpoint in obj.get("endpoints") or [] for address in endpoint["addresses"]]
    return [_name(obj), obj["addressType"], _some(ports) or "<unset>", _some(addresses) or "<unset>", _age(obj, now)]


def _endpoints(obj: Object, now: datetime) -> Cells:
    addresses = [
        f"{address['ip']}:{port['port']}"
        for subset in obj.get("subsets") or []
        for port in subset.get("ports") or []
        for address in subset.get("addresses") or []
    ]
    return [_name(obj), _some(addresses) or NONE, _age(obj, now)]


def _some(texts: list[str]) -> str:
    """The first three, and the count of the others."""
    more = len(texts) - 3
    return ",".join(texts[:3]) + (f" + {more} more..." if more > 0 else "")


def _lease(obj: Object, now: datetime) -> Cells:
    return [_name(obj), (obj.get("spec") or {}).get("holderIdentity", ""), _age(obj, now)]


def _webhooks(obj: Object, now: datetime) -> Cells:
    return [_name(obj), len(obj.get("webhooks", [])), _age(obj, now)]


def _name(obj: Object) -> str:
    name: str = obj["metadata"]["name"]
    return name


def _age(obj: Object, now: datetime) -> str:
    return write_age(obj["metadata"].get("creationTimestamp"), now)


COLUMNS: dict[Resource, Columns] = {
    NAMESPACES: Columns("Name Status Age", _namespace),
    PODS: Columns("Name Ready Status Restarts Age |IP |Node |Nominated_Node |Readiness_Gates", _pod),
    SERVICES: Columns("Name Type Cluster-IP External-IP Port(s) Age |Selector", _service),
    EVENTS: Columns("Last_Seen Type Reason Object |Subobject |Source Message |First_Seen |Count |Name", _event),
    NODES: Columns(
        "Name Status Roles Age Version |Internal-IP |External-IP |OS-Image |Kernel-Version |Container-Runtime", _node
    ),
    SERVICE_ACCOUNTS: Columns("Name Age", lambda obj, now: [_name(obj), _age(obj, now)]),
    DEPLOYMENTS: Columns("Name Ready Up-to-date Available Age |Containers |Images |Selector", _deployment),
    REPLICA_SETS: Columns(
        "Name Desired Current Ready Age |Containers |Images |Selector", _replica_set, ("Desired", "Current", "Ready")
    ),
    ENDPOINTS: Columns("Name Endpoints Age", _endpoints),
    ENDPOINT_SLICES: Columns("Name AddressType Ports Endpoints Age", _endpoint_slice),
    LEASES: Columns("Name Holder Age", _lease),
    MUTATING_WEBHOOKS: Columns("Name Webhooks Age", _webhooks, ("Webhooks",)),
}


def build_table(
    resource: Resource, items: Iterable[Object], metadata: Object, *, include: str = "", headed: bool = True
) -> Object:
    """A Table. It is *headed* by its columns, unless it is a later one of a watch."""
    if include and include not in INCLUDED:
        raise refuse_option("TableOptions", Cause.unsupported("includeObject", include, INCLUDED))
    now = datetime.now(timezone.utc)
    columns = COLUMNS[resource]
    rows = [{"cells": columns.cells(item, now), **_included(item, include)} for item in items]
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata}
    return {**table, "columnDefinitions": _definitions(columns) if headed else None, "rows": rows}


def _included(item: Object, include: str) -> Object:
    if include == "None":
        return {}
    return {"object": item if include == "Object" else metadata_only(item)}


def _definitions(columns: Columns) -> list[Object]:
    return [
        {
            "name": (name := written.lstrip("|").replace("_", " ")),
            "type": "integer" if name in columns.integers else "string",
            "format": "name" if name == "Name" else "",
            "description": name,
            "priority": int(written.startswith("|")),
        }
        for written in columns.names.split()
    ]
