"""The client asks the mesh's control plane itself for all endpoints, by xDS, and balances with no proxy in between.

Istio's injector adds an agent that passes istiod's answers on. The servers stay without a sidecar. Not every policy of
a DestinationRule is known to every gRPC: with LEAST_REQUEST each call of a Python client fails, because it refuses the
whole cluster ("LB policy is not supported").
"""

from __future__ import annotations

from grpcdemo.cures.cure import Change, Cure, CureValues, Need
from grpcdemo.cures.objects import PORT, build_demo
from grpcdemo.model.pods import SERVER_APP
from grpcdemo.resources.istio import GRPC_AGENT, INJECT, PROXY_CONFIG, PROXY_USER, TEMPLATES
from grpcdemo.resources.objects import Object

AGENT = {TEMPLATES: GRPC_AGENT, PROXY_CONFIG: '{"holdApplicationUntilProxyStarts": true}'}
"""Annotations of the client's pods: the agent, before the client."""


def build(values: CureValues) -> list[Object]:
    target = f"xds:///{SERVER_APP}.{values.demo.namespace}.svc.cluster.local:{PORT}"
    service, server, client = build_demo(values, client={"TARGET": target})
    server["spec"]["template"]["metadata"]["labels"][INJECT] = "false"
    template = client["spec"]["template"]
    template["metadata"]["annotations"] = dict(AGENT)
    template["spec"]["securityContext"]["runAsUser"] = PROXY_USER
    return [service, server, client]


CURE = Cure(
    name="proxyless",
    summary="gRPC's own xDS with Istio's control plane, without a proxy",
    changes=frozenset({Change.CLIENT_CODE, Change.CLUSTER}),
    build=build,
    needs=frozenset({Need.INJECTION, Need.GRPC_AGENT}),
)
