"""Linkerd's proxy beside a client: its metrics, in the words of linkerd2-proxy 2.366."""

from tests.fakes.envoy import Envoy

PAGE = """\
# HELP request_total Total count of HTTP requests.
# TYPE request_total counter
request_total{{direction="inbound",target_addr="10.0.0.9:8080",target_ip="10.0.0.9",target_port="8080",tls="true"}} 4
{requests}
# TYPE response_latency_ms histogram
response_latency_ms_bucket{{direction="outbound",dst_service="grpc-server",status_code="200",le="1"}} 3
# TYPE response_total counter
{responses}
# TYPE route_request_total counter
route_request_total{{direction="outbound",dst="grpc-server.{here}.svc.cluster.local:50051"}} 5000
# TYPE control_request_total counter
control_request_total{{addr="linkerd-policy.linkerd.svc.cluster.local:8090",tls="true"}} 77
# TYPE tcp_open_total counter
tcp_open_total{{direction="outbound",peer="src",target_addr="10.96.0.9:50051",tls="no_identity"}} 4
{connections}
# TYPE outbound_grpc_route_backend_requests counter
outbound_grpc_route_backend_requests_total{{parent_name="grpc-server",parent_namespace="{here}",backend_port="50051"}} 9
"""
HERE = "istio-grpc-demo"


def endpoint(address: str, *, service: str = "grpc-server", namespace: str = HERE, port: int = 50051) -> str:
    """The labels of one behind a Service, which is asked at that *port*."""
    host = f"{service}.{namespace}.svc.cluster.local"
    authority = host if port == 80 else f"{host}:{port}"
    return f'{pod(address, namespace=namespace)},authority="{authority}",dst_service="{service}"'


def pod(address: str, *, namespace: str = HERE, port: int = 50051) -> str:
    """The labels of a pod, and all of them where the client chose it itself."""
    host = f"[{address}]" if ":" in address else address
    return (
        f'direction="outbound",target_addr="{host}:{port}",target_ip="{address}",target_port="{port}",tls="true",'
        f'server_id="default.{namespace}.serviceaccount.identity.linkerd.cluster.local",dst_control_plane_ns="linkerd",'
        f'dst_deployment="grpc-server",dst_namespace="{namespace}",dst_pod="grpc-server-x",dst_zone="",'
        'dst_serviceaccount="default",dst_zone_locality="unknown"'
    )


def request(number: int, labels: str) -> str:
    return f"request_total{{{labels}}} {number}"


def response(number: int, labels: str, *, classification: str = "success", status: str = "0", error: str = "") -> str:
    ending = f'status_code="200",classification="{classification}",grpc_status="{status}",error="{error}"'
    return f"response_total{{{labels},{ending}}} {number}"


def connections(opened: int, opens: int, labels: str) -> list[str]:
    inside = f'{{{labels},peer="dst"}}'
    return [f"tcp_open_total{inside} {opened}", f"tcp_open_connections{inside} {opens}"]


def page(*samples: str) -> str:
    def of(*kinds: str) -> str:
        return "\n".join(sample for sample in samples if sample.startswith(kinds))

    parts = {"requests": of("request_", "control_"), "responses": of("response_"), "connections": of("tcp_")}
    return PAGE.format(here=HERE, **parts)


class LinkerdProxy(Envoy):
    """*requests* to each address are added before each reading; the last *failing* of each fail."""

    port = 4191

    def body(self) -> bytes:
        self._total.update(self.requests)
        self._failed.update(self.failing)
        return page(*(sample for address in self._total for sample in self._samples(address))).encode()

    def _samples(self, address: str) -> list[str]:
        labels, total, failed = endpoint(address), self._total[address], self._failed[address]
        failures = response(failed, labels, classification="failure", status="14")
        return [request(total, labels), response(total - failed, labels), failures]
