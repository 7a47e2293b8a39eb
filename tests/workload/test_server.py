"""The server, in this process, over real gRPC."""

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from datetime import datetime, timedelta, timezone

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from grpcdemo.errors import GrpcdemoError
from grpcdemo.workload.listener import find_host, listening
from grpcdemo.workload.server import SERVICE_NAME, find_identity, parse_options

from .harness import PATIENCE_S, Health, channel_to, running_server


def test_the_identity_is_what_the_downward_api_says() -> None:
    identity = find_identity({"POD_NAME": "grpc-server-abc", "POD_IP": "10.244.0.7", "NODE_NAME": "node-1"})
    assert (identity.pod_name, identity.pod_ip, identity.node_name) == ("grpc-server-abc", "10.244.0.7", "node-1")
    age = datetime.now(timezone.utc) - identity.start_time.ToDatetime(timezone.utc)
    assert timedelta(0) <= age < timedelta(minutes=1)


@pytest.mark.parametrize("environ", [{}, {"POD_NAME": "", "POD_IP": "", "NODE_NAME": ""}])
def test_outside_a_pod_no_part_of_the_identity_is_empty(environ: dict[str, str]) -> None:
    identity = find_identity(environ)
    assert identity.pod_name
    assert identity.pod_ip
    assert identity.node_name


def call_by_reflection(port: int) -> tuple[set[str], str]:
    """The services on offer, and the pod that answers; with nothing that was made from the proto file."""
    with grpc.insecure_channel(f"ipv4:127.0.0.1:{port}") as channel:
        reflected = ProtoReflectionDescriptorDatabase(channel)
        service = DescriptorPool(reflected).FindServiceByName("grpcdemo.v1.IdentityService")
        method = service.methods_by_name["GetIdentity"]
        get_identity = channel.unary_unary(
            "/grpcdemo.v1.IdentityService/GetIdentity",
            request_serializer=GetMessageClass(method.input_type).SerializeToString,
            response_deserializer=GetMessageClass(method.output_type).FromString,
        )
        answer = get_identity(GetMessageClass(method.input_type)(), timeout=PATIENCE_S)
        return set(reflected.get_services()), str(getattr(answer, "pod_name"))  # noqa: B009  (a message of a descriptor has no static type)


async def test_a_caller_with_no_proto_file_can_find_the_service_and_call_it() -> None:
    async with running_server("grpc-server-abc") as port:
        services, pod = await asyncio.to_thread(call_by_reflection, port)
    assert services == {SERVICE_NAME, "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"}
    assert pod == "grpc-server-abc"


def find_file(port: int, symbol: str) -> object:
    with grpc.insecure_channel(f"ipv4:127.0.0.1:{port}") as channel:
        return ProtoReflectionDescriptorDatabase(channel).FindFileContainingSymbol(symbol)


async def test_reflection_knows_a_method_by_its_name() -> None:
    async with running_server("grpc-server-abc") as port:
        by_method = await asyncio.to_thread(find_file, port, f"{SERVICE_NAME}.GetIdentity")
        by_service = await asyncio.to_thread(find_file, port, SERVICE_NAME)
        with pytest.raises(KeyError):
            await asyncio.to_thread(find_file, port, f"{SERVICE_NAME}.NoSuchMethod")
    assert by_method == by_service


async def test_it_is_serving_as_a_whole_and_by_name_until_it_stops() -> None:
    async with AsyncExitStack() as stack:
        async with running_server("grpc-server-abc") as port:
            channel = await stack.enter_async_context(channel_to(port))
            healths = [Health(channel), Health(channel, SERVICE_NAME)]
            for health in healths:
                await health.until("SERVING")
            ends = [asyncio.create_task(health.until("NOT_SERVING")) for health in healths]
        await asyncio.gather(*ends)


async def test_a_taken_port_is_refused_with_the_reason() -> None:
    async with running_server("first") as port:
        with pytest.raises(GrpcdemoError, match=f"^cannot listen on port {port}: Address already in use$"):
            find_host(port)


def test_where_the_first_address_cannot_be_bound_the_next_is_taken() -> None:
    nowhere, here = (socket.AF_INET, "192.0.2.1"), (socket.AF_INET, "127.0.0.1")
    assert find_host(0, [nowhere, here]) == "127.0.0.1"


def test_the_port_is_of_the_flag_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert parse_options([]).port == 50051
    monkeypatch.setenv("PORT", "1234")
    assert parse_options([]).port == 1234
    assert parse_options(["--port", "0"]).port == 0


def test_it_listens_on_every_address_or_on_the_one_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    assert parse_options([]).host is None
    monkeypatch.setenv("LISTEN_HOST", "127.0.0.2")
    assert parse_options([]).host == "127.0.0.2"
    assert parse_options(["--host", "127.0.0.3"]).host == "127.0.0.3"


def test_a_host_that_is_no_address_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options(["--host", "localhost"])
    assert "'localhost' is not an IPv4 address" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 answers on Linux only")
async def test_two_may_listen_on_one_port_of_different_addresses() -> None:
    async with listening(0, host="127.0.0.2") as first, listening(first.port, host="127.0.0.3") as second:
        assert first.port == second.port
        with pytest.raises(GrpcdemoError, match="Address already in use"):
            find_host(first.port)


@pytest.mark.parametrize("port", ["-1", "65536", "http", "", "٣"])
def test_a_port_that_is_none_is_a_usage_error(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_options(["--port", port])
    assert "is not a port" in capsys.readouterr().err
