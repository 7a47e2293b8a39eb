"""What a client's Linkerd proxy has counted, from its metrics: the requests to each endpoint that it chose.

Its counters `request_total` and `response_total` are one of each for every endpoint, in proxies from stable-2.14.10
to edge-26.8 (linkerd2-proxy 2.210.4 to 2.366): there, `linkerd/app/core/src/metrics.rs` names the labels, and
`linkerd/app/outbound/src/http/endpoint.rs` counts. The newer `outbound_http_…` and `outbound_grpc_…` know routes and
backends, and no endpoint.

A request is counted when it is sent, and its response when it ends, also one that the proxy made up because the
connection failed. One that is tried again counts again. Nothing tells the calls of health checks or of reflection from
others, nor a request that goes on from one whose client gave up before a response began. A connection that the proxy
does not look into counts as one request. An endpoint that is not used is forgotten after ten minutes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from grpcdemo.diagnosis.exposition import Sample, read_samples
from grpcdemo.diagnosis.statuses import is_failed, is_given_up
from grpcdemo.diagnosis.traffic import NONE, Counters, Requests

REQUESTS, RESPONSES = "request_total", "response_total"
OPENED, OPEN = "tcp_open_total", "tcp_open_connections"
NO_STATUS = ("success", "2")
"""Classification and status of a response that ended without a status; one with UNKNOWN, which is 2, is a failure."""
USUAL_PORT = "80"
"""Left out of an authority."""

Labels = Mapping[str, str]
Target = tuple[str, int]
"""Address and port of a pod."""


@dataclass(frozen=True)
class Outbound:
    """What one client's proxy tells of a Service."""

    by_proxy: Mapping[Target, Requests]
    """To the Service: the proxy chose the pod."""
    by_client: Mapping[Target, Requests]
    """To any pod of the Service's namespace that the client itself chose, as it does with a headless Service."""

    def counters(self, addresses: Collection[str], ports: Collection[int]) -> Counters:
        """The requests to the Service, and those to one of the *ports* at the *addresses* of its pods."""
        own = {
            (address, port): requests
            for (address, port), requests in self.by_client.items()
            if address in addresses and port in ports
        }
        total: dict[str, Requests] = defaultdict(Requests)
        for (address, _), requests in (*self.by_proxy.items(), *own.items()):
            total[address] = total[address].plus(requests)
        return dict(total)


def read_outbound(text: str, name: str, namespace: str, port: int) -> Outbound:
    """For one *port* of a Service."""

    def is_by_proxy(labels: Labels) -> bool:
        authority_port = labels.get("authority", "").partition(":")[2] or USUAL_PORT
        meant = (labels.get("dst_service"), labels.get("dst_namespace"), authority_port)
        return meant == (name, namespace, str(port))

    def is_by_client(labels: Labels) -> bool:
        return labels.get("dst_namespace") == namespace and "dst_service" not in labels

    requests, connections = [*_requests(text)], [*_connections(text)]
    by_proxy, by_client = (
        {**_by_target(connections, is_meant), **_by_target(requests, is_meant)}
        for is_meant in (is_by_proxy, is_by_client)
    )
    return Outbound(by_proxy, by_client)


def _requests(text: str) -> Iterator[tuple[Labels, Requests]]:
    for sample in _samples(text, REQUESTS):
        yield sample.labels, Requests(sample.number)
    for sample in _samples(text, RESPONSES):
        yield sample.labels, _ended(sample)


def _connections(text: str) -> Iterator[tuple[Labels, Requests]]:
    for sample in _samples(text, OPENED):
        yield sample.labels, Requests(sample.number, sample.number)
    for sample in _samples(text, OPEN):
        yield sample.labels, Requests(under_way=sample.number)


def _samples(text: str, name: str) -> Iterator[Sample]:
    """To pods. Routes, and the proxy's own calls to its control plane, have counters whose names end alike."""
    for sample in read_samples(text, name):
        if sample.name == name and sample.labels.get("direction") == "outbound" and "dst_namespace" in sample.labels:
            yield sample


def _ended(sample: Sample) -> Requests:
    """By gRPC's status, as in `statuses`; what has none, such as a connection that broke, as the proxy calls it."""
    classification, status = sample.labels.get("classification", ""), sample.labels.get("grpc_status", "")
    if (classification, status) == NO_STATUS or is_given_up(status):
        return NONE
    failed = is_failed(status) if status else classification == "failure"
    return Requests(failed=sample.number) if failed else Requests(answered=sample.number)


def _by_target(
    counted: Iterable[tuple[Labels, Requests]], is_meant: Callable[[Labels], bool]
) -> dict[Target, Requests]:
    total: dict[Target, Requests] = defaultdict(Requests)
    for labels, requests in counted:
        if is_meant(labels):
            address, _, port = labels["target_addr"].rpartition(":")
            target = address.strip("[]"), int(port)
            total[target] = total[target].plus(requests)
    return total
