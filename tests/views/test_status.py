"""`status` and `istio status`, as a table and as JSON."""

import pytest

from grpcdemo.model.istio import Injection, Injector, IstioStatus, ServiceReference
from grpcdemo.model.pods import Status, Workload
from grpcdemo.model.target import Target
from grpcdemo.views.document import istio_document, status_document
from grpcdemo.views.pods import COLUMNS, pods_table
from grpcdemo.views.status import istio_view, status_view

from .conftest import Golden
from .samples import NONE, clients, injection, istio_status, pod, servers, status

DEFAULT = Injector("default", ServiceReference("istio-system", "istiod"), True)
CANARY = Injector("1-28-0", ServiceReference("istio-system", "istiod-1-28-0"), False)
TROUBLED = (
    pod("grpc-client", "9qv5m", 20, status="CrashLoopBackOff", ready=False, ready_containers=0, restarts=12),
    pod("grpc-server", "2xk4p", 0, status="Pending", ready=False, ready_containers=0, ip=None, node=None),
    pod("grpc-server", "b7wzn", 8, "container", status="Terminating", deleting=True),
)

STATUSES = {
    "status-running": status(),
    "status-troubled": status(
        pods=TROUBLED,
        owned=False,
        labels={},
        workloads=(Workload("grpc-server", 3, 1, paused=True), Workload("grpc-client", None)),
    ),
    "status-no-pods": status(pods=(), workloads=(Workload("grpc-server", 0), Workload("grpc-client", 0))),
    "status-no-namespace": status(
        workloads=NONE,
        pods=(),
        phase=None,
        owned=False,
        labels={},
        target=Target("gke_prod", "https://203.0.113.7", False, False),
    ),
}


@pytest.mark.parametrize("name", STATUSES)
def test_status(golden: Golden, name: str) -> None:
    value: Status = STATUSES[name]
    golden(name, lambda width: status_view(value, width), status_document(value))


ISTIO = {
    "istio-on": istio_status(
        injection(DEFAULT, revision="default", istio_injection="enabled"),
        pods=(*clients(proxy="native sidecar"), *servers("native sidecar")),
    ),
    "istio-off": istio_status(injection(DEFAULT, istio_injection="disabled"), pods=(*clients(), *servers())),
    "istio-none": istio_status(injection(), versions=(), workloads=NONE),
    "istio-sandbox": istio_status(
        injection(
            Injector("default", ServiceReference("sandbox-system", "sandbox-injector"), True),
            istio_injection="disabled",
        ),
        versions=(),
        sandbox=True,
    ),
    "istio-revisions": istio_status(
        injection(CANARY, Injector("remote", None, None)),
        versions=("1.28.0", "1.29.0"),
    ),
    "istio-ambient": istio_status(injection(DEFAULT, ambient=True), pods=(*clients(), *servers())),
    "istio-forbidden": istio_status(Injection(None, {"istio-injection": "enabled"}, None, False), versions=None),
}


@pytest.mark.parametrize("name", ISTIO)
def test_istio_status(golden: Golden, name: str) -> None:
    value: IstioStatus = ISTIO[name]
    golden(name, lambda width: istio_view(value, width), istio_document(value))


@pytest.mark.parametrize(
    ("width", "missing"),
    [(None, set()), (120, set()), (90, {"NODE"}), (72, {"NODE", "RESTARTS"}), (40, {*COLUMNS} - {"POD", "READY"})],
)
def test_the_columns_of_pods_are_those_that_fit(width: int | None, missing: set[str]) -> None:
    table = pods_table((*clients(proxy="native sidecar"), *servers("native sidecar")), width)
    assert set(COLUMNS) - {str(column.header) for column in table.columns} == missing
