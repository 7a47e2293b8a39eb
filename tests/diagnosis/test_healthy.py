"""No false alarm: what is well, in all its variants, has no finding that pins or may pin."""

from __future__ import annotations

import pytest

from grpcdemo.diagnosis.examination import Conclusion, Diagnosis, add_traffic
from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.diagnosis.traffic import Requests, Window
from grpcdemo.model.observation import CountedBy
from grpcdemo.resources.resource import (
    DESTINATION_RULES,
    ENVOY_FILTERS,
    GATEWAYS,
    PEER_AUTHENTICATIONS,
    SERVICE_ENTRIES,
    SIDECARS,
    VIRTUAL_SERVICES,
)

from .scenes import HOST, SHOP, client, examine, named, pod, scene, servers


def rule(**spec: object) -> dict[str, object]:
    return named("cart", spec={"host": "cart", **spec})


def routed(**http: object) -> dict[str, object]:
    return named("cart", spec={"hosts": ["cart"], "http": [http]})


SUBSETS = [{"name": "v1", "labels": {"app": "cart"}}]
HEALTHY: dict[str, Scene] = {
    "native sidecars": scene(pods=servers(sidecar="native")),
    "classic sidecars": scene(caller=client(sidecar="container"), pods=servers(sidecar="container")),
    "only the client in the mesh": scene(pods=servers()),
    "many clients": scene(caller=client(*(pod(f"web-{index}", sidecar="native") for index in range(5)))),
    "a client in another namespace": scene(
        caller=client(namespace="front"), namespaces={"front": {"istio.io/rev": "default"}}
    ),
    "h2c": scene(port={"name": "api", "appProtocol": "kubernetes.io/h2c"}),
    "appProtocol wins over the name": scene(port={"name": "tcp-cart", "appProtocol": "grpc"}),
    "grpc-web": scene(port={"name": "grpc-web-cart"}),
    "session affinity, which a sidecar does not read": scene(service={"sessionAffinity": "ClientIP"}),
    "near pods on one node": scene(service={"internalTrafficPolicy": "Local", "trafficDistribution": "PreferClose"}),
    "outlier detection in one zone": scene({DESTINATION_RULES: [rule(trafficPolicy={"outlierDetection": {"a": 1}})]}),
    "round robin": scene({DESTINATION_RULES: [rule(trafficPolicy={"loadBalancer": {"simple": "ROUND_ROBIN"}})]}),
    "a hash for another Service": scene(
        {
            DESTINATION_RULES: [
                named("x", spec={"host": "other", "trafficPolicy": {"loadBalancer": {"consistentHash": {"a": 1}}}})
            ]
        }
    ),
    "a subset that is every pod": scene(
        {
            DESTINATION_RULES: [rule(subsets=SUBSETS)],
            VIRTUAL_SERVICES: [routed(route=[{"destination": {"host": HOST, "subset": "v1"}}])],
        }
    ),
    "a Sidecar that shows the Service": scene(
        {SIDECARS: [named("default", spec={"egress": [{"hosts": ["./*", "istio-system/*"]}]})]}
    ),
    "strict mutual TLS": scene(
        {PEER_AUTHENTICATIONS: [named("default", spec={"mtls": {"mode": "STRICT"}})]}, pods=servers(sidecar="native")
    ),
    "an entry with another port": scene(
        {SERVICE_ENTRIES: [named("db", spec={"ports": [{"number": 5432, "protocol": "TCP"}]})]}
    ),
    "an EnvoyFilter for somebody else": scene(
        {ENVOY_FILTERS: [named("x", spec={"workloadSelector": {"labels": {"app": "other"}}})]}
    ),
    "other ports excluded": scene(
        caller=client(annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "3306,9090"})
    ),
    "ambient with a waypoint": scene(
        {
            GATEWAYS: [
                {
                    **named("waypoint", spec={"gatewayClassName": "istio-waypoint"}),
                    "status": {"conditions": [{"type": "Programmed", "status": "True"}]},
                }
            ]
        },
        caller=client(sidecar=""),
        labels={"istio.io/use-waypoint": "waypoint"},
        namespaces={SHOP: {"istio.io/dataplane-mode": "ambient"}},
    ),
    "Linkerd": scene(
        caller=client(sidecar="linkerd-proxy"), webhooks=[], groups=("policy.linkerd.io",), namespaces={SHOP: {}}
    ),
    "Cilium's own balancing": scene(
        caller=client(sidecar=""),
        webhooks=[],
        groups=("cilium.io",),
        annotations={"service.cilium.io/lb-l7": "enabled"},
    ),
    "no client named, and all neighbors in the mesh": scene(caller=None, others=[pod("web-1", sidecar="native")]),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_nothing_is_found(name: str) -> None:
    diagnosis = examine(HEALTHY[name])
    assert diagnosis.findings == ()
    assert diagnosis.conclusion is Conclusion.CLEAR


def counted(*by_client: tuple[int, ...], all_pods: int = 1) -> Diagnosis:
    """The traffic of clients of a headless Service, of which the configuration says that it may pin."""
    window, names = Window(), {f"10.0.0.{index}": f"cart-{index}" for index in range(3)}
    for poll in range(30):
        window.add(
            poll,
            names,
            {
                f"web-{at}": {
                    name: Requests(share * poll, share * poll) for name, share in zip(names, shares, strict=True)
                }
                for at, shares in enumerate(by_client)
            },
        )
    return add_traffic(
        examine(scene(service={"clusterIP": "None"})), window.measure({}, CountedBy("envoy", len(by_client), all_pods))
    )


def test_what_may_pin_is_settled_by_the_traffic_of_all_clients() -> None:
    well = counted((20, 20, 20))
    assert (well.conclusion, well.overall) == (Conclusion.OPEN, Conclusion.CLEAR)
    assert counted((20, 20, 20), all_pods=2).overall is Conclusion.OPEN
    assert counted((20, 0, 0)).overall is Conclusion.CAUSED
    assert counted((20, 20, 20), (20, 0, 0), all_pods=2).overall is Conclusion.CAUSED
    assert counted((0, 0, 0)).overall is Conclusion.OPEN


def test_what_only_misleads_does_not_count() -> None:
    diagnosis = examine(scene(port={"name": "api"}))
    assert [finding.severity for finding in diagnosis.findings] == [Severity.OBSCURES]
    assert diagnosis.conclusion is Conclusion.CLEAR
