"""Plays istiod for gRPC clients without a proxy: answers their xDS with Services and the pods behind them.

A client asks for its target, `NAME.NAMESPACE.svc.cluster.local:PORT`, as a listener, then for the cluster that the
listener leads to, and for the cluster's endpoints; each change is sent to whoever has asked for it.
https://github.com/grpc/proposal/blob/master/A27-xds-global-load-balancing.md
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager

import grpc
from envoy.config.cluster.v3 import cluster_pb2 as _cluster
from envoy.config.endpoint.v3 import endpoint_pb2 as _endpoint
from envoy.config.listener.v3 import listener_pb2 as _listener
from envoy.extensions.filters.http.router.v3 import router_pb2 as _router
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2 as _manager
from envoy.service.discovery.v3.discovery_pb2 import DiscoveryRequest, DiscoveryResponse
from google.protobuf import json_format

from grpcdemo.resources.resource import CLUSTER_DOMAIN
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.network import Network
from grpcdemo.sandbox.proxy.config import CLUSTER, LISTENER, LOAD_ASSIGNMENT, Config, build_api_listener, socket_address
from grpcdemo.sandbox.proxy.services import ServicePort, follow_services, list_service_ports

MESSAGES = (_cluster, _endpoint, _listener, _router, _manager)
"""What resources consist of: a message has to be known before JSON is read into it."""
SERVICE, METHOD = "envoy.service.discovery.v3.AggregatedDiscoveryService", "StreamAggregatedResources"

log = logging.getLogger(__name__)

Answer = Callable[[str, Sequence[str]], "list[Config]"]
"""The resources of a type that are known by these names."""


@asynccontextmanager
async def answering_xds(store: Store, network: Network, ip: str, port: int) -> AsyncIterator[None]:
    """Serve xDS on *port* of *ip* while the context lasts."""
    service = DiscoveryService(lambda kind, names: build_resources(kind, names, list_service_ports(store), network))
    method = grpc.stream_stream_rpc_method_handler(
        service.answer_client, DiscoveryRequest.FromString, DiscoveryResponse.SerializeToString
    )
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {METHOD: method})])
    server.add_insecure_port("{}:{}".format(*network.reach(ip, port)))
    await server.start()
    following = asyncio.create_task(follow_services(store, service.tell_all))
    try:
        yield
    finally:
        following.cancel()
        await server.stop(None)


def build_resources(kind: str, names: Iterable[str], ports: Iterable[ServicePort], network: Network) -> list[Config]:
    """The resources of type *kind* among *names*: listeners by target, clusters and endpoints by Istio's name."""
    known = {_name(port, kind): port for port in ports}
    return [_build(kind, name, known[name], network) for name in names if name in known]


def _host(port: ServicePort) -> str:
    return f"{port.service}.{port.namespace}.{CLUSTER_DOMAIN}"


def _cluster_name(port: ServicePort) -> str:
    return f"outbound|{port.port}||{_host(port)}"


def _name(port: ServicePort, kind: str) -> str:
    return f"{_host(port)}:{port.port}" if kind == LISTENER else _cluster_name(port)


def _build(kind: str, name: str, port: ServicePort, network: Network) -> Config:
    if kind == LISTENER:
        return build_api_listener(name, _cluster_name(port))
    if kind == CLUSTER:
        source = {"eds_config": {"ads": {}, "resource_api_version": "V3"}}
        return {"@type": CLUSTER, "name": name, "type": "EDS", "eds_cluster_config": source, "lb_policy": "ROUND_ROBIN"}
    ready = [{"endpoint": {"address": socket_address(network.reach(*endpoint))}} for endpoint in port.ready]
    locality = {"locality": {"zone": "sandbox"}, "load_balancing_weight": 1, "lb_endpoints": ready}
    return {"@type": LOAD_ASSIGNMENT, "cluster_name": name, "endpoints": [locality] if ready else []}


class Subscription:
    """What one client has asked for, and what it was told of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._names: dict[str, list[str]] = {}
        self._told: dict[str, str] = {}
        self._nonce = 0

    def ask(self, kind: str, names: Sequence[str]) -> None:
        """Take a request, which names all that the client wants of a type, and also confirms the last answer."""
        self._names[kind] = list(names)

    def changes(self) -> Iterator[Config]:
        """The answers that differ from the last ones; a cluster comes before the listener that leads to it."""
        for kind in (CLUSTER, LOAD_ASSIGNMENT, LISTENER):
            if kind not in self._names:
                continue
            resources = self._answer(kind, self._names[kind])
            version = hashlib.sha256(json.dumps(resources, sort_keys=True).encode()).hexdigest()[:16]
            if self._told.get(kind) != version:
                self._told[kind] = version
                self._nonce += 1
                yield {"version_info": version, "nonce": str(self._nonce), "type_url": kind, "resources": resources}


class DiscoveryService:
    """Has one call of each client, as long as the client lives."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._clients: set[asyncio.Event] = set()

    def tell_all(self) -> None:
        """Something has changed."""
        for news in self._clients:
            news.set()

    async def answer_client(
        self, requests: AsyncIterator[DiscoveryRequest], context: object
    ) -> AsyncIterator[DiscoveryResponse]:
        subscription, news = Subscription(self._answer), asyncio.Event()
        reading = asyncio.create_task(_read(requests, subscription, news))
        self._clients.add(news)
        try:
            while not reading.done():
                await news.wait()
                news.clear()
                for change in subscription.changes():
                    yield json_format.ParseDict(change, DiscoveryResponse())
        finally:
            self._clients.discard(news)
            reading.cancel()


async def _read(requests: AsyncIterator[DiscoveryRequest], subscription: Subscription, news: asyncio.Event) -> None:
    try:
        async for request in requests:
            if request.HasField("error_detail"):
                log.warning("a gRPC client refuses %s: %s", request.type_url, request.error_detail.message)
            subscription.ask(request.type_url, request.resource_names)
            news.set()
    finally:
        news.set()
