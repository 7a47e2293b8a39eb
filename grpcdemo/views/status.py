"""`status` and `istio status` as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grpcdemo.model.istio import Injection, Injector, IstioStatus
from grpcdemo.model.pods import Status, Workload
from grpcdemo.views.pods import pods_table


def status_view(status: Status, width: int | None = None) -> RenderableType:
    facts = _facts(
        {
            "TARGET": str(status.target),
            "KUBERNETES": status.kubernetes,
            "NAMESPACE": _namespace(status),
            **_deployments(status.workloads),
        }
    )
    if not status.pods:
        return Group(facts, Text("\nno pods; deploy the demo with `grpcdemo up`"))
    return Group(facts, Text(""), pods_table(status.pods, width))


def istio_view(status: IstioStatus, width: int | None = None) -> RenderableType:
    injected = sum(1 for pod in status.pods if pod.proxy)
    facts = _facts(
        {
            "ISTIO": _versions(status),
            "INJECTORS": _injectors(status.injection),
            "NAMESPACE": f"{status.namespace}, {_labels(status.injection.labels)}",
            "EFFECT": effect(status.injection),
            **_deployments(status.workloads),
            "PROXIES": f"in {injected} of {len(status.pods)} pods",
        }
    )
    return Group(facts, Text(""), pods_table(status.pods, width)) if status.pods else facts


def effect(injection: Injection) -> str:
    """What the namespace's labels do to a new pod."""
    if injection.injectors is None:
        return "could not check: this user may not list the injectors' webhooks"
    if injection.revision is None:
        ambient = "; ambient mode: ztunnel carries its traffic and balances connections" if injection.ambient else ""
        return f"a new pod gets no proxy{ambient}"
    return f"a new pod gets a proxy from revision {injection.revision}"


def _facts(facts: Mapping[str, str]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in facts.items():
        table.add_row(name, text)
    return table


def _namespace(status: Status) -> str:
    if status.phase is None:
        return f"{status.namespace}, does not exist"
    owner = "created by grpcdemo" if status.owned else "not created by grpcdemo"
    return f"{status.namespace}, {status.phase}, {owner}, {_labels(status.labels)}"


def _deployments(workloads: Sequence[Workload]) -> dict[str, str]:
    """The row of the Deployments, unless there is no demo at all."""
    if all(workload.replicas is None for workload in workloads):
        return {}
    return {"DEPLOYMENTS": ", ".join(map(_workload, workloads))}


def _workload(workload: Workload) -> str:
    if workload.replicas is None:
        return f"{workload.name} MISSING"
    return f"{workload.name} {workload.ready}/{workload.replicas}{' PAUSED' if workload.paused else ''}"


def _labels(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items()) or "no injection label"


def _versions(status: IstioStatus) -> str:
    if status.sandbox:
        return "none: the sandbox injects Envoy itself"
    if status.versions is None:
        return "could not check the version: this user may not list Deployments cluster-wide"
    return ", ".join(status.versions) or "no control plane (istiod) in this cluster"


def _injectors(injection: Injection) -> str:
    if injection.injectors is None:
        return "could not check: this user may not list webhooks"
    return ", ".join(map(_injector, injection.injectors)) or "none"


def _injector(injector: Injector) -> str:
    state = {True: "ready", False: "NOT READY", None: "could not check"}[injector.ready]
    return f"revision {injector.revision} ({injector.service or 'by URL'}, {state})"
