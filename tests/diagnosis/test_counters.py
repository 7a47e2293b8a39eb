"""What is read out of an Envoy's clusters, and what is not."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

from grpcdemo.diagnosis.mesh.counters import clusters_path, requests_by_host
from grpcdemo.diagnosis.traffic import Requests

CART = ("cart", "shop", 50051)
NAME = "outbound|50051||cart.shop.svc.cluster.local"


def host(address: dict[str, Any], requests: int | None, **stats: int) -> dict[str, Any]:
    """With these *requests*, all of them answered unless *stats* say otherwise. Envoy leaves out a zero."""
    values = {"rq_total": requests, "rq_success": requests, **stats}
    return {
        "address": address,
        "stats": [{"name": name, **({"value": str(v)} if v else {})} for name, v in values.items()],
    }


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
    counted = requests_by_host({"cluster_statuses": clusters}, *CART)
    assert counted == {"10.0.0.1": Requests(7, 7), "10.0.0.2": Requests()}
    assert requests_by_host({"cluster_statuses": clusters[2:]}, *CART) is None, "it does not know the Service"
    assert requests_by_host({"cluster_statuses": [{"name": NAME}]}, *CART) == {}, "nobody called a headless one yet"


def read(**stats: int) -> Requests:
    hosts = host(at("10.0.0.1"), 10, **{"cx_total": 1, **stats})
    counted = requests_by_host({"cluster_statuses": [cluster(NAME, hosts)]}, *CART)
    assert counted
    (requests,) = counted.values()
    return requests


def test_what_becomes_of_a_request() -> None:
    """As Envoy counts ten calls: answered, failed after two retries each, given up by the client, not connected."""
    assert read() == Requests(10, 10)
    assert read(rq_total=30, rq_success=0, rq_error=30) == Requests(30, 0, 30)
    assert read(rq_success=0, rq_error=3) == Requests(10, 0, 3)
    assert read(rq_total=0, rq_success=0, rq_error=30, cx_total=30) == Requests(0, 0, 30)
    assert read(rq_success=8, rq_active=2) == Requests(10, 8, 0, 2)


def test_a_connection_that_envoy_does_not_look_into_counts_as_a_request() -> None:
    assert read(rq_success=0, cx_total=10, rq_active=4) == Requests(10, 10, 0, 4)


def test_hosts_behind_a_tunnel() -> None:
    for endpoint, address in (("10.0.0.1:50051", "10.0.0.1"), ("[fd00::1]:50051", "fd00::1")):
        tunnel = {"envoy_internal_address": {"server_listener_name": "connect_originate", "endpoint_id": endpoint}}
        assert requests_by_host({"cluster_statuses": [cluster(NAME, host(tunnel, 3))]}, *CART) == {
            address: Requests(3, 3)
        }


def test_the_filter_takes_just_these() -> None:
    pattern = parse_qs(urlsplit(clusters_path(*CART)).query)["filter"][0]
    for name in (NAME, "outbound|50051|v2|cart.shop.svc.example.org"):
        assert re.fullmatch(pattern, name)
    for name in (NAME.replace("|50051|", "|80|"), NAME.replace("cart", "mycart"), "xds-grpc"):
        assert not re.search(pattern, name)
