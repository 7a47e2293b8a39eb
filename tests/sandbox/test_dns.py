"""The DNS of headless Services: what a resolver gets for a name."""

import asyncio
import json
import socket
import struct
from ipaddress import ip_address

import pytest

from grpcdemo.cures import find_cure
from grpcdemo.cures.cure import CureValues
from grpcdemo.manifests.render import ManifestValues
from grpcdemo.sandbox.api.store import Store
from grpcdemo.sandbox.dns import answering_queries, build_answer, find_addresses
from grpcdemo.sandbox.proxy.services import Endpoint, ServicePort
from tests.contract.tools import kubectl
from tests.sandbox.user import SandboxUser

PATIENCE_S = 60


def port(cluster_ip: str, **ready: bool) -> ServicePort:
    endpoints = tuple(Endpoint(f"127.9.0.{last[1:]}", 50051, is_ready, True) for last, is_ready in ready.items())
    return ServicePort("demo", "grpc-server", cluster_ip, 50051, True, endpoints)


@pytest.mark.parametrize("name", ["grpc-server.demo", "grpc-server.demo.svc", "grpc-server.demo.svc.cluster.local"])
def test_a_headless_service_is_its_ready_pods(name: str) -> None:
    assert find_addresses(name.split("."), [port("None", _3=True, _2=True, _4=False)]) == ["127.9.0.2", "127.9.0.3"]


@pytest.mark.parametrize("name", ["", "grpc-server", "other.demo", "grpc-server.other", "grpc-server.demo.example.com"])
def test_there_is_no_other_name(name: str) -> None:
    assert find_addresses(name.split("."), [port("None", _2=True)]) is None


def test_there_is_no_name_for_a_cluster_ip_nor_without_a_ready_pod() -> None:
    assert find_addresses(["grpc-server", "demo"], [port("10.96.0.1", _2=True)]) is None
    assert find_addresses(["grpc-server", "demo"], [port("None", _2=False)]) is None


def query(name: str, kind: int = 1, *, flags: int = 0x0100) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 4711, flags, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def test_an_answer_has_an_a_record_for_each_address() -> None:
    asked: list[list[str]] = []

    def lookup(labels: list[str]) -> list[str]:
        asked.append(labels)
        return ["127.9.0.2", "127.9.0.3"]

    question = query("Grpc-Server.demo")
    answer = build_answer(question, lookup)
    assert answer is not None
    assert asked == [["grpc-server", "demo"]]
    assert struct.unpack("!6H", answer[:12]) == (4711, 0x8500, 1, 2, 0, 0)
    assert answer[12 : len(question)] == question[12:]
    records = answer[len(question) :]
    assert [struct.unpack("!3HIH", records[start : start + 12]) for start in (0, 16)] == [(0xC00C, 1, 1, 5, 4)] * 2
    assert [str(ip_address(records[start + 12 : start + 16])) for start in (0, 16)] == ["127.9.0.2", "127.9.0.3"]


@pytest.mark.parametrize(
    ("kind", "addresses", "code"),
    [(28, ["127.9.0.2"], 0), (1, None, 3), (28, None, 3)],
    ids=["AAAA", "none", "no AAAA"],
)
def test_without_addresses_it_says_whether_there_is_such_a_name(
    kind: int, addresses: list[str] | None, code: int
) -> None:
    answer = build_answer(query("grpc-server.demo", kind), lambda labels: addresses)
    assert answer is not None
    assert struct.unpack("!6H", answer[:12]) == (4711, 0x8500 | code, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "wrong", [b"", b"\0" * 11, query("a.b")[:14], query("a.b", flags=0x8000), b"\0" * 12 + b"\1\xff\0"]
)
def test_what_is_no_query_gets_no_answer(wrong: bytes) -> None:
    assert build_answer(wrong, lambda labels: ["127.9.0.2"]) is None


async def test_it_answers_on_a_port_of_this_machine() -> None:
    async with answering_queries(Store()) as address:
        host, number = address.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.setblocking(False)
            asking.connect((host, int(number)))
            loop = asyncio.get_running_loop()
            await loop.sock_sendall(asking, query("grpc-server.demo"))
            answer = await asyncio.wait_for(loop.sock_recv(asking, 512), PATIENCE_S)
    assert struct.unpack("!2H", answer[:4]) == (4711, 0x8503)


@pytest.mark.sandbox
def test_a_client_in_the_sandbox_asks_it(sandbox: SandboxUser) -> None:
    sandbox.run("sandbox", "start")
    objects = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "demo"}},
        *find_cure("headless").build(CureValues(ManifestValues(namespace="demo", servers=1))),
    ]
    reach = ("--kubeconfig", str(sandbox.state.kubeconfig), "--namespace", "demo")
    kubectl(*reach, "create", "--validate=false", "--filename", "-", stdin="\n---\n".join(map(json.dumps, objects)))
    for name in ("grpc-server", "grpc-client"):
        kubectl(*reach, "rollout", "status", f"deployment/{name}", f"--timeout={PATIENCE_S}s")
    log = kubectl(*reach, "logs", "deployment/grpc-client")
    assert "event=calling target=dns://127.0.0.1:" in log
    assert "/grpc-server-headless.demo.svc.cluster.local:50051" in log
