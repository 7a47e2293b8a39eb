"""What a gRPC client without a proxy is told of Services, and when."""

from typing import Any

import pytest

from grpcdemo.resources.resource import HEADLESS
from grpcdemo.sandbox.network import Network, reserve_network
from grpcdemo.sandbox.proxy.ads import Subscription, build_resources
from grpcdemo.sandbox.proxy.config import CLUSTER, LISTENER, LOAD_ASSIGNMENT
from grpcdemo.sandbox.proxy.services import Endpoint, ServicePort

TARGET = "web.demo.svc.cluster.local:50051"
NAME = "outbound|50051||web.demo.svc.cluster.local"


@pytest.fixture
def network() -> Network:
    network = reserve_network()
    network.close()
    return network


def build_port(*ready: str, cluster_ip: str = "127.9.128.2", terminating: tuple[str, ...] = ()) -> ServicePort:
    endpoints = [Endpoint(ip, 50051, ready=True, serving=True) for ip in ready]
    endpoints += [Endpoint(ip, 50051, ready=False, serving=True) for ip in terminating]
    return ServicePort("demo", "web", cluster_ip, 50051, http=True, endpoints=tuple(endpoints))


def addresses(assignment: Any) -> list[str]:
    return [
        endpoint["endpoint"]["address"]["socket_address"]["address"]
        for locality in assignment["endpoints"]
        for endpoint in locality["lb_endpoints"]
    ]


@pytest.mark.parametrize("cluster_ip", ["127.9.128.2", HEADLESS])
def test_a_target_leads_to_the_ready_pods(network: Network, cluster_ip: str) -> None:
    ports = [build_port("127.9.0.2", "127.9.0.3", cluster_ip=cluster_ip, terminating=("127.9.0.4",))]
    (listener,) = build_resources(LISTENER, [TARGET], ports, network)
    (host,) = listener["api_listener"]["api_listener"]["route_config"]["virtual_hosts"]
    assert host["routes"][0]["route"]["cluster"] == NAME
    (cluster,) = build_resources(CLUSTER, [NAME], ports, network)
    assert (cluster["name"], cluster["type"]) == (NAME, "EDS")
    (assignment,) = build_resources(LOAD_ASSIGNMENT, [NAME], ports, network)
    assert addresses(assignment) == ["127.9.0.2", "127.9.0.3"]


def test_a_service_without_pods_has_an_empty_answer(network: Network) -> None:
    (assignment,) = build_resources(LOAD_ASSIGNMENT, [NAME], [build_port()], network)
    assert assignment["endpoints"] == []


@pytest.mark.parametrize("name", ["web.demo.svc.cluster.local:1", "api.demo.svc.cluster.local:50051", "web:50051"])
def test_no_other_name_is_known(network: Network, name: str) -> None:
    assert build_resources(LISTENER, [name], [build_port("127.9.0.2")], network) == []


def test_a_client_is_told_what_it_asks_for_and_then_what_changes() -> None:
    known = {CLUSTER: [{"name": "a"}], LISTENER: [{"name": "b"}]}
    subscription = Subscription(lambda kind, names: [one for one in known[kind] if one["name"] in names])

    def told() -> list[tuple[str, list[str], str]]:
        return [
            (change["type_url"], [one["name"] for one in change["resources"]], change["nonce"])
            for change in subscription.changes()
        ]

    assert told() == []
    subscription.ask(LISTENER, ["b", "unknown"])
    assert told() == [(LISTENER, ["b"], "1")]
    assert told() == []
    subscription.ask(LISTENER, ["b", "unknown"])  # it confirms
    assert told() == []
    subscription.ask(CLUSTER, ["a"])
    known[LISTENER] = []
    assert told() == [(CLUSTER, ["a"], "2"), (LISTENER, [], "3")]
    known[CLUSTER] = [{"name": "a", "more": "x"}]
    assert told() == [(CLUSTER, ["a"], "4")]
