"""gRPC clients that get their configuration from istiod themselves, without an Envoy."""

from __future__ import annotations

from grpcdemo.diagnosis.finding import Finding, Findings, Severity, run
from grpcdemo.diagnosis.mesh.destination_rules import policies
from grpcdemo.diagnosis.proxies import Proxy
from grpcdemo.diagnosis.scene import Scene

REFUSED = ("LEAST_REQUEST", "LEAST_CONN", "RANDOM")
"""gRPC's libraries, Java's apart, refuse a configuration with one of them as a whole."""


def proxyless_policy_refused(scene: Scene) -> Findings:
    if scene.client is None or not scene.callers_with(Proxy.PROXYLESS):
        return
    for policy in policies(scene):
        simple = policy.load_balancer.get("simple")
        if simple in REFUSED:
            yield Finding(
                "proxyless-policy-refused",
                Severity.ERRORS,
                f"{scene.client.reference.singular} uses gRPC's own xDS, and most gRPC libraries reject {simple}: "
                "calls fail",
                (policy.evidence("loadBalancer"),),
                run(policy.set("loadBalancer", {"simple": "ROUND_ROBIN"})),
            )
