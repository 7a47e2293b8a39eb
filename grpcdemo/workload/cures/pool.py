"""Call over a pool of gRPC channels, each of which may be replaced after some calls.

By default channels to one target share their connections (a subchannel is a connection, and there is one pool of them
for the process), so a pool of channels is one connection. `grpc.use_local_subchannel_pool` gives each its own.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import grpc

from grpcdemo.pb.identity_pb2_grpc import IdentityServiceStub
from grpcdemo.workload.call_log import Call
from grpcdemo.workload.client import attempt


@dataclass(frozen=True)
class PoolOptions:
    """How many channels, and of what kind."""

    policy: str = "pick_first"
    channels: int = 1
    local: bool = False
    """Each channel has connections of its own."""
    calls_per_channel: int = 0
    """0 for as many as there are."""


class GrpcCaller:
    """Uses its channels in turn. Close it at the end."""

    def __init__(self, target: str, deadline_s: float, options: PoolOptions) -> None:
        self._target = target
        self._deadline_s = deadline_s
        self._options = options
        self._channels = [self._open() for _ in range(options.channels)]
        self._calls = [0] * options.channels

    async def attempt(self, seq: int) -> Call:
        """Make call number *seq*. A gRPC error is returned, not raised."""
        turn = seq % len(self._channels)
        if self._options.calls_per_channel and self._calls[turn] >= self._options.calls_per_channel:
            await self._replace(turn)
        self._calls[turn] += 1
        stub = IdentityServiceStub(self._channels[turn])  # type: ignore[no-untyped-call]  # protoc writes no types
        return await attempt(stub, self._deadline_s, seq)

    async def close(self) -> None:
        for channel in self._channels:
            await channel.close()

    async def _replace(self, turn: int) -> None:
        await self._channels[turn].close()
        self._channels[turn] = self._open()
        self._calls[turn] = 0

    def _open(self) -> grpc.aio.Channel:
        options = (
            ("grpc.service_config", json.dumps({"loadBalancingConfig": [{self._options.policy: {}}]})),
            ("grpc.use_local_subchannel_pool", int(self._options.local)),
            ("grpc.enable_http_proxy", 0),  # the environment's is for egress, not for a server in the cluster
        )
        return grpc.aio.insecure_channel(self._target, options=options)
