"""What the mesh is told about the Service: rules, routes, exclusions, visibility, modes."""

from __future__ import annotations

from typing import Any

import pytest

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.scene import Scene
from grpcdemo.resources.resource import (
    CONFIG_MAPS,
    DEPLOYMENTS,
    DESTINATION_RULES,
    ENVOY_FILTERS,
    FELIX_CONFIGURATIONS,
    GATEWAYS,
    GRPC_ROUTES,
    NODES,
    PEER_AUTHENTICATIONS,
    PODS,
    SIDECARS,
    TELEMETRIES,
    VIRTUAL_SERVICES,
)
from tests.diagnosis.scenes import (
    HOST,
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

ZONES = {"node-1": "a", "node-2": "b"}
V1 = {"name": "v1", "labels": {"version": "v1"}}


def rule(policy: Any = None, *, host: str = "cart", namespace: str = SHOP, **spec: Any) -> dict[str, Any]:
    return named("cart", namespace, spec={"host": host, "trafficPolicy": policy, **spec})


def with_rule(policy: Any, **fields: Any) -> Scene:
    return scene({DESTINATION_RULES: [rule(policy)]}, **fields)


def balancer(**fields: Any) -> dict[str, Any]:
    return {"loadBalancer": fields}


def routes(*destinations: dict[str, Any], **entry: Any) -> dict[str, Any]:
    return named("cart", spec={"hosts": ["cart"], "http": [{"route": [*destinations], **entry}]})


def to(subset: str | None, weight: int | None = None) -> dict[str, Any]:
    destination = {"host": HOST, **({"subset": subset} if subset else {})}
    return {"destination": destination, **({} if weight is None else {"weight": weight})}


@pytest.mark.parametrize(
    ("hashing", "severity"),
    [
        ({"useSourceIp": True}, Severity.PINS),
        ({"httpHeaderName": "x-user"}, Severity.MAY_PIN),
        ({"httpQueryParameterName": "user"}, Severity.MAY_PIN),
        ({"httpCookie": {"name": "user"}}, Severity.MAY_PIN),
    ],
)
def test_consistent_hash(hashing: dict[str, Any], severity: Severity) -> None:
    subject = with_rule(balancer(consistentHash=hashing))
    assert found(subject) == {"consistent-hash": severity}
    value = '[{"op":"add","path":"/spec/trafficPolicy/loadBalancer","value":{"simple":"LEAST_REQUEST"}}]'
    assert commands(subject, "consistent-hash") == [
        f"kubectl patch destinationrule cart --type=json --patch '{value}' --namespace shop"
    ]


def test_the_settings_of_the_port_replace_the_rest() -> None:
    sticky, fair = balancer(consistentHash={"useSourceIp": True}), balancer(simple="ROUND_ROBIN")
    ours = {"port": {"number": 50051}}
    assert found(with_rule({**sticky, "portLevelSettings": [{**ours, **fair}]})) == {}
    subject = with_rule({**fair, "portLevelSettings": [{"port": {"number": 9090}, **sticky}, {**ours, **sticky}]})
    assert found(subject) == {"consistent-hash": Severity.PINS}
    assert "/spec/trafficPolicy/portLevelSettings/1/loadBalancer" in commands(subject, "consistent-hash")[0]


def test_the_policy_of_a_subset_counts_where_calls_go_to_it() -> None:
    subset = {"name": "all", "labels": {"app": "cart"}, "trafficPolicy": balancer(simple="PASSTHROUGH")}
    objects = {DESTINATION_RULES: [rule(subsets=[subset])]}
    assert found(scene(objects)) == {}
    subject = scene({**objects, VIRTUAL_SERVICES: [routes(to("all"))]})
    assert found(subject) == {"passes-connections-through": Severity.PINS}
    assert "/spec/subsets/0/trafficPolicy/loadBalancer" in commands(subject, "passes-connections-through")[0]


PASSING = balancer(simple="PASSTHROUGH")


@pytest.mark.parametrize(
    ("rules", "applies"),
    [
        ([rule(PASSING, host=HOST)], True),
        ([rule(PASSING, host="*.shop.svc.cluster.local")], True),
        ([rule(PASSING, host="*")], True),
        ([rule(PASSING, host="cart.shop")], False),  # with a dot, it is taken for complete
        ([rule(PASSING, host="*.local"), rule(balancer(simple="RANDOM"), host=HOST, namespace="front")], False),
        ([rule(PASSING, host=HOST, namespace="front")], True),
        ([rule(PASSING, host="cart", namespace="front")], False),  # a Service of that namespace
        ([rule(PASSING, host=HOST, namespace="istio-system")], True),
        ([rule(PASSING, host=HOST, namespace="elsewhere")], False),
        ([rule(PASSING, exportTo=["."])], False),
        ([rule(PASSING, exportTo=["front"])], True),
        ([rule(PASSING, host=HOST, namespace="front", workloadSelector={"matchLabels": {"app": "other"}})], False),
        ([rule(PASSING, host=HOST, namespace="front", workloadSelector={"matchLabels": {"app": "web"}})], True),
    ],
)
def test_which_rule_applies_to_a_client_elsewhere(rules: list[Any], applies: bool) -> None:
    caller = client(namespace="front")
    subject = scene({DESTINATION_RULES: rules}, caller=caller, namespaces={"front": {}})
    assert ("passes-connections-through" in found(subject)) == applies


def test_rules_that_may_not_be_read() -> None:
    findings = found(scene(missing=[may_not(DESTINATION_RULES, "istio-system")]))
    assert findings.keys() == {
        "consistent-hash",
        "passes-connections-through",
        "locality-failover",
        "mtls-mismatch",
        "connection-pool-limits",
    }
    assert {*findings.values()} == {Severity.UNKNOWN}


def test_a_rule_does_not_matter_to_a_client_of_kube_proxy() -> None:
    subject = with_rule(PASSING, caller=outside(), namespaces={SHOP: {}}, webhooks=[], groups=())
    assert list(found(subject)) == ["kube-proxy-balances-connections"]


def test_outlier_detection_prefers_the_clients_zone() -> None:
    nodes = [named(name, "", labels={"topology.kubernetes.io/zone": zone}) for name, zone in ZONES.items()]
    around: dict[str, Any] = {"pods": servers(nodes=("node-1", "node-2", "node-2")), "zones": ZONES}
    policy = {"outlierDetection": {"consecutive5xxErrors": 3}}
    subject = scene({DESTINATION_RULES: [rule(policy)], NODES: nodes}, **around)
    assert found(subject) == {"locality-failover": Severity.PINS}
    assert '"value":{"localityLbSetting":{"enabled":false}}' in commands(subject, "locality-failover")[0]
    off = {**policy, **balancer(localityLbSetting={"enabled": False})}
    assert found(scene({DESTINATION_RULES: [rule(off)], NODES: nodes}, **around)) == {}


@pytest.mark.parametrize(
    "http", [{"maxRequestsPerConnection": 1}, {"http2MaxRequests": 2}], ids=["a connection a call", "few calls"]
)
def test_limits_that_look_like_balancing(http: dict[str, int]) -> None:
    assert found(with_rule({"connectionPool": {"http": http}})) == {"connection-pool-limits": Severity.OBSCURES}


VERSIONS = [*servers(1, labels={"version": "v1"}), pod("cart-8", "cart"), pod("cart-9", "cart")]


def test_a_subset_of_one_pod() -> None:
    objects = {DESTINATION_RULES: [rule(subsets=[V1])], VIRTUAL_SERVICES: [routes(to("v1"))]}
    subject = scene(objects, pods=VERSIONS)
    assert found(subject) == {"subset-of-pods": Severity.PINS}
    assert "1 of 3 ready pods (cart-7d4b9c8f6-0)" in finding(subject, "subset-of-pods").summary
    patch = '[{"op":"remove","path":"/spec/http/0/route/0/destination/subset"}]'
    assert commands(subject, "subset-of-pods") == [
        f"kubectl patch virtualservice cart --type=json --patch '{patch}' --namespace shop"
    ]


@pytest.mark.parametrize(
    ("route", "severity"),
    [
        (routes(to("v1"), match=[{"headers": {}}]), Severity.MAY_PIN),
        (routes(to("v1", 90), {"destination": {"host": "other"}, "weight": 10}), Severity.MAY_PIN),
        (routes(to("v1", 100), to("v2", 0)), Severity.PINS),
        (routes(to("v1", 50), to("v2", 50)), Severity.MAY_PIN),
        (routes(to("v3")), Severity.ERRORS),
        (routes(to("v9")), Severity.ERRORS),
        (routes(to("v1", 10), to(None, 90)), None),
        (routes({"destination": {"host": HOST, "subset": "v1", "port": {"number": 9090}}}), None),
    ],
)
def test_subsets(route: dict[str, Any], severity: Severity | None) -> None:
    subsets = [V1, {"name": "v2", "labels": {"version": "v2"}}, {"name": "v3", "labels": {"version": "v3"}}]
    pods = [*VERSIONS, pod("cart-7", "cart", labels={"version": "v2"})]
    subject = scene({DESTINATION_RULES: [rule(subsets=subsets)], VIRTUAL_SERVICES: [route]}, pods=pods)
    assert found(subject) == ({"subset-of-pods": severity} if severity else {})


@pytest.mark.parametrize(
    ("fault", "match", "severity"),
    [
        ({"abort": {"percentage": {"value": 100}}}, [], Severity.ERRORS),
        ({"abort": {"percentage": {"value": 100}}}, [{"headers": {}}], Severity.OBSCURES),
        ({"abort": {"percentage": {"value": 0.5}}}, [], Severity.OBSCURES),
        ({"abort": {"httpStatus": 503}}, [], None),
        ({"delay": {"percentage": {"value": 100}}}, [], None),
    ],
)
def test_faults_that_are_injected(fault: dict[str, Any], match: list[Any], severity: Severity | None) -> None:
    subject = scene({VIRTUAL_SERVICES: [routes(to(None), fault=fault, match=match)]})
    assert found(subject) == ({"calls-aborted": severity} if severity else {})


@pytest.mark.parametrize("name", ["directResponse", "redirect"])
@pytest.mark.parametrize(
    ("match", "severity"), [([], Severity.ERRORS), ([{"headers": {}}], Severity.OBSCURES)], ids=["all", "some"]
)
def test_calls_that_the_sidecar_answers_itself(name: str, match: list[Any], severity: Severity) -> None:
    entry = {name: {"status": 503}, "match": match}
    route = named("cart", spec={"hosts": ["cart"], "http": [entry, {"route": [to(None)]}]})
    assert found(scene({VIRTUAL_SERVICES: [route]})) == {"calls-aborted": severity}


@pytest.mark.parametrize(("fault", "path"), [({}, "fault"), ({"delay": {"fixedDelay": "1s"}}, "fault/abort")])
def test_a_fault_is_taken_out(fault: dict[str, Any], path: str) -> None:
    """One without anything in it would be refused."""
    abort = {"abort": {"percentage": {"value": 100}}}
    (command,) = commands(scene({VIRTUAL_SERVICES: [routes(to(None), fault={**abort, **fault})]}), "calls-aborted")
    assert f'[{{"op":"remove","path":"/spec/http/0/{path}"}}]' in command


def test_only_the_first_route_that_matches_is_followed() -> None:
    first, second = {"route": [to(None)]}, {"route": [to("v1")]}
    for entries, is_followed in (([first, second], False), ([{**first, "match": [{"headers": {}}]}, second], True)):
        objects = {
            DESTINATION_RULES: [rule(subsets=[V1])],
            VIRTUAL_SERVICES: [named("cart", spec={"hosts": ["cart"], "http": entries})],
        }
        assert ("subset-of-pods" in found(scene(objects, pods=VERSIONS))) == is_followed


@pytest.mark.parametrize(
    ("weights", "uneven"), [((95, 5), True), ((60, 40), False), ((33, 67), False), ((1, 9), True), ((70, 30), True)]
)
def test_weights_that_do_not_fit_the_pods(weights: tuple[int, int], uneven: bool) -> None:
    pods = [*VERSIONS[:1], *(pod(f"cart-{at}", "cart", labels={"version": "v2"}) for at in range(2))]
    route = routes(*(to(name, weight) for name, weight in zip(("v1", "v2"), weights, strict=True)))
    subsets = [V1, {"name": "v2", "labels": {"version": "v2"}}]
    subject = scene({DESTINATION_RULES: [rule(subsets=subsets)], VIRTUAL_SERVICES: [route]}, pods=pods)
    assert found(subject) == ({"uneven-weights": Severity.MAY_PIN} if uneven else {})
    if weights == (95, 5):
        assert "give cart-7d4b9c8f6-0 95% of the calls, even share 33%" in finding(subject, "uneven-weights").summary
        (command,) = commands(subject, "uneven-weights")
        for at, number in ((0, 1), (1, 2)):
            assert f'{{"op":"replace","path":"/spec/http/0/route/{at}/weight","value":{number}}}' in command


def test_calls_that_are_led_elsewhere() -> None:
    other = {"destination": {"host": "other"}}
    assert found(scene({VIRTUAL_SERVICES: [routes(other)]})) == {"calls-led-elsewhere": Severity.UNKNOWN}
    assert found(scene({VIRTUAL_SERVICES: [routes(other, match=[{"headers": {}}])]})) == {}


def test_virtual_services() -> None:
    public = named("public", spec={"hosts": ["cart.example.com"], "http": [{"route": [to(None)]}]})
    assert found(scene({VIRTUAL_SERVICES: [public]})) == {"virtual-service-for-another-host": Severity.OBSCURES}
    public["spec"]["gateways"] = ["ingress"]
    assert found(scene({VIRTUAL_SERVICES: [public]})) == {}
    two = [routes(to(None)), {**routes(to(None)), **named("again", spec={"hosts": [HOST]})}]
    assert found(scene({VIRTUAL_SERVICES: two})) == {"several-virtual-services": Severity.OBSCURES}
    tcp = named("tcp", spec={"hosts": ["cart"], "tcp": [{"route": []}, {}]})
    assert found(scene({VIRTUAL_SERVICES: [tcp]}, port={"name": "api"}))["connection-routes"] is Severity.MAY_PIN
    assert found(scene({VIRTUAL_SERVICES: [tcp]})) == {}
    assert found(scene(missing=[may_not(VIRTUAL_SERVICES, SHOP)])).keys() == {
        "subset-of-pods",
        "calls-aborted",
        "uneven-weights",
        "calls-led-elsewhere",
        "virtual-service-for-another-host",
        "several-virtual-services",
    }


def test_routes_of_the_gateway_api() -> None:
    status = {"parents": [{"conditions": [{"type": "Accepted", "status": "False", "reason": "NoMatchingParent"}]}]}
    spec: dict[str, Any] = {
        "parentRefs": [{"kind": "Service", "name": "cart"}],
        "rules": [{"sessionPersistence": {"type": "Header"}}],
    }
    route = {**named("cart", spec=spec), "status": status}
    assert found(scene({GRPC_ROUTES: [route]})) == {
        "session-persistence": Severity.MAY_PIN,
        "route-not-accepted": Severity.OBSCURES,
    }
    spec["parentRefs"][0]["port"] = 9090
    assert found(scene({GRPC_ROUTES: [route]})) == {}
    assert found(scene(missing=[may_not(GRPC_ROUTES)])).keys() == {"session-persistence", "route-not-accepted"}


@pytest.mark.parametrize(
    ("name", "value", "rest"),
    [
        ("excludeOutboundPorts", "50051", "null"),
        ("excludeOutboundPorts", "9090, 50051", '"9090"'),
        ("excludeOutboundPorts", "*", "null"),
        ("excludeOutboundIPRanges", "10.96.0.0/16,192.0.2.0/24", '"192.0.2.0/24"'),
        ("includeOutboundIPRanges", "192.0.2.0/24", "null"),
        ("includeOutboundIPRanges", "", "null"),
    ],
)
def test_calls_that_go_past_the_sidecar(name: str, value: str, rest: str) -> None:
    key = f"traffic.sidecar.istio.io/{name}"
    subject = scene(caller=client(annotations={key: value}))
    assert found(subject) == {"calls-excluded-from-sidecar": Severity.PINS}
    patch, status = commands(subject, "calls-excluded-from-sidecar")
    assert f'"annotations":{{"{key}":{rest}}}' in patch
    assert status.startswith("kubectl rollout status deployment/web")


@pytest.mark.parametrize(
    "annotations",
    [
        {"excludeOutboundIPRanges": "192.0.2.0/24, typo"},
        {"includeOutboundIPRanges": "10.96.0.0/12"},
        {"includeOutboundIPRanges": "192.0.2.0/24", "includeOutboundPorts": "50051"},
    ],
)
def test_calls_that_do_not_go_past_it(annotations: dict[str, str]) -> None:
    prefixed = {f"traffic.sidecar.istio.io/{name}": value for name, value in annotations.items()}
    assert found(scene(caller=client(annotations=prefixed))) == {}


def test_an_exclusion_in_the_wrong_place_and_one_of_the_servers() -> None:
    excluded = {"traffic.sidecar.istio.io/excludeOutboundPorts": "50051"}
    assert found(scene(caller=client(on_workload=excluded))) == {"exclusion-on-the-workload": Severity.OBSCURES}
    inbound = {"traffic.sidecar.istio.io/excludeInboundPorts": "50051,9090"}
    assert found(scene(pods=servers(annotations=inbound))) == {}, "without a sidecar, there is nothing to go past"
    subject = scene(pods=servers(sidecar="native", annotations=inbound))
    assert found(subject) == {"server-port-excluded": Severity.ERRORS}
    change, rollout = commands(subject, "server-port-excluded")
    assert change.startswith("kubectl patch deployment cart ")
    assert '"traffic.sidecar.istio.io/excludeInboundPorts":"9090"' in change
    assert rollout.startswith("kubectl rollout status deployment/cart ")


@pytest.mark.parametrize(
    ("objects", "severity"),
    [
        ({PEER_AUTHENTICATIONS: [named("cart", spec={"mtls": {"mode": "DISABLE"}})]}, Severity.OBSCURES),
        ({PEER_AUTHENTICATIONS: [named("cart", spec={"mtls": {"mode": "PERMISSIVE"}})]}, Severity.ERRORS),
        (
            {DESTINATION_RULES: [named("cart", spec={"host": "cart", "trafficPolicy": {"tls": {"mode": "DISABLE"}}})]},
            Severity.OBSCURES,
        ),
    ],
)
def test_calls_past_the_servers_sidecars_fail_if_the_clients_encrypts(
    objects: dict[Any, Any], severity: Severity
) -> None:
    pods = servers(sidecar="native", annotations={"traffic.sidecar.istio.io/excludeInboundPorts": "50051"})
    assert found(scene(objects, pods=pods))["server-port-excluded"] is severity
    outsider = found(scene(objects, caller=outside(), pods=pods))
    assert outsider["server-port-excluded"] is Severity.OBSCURES


def test_a_client_that_runs_as_the_proxys_user() -> None:
    subject = scene(caller=client(securityContext={"runAsUser": 1337}))
    assert found(subject) == {"client-runs-as-proxy": Severity.PINS}
    assert '"spec":{"securityContext":{"runAsUser":1000}}' in commands(subject, "client-runs-as-proxy")[0]
    subject = scene(caller=client(container={"securityContext": {"runAsGroup": 1337}}))
    patch = commands(subject, "client-runs-as-proxy")[0]
    assert "--type=strategic" in patch
    assert '{"containers":[{"name":"web","securityContext":{"runAsGroup":1000}}]}' in patch
    assert found(scene(caller=client(securityContext={"runAsUser": 1000}))) == {}


def test_a_proxy_in_the_environment() -> None:
    env = [{"name": "HTTPS_PROXY", "value": "http://proxy:3128"}]
    assert found(scene(caller=client(container={"env": env}))) == {"proxied-by-environment": Severity.OBSCURES}
    exempt = [*env, {"name": "NO_PROXY", "value": ".svc.cluster.local,.shop"}]
    assert found(scene(caller=client(container={"env": exempt}))) == {}


def sidecar(*hosts: str, **spec: Any) -> dict[str, Any]:
    return named("default", spec={"egress": [{"hosts": [*hosts]}], **spec})


@pytest.mark.parametrize(
    ("resource", "severity"),
    [
        (sidecar("istio-system/*"), Severity.PINS),
        (sidecar("./other.shop.svc.cluster.local"), Severity.PINS),
        (sidecar("~/*"), Severity.PINS),
        (sidecar("istio-system/*", outboundTrafficPolicy={"mode": "REGISTRY_ONLY"}), Severity.ERRORS),
        (named("default", spec={"egress": [{"port": {"number": 9090}, "hosts": ["*/*"]}]}), Severity.PINS),
        (sidecar("istio-system/*", workloadSelector={"labels": {"app": "web"}}), Severity.PINS),
        (sidecar("istio-system/*", workloadSelector={"labels": {"app": "other"}}), None),
        (sidecar("*/*"), None),
        (sidecar("shop/*"), None),
        (sidecar(f"./{HOST}"), None),
        (named("default", spec={}), None),
    ],
)
def test_what_a_sidecar_resource_hides(resource: dict[str, Any], severity: Severity | None) -> None:
    subject = scene({SIDECARS: [resource]})
    assert found(subject) == ({"hidden-by-sidecar-resource": severity} if severity else {})
    if severity:
        value = f'[{{"op":"add","path":"/spec/egress/0/hosts/-","value":"shop/{HOST}"}}]'
        assert f"--patch '{value}'" in commands(subject, "hidden-by-sidecar-resource")[0]


def test_the_meshs_own_sidecar_resource_and_policy() -> None:
    mesh = named("istio", "istio-system")
    mesh["data"] = {"mesh": "outboundTrafficPolicy:\n  mode: REGISTRY_ONLY\n"}
    hiding = {**sidecar("istio-system/*"), "metadata": {"name": "default", "namespace": "istio-system"}}
    subject = scene({SIDECARS: [hiding], CONFIG_MAPS: [mesh]})
    assert found(subject) == {"hidden-by-sidecar-resource": Severity.ERRORS}
    unsure = scene({SIDECARS: [hiding]}, missing=[may_not(CONFIG_MAPS, "istio-system")])
    assert found(unsure) == {"hidden-by-sidecar-resource": Severity.UNKNOWN}
    assert found(scene(missing=[may_not(SIDECARS)])) == {"hidden-by-sidecar-resource": Severity.UNKNOWN}


@pytest.mark.parametrize(("value", "hidden"), [(".", True), ("~", True), ("back, front", False), ("*", False)])
def test_a_service_that_is_not_exported(value: str, hidden: bool) -> None:
    subject = scene(
        annotations={"networking.istio.io/exportTo": value},
        caller=client(namespace="front"),
        namespaces={"front": {}},
    )
    assert found(subject) == ({"hidden-by-export": Severity.PINS} if hidden else {})


AMBIENT = {SHOP: {"istio.io/dataplane-mode": "ambient"}}


def waypoint(programmed: str = "True", **labels: str) -> dict[str, Any]:
    status = {"conditions": [{"type": "Programmed", "status": programmed}]}
    return {**named("way", spec={"gatewayClassName": "istio-waypoint"}, labels=labels), "status": status}


def test_ambient_without_a_waypoint() -> None:
    subject = scene(caller=outside(), namespaces=AMBIENT)
    assert found(subject) == {"ambient-without-waypoint": Severity.PINS}
    assert "istioctl waypoint apply --namespace shop" in finding(subject, "ambient-without-waypoint").remedy.note
    subject = scene({GATEWAYS: [waypoint()]}, caller=outside(), namespaces=AMBIENT)
    assert commands(subject, "ambient-without-waypoint") == [
        "kubectl label service cart istio.io/use-waypoint=way --overwrite --namespace shop"
    ]
    assert found(scene(caller=None, namespaces=AMBIENT))["ambient-without-waypoint"] is Severity.PINS


@pytest.mark.parametrize(
    ("gateways", "words"),
    [
        ([], "does not exist"),
        ([waypoint("False")], "not programmed"),
        ([waypoint(**{"istio.io/waypoint-for": "workload"})], "is for workload"),
    ],
)
def test_a_waypoint_that_does_not_apply(gateways: list[Any], words: str) -> None:
    using = {"istio.io/use-waypoint": "way"}
    subject = scene({GATEWAYS: gateways}, caller=outside(), namespaces=AMBIENT, labels=using)
    assert found(subject) == {"waypoint-does-not-apply": Severity.PINS}
    assert words in finding(subject, "waypoint-does-not-apply").summary


def test_a_waypoint_that_may_not_be_read_and_one_of_several_pods() -> None:
    using = {"istio.io/use-waypoint": "way"}
    unsure = scene(caller=outside(), namespaces=AMBIENT, labels=using, missing=[may_not(GATEWAYS, SHOP)])
    assert found(unsure) == {"waypoint-does-not-apply": Severity.UNKNOWN}
    pods = [pod(f"way-{one}", "way", labels={"gateway.networking.k8s.io/gateway-name": "way"}) for one in (1, 2)]
    subject = scene({GATEWAYS: [waypoint()]}, caller=outside(), namespaces=AMBIENT, labels=using, others=pods)
    assert found(subject) == {"several-waypoint-pods": Severity.OBSCURES}


LINKERD: dict[str, Any] = {"webhooks": [], "groups": ("policy.linkerd.io",), "namespaces": {SHOP: {}}}


def linkerd(**annotations: str) -> Any:
    prefixed = {f"config.linkerd.io/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return client(sidecar="linkerd-proxy", annotations=prefixed)


def test_linkerd() -> None:
    opaque = {"config.linkerd.io/opaque-ports": "25,50000-50100"}
    subject = scene(caller=linkerd(), annotations=opaque, **LINKERD)
    assert found(subject) == {"linkerd-port-opaque": Severity.PINS}
    assert commands(subject, "linkerd-port-opaque") == [
        "kubectl annotate service cart config.linkerd.io/opaque-ports= --overwrite --namespace shop"
    ]
    subject = scene(caller=linkerd(), annotations={"config.linkerd.io/opaque-ports": "25"}, **LINKERD)
    assert found(subject) == {}
    subject = scene(caller=linkerd(skip_outbound_ports="50051"), **LINKERD)
    assert found(subject) == {"linkerd-port-skipped": Severity.PINS}
    subject = scene(caller=linkerd(), service={"clusterIP": "None"}, **LINKERD)
    assert found(subject) == {"headless-needs-round-robin": Severity.MAY_PIN}


def test_cilium_and_calico() -> None:
    config = named("cilium-config", "kube-system")
    config["data"] = {"bpf-lb-sock": "true"}
    cilium = ("cilium.io", "networking.istio.io")
    assert found(scene({CONFIG_MAPS: [config]}, groups=cilium)) == {"cilium-translates-first": Severity.MAY_PIN}
    unsure = scene(groups=cilium, missing=[may_not(CONFIG_MAPS, "kube-system")])
    assert found(unsure) == {"cilium-translates-first": Severity.UNKNOWN}
    config["data"]["bpf-lb-sock-hostns-only"] = "true"
    assert found(scene({CONFIG_MAPS: [config]}, groups=cilium)) == {}
    felix = named("default", "", spec={"bpfEnabled": True})
    assert found(scene({FELIX_CONFIGURATIONS: [felix]})) == {"calico-translates-first": Severity.MAY_PIN}
    felix["spec"]["bpfConnectTimeLoadBalancing"] = "Disabled"
    assert found(scene({FELIX_CONFIGURATIONS: [felix]})) == {}


def test_persistent_sessions_need_istiods_consent() -> None:
    env = [{"name": "PILOT_ENABLE_PERSISTENT_SESSION_FILTER", "value": "true"}]
    istiod = named("istiod", "istio-system", spec={"template": {"spec": {"containers": [{"env": env}]}}})
    label = {"istio.io/persistent-session": "my-cookie:/"}
    assert found(scene({DEPLOYMENTS: [istiod]}, labels=label)) == {"persistent-session": Severity.PINS}
    assert found(scene(labels=label)) == {}
    assert found(scene(labels=label, missing=[may_not(DEPLOYMENTS)])) == {"persistent-session": Severity.UNKNOWN}


@pytest.mark.parametrize(
    ("patch", "severity"),
    [
        ({"applyTo": "CLUSTER", "patch": {"value": {"lb_policy": "RING_HASH"}}}, Severity.UNKNOWN),
        ({"applyTo": "HTTP_FILTER", "patch": {"value": {"name": "lua"}}}, Severity.OBSCURES),
    ],
)
def test_envoy_filters_cannot_be_judged(patch: dict[str, Any], severity: Severity) -> None:
    assert found(scene({ENVOY_FILTERS: [named("x", spec={"configPatches": [patch]})]})) == {"envoy-filter": severity}
    assert found(scene(missing=[may_not(ENVOY_FILTERS)])) == {"envoy-filter": Severity.UNKNOWN}


def test_metrics_that_are_switched_off() -> None:
    telemetry = named("x", spec={"metrics": [{"overrides": [{"disabled": True}]}]})
    assert found(scene({TELEMETRIES: [telemetry]})) == {"metrics-switched-off": Severity.OBSCURES}


def test_a_client_without_envoy_that_refuses_the_policy() -> None:
    caller = client(annotations={"inject.istio.io/templates": "grpc-agent"})
    subject = with_rule(balancer(simple="LEAST_REQUEST"), caller=caller)
    assert found(subject) == {"proxyless-policy-refused": Severity.ERRORS}
    assert found(with_rule(balancer(simple="ROUND_ROBIN"), caller=caller)) == {}


def test_servers_that_take_mutual_tls_only() -> None:
    strict = named("default", spec={"mtls": {"mode": "STRICT"}})
    around: dict[str, Any] = {"caller": outside(), "pods": servers(sidecar="native"), "namespaces": {SHOP: {}}}
    subject = scene({PEER_AUTHENTICATIONS: [strict]}, **around)
    assert found(subject) == {"client-without-sidecar": Severity.PINS, "strict-mtls": Severity.ERRORS}
    strict["spec"]["portLevelMtls"] = {"50051": {"mode": "PERMISSIVE"}}
    assert "strict-mtls" not in found(scene({PEER_AUTHENTICATIONS: [strict]}, **around))
    unsure = scene(missing=[may_not(PEER_AUTHENTICATIONS, "istio-system")], **around)
    assert found(unsure)["strict-mtls"] is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("mode", "sidecar", "strict", "wrong"),
    [
        ("DISABLE", "native", "STRICT", True),
        ("DISABLE", "native", "PERMISSIVE", False),
        ("ISTIO_MUTUAL", "", "STRICT", True),
        ("ISTIO_MUTUAL", "native", "STRICT", False),
        ("DISABLE", "", "STRICT", False),
    ],
)
def test_mutual_tls_on_one_side_only(mode: str, sidecar: str, strict: str, wrong: bool) -> None:
    objects = {
        DESTINATION_RULES: [rule({"tls": {"mode": mode}})],
        PEER_AUTHENTICATIONS: [named("default", spec={"mtls": {"mode": strict}})],
    }
    subject = scene(objects, pods=servers(sidecar=sidecar))
    assert found(subject) == ({"mtls-mismatch": Severity.ERRORS} if wrong else {})
    if wrong:
        other = {"DISABLE": "ISTIO_MUTUAL"}.get(mode, "DISABLE")
        assert f'"value":{{"mode":"{other}"}}' in commands(subject, "mtls-mismatch")[0]


def test_pods_that_may_not_be_read() -> None:
    assert found(scene(missing=[may_not(PODS, SHOP)]))["server-port-excluded"] is Severity.UNKNOWN
