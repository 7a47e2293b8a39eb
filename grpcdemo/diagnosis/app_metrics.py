"""A gRPC server's own count of its requests, from its metrics: it does not tell callers apart.

Each library has counters of its own. The first one of `FAMILIES` that a server has is taken. A request is counted when
it ends, and is failed or answered as in `statuses`; a counter that knows no status counts answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce

from grpcdemo.diagnosis.exposition import Sample, is_declared, read_samples
from grpcdemo.diagnosis.statuses import is_failed, is_given_up
from grpcdemo.diagnosis.traffic import NONE, Requests

TOOLS = ("grpc.health.", "grpc.reflection.", "grpc.channelz.")
"""The services that every server may have: probes and tools call them."""


@dataclass(frozen=True)
class Family:
    """A counter of one library."""

    name: str
    service: str
    """The label with the gRPC service's name, or a method's with that before it."""
    status: str = ""
    """The label with gRPC's status."""


FAMILIES = (
    # the Prometheus libraries for Go, Java, Python and Node
    Family("grpc_server_handled_total", "grpc_service", "grpc_code"),
    # OpenTelemetry, and what came before its semantic conventions were stable, with and without a unit
    Family("rpc_server_call_duration_seconds_count", "rpc_method", "rpc_response_status_code"),
    Family("rpc_server_duration_milliseconds_count", "rpc_service", "rpc_grpc_status_code"),
    Family("rpc_server_duration_count", "rpc_service", "rpc_grpc_status_code"),
    # gRPC's own plugin for OpenTelemetry, and OpenCensus before it
    Family("grpc_server_call_duration_seconds_count", "grpc_method", "grpc_status"),
    Family("grpc_io_server_completed_rpcs", "grpc_server_method", "grpc_server_status"),
    # Micrometer, grpc-spring and Micronaut
    Family("grpc_server_processing_duration_seconds_count", "service", "statusCode"),
    # prometheus-net
    Family("grpc_requests_received_total", "service"),
)
"""The preferred one first."""


def read_requests(text: str) -> Requests | None:
    """None if there is no counter that is known. Several would count the same requests."""
    for family in FAMILIES:
        if samples := [*read_samples(text, family.name)]:
            counted = (_requests(sample, family) for sample in samples if sample.name == samples[0].name)
            return reduce(Requests.plus, counted, NONE)
    return NONE if any(is_declared(text, family.name) for family in FAMILIES) else None


def _requests(sample: Sample, family: Family) -> Requests:
    number, status = sample.number, sample.labels.get(family.status, "")
    if sample.labels.get(family.service, "").lstrip("/").startswith(TOOLS):
        return NONE
    if is_failed(status):
        return Requests(number, failed=number)
    return Requests(number, answered=0 if is_given_up(status) else number)
