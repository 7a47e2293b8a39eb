"""The Envoys' configuration: reviewed golden files, which Envoy itself accepts."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.resources.labels import SERVICE_NAME
from grpcdemo.resources.resource import ENDPOINT_SLICES, SERVICES
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.proxy.envoy import build_command, find_envoy
from grpcdemo.sandbox.proxy.node_proxy import configure_node
from grpcdemo.sandbox.proxy.services import is_http, list_service_ports
from grpcdemo.sandbox.proxy.sidecar import Sidecar, build_sidecar_bootstrap
from grpcdemo.sandbox.proxy.xds import Snapshot, XdsFolder, build_bootstrap

GOLDEN = Path(__file__).with_name("golden")
READY, GOING, DOWN = (
    {"ready": True, "serving": True},
    {"ready": False, "serving": True, "terminating": True},
    {"ready": False, "serving": False},
)
POD: dict[str, Any] = {
    "metadata": {"name": "server", "namespace": "demo"},
    "spec": {"containers": [{"name": "server", "ports": [{"name": "grpc", "containerPort": 50051}]}]},
}


class OpenNetwork:
    """Every address is where it says, and the private ones are known beforehand."""

    def __init__(self) -> None:
        self._private = 0

    def allocate_private(self) -> str:
        self._private += 1
        return f"10.245.0.{self._private}"

    def reach(self, ip: str, port: int) -> tuple[str, int]:
        return ip, port


def build_store(*endpoints: tuple[str, dict[str, bool]], **port: str) -> Store:
    """A Service, a headless one, and the endpoints of the first."""
    store = Store()
    ports: list[dict[str, Any]] = [{"name": "grpc", "port": 50051, "protocol": "TCP", **port}]
    for name, ip in (("grpc-server", "10.96.0.1"), ("headless", "None")):
        metadata: dict[str, Any] = {"name": name, "namespace": "demo"}
        store.create(SERVICES, {"metadata": metadata, "spec": {"clusterIP": ip, "ports": ports}})
    metadata = {"name": "grpc-server-1", "namespace": "demo", "labels": {SERVICE_NAME: "grpc-server"}}
    found = [{"addresses": [ip], "conditions": conditions} for ip, conditions in endpoints]
    slice_ports = [{"name": ports[0]["name"], "port": 50051}]
    store.create(ENDPOINT_SLICES, {"metadata": metadata, "endpoints": found, "ports": slice_ports})
    return store


def compare(name: str, value: object, pytestconfig: pytest.Config) -> None:
    path = GOLDEN / f"{name}.json"
    text = json.dumps(value, indent=1) + "\n"
    if pytestconfig.getoption("--update-golden"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def as_json(configuration: Snapshot) -> dict[str, object]:
    return {
        "listeners": configuration.listeners,
        "clusters": configuration.clusters,
        "load_assignments": configuration.load_assignments,
    }


def configure_sidecar(folder: XdsFolder, store: Store) -> Snapshot:
    sidecar = Sidecar(POD, "10.244.0.2", OpenNetwork(), folder)  # type: ignore[arg-type]  # a fake of the network
    return sidecar.configure(list_service_ports(store))


def configure_nodes(folder: XdsFolder, store: Store) -> Snapshot:
    return configure_node(list_service_ports(store), OpenNetwork(), folder)  # type: ignore[arg-type]  # a fake of the network


def addresses(configuration: Snapshot) -> list[str]:
    return [
        found["endpoint"]["address"]["socket_address"]["address"]
        for assignment in configuration.load_assignments
        for found in assignment["endpoints"][0]["lb_endpoints"]
    ]


def test_the_nodes_proxy(pytestconfig: pytest.Config) -> None:
    store = build_store(("10.244.0.2", READY), ("10.244.0.3", READY), ("10.244.0.4", GOING))
    compare("node", as_json(configure_nodes(XdsFolder(Path("/run")), store)), pytestconfig)


def test_a_sidecar(pytestconfig: pytest.Config) -> None:
    store = build_store(("10.244.0.2", READY), ("10.244.0.3", READY), ("10.244.0.4", DOWN))
    compare("sidecar", as_json(configure_sidecar(XdsFolder(Path("/run")), store)), pytestconfig)


def test_a_sidecars_bootstrap(pytestconfig: pytest.Config) -> None:
    bootstrap = build_sidecar_bootstrap("server", XdsFolder(Path("/run")), ("10.244.0.2", 15021), ("10.245.0.2", 15000))
    compare("bootstrap", bootstrap, pytestconfig)


def test_without_ready_pods_only_connections_reach_a_terminating_one(tmp_path: Path) -> None:
    store = build_store(("10.244.0.2", GOING), ("10.244.0.3", DOWN))
    assert addresses(configure_nodes(XdsFolder(tmp_path), store)) == ["10.244.0.2"]
    assert addresses(configure_sidecar(XdsFolder(tmp_path), store)) == []


@pytest.mark.parametrize(
    ("port", "http"),
    [
        ({"name": "grpc"}, True),
        ({"name": "http-web"}, True),
        ({"name": "tcp"}, False),
        ({"name": "tls-web"}, False),
        ({"name": "tcp", "appProtocol": "grpc"}, True),
        ({"name": "grpc", "appProtocol": "tcp"}, False),
        ({"name": "grpc", "appProtocol": "example.com/own"}, True),
        ({"name": "otlp-grpc"}, True),
        ({}, True),
    ],
)
def test_the_protocol_of_a_port(port: dict[str, str], http: bool) -> None:
    assert is_http(port) == http


def test_a_tcp_port_has_a_tcp_proxy(tmp_path: Path) -> None:
    configuration = configure_sidecar(XdsFolder(tmp_path), build_store(("10.244.0.2", READY), appProtocol="tcp"))
    filters = [found["filter_chains"][0]["filters"][0]["name"] for found in configuration.listeners]
    assert filters == ["envoy.filters.network.tcp_proxy"] * 2


def test_only_what_has_changed_is_written(tmp_path: Path) -> None:
    folder = XdsFolder(tmp_path / "proxy")
    store = build_store(("10.244.0.2", READY))
    folder.create(build_bootstrap("node", folder), configure_nodes(folder, store))
    before = {path.name: path.stat().st_ino for path in folder.root.iterdir()}
    found = store.list(ENDPOINT_SLICES)[0]
    found["endpoints"].append({"addresses": ["10.244.0.3"]})
    store.update(ENDPOINT_SLICES, found)
    folder.update(configure_nodes(folder, store))
    after = {path.name: path.stat().st_ino for path in folder.root.iterdir()}
    assert [name.partition("-")[0] for name in before if before[name] != after[name]] == ["eds"]
    store.remove(SERVICES, "demo", "grpc-server")
    folder.update(configure_nodes(folder, store))
    assert sorted(path.name for path in folder.root.iterdir()) == ["bootstrap.json", "cds.json", "lds.json"]


@pytest.mark.parametrize("kind", ["node", "sidecar"])
def test_envoy_accepts_the_configuration(tmp_path: Path, kind: str) -> None:
    """Everything in the bootstrap, since what Envoy reads from other files it only checks when it runs."""
    folder = XdsFolder(tmp_path / "proxy")
    store = build_store(("10.244.0.2", READY))
    if kind == "node":
        bootstrap, configuration = build_bootstrap("node", folder), configure_nodes(folder, store)
    else:
        bootstrap = build_sidecar_bootstrap("server", folder, ("127.0.0.1", 15021), ("127.0.0.1", 15000))
        configuration = configure_sidecar(folder, store)
    folder.create(bootstrap, configuration)
    static = build_bootstrap(kind, folder, listeners=configuration.listeners, clusters=configuration.clusters)
    for part in ("listeners", "clusters"):
        bootstrap["static_resources"][part] += static["static_resources"][part]
    folder.bootstrap.write_text(json.dumps(bootstrap), encoding="utf-8")
    command = [*build_command(find_envoy(), folder), "--mode", "validate"]
    done = subprocess.run(command, cwd=folder.root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
