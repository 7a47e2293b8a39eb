"""Who counts inside a pod, behind the API's port-forward: Envoy's admin, or a server's own metrics.

Some requests are counted between any two readings.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise

from aiohttp import WSMsgType, web

PORT = 15000
PROTOCOL = "v4.channel.k8s.io"


class Envoy:
    """*requests* to each address are added before each reading; the last *failing* of each are errors."""

    port = PORT

    def __init__(
        self,
        service: str,
        requests: Mapping[str, int],
        *,
        already: int = 1000,
        failing: Mapping[str, int] | None = None,
    ) -> None:
        self.service = service
        self.requests = requests
        self.failing = failing or {}
        self.asked: list[str] = []
        self.forwards = 0
        self._total = Counter(dict.fromkeys(requests, already))
        self._failed = Counter[str]()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """The answer to a `GET` of `portforward`."""
        assert request.query["ports"] == str(self.port)
        assert request.headers["Accept"] == "*/*", "the API server answers 406"
        self.forwards += 1
        websocket = web.WebSocketResponse(protocols=(PROTOCOL,))
        await websocket.prepare(request)
        for channel in (0, 1):
            await websocket.send_bytes(bytes([channel]) + self.port.to_bytes(2, "little"))
        async for message in websocket:
            assert message.type is WSMsgType.BINARY
            await self.answer(websocket, message.data)
        return websocket

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        assert data[:1] == b"\0"
        self.asked.append(data[1:].split()[1].decode())
        for part in self.parts():
            await websocket.send_bytes(b"\0" + part)

    def parts(self) -> list[bytes]:
        """The answer in the middle of a header, of a chunk's length, and of its data."""
        body = self.body()
        answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        cuts = [0, 10, 40, 48, 100, len(answer) - 3, len(answer)]
        return [answer[begin:end] for begin, end in pairwise(cuts)]

    def body(self) -> bytes:
        return json.dumps(self.clusters()).encode()

    def clusters(self) -> dict[str, object]:
        self._total.update(self.requests)
        self._failed.update(self.failing)
        hosts = [
            {"address": {"socket_address": {"address": address}}, "stats": self._stats(total, self._failed[address])}
            for address, total in self._total.items()
        ]
        return {"cluster_statuses": [{"name": f"outbound|50051||{self.service}", "host_statuses": hosts}]}

    @staticmethod
    def _stats(total: int, failed: int) -> list[dict[str, str]]:
        numbers = {"cx_total": 1, "rq_error": failed, "rq_success": total - failed, "rq_total": total}
        return [{"name": name, "value": str(number)} for name, number in numbers.items()]


STATS = """\
# TYPE istio_build gauge
istio_build{{component="proxy",tag="1.31.0"}} 1
# TYPE istio_requests_total counter
{samples}
"""
SAMPLE = (
    'istio_requests_total{{reporter="destination",source_workload="{workload}",'
    'source_canonical_service="{workload}",source_canonical_revision="latest",source_workload_namespace="{namespace}",'
    'source_principal="{principal}",source_app="{workload}",source_version="unknown",source_cluster="{cluster}",'
    'destination_workload="grpc-server",destination_workload_namespace="{here}",destination_principal="unknown",'
    'destination_app="grpc-server",destination_version="unknown",destination_service="{service}",'
    'destination_canonical_service="grpc-server",destination_canonical_revision="latest",'
    'destination_service_name="{name}",destination_service_namespace="{here}",destination_cluster="Kubernetes",'
    'request_protocol="{protocol}",response_code="{code}",grpc_response_status="{status}",response_flags="-",'
    'connection_security_policy="{policy}"}} {number}'
)
"""As Istio's sidecar writes it down."""


def sample(number: int, workload: str = "unknown", **labels: str) -> str:
    """*workload* calls the demo's server in its own namespace; without one, it has no sidecar."""
    here, is_meshed = labels.get("here", "istio-grpc-demo"), workload != "unknown"
    name = labels.get("name", "grpc-server")
    filled = {
        "here": here,
        "name": name,
        "namespace": here if is_meshed else "unknown",
        "principal": f"spiffe://cluster.local/ns/{here}/sa/{workload}" if is_meshed else "unknown",
        "cluster": "Kubernetes" if is_meshed else "unknown",
        "service": f"{name}.{here}.svc.cluster.local",
        "protocol": "grpc",
        "code": "200",
        "status": "0",
        "policy": "mutual_tls" if is_meshed else "none",
        **labels,
    }
    return SAMPLE.format(number=number, workload=workload, **filled)


class ServerSidecar(Envoy):
    """Of a server: so many *calls* of each workload are added before each reading."""

    def __init__(self, calls: Mapping[str, int], *, has_stats: bool = True, already: int = 1000) -> None:
        super().__init__("", calls, already=already)
        self.has_stats = has_stats

    def body(self) -> bytes:
        self._total.update(self.requests)
        samples = "\n".join(sample(number, workload) for workload, number in self._total.items())
        return STATS.format(samples=samples).encode() if self.has_stats else b"# TYPE envoy_server_live gauge\n"


METRIC = 'grpc_server_handled_total{{grpc_code="{code}",grpc_method="Add",grpc_service="shop.v1.Cart"}} {number}.0\n'


class Metrics(Envoy):
    """Of a server itself, which closes the connection after each answer: so many calls of each *code* are added."""

    port = 9090

    def __init__(self, codes: Mapping[str, int], *, already: int = 1000) -> None:
        super().__init__("", codes, already=already)

    async def answer(self, websocket: web.WebSocketResponse, data: bytes) -> None:
        await super().answer(websocket, data)
        await websocket.close()

    def parts(self) -> list[bytes]:
        body = self.body()
        return [b"HTTP/1.0 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body), body]

    def body(self) -> bytes:
        self._total.update(self.requests)
        return "".join(METRIC.format(code=code, number=number) for code, number in self._total.items()).encode()

    def restart(self) -> None:
        self._total.clear()
