"""AuthorizationPolicies that certainly refuse a client, and those that may not."""

from typing import Any

import pytest

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import AUTHORIZATION_POLICIES, ENDPOINT_SLICES, Resource
from tests.diagnosis.scenes import SHOP, client, finding, found, may_not, named, outside, scene, servers, slice_of

MESHED: dict[str, Any] = {"sidecar": "native"}
DENIED = {"authorization-denied": Severity.ERRORS}


def policy(*rules: Object, namespace: str = SHOP, annotations: dict[str, str] | None = None, **spec: Any) -> Object:
    listed = {"rules": list(rules)} if rules else {}
    return named("p", namespace, spec={**listed, **spec}, annotations=annotations or {})


def with_policies(*policies: Object, **around: Any) -> Scene:
    own_names = [
        {**one, "metadata": {**one["metadata"], "name": f"policy-{index}"}} for index, one in enumerate(policies)
    ]
    return scene({AUTHORIZATION_POLICIES: own_names}, **{"pods": servers(**MESHED), **around})


def from_(**source: Any) -> Object:
    return {"from": [{"source": source}]}


def to(**operation: Any) -> Object:
    return {"to": [{"operation": operation}]}


NOTHING, ANYTHING = policy(), policy({})


@pytest.mark.parametrize(
    ("rule", "is_denied"),
    [
        ({}, True),
        (to(ports=["50051"]), True),
        (to(ports=["9090"]), False),
        (to(ports=["50051"], methods=["POST"]), False),
        (to(paths=["/admin*"]), False),
        (from_(namespaces=[SHOP]), False),
        ({"when": [{"key": "request.headers[x]", "values": ["1"]}]}, False),
    ],
)
def test_what_denies_every_call(rule: Object, is_denied: bool) -> None:
    assert found(with_policies(policy(rule, action="DENY"))) == (DENIED if is_denied else {})


@pytest.mark.parametrize(
    ("rule", "is_allowed"),
    [
        ({}, True),
        (from_(namespaces=[SHOP]), True),
        (from_(namespaces=["front"]), False),
        (from_(namespaces=["front*"]), True),
        (from_(principals=["cluster.local/ns/shop/sa/default"]), True),
        (from_(principals=["cluster.local/ns/shop/sa/web"]), False),
        (from_(principals=["*"]), True),
        (from_(namespaces=["front"], principals=["*"]), False),
        (from_(ipBlocks=["10.0.0.0/8"]), True),
        (from_(notNamespaces=[SHOP]), True),
        (to(ports=["9090"]), False),
        (to(methods=["GET"]), False),
        (to(methods=["GET", "POST"]), True),
        (to(paths=["/shop.Cart/*"]), True),
        ({**from_(namespaces=["front"]), **to(ports=["50051"])}, False),
    ],
)
def test_what_allows_no_call_of_the_client(rule: Object, is_allowed: bool) -> None:
    assert found(with_policies(policy(rule))) == ({} if is_allowed else DENIED)


def test_policies_together() -> None:
    assert found(with_policies(NOTHING)) == DENIED
    assert found(with_policies(NOTHING, ANYTHING)) == {}, "what any of them allows is allowed"
    assert found(with_policies(policy({}, action="DENY"), ANYTHING)) == DENIED
    assert found(with_policies(policy(action="DENY"), policy({}, action="AUDIT"))) == {}
    assert found(with_policies(policy(namespace="istio-system"))) == DENIED
    for other in (
        policy(namespace="front"),
        policy(selector={"matchLabels": {"app": "web"}}),
        policy(targetRefs=[{"kind": "Service", "name": "cart"}]),
        policy(annotations={"istio.io/dry-run": "true"}),
    ):
        assert found(with_policies(other)) == {}


def test_whose_sidecar_refuses() -> None:
    """Nobody's, if none is there, or if calls may go past it."""
    assert found(with_policies(NOTHING, pods=servers())) == {}
    past = servers(**MESHED, annotations={"traffic.sidecar.istio.io/includeInboundPorts": "9090"})
    assert found(with_policies(NOTHING, pods=past)) == {}
    assert "authorization-denied" in found(with_policies(NOTHING, caller=None))
    assert "authorization-denied" not in found(with_policies(policy(from_(namespaces=["front"])), caller=None))
    assert found(with_policies(policy(from_(namespaces=["front"])), caller=client(namespace="front"))) == {}
    strangers = policy(from_(namespaces=["front"]))
    unmeshed = with_policies(strangers, caller=outside(), namespaces={SHOP: {}})
    assert "authorization-denied" in found(unmeshed), "without a sidecar, it has no identity at all"
    unknown = with_policies(strangers, caller=outside(), namespaces={SHOP: {"istio.io/dataplane-mode": "ambient"}})
    assert "authorization-denied" not in found(unknown)


def test_a_port_whose_number_is_not_known() -> None:
    slice_ = {**slice_of(servers(**MESHED), {}), "ports": [{"name": "grpc"}]}
    policies = [policy(to(ports=["9090"]))]
    objects: dict[Resource, list[Object]] = {AUTHORIZATION_POLICIES: policies, ENDPOINT_SLICES: [slice_]}
    assert found(scene(objects, pods=servers(**MESHED))) == {}


def test_evidence() -> None:
    one = finding(with_policies(policy(from_(namespaces=["front"]))), "authorization-denied")
    assert one.summary.startswith("no AuthorizationPolicy allows the calls of deployment/web: cart-")
    (evidence,) = one.evidence
    assert (evidence.path, evidence.value) == ("spec.rules", '[{"from":[{"source":{"namespaces":["front"]}}]}]')
    one = finding(with_policies(NOTHING), "authorization-denied")
    assert one.summary.startswith("no AuthorizationPolicy allows the calls of anybody: ")
    assert [evidence.value for evidence in one.evidence] == [None]
    assert found(with_policies(missing=[may_not(AUTHORIZATION_POLICIES)])) == {"authorization-denied": Severity.UNKNOWN}
