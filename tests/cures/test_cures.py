"""What each cure applies: the demo's objects, and the differences that it says it makes."""

import json
from pathlib import Path

import pytest

from grpcdemo.cures import CURES, find_cure
from grpcdemo.cures.cure import Change, Cure, CureValues
from grpcdemo.errors import UsageError
from grpcdemo.manifests.render import ManifestValues, build_objects
from grpcdemo.resources.objects import Object, is_ours

VALUES = CureValues(ManifestValues(namespace="compare", servers=4, clients=2, rate=25), "example.com/envoy:1")


@pytest.fixture(params=CURES, ids=lambda cure: cure.name)
def cure(request: pytest.FixtureRequest) -> Cure:
    found: Cure = request.param
    return found


def named(objects: list[Object], kind: str, name: str) -> Object:
    (found,) = (obj for obj in objects if (obj["kind"], obj["metadata"]["name"]) == (kind, name))
    return found


def env_of(deployment: Object) -> dict[str, str]:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return {variable["name"]: variable.get("value", "") for variable in container["env"]}


def build(name: str) -> list[Object]:
    return find_cure(name).build(VALUES)


def test_each_has_the_demos_deployments_with_these_values(cure: Cure) -> None:
    objects = cure.build(VALUES)
    server, client = (named(objects, "Deployment", name) for name in ("grpc-server", "grpc-client"))
    assert (server["spec"]["replicas"], client["spec"]["replicas"], env_of(client)["RATE"]) == (4, 2, "25")
    assert all(is_ours(obj) and obj["metadata"]["namespace"] == "compare" for obj in objects)


def test_services_come_first_and_the_client_last(cure: Cure) -> None:
    """A client whose name does not resolve yet backs off for long."""
    order = [(obj["kind"], obj["metadata"]["name"]) for obj in cure.build(VALUES)]
    kinds = [kind for kind, _ in order]
    assert kinds == sorted(kinds, reverse=True)
    assert order[-1] == ("Deployment", "grpc-client")


def test_a_cure_that_leaves_the_client_alone_calls_as_the_demo_does(cure: Cure) -> None:
    client = env_of(named(cure.build(VALUES), "Deployment", "grpc-client"))
    demo = env_of(named(build_objects(VALUES.demo), "Deployment", "grpc-client"))
    if Change.CLIENT_CODE not in cure.changes and Change.CLUSTER not in cure.changes:
        assert client == demo
    if Change.CLIENT_CODE in cure.changes:
        assert client != demo


def test_a_cure_that_leaves_the_server_alone_runs_it_as_without_a_cure(cure: Cure) -> None:
    server, plain = (named(objects, "Deployment", "grpc-server") for objects in (cure.build(VALUES), build("none")))
    if Change.SERVER_CODE not in cure.changes:
        assert server["spec"]["template"]["spec"] == plain["spec"]["template"]["spec"]


def test_building_twice_shares_nothing() -> None:
    first, second = build("headless"), build("headless")
    named(first, "Service", "grpc-server-headless")["spec"]["ports"].clear()
    named(first, "Deployment", "grpc-client")["spec"]["template"]["spec"]["containers"].clear()
    assert second == build("headless")


@pytest.mark.parametrize(
    ("name", "client", "server"),
    [
        ("none", {}, {}),
        ("headless", {"POLICY": "round_robin"}, {}),
        ("age", {}, {"MAX_CONNECTION_AGE": "5"}),
        ("headless+age", {"POLICY": "round_robin"}, {"MAX_CONNECTION_AGE": "5"}),
        ("pool", {"CHANNELS": "8", "SUBCHANNELS": "local"}, {}),
        ("shared-pool", {"CHANNELS": "8"}, {}),
        ("per-call", {"CALLS_PER_CHANNEL": "1", "SUBCHANNELS": "local"}, {}),
        ("http1", {"PROTOCOL": "http1", "CALLS_PER_CHANNEL": "1"}, {}),
        ("http1-kept", {"PROTOCOL": "http1"}, {}),
        ("weighted", {"POLICY": "weighted_round_robin"}, {"LOAD_REPORTS": "on"}),
    ],
)
def test_the_options_that_make_a_cure(name: str, client: dict[str, str], server: dict[str, str]) -> None:
    objects = build(name)
    for app, options in (("grpc-client", client), ("grpc-server", server)):
        env = env_of(named(objects, "Deployment", app))
        assert options.items() <= env.items()
        assert len(env.keys() - {"RATE", "TARGET", "POD_NAME", "POD_IP", "NODE_NAME"} - options.keys()) <= 1


@pytest.mark.parametrize("name", ["headless", "headless+age", "weighted"])
def test_a_headless_cure_calls_a_headless_twin_of_the_service(name: str) -> None:
    objects = build(name)
    plain, headless = named(objects, "Service", "grpc-server"), named(objects, "Service", "grpc-server-headless")
    assert headless["spec"] == {**plain["spec"], "clusterIP": "None"}
    assert env_of(named(objects, "Deployment", "grpc-client"))["TARGET"] == "dns:///grpc-server-headless:50051"


@pytest.mark.parametrize("kubernetes", [(1, 23), (1, 36)])
def test_the_servers_probes_have_a_port_of_their_own(kubernetes: tuple[int, int]) -> None:
    objects = find_cure("none").build(CureValues(ManifestValues(kubernetes=kubernetes)))
    (container,) = named(objects, "Deployment", "grpc-server")["spec"]["template"]["spec"]["containers"]
    probes = [container["readinessProbe"], container["livenessProbe"]]
    assert [(probe.get("grpc") or probe["tcpSocket"])["port"] for probe in probes] == [50052, 50052]


@pytest.mark.parametrize(("wrong", "hint"), [("headles", "did you mean headless? "), ("istio", "the cures are none")])
def test_an_unknown_cure_is_one_line_with_the_known_ones(wrong: str, hint: str) -> None:
    with pytest.raises(UsageError, match=wrong) as refused:
        find_cure(wrong)
    assert str(refused.value.hint).startswith(hint)


def test_names_are_unique_and_summaries_are_one_short_line() -> None:
    assert len({cure.name for cure in CURES}) == len(CURES)
    assert all("\n" not in cure.summary and len(cure.summary) <= 72 for cure in CURES)


def test_an_envoy_takes_connections_and_balances_over_the_pods() -> None:
    objects = build("envoy")
    service, proxy = named(objects, "Service", "grpc-proxy"), named(objects, "Deployment", "grpc-proxy")
    selected = service["spec"]["selector"].items()
    assert selected <= proxy["spec"]["template"]["metadata"]["labels"].items()
    assert not selected <= named(objects, "Deployment", "grpc-server")["spec"]["template"]["metadata"]["labels"].items()
    assert env_of(named(objects, "Deployment", "grpc-client"))["TARGET"] == "dns:///grpc-proxy:50051"
    (container,) = proxy["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "example.com/envoy:1"
    resources = json.loads(container["command"][-1])["static_resources"]
    (cluster,) = resources["clusters"]
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    address = endpoint["endpoint"]["address"]["socket_address"]
    assert (cluster["type"], address) == (
        "STRICT_DNS",
        {"address": "grpc-server-headless.compare.svc", "port_value": 50051},
    )


def test_a_proxyless_client_has_an_agent_and_asks_it_for_the_full_name() -> None:
    objects = build("proxyless")
    server, client = (named(objects, "Deployment", name)["spec"]["template"] for name in ("grpc-server", "grpc-client"))
    assert client["metadata"]["annotations"]["inject.istio.io/templates"] == "grpc-agent"
    assert server["metadata"]["labels"]["sidecar.istio.io/inject"] == "false"
    assert client["spec"]["securityContext"]["runAsUser"] == 1337
    target = env_of(named(objects, "Deployment", "grpc-client"))["TARGET"]
    assert target == "xds:///grpc-server.compare.svc.cluster.local:50051"


def test_the_readme_tells_what_each_is_and_changes(cure: Cure) -> None:
    changes = ", ".join(change.value for change in Change if change in cure.changes) or "nothing"
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    assert f"| `{cure.name}` | {cure.summary} | {changes} |" in readme
