"""Each cure with its real programs, proxies and name resolution: does its client call as the cure says?"""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from grpcdemo.cures import find_cure
from grpcdemo.cures.cure import CureValues
from grpcdemo.cures.objects import CRASH_PORT
from grpcdemo.manifests.render import ManifestValues
from grpcdemo.resources.istio import TEMPLATES
from grpcdemo.resources.labels import APP_NAME
from grpcdemo.resources.objects import Object, annotations_of
from grpcdemo.resources.resource import HEADLESS, SERVICES
from grpcdemo.sandbox.admission import add_agent
from grpcdemo.sandbox.proxy.sidecar import IMAGE
from tests.workload.call_line import parse_call

from .machine import NAMESPACE, PATIENCE_S, Machine, container, running_machine

pytestmark = pytest.mark.sandbox

SERVERS = ("server-0", "server-1", "server-2")
VALUES = CureValues(ManifestValues(namespace=NAMESPACE, rate=200), IMAGE)
OPENED = re.compile(r"event=connections open=([0-9]+) peers=([0-9]+)")


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    async with running_machine(tmp_path, proxy=True, dns=True) as machine:
        yield machine


async def start(machine: Machine, cure: str, **server_env: str) -> None:
    """What the controllers would make of the cure's objects: three servers, and a client with an answer."""
    objects = find_cure(cure).build(VALUES)
    services = [obj for obj in objects if obj["kind"] == "Service"]
    containers = {
        obj["metadata"]["name"]: injected_container(obj["spec"]["template"])
        for obj in objects
        if obj["kind"] == "Deployment"
    }
    containers["grpc-server"]["env"] += [{"name": name, "value": value} for name, value in server_env.items()]
    for service in services:
        create_service(machine, service)
    for name in SERVERS:
        machine.create_pod(name, containers["grpc-server"])
    await machine.until_ready(*SERVERS)
    publish(machine, services, "grpc-server", *SERVERS)
    if proxy := containers.get("grpc-proxy"):
        machine.create_pod("proxy", proxy)
        await machine.until_ready("proxy")
        publish(machine, services, "grpc-proxy", "proxy")
    machine.create_pod("client", containers["grpc-client"])
    await machine.until_ready("client")


def injected_container(template: Object) -> Object:
    """With what a template of the injector adds, if the pod names one."""
    injected = add_agent(template, "default") if TEMPLATES in annotations_of(template) else template
    (container,) = injected["spec"]["containers"]
    return dict(container)


def create_service(machine: Machine, service: Object) -> None:
    name, spec = service["metadata"]["name"], service["spec"]
    ip = HEADLESS if spec.get("clusterIP") == HEADLESS else machine.network.service_address(NAMESPACE, name)
    machine.store.create(SERVICES, {**service, "spec": {**spec, "clusterIP": ip}})


def publish(machine: Machine, services: list[Object], app: str, *pods: str) -> None:
    for service in services:
        if service["spec"]["selector"][APP_NAME] == app:
            ports = {port["name"]: port["port"] for port in service["spec"]["ports"]}
            machine.publish(*pods, service=service["metadata"]["name"], **ports)


async def connections(machine: Machine) -> tuple[int, int]:
    """How many the client has, and to how many addresses, by the next line that tells it."""
    before = len(OPENED.findall(await machine.log("client", "grpc-client")))
    lines: list[tuple[str, str]] = []
    while len(lines) <= before:
        await machine.calls(10)
        lines = OPENED.findall(await machine.log("client", "grpc-client"))
    return int(lines[-1][0]), int(lines[-1][1])


@pytest.mark.parametrize(
    ("cure", "pods", "opened"),
    [
        ("none", 1, (1, 1)),
        ("headless", 3, (3, 3)),
        ("headless+age", 3, (3, 3)),
        ("weighted", 3, (3, 3)),
        ("shared-pool", 1, (1, 1)),
        ("http1-kept", 1, (1, 1)),
        ("envoy", 3, (1, 1)),
        ("proxyless", 3, (3, 3)),
    ],
)
async def test_where_calls_go_and_over_how_many_connections(
    machine: Machine, cure: str, pods: int, opened: tuple[int, int]
) -> None:
    await start(machine, cure)
    calls = await machine.calls(60)
    assert len({call.pod for call in calls[-30:]}) == pods
    assert await connections(machine) == opened


async def test_a_pool_has_a_connection_for_each_channel(machine: Machine) -> None:
    await start(machine, "pool")
    await machine.calls(16)
    assert await connections(machine) == (8, 1)


@pytest.mark.parametrize("cure", ["per-call", "http1"])
async def test_a_connection_for_each_call_goes_anywhere(machine: Machine, cure: str) -> None:
    await start(machine, cure)
    assert len({call.pod for call in await machine.calls(100)}) == 3


async def test_a_proxyless_client_follows_the_endpoints(machine: Machine) -> None:
    await start(machine, "proxyless")
    machine.publish("server-1")
    await machine.call_until(lambda call: call.pod == "server-1")
    last = 0
    while last < 20:
        last = last + 1 if {call.pod for call in await machine.calls(1)} == {"server-1"} else 0
    machine.publish(*SERVERS)
    await machine.call_until(lambda call: call.pod == "server-2")
    log = await machine.log("client", "grpc-client")
    assert {call.code for call in map(parse_call, log.splitlines()) if call} == {"OK"}


async def test_an_aged_connection_is_replaced_without_an_error(machine: Machine) -> None:
    await start(machine, "age", MAX_CONNECTION_AGE="0.2")
    (first,) = {call.pod for call in (await machine.calls(1))}
    await machine.call_until(lambda call: call.code != "OK" or call.pod != first)
    log = await machine.log("client", "grpc-client")
    assert {call.code for call in map(parse_call, log.splitlines()) if call} == {"OK"}


async def test_a_crash_is_as_a_kill(machine: Machine) -> None:
    await start(machine, "none")
    (call,) = await machine.calls(1)
    assert call.pod is not None
    ip = machine.pod(call.pod)["status"]["podIP"]
    reader, writer = await asyncio.open_connection(*machine.network.reach(ip, CRASH_PORT))
    writer.write(b"GET /crash HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"200" in await asyncio.wait_for(reader.readline(), PATIENCE_S)
    writer.close()
    pod = await machine.until(call.pod, lambda pod: container(pod)["restartCount"] == 1)
    assert container(pod)["lastState"]["terminated"]["exitCode"] == 137
    await machine.calls(20)
