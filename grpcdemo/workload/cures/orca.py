"""The load that a server reports with every response, for the clients' `weighted_round_robin`.

The format is ORCA's: a protobuf `xds.data.orca.v3.OrcaLoadReport` in the trailing metadata. It has two numbers here, so
no generated code is needed.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Callable

import grpc

from grpcdemo.pb import identity_pb2_grpc
from grpcdemo.pb.identity_pb2 import GetIdentityRequest, GetIdentityResponse

KEY = "endpoint-load-metrics-bin"
CPU_UTILIZATION, RPS_FRACTIONAL = 1, 6
"""Fields of the message."""
FIXED64 = 1
"""How protobuf writes a double."""
WINDOW_S = 1.0


class ReportingService(identity_pb2_grpc.IdentityServiceServicer):
    """Answers every call with the same *identity*, and reports *load* with it."""

    def __init__(self, identity: GetIdentityResponse, load: Load) -> None:
        self._identity = identity
        self._load = load

    async def GetIdentity(
        self, request: GetIdentityRequest, context: grpc.aio.ServicerContext[GetIdentityRequest, GetIdentityResponse]
    ) -> GetIdentityResponse:
        context.set_trailing_metadata(((KEY, self._load.count_call()),))
        return self._identity


class Load:
    """CPU time and calls of this process, per second, over the last whole window."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.process_time
    ) -> None:
        self._clock, self._cpu = clock, cpu
        self._began, self._cpu_before, self._calls = clock(), cpu(), 0
        self._report = b""

    def count_call(self) -> bytes:
        """Count one more call; the present report, empty in the first window."""
        self._calls += 1
        passed_s = self._clock() - self._began
        if passed_s >= WINDOW_S:
            cpu = self._cpu()
            self._report = build_report((cpu - self._cpu_before) / passed_s, self._calls / passed_s)
            self._began, self._cpu_before, self._calls = self._clock(), cpu, 0
        return self._report


def build_report(cpu_utilization: float, rps: float) -> bytes:
    fields = ((CPU_UTILIZATION, cpu_utilization), (RPS_FRACTIONAL, rps))
    return b"".join(struct.pack("<Bd", number << 3 | FIXED64, value) for number, value in fields)
