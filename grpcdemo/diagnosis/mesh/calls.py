"""What the sidecar of a server has counted, out of its Prometheus statistics: the requests of each caller.

They are Istio's standard metrics, `istio_requests_total`, which its sidecars have unless somebody switched them off. A
request is counted when it ends. It is failed or answered as in `counters`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from grpcdemo.diagnosis.traffic import NONE, Requests

UNKNOWN = "unknown"
BUILD, REQUESTS = "istio_build", "istio_requests_total"
"""The first one is always there, if the second one can be."""
SAMPLE = re.compile(rf"^{REQUESTS}\{{(.*)\}} ([0-9.e+]+)", re.M)
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
FAILED_STATUSES = frozenset({"2", "4", "12", "13", "14", "15"})
"""UNKNOWN, DEADLINE_EXCEEDED, UNIMPLEMENTED, INTERNAL, UNAVAILABLE, DATA_LOSS: an HTTP status of 500 or more."""


@dataclass(frozen=True, order=True)
class Caller:
    """A workload in a namespace; without a name, an identity; without that, all callers that have no sidecar."""

    workload: str = UNKNOWN
    namespace: str = UNKNOWN
    principal: str = UNKNOWN

    def text(self, here: str) -> str:
        """Its name, and its namespace if that is not *here*."""
        if self.workload == UNKNOWN:
            return self.principal
        return self.workload if self.namespace == here else f"{self.workload} in {self.namespace}"


NOBODY_KNOWN = Caller()


@dataclass(frozen=True)
class Calls:
    """What one server's sidecar tells."""

    by_caller: Mapping[Caller, Requests]
    are_counted: bool = True
    """False where it has no statistics of Istio."""


def stats_path() -> str:
    """Where to ask. An Envoy that does not know the filter answers with all of its statistics."""
    return f"/stats/prometheus?filter={quote(f'{BUILD}|{REQUESTS}', safe='')}"


def read_calls(text: str, service: str, namespace: str) -> Calls:
    """The gRPC requests to the Service."""
    by_caller: dict[Caller, Requests] = {}
    for labels, number in _samples(text):
        if _is_meant(labels, service, namespace):
            caller = _caller(labels)
            by_caller[caller] = by_caller.get(caller, NONE).plus(_requests(labels, number))
    return Calls(by_caller, are_counted=BUILD in text or REQUESTS in text)


def _samples(text: str) -> Iterator[tuple[dict[str, str], int]]:
    for labels, number in SAMPLE.findall(text):
        yield dict(LABEL.findall(labels)), int(float(number))


def _caller(labels: dict[str, str]) -> Caller:
    workload = labels.get("source_workload", UNKNOWN)
    if workload == UNKNOWN:
        return Caller(principal=labels.get("source_principal", UNKNOWN))
    return Caller(workload, labels.get("source_workload_namespace", UNKNOWN))


def _is_meant(labels: dict[str, str], service: str, namespace: str) -> bool:
    return (
        labels.get("reporter") == "destination"
        and labels.get("request_protocol") == "grpc"
        and labels.get("destination_service_name") == service
        and labels.get("destination_service_namespace") == namespace
    )


def _requests(labels: dict[str, str], number: int) -> Requests:
    """A response code of 0 is a request that its caller gave up."""
    code = labels.get("response_code", "")
    if code.startswith("5") or labels.get("grpc_response_status") in FAILED_STATUSES:
        return Requests(number, failed=number)
    return Requests(number, answered=0 if code == "0" else number)
