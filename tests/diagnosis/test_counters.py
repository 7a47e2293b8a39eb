"""What is read out of an Envoy's clusters, and what is not."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host, under_way_by_host

CART = ("cart", "shop", 50051)
NAME = "outbound|50051||cart.shop.svc.cluster.local"


def host(address: dict[str, Any], requests: int | None) -> dict[str, Any]:
    total = {"name": "rq_total"} if requests is None else {"name": "rq_total", "value": str(requests)}
    return {"address": address, "stats": [{"name": "cx_total", "value": "9"}, total]}


def at(address: str) -> dict[str, Any]:
    return {"socket_address": {"address": address, "port_value": 50051}}


def cluster(name: str, *hosts: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "host_statuses": [*hosts]}


def test_all_subsets_of_this_port_of_this_service_alone() -> None:
    clusters = [
        cluster(NAME, host(at("10.0.0.1"), 5), host(at("10.0.0.2"), None)),
        cluster("outbound|50051|v2|cart.shop.svc.example.org", host(at("10.0.0.1"), 2)),
        cluster(NAME.replace("|50051|", "|80|"), host(at("10.0.0.1"), 100)),
        cluster(NAME.replace("cart", "mycart"), host(at("10.0.0.1"), 100)),
        cluster("inbound|50051||", host(at("127.0.0.1"), 100)),
        cluster("xds-grpc"),
        {"name": "PassthroughCluster"},
    ]
    assert requests_by_host({"cluster_statuses": clusters}, *CART) == {"10.0.0.1": 7, "10.0.0.2": 0}
    assert requests_by_host({}, *CART) == {}


def test_requests_that_have_not_ended() -> None:
    stats = [{"name": "rq_total", "value": "9"}, {"name": "rq_active", "value": "2"}]
    clusters = [cluster(NAME, {"address": at("10.0.0.1"), "stats": stats}, host(at("10.0.0.2"), 5))]
    assert under_way_by_host({"cluster_statuses": clusters}, *CART) == {"10.0.0.1": 2, "10.0.0.2": 0}


def test_hosts_behind_a_tunnel() -> None:
    for endpoint, address in (("10.0.0.1:50051", "10.0.0.1"), ("[fd00::1]:50051", "fd00::1")):
        tunnel = {"envoy_internal_address": {"server_listener_name": "connect_originate", "endpoint_id": endpoint}}
        assert requests_by_host({"cluster_statuses": [cluster(NAME, host(tunnel, 3))]}, *CART) == {address: 3}


def test_the_filter_takes_just_these() -> None:
    pattern = parse_qs(urlsplit(clusters_path(*CART)).query)["filter"][0]
    for name in (NAME, "outbound|50051|v2|cart.shop.svc.example.org"):
        assert re.fullmatch(pattern, name)
    for name in (NAME.replace("|50051|", "|80|"), NAME.replace("cart", "mycart"), "xds-grpc"):
        assert not re.search(pattern, name)
