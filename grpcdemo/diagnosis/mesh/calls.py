"""What a server's sidecar has counted, from its Prometheus statistics: the requests of each caller.

They are Istio's standard metrics, `istio_requests_total`, which its sidecars have unless somebody switched them off. A
request is counted when it ends. It is failed or answered as in `counters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from grpcdemo.diagnosis.exposition import Sample, read_samples
from grpcdemo.diagnosis.statuses import is_failed
from grpcdemo.diagnosis.traffic import NONE, Requests

UNKNOWN = "unknown"
BUILD, REQUESTS = "istio_build", "istio_requests_total"
"""The first one is always there, if the second one can be."""


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
    for sample in read_samples(text, REQUESTS):
        if _is_meant(sample.labels, service, namespace):
            caller = _caller(sample.labels)
            by_caller[caller] = by_caller.get(caller, NONE).plus(_requests(sample))
    return Calls(by_caller, are_counted=BUILD in text or REQUESTS in text)


def _caller(labels: Mapping[str, str]) -> Caller:
    workload = labels.get("source_workload", UNKNOWN)
    if workload == UNKNOWN:
        return Caller(principal=labels.get("source_principal", UNKNOWN))
    return Caller(workload, labels.get("source_workload_namespace", UNKNOWN))


def _is_meant(labels: Mapping[str, str], service: str, namespace: str) -> bool:
    return (
        labels.get("reporter") == "destination"
        and labels.get("request_protocol") == "grpc"
        and labels.get("destination_service_name") == service
        and labels.get("destination_service_namespace") == namespace
    )


def _requests(sample: Sample) -> Requests:
    """A response code of 0 is a request that its caller gave up."""
    code, number = sample.labels.get("response_code", ""), sample.number
    if code.startswith("5") or is_failed(sample.labels.get("grpc_response_status", "")):
        return Requests(number, failed=number)
    return Requests(number, answered=0 if code == "0" else number)
