"""What the Service itself says: endpoints, port, cluster IP, affinity, traffic policies."""

from __future__ import annotations

from typing import Any

import pytest

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.resources.resource import DEPLOYMENTS, ENDPOINT_SLICES, INGRESSES, NODES, SERVICE_ENTRIES
from tests.diagnosis.scenes import (
    RESTART,
    SHOP,
    client,
    commands,
    finding,
    found,
    may_not,
    named,
    outside,
    pod,
    scene,
    servers,
)

ZONES = {"node-1": "a", "node-2": "b", "node-3": "b"}
SPREAD = servers(nodes=("node-1", "node-2", "node-3"))


def nodes() -> list[dict[str, Any]]:
    return [named(name, "", labels={"topology.kubernetes.io/zone": zone}) for name, zone in ZONES.items()]


def test_nothing_behind_the_service() -> None:
    subject = scene(pods=[])
    assert found(subject) == {"no-ready-endpoint": Severity.ERRORS}
    assert "matches no pod" in finding(subject, "no-ready-endpoint").summary
    assert "is ready" in finding(scene(pods=servers(ready=False)), "no-ready-endpoint").summary


def test_one_pod() -> None:
    subject = scene(pods=servers(1))
    assert found(subject) == {"single-endpoint": Severity.PINS}
    assert commands(subject, "single-endpoint") == [
        "kubectl scale deployment/cart --replicas=3 --namespace shop",
        "kubectl rollout status deployment/cart --timeout=5m --namespace shop",
    ]


def test_one_ready_pod_of_several() -> None:
    subject = scene(pods=[*servers(1), pod("cart-9", "cart", ready=False)])
    assert found(subject) == {"single-ready-endpoint": Severity.PINS}
    assert "one of 2 pods" in finding(subject, "single-ready-endpoint").summary
    assert commands(subject, "single-ready-endpoint") == [
        "kubectl get pods --selector=app=cart --output=wide --namespace shop"
    ]


def test_endpoints_that_may_not_be_read() -> None:
    subject = scene(missing=[may_not(ENDPOINT_SLICES, SHOP)])
    findings = found(subject)
    assert findings["single-endpoint"] is Severity.UNKNOWN
    assert finding(subject, "single-endpoint").summary == (
        "could not check: this user may not list endpointslices.discovery.k8s.io in namespace shop"
    )
    assert commands(subject, "single-endpoint") == [
        "kubectl auth can-i list endpointslices.discovery.k8s.io --namespace shop"
    ]


def test_a_target_port_that_some_pods_lack() -> None:
    without = pod("cart-9", "cart", container={"ports": []})
    subject = scene(port={"targetPort": "grpc"}, pods=servers(2), others=[without])
    assert found(subject)["port-missing-in-pods"] is Severity.MAY_PIN
    subject = scene(port={"targetPort": "grpc"}, pods=servers(1), others=[without])
    assert found(subject)["port-missing-in-pods"] is Severity.PINS
    assert "port-missing-in-pods" not in found(scene(port={"targetPort": "grpc"}))


@pytest.mark.parametrize(
    ("target", "ports", "is_told"),
    [
        (8099, [{"containerPort": 50051}, {"containerPort": 8080}], True),
        (50051, [{"containerPort": 50051}], False),
        ("grpc", [{"name": "grpc", "containerPort": 50051}], False),
        (8099, [], False),
    ],
)
def test_a_port_that_no_container_declares(target: object, ports: list[Any], is_told: bool) -> None:
    pods = servers(sidecar="container", container={"ports": ports})
    subject = scene(port={"targetPort": target}, pods=pods)
    assert found(subject) == ({"port-not-declared": Severity.OBSCURES} if is_told else {})
    if is_told:
        assert "port 8099 of the pods, but their containers only declare 8080, 50051:" in (
            finding(subject, "port-not-declared").summary
        )


def test_a_target_port_that_all_pods_lack() -> None:
    subject = scene(port={"targetPort": "api"})
    (slice_,) = subject.inventory.known(ENDPOINT_SLICES)
    slice_["ports"] = None  # as the controller writes it, with the pods as endpoints
    assert found(subject) == {"no-ready-endpoint": Severity.ERRORS}
    assert finding(subject, "no-ready-endpoint").summary.startswith("no pod declares a port with the name api")


@pytest.mark.parametrize(
    ("port", "severity"),
    [
        ({"name": "tcp-grpc"}, Severity.PINS),
        ({"name": "tcp"}, Severity.PINS),
        ({"name": "TLS-grpc"}, Severity.PINS),
        ({"name": "https"}, Severity.PINS),
        ({"name": "mongo-grpc"}, Severity.PINS),
        ({"name": "grpc", "appProtocol": "tcp"}, Severity.PINS),
        ({"name": "", "port": 3306}, Severity.PINS),
        ({"name": "grpcserver"}, None),
        ({"name": "otlp-grpc"}, None),
        ({"name": ""}, None),
    ],
)
def test_the_ports_protocol(port: dict[str, Any], severity: Severity | None) -> None:
    subject = scene(port=port)
    expected = {"port-declared-as-tcp": severity} if severity else {"port-protocol-sniffed": Severity.OBSCURES}
    assert found(subject) == expected
    name = next(iter(expected))
    patch = '[{"op":"add","path":"/spec/ports/0/appProtocol","value":"grpc"}]'
    assert commands(subject, name) == [
        f"kubectl patch service cart --type=json --patch '{patch}' --namespace shop",
        *(RESTART if severity else ()),
    ]


def test_the_ports_protocol_does_not_matter_to_kube_proxy() -> None:
    subject = scene(port={"name": "tcp-grpc"}, caller=outside(), namespaces={SHOP: {}}, webhooks=[], groups=())
    assert list(found(subject)) == ["kube-proxy-balances-connections"]


def test_a_port_that_another_protocol_has_too() -> None:
    entry = named("legacy", spec={"ports": [{"number": 50051, "protocol": "TCP"}]})
    assert found(scene({SERVICE_ENTRIES: [entry]})) == {"port-shared-with-other-protocol": Severity.MAY_PIN}
    assert found(scene(missing=[may_not(SERVICE_ENTRIES)])) == {"port-shared-with-other-protocol": Severity.UNKNOWN}


def test_headless_behind_a_sidecar() -> None:
    subject = scene(service={"clusterIP": "None"})
    assert found(subject) == {"headless-behind-sidecar": Severity.MAY_PIN}
    pipe, *restart = commands(subject, "headless-behind-sidecar")
    assert restart == RESTART
    assert pipe.startswith("kubectl patch service cart --type=json ")
    assert pipe.endswith(" --dry-run=client --output=json | kubectl replace --force --filename=-")
    env = [{"name": "PILOT_ENABLE_EDS_FOR_HEADLESS_SERVICES", "value": "true"}]
    istiod = named("istiod", "istio-system", spec={"template": {"spec": {"containers": [{"env": env}]}}})
    assert found(scene({DEPLOYMENTS: [istiod]}, service={"clusterIP": "None"})) == {}
    unsure = scene(service={"clusterIP": "None"}, missing=[may_not(DEPLOYMENTS, "istio-system")])
    assert found(unsure) == {"headless-behind-sidecar": Severity.UNKNOWN}


def test_headless_without_a_sidecar() -> None:
    subject = scene(service={"clusterIP": "None"}, caller=outside(), namespaces={SHOP: {}})
    assert found(subject) == {"headless-needs-round-robin": Severity.MAY_PIN}
    subject = scene(service={"clusterIP": "None"}, caller=None, namespaces={SHOP: {}}, webhooks=[], groups=())
    assert found(subject) == {"headless-needs-round-robin": Severity.MAY_PIN}


def test_session_affinity() -> None:
    sticky = {"sessionAffinity": "ClientIP"}
    subject = scene(service=sticky, caller=outside(), namespaces={SHOP: {}})
    assert list(found(subject)) == ["client-without-sidecar", "session-affinity"]
    assert commands(subject, "session-affinity") == [
        """kubectl patch service cart --type=merge --patch '{"spec":{"sessionAffinity":"None"}}' --namespace shop""",
        *RESTART,
    ]
    assert found(scene(service=sticky, caller=None))["session-affinity"] is Severity.MAY_PIN


@pytest.mark.parametrize(
    ("node", "severity"),
    [("node-1", Severity.PINS), ("node-4", Severity.ERRORS), ("node-2", Severity.MAY_PIN)],
)
def test_only_the_nodes_own_pods(node: str, severity: Severity) -> None:
    pods = servers(nodes=("node-1", "node-2", "node-2"))
    subject = scene(service={"internalTrafficPolicy": "Local"}, caller=client(node=node), pods=pods)
    assert found(subject) == {"internal-traffic-policy": severity}


def test_only_some_nodes_pods_for_a_client_that_nobody_named() -> None:
    subject = scene(service={"internalTrafficPolicy": "Local"}, caller=None, pods=SPREAD, others=[])
    assert found(subject)["internal-traffic-policy"] is Severity.MAY_PIN


@pytest.mark.parametrize("value", ["PreferClose", "PreferSameZone"])
@pytest.mark.parametrize(("node", "severity"), [("node-1", Severity.PINS), ("node-2", Severity.MAY_PIN)])
def test_near_zones_first(value: str, node: str, severity: Severity) -> None:
    subject = scene(
        {NODES: nodes()},
        service={"trafficDistribution": value},
        caller=client(node=node),
        pods=SPREAD,
        zones=ZONES,
    )
    assert found(subject) == {"traffic-distribution": severity}
    assert '"trafficDistribution":null' in commands(subject, "traffic-distribution")[0]


def test_near_nodes_first() -> None:
    subject = scene(service={"trafficDistribution": "PreferSameNode"}, caller=client(node="node-3"), pods=SPREAD)
    assert found(subject) == {"traffic-distribution": Severity.PINS}
    subject = scene(service={"trafficDistribution": "PreferSameNode"}, caller=client(node="node-9"), pods=SPREAD)
    assert found(subject) == {}


def test_near_zones_of_nodes_that_may_not_be_read() -> None:
    subject = scene(
        annotations={"networking.istio.io/traffic-distribution": "PreferClose"},
        pods=SPREAD,
        zones=ZONES,
        missing=[may_not(NODES)],
    )
    assert found(subject) == {"traffic-distribution": Severity.UNKNOWN}
    assert found(scene(annotations={"networking.istio.io/traffic-distribution": "Any"})) == {}


def test_topology_hints_are_for_kube_proxy() -> None:
    hints = {"service.kubernetes.io/topology-mode": "Auto"}
    around: dict[str, Any] = {"annotations": hints, "pods": SPREAD, "zones": ZONES}
    subject = scene({NODES: nodes()}, caller=outside(), namespaces={SHOP: {}}, **around)
    assert found(subject)["topology-mode"] is Severity.MAY_PIN
    assert "topology-mode" not in found(scene({NODES: nodes()}, **around))


def test_another_hop_decides() -> None:
    subject = scene(service={"type": "ExternalName", "externalName": "cart.example.com", "clusterIP": ""}, pods=[])
    assert found(subject) == {"external-name": Severity.UNKNOWN}
    assert found(scene(service={"selector": None})) == {"no-selector": Severity.OBSCURES}
    subject = scene(service={"type": "LoadBalancer"}, caller=None, others=[pod("web-1", sidecar="native")])
    assert found(subject) == {"entered-from-outside": Severity.OBSCURES}


def test_an_ingress_that_calls_the_cluster_ip() -> None:
    path = {"backend": {"service": {"name": "cart", "port": {"number": 50051}}}}
    ingress = named(
        "shop",
        spec={"rules": [{"http": {"paths": [path]}}]},
        annotations={"nginx.ingress.kubernetes.io/service-upstream": "true"},
    )
    subject = scene({INGRESSES: [ingress]})
    assert found(subject) == {"ingress-calls-cluster-ip": Severity.MAY_PIN}
    assert commands(subject, "ingress-calls-cluster-ip") == [
        "kubectl annotate ingress shop nginx.ingress.kubernetes.io/service-upstream- --namespace shop"
    ]
    assert found(scene({INGRESSES: [{**ingress, "spec": {}}]})) == {}


def test_what_only_misleads() -> None:
    assert found(scene(service={"publishNotReadyAddresses": True})) == {"unready-pods-published": Severity.OBSCURES}
    canary = pod("canary-1", "canary", labels={"app": "cart"})
    subject = scene(pods=[*servers(2), canary])
    assert found(subject) == {"several-workloads": Severity.OBSCURES}
