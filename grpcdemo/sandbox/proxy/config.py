"""Builds Envoy's clusters, endpoints and listeners as JSON. Pure, so that tests can compare them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

Config = dict[str, Any]
Address = tuple[str, int]
Balancing = Literal["RANDOM", "LEAST_REQUEST"]

TYPE = "type.googleapis.com/envoy"
LISTENER = f"{TYPE}.config.listener.v3.Listener"
CLUSTER = f"{TYPE}.config.cluster.v3.Cluster"
LOAD_ASSIGNMENT = f"{TYPE}.config.endpoint.v3.ClusterLoadAssignment"
HTTP_CONNECTION_MANAGER = f"{TYPE}.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
TCP_PROXY = f"{TYPE}.extensions.filters.network.tcp_proxy.v3.TcpProxy"
ROUTER = f"{TYPE}.extensions.filters.http.router.v3.Router"
HTTP_PROTOCOL_OPTIONS = f"{TYPE}.extensions.upstreams.http.v3.HttpProtocolOptions"
CARES = f"{TYPE}.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"
PREVIOUS_HOSTS = f"{TYPE}.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"

ROUTER_FILTER: Config = {"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}}

CONNECT_TIMEOUT = "10s"  # Istio's default

RETRY_POLICY: Config = {  # Istio's default
    "retry_on": "connect-failure,refused-stream,unavailable,cancelled",
    "num_retries": 2,
    "retry_host_predicate": [
        {"name": "envoy.retry_host_predicates.previous_hosts", "typed_config": {"@type": PREVIOUS_HOSTS}}
    ],
    "host_selection_retry_max_attempts": 5,
}


def build_cluster(name: str, *, eds_path: str, balancing: Balancing, http: bool) -> Config:
    """A cluster that reads its endpoints from the file *eds_path*, each time a new one replaces it."""
    source = {"eds_cluster_config": {"eds_config": file_source(eds_path)}}
    return _cluster(name, "EDS", {**source, "connect_timeout": CONNECT_TIMEOUT, "lb_policy": balancing}, http=http)


def build_static_cluster(name: str, address: Config, *, http: bool) -> Config:
    """A cluster of one fixed endpoint."""
    endpoints = [{"lb_endpoints": [{"endpoint": {"address": address}}]}]
    assignment = {"cluster_name": name, "endpoints": endpoints}
    return _cluster(name, "STATIC", {"connect_timeout": CONNECT_TIMEOUT, "load_assignment": assignment}, http=http)


def _cluster(name: str, kind: str, rest: Config, *, http: bool) -> Config:
    cluster = {"@type": CLUSTER, "name": name, "type": kind, **rest}
    return {**cluster, **_http_upstream()} if http else cluster


def build_load_assignment(cluster: str, endpoints: Sequence[Address]) -> Config:
    lb_endpoints = [{"endpoint": {"address": socket_address(endpoint)}} for endpoint in endpoints]
    return {
        "@type": LOAD_ASSIGNMENT,
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": lb_endpoints}],
    }


def build_listener(name: str, address: Address, *, http: bool, retries: bool = False) -> Config:
    """Balances requests if *http*, otherwise connections, over the cluster of the same name."""
    if not http:
        proxy = {"@type": TCP_PROXY, "stat_prefix": name, "cluster": name, "idle_timeout": "0s"}
        return _listener(name, address, {"name": "envoy.filters.network.tcp_proxy", "typed_config": proxy})
    route: Config = {"cluster": name, "timeout": "0s"}
    if retries:
        route["retry_policy"] = RETRY_POLICY
    return build_routing_listener(name, address, [{"match": {"prefix": "/"}, "route": route}])


def build_api_listener(name: str, cluster: str) -> Config:
    """What gRPC reads in place of a listener with an address: all calls go to the *cluster*."""
    routes = [{"match": {"prefix": ""}, "route": {"cluster": cluster}}]
    hosts = [{"name": name, "domains": ["*"], "routes": routes}]
    manager = {
        "@type": HTTP_CONNECTION_MANAGER,
        "route_config": {"name": name, "virtual_hosts": hosts},
        "http_filters": [ROUTER_FILTER],
    }
    return {"@type": LISTENER, "name": name, "api_listener": {"api_listener": manager}}


def build_routing_listener(name: str, address: Address, routes: Sequence[Config]) -> Config:
    manager = {
        "@type": HTTP_CONNECTION_MANAGER,
        "stat_prefix": name,
        "codec_type": "AUTO",
        "stream_idle_timeout": "0s",
        "generate_request_id": False,
        "route_config": {
            "name": name,
            "validate_clusters": False,  # Envoy may read the file with the cluster after this one
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": list(routes)}],
        },
        "http_filters": [ROUTER_FILTER],
    }
    return _listener(name, address, {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager})


def build_resolver(dns: str) -> Config:
    """The part of a bootstrap that has names resolved by the server at *dns*, `HOST:PORT`."""
    host, port = dns.split(":")
    resolvers = [socket_address((host, int(port)))]
    cares = {"@type": CARES, "resolvers": resolvers, "dns_resolver_options": {"no_default_search_domain": True}}
    return {"typed_dns_resolver_config": {"name": "envoy.network.dns_resolver.cares", "typed_config": cares}}


def socket_address(address: Address) -> Config:
    host, port = address
    return {"socket_address": {"address": host, "port_value": port}}


def file_source(path: str) -> Config:
    return {"path_config_source": {"path": path}, "resource_api_version": "V3"}


def _listener(name: str, address: Address, proxy: Config) -> Config:
    return {
        "@type": LISTENER,
        "name": name,
        "address": socket_address(address),
        "filter_chains": [{"filters": [proxy]}],
    }


def _http_upstream() -> Config:
    """The same HTTP version to the endpoint as from the client."""
    options = {
        "@type": HTTP_PROTOCOL_OPTIONS,
        "use_downstream_protocol_config": {"http_protocol_options": {}, "http2_protocol_options": {}},
    }
    return {"typed_extension_protocol_options": {"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options}}
