"""Does a DestinationRule choose the pods in a way that sticks?"""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, run
from grpcdemo.diagnosis.mesh.destination_rules import Policy, policies
from grpcdemo.diagnosis.scene import Scene

LEAST_REQUEST = "LEAST_REQUEST"
FEW_REQUESTS = 10
"""Fewer requests under way than this, and an ordinary client meets the limit."""


def consistent_hash(scene: Scene) -> Findings:
    for policy in _sidecars_policies(scene):
        hashing = policy.load_balancer.get("consistentHash")
        if not hashing:
            continue
        what, severity = _key(hashing)
        yield Finding(
            "consistent-hash",
            severity,
            f"a DestinationRule hashes {what}: calls with the same value go to the same pod",
            (policy.evidence("loadBalancer"),),
            run(policy.set("loadBalancer", _balancing(policy))),
        )


def _key(hashing: dict[str, object]) -> tuple[str, Severity]:
    """What is hashed. Calls without it go to any pod. gRPC clients keep no cookies, so Envoy makes one up for each."""
    if hashing.get("useSourceIp"):
        return "the client's address", Severity.PINS
    if header := hashing.get("httpHeaderName"):
        return f"the header {header}", Severity.MAY_PIN
    if parameter := hashing.get("httpQueryParameterName"):
        return f"the query parameter {parameter}", Severity.MAY_PIN
    return "a cookie", Severity.MAY_PIN


def passes_connections_through(scene: Scene) -> Findings:
    for policy in _sidecars_policies(scene):
        if policy.load_balancer.get("simple") == "PASSTHROUGH":
            yield Finding(
                "passes-connections-through",
                Severity.PINS,
                "a DestinationRule makes the sidecar pass connections through to kube-proxy",
                (policy.evidence("loadBalancer"),),
                run(policy.set("loadBalancer", _balancing(policy))),
            )


def _balancing(policy: Policy) -> dict[str, object]:
    """The policy's load balancer as Istio's default, with its locality settings."""
    kept = {key: value for key, value in policy.load_balancer.items() if key in ("localityLbSetting", "warmup")}
    return {"simple": LEAST_REQUEST, **kept}


def connection_pool_limits(scene: Scene) -> Findings:
    for policy in _sidecars_policies(scene):
        http = (policy.fields.get("connectionPool") or {}).get("http") or {}
        if http.get("maxRequestsPerConnection") == 1:
            summary = "a DestinationRule closes each connection after one request: balanced, but expensive"
        elif 0 < http.get("http2MaxRequests", 0) < FEW_REQUESTS:
            summary = f"a DestinationRule allows only {http['http2MaxRequests']} concurrent requests: any more fail"
        else:
            continue
        yield Finding("connection-pool-limits", Severity.OBSCURES, summary, (policy.evidence("connectionPool"),))


def _sidecars_policies(scene: Scene) -> list[Policy]:
    """Those that a sidecar of the client applies."""
    return policies(scene) if scene.sidecar_matters and not scene.is_external_name else []
