"""The programs of the cures in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from grpcdemo.pb.identity_pb2 import GetIdentityResponse
from grpcdemo.workload import client as demo_client
from grpcdemo.workload import server as demo_server
from grpcdemo.workload.cures import client, server
from grpcdemo.workload.cures.pool import PoolOptions
from tests.workload.harness import PATIENCE_S, Client, Log, fields_of


@asynccontextmanager
async def running_server(pod: str, **options: Any) -> AsyncIterator[dict[str, str]]:
    """Yields the fields of its first line."""
    log, stop = Log(), asyncio.Event()
    identity = GetIdentityResponse(pod_name=pod, pod_ip="10.0.0.1", node_name="node-1")
    made = server.Options(demo_server.Options(0, "127.0.0.1"), **options)
    serving = asyncio.create_task(server.serve(made, identity, stop, log.lines.put_nowait))
    try:
        yield fields_of(await log.next_line())
    finally:
        stop.set()
        await asyncio.wait_for(serving, PATIENCE_S)


@asynccontextmanager
async def running_client(
    *ports: str, rate: float = 200, http1: bool = False, local: bool = False, policy: str = "pick_first", **pool: int
) -> AsyncIterator[Client]:
    """A client that knows a server by all of these *ports*."""
    target = "ipv4:" + ",".join(f"127.0.0.1:{port}" for port in ports)
    demo = demo_client.Options(target=target, rate=rate, deadline_s=20, health_port=None)
    options = client.Options(demo, PoolOptions(policy, local=local, **pool), http1)
    log, stop = Log(), asyncio.Event()
    calling = asyncio.create_task(client.call_server(options, stop, log.lines.put_nowait))
    try:
        yield Client(log, stop, calling)
    finally:
        stop.set()
        await asyncio.wait_for(calling, PATIENCE_S)
