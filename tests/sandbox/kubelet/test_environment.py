"""The environment of a container."""

from typing import Any

import pytest

from grpcdemo.sandbox.kubelet.environment import ConfigError, add_addresses, build_environment, expand, resolve_target
from grpcdemo.sandbox.kubelet.images import IMAGES
from grpcdemo.sandbox.network import reserve_network

from .machine import CLIENT_IMAGE, SERVER_IMAGE

POD: dict[str, Any] = {
    "metadata": {"name": "web", "namespace": "demo", "uid": "u-1", "labels": {"app": "web"}},
    "spec": {"nodeName": "sandbox"},
}


FIELDS = {
    "metadata.name": "web",
    "metadata.namespace": "demo",
    "metadata.uid": "u-1",
    "status.podIP": "10.244.0.2",
    "status.hostIP": "127.0.0.1",
    "spec.nodeName": "sandbox",
    "metadata.labels['app']": "web",
}


@pytest.mark.parametrize(("path", "value"), FIELDS.items())
def test_the_downward_api(path: str, value: str) -> None:
    env = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]
    assert build_environment({"env": env}, POD, "10.244.0.2") == {"A": value}


def test_literal_values() -> None:
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A), $(NONE), $$(A)"}, {"name": "EMPTY"}]
    assert build_environment({"env": env}, POD, "") == {"A": "1", "B": "1, $(NONE), $(A)", "EMPTY": ""}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ({"configMapKeyRef": {"name": "none", "key": "a"}}, 'configmap "none" not found'),
        ({"secretKeyRef": {"name": "none", "key": "a"}}, 'secret "none" not found'),
        ({"fieldRef": {"fieldPath": "status.phase"}}, "unsupported fieldPath: status.phase"),
        ({"resourceFieldRef": {"resource": "limits.cpu"}}, "the sandbox does not support resourceFieldRef"),
    ],
)
def test_a_missing_source_is_an_error(source: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{message}$"):
        build_environment({"env": [{"name": "A", "valueFrom": source}]}, POD, "")


def test_an_optional_source_may_be_missing() -> None:
    source = {"secretKeyRef": {"name": "none", "key": "a", "optional": True}}
    assert build_environment({"env": [{"name": "A", "valueFrom": source}]}, POD, "") == {}


def test_dollar_signs() -> None:
    assert expand("$(A)$$ $B $(A", {"A": "1"}) == "1$ $B $(A"


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("dns:///grpc-server:50051", "/grpc-server:50051"),
        ("dns:grpc-server:50051", "/grpc-server:50051"),
        ("grpc-server:50051", "/grpc-server:50051"),
        ("dns:///grpc-server.other:50051", "other/grpc-server:50051"),
        ("dns:///grpc-server.other.svc:50051", "other/grpc-server:50051"),
        ("dns:///grpc-server.other.svc.cluster.local:50051", "other/grpc-server:50051"),
        ("dns:///grpc-server.other.svc.cluster.local.:50051", "other/grpc-server:50051"),
        ("dns:///www.example.com:443", "dns:///www.example.com:443"),
        ("dns:///localhost:50051", "dns:///localhost:50051"),
        ("ipv4:127.0.0.1:50051", "ipv4:127.0.0.1:50051"),
        ("dns:///127.0.0.1:50051", "dns:///127.0.0.1:50051"),
        ("unix:/tmp/socket", "unix:/tmp/socket"),
    ],
)
def test_a_target_that_names_a_service_becomes_its_address(target: str, wanted: str) -> None:
    assert resolve_target(target, lambda namespace, name, port: f"{namespace}/{name}:{port}") == wanted


@pytest.mark.parametrize("virtual", [False, True], ids=["addresses", "ports"])
def test_server_and_client_get_their_addresses(virtual: bool) -> None:
    network = reserve_network(virtual=virtual)
    ip = network.allocate_pod()
    try:
        server = add_addresses({"PORT": "7000"}, IMAGES[SERVER_IMAGE], ip, network, lambda *_: None)
        assert (server["LISTEN_HOST"], int(server["PORT"])) == network.reach(ip, 7000)
        client = add_addresses({}, IMAGES[CLIENT_IMAGE], ip, network, lambda *_: "ipv4:10.0.0.1:1")
        assert (client["LISTEN_HOST"], int(client["HEALTH_PORT"])) == network.reach(ip, 50052)
        assert client["TARGET"] == "ipv4:10.0.0.1:1"
        silent = add_addresses({"HEALTH_PORT": "off"}, IMAGES[CLIENT_IMAGE], ip, network, lambda *_: None)
        assert silent["HEALTH_PORT"] == "off"
    finally:
        network.close()
