"""What `up` applies: objects that a cluster with rules takes, and that Istio balances."""

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.utils.quantity import parse_quantity

from grpcdemo import __version__
from grpcdemo.errors import UsageError
from grpcdemo.manifests.compute import parse_resources
from grpcdemo.manifests.render import NEWEST, ManifestValues, build_objects, render
from grpcdemo.resources.objects import Object

VALUES = ManifestValues()
OURS = {"app.kubernetes.io/managed-by": "grpcdemo", "app.kubernetes.io/part-of": "grpcdemo"}


def read(kind: str, name: str, values: ManifestValues = VALUES) -> Object:
    return next(one for one in build_objects(values) if (one["kind"], one["metadata"]["name"]) == (kind, name))


def pod_specs(values: ManifestValues = VALUES) -> list[Object]:
    return pod_specs_of(build_objects(values))


def pod_specs_of(objects: list[Object]) -> list[Object]:
    return [one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"]


def containers(values: ManifestValues = VALUES) -> list[Object]:
    return containers_of(build_objects(values))


def containers_of(objects: list[Object]) -> list[Object]:
    return [container for spec in pod_specs_of(objects) for container in spec["containers"]]


def test_what_is_applied_and_in_which_order() -> None:
    kinds = [(one["apiVersion"], one["kind"], one["metadata"]["name"]) for one in build_objects(VALUES)]
    assert kinds == [
        ("v1", "Service", "grpc-server"),
        ("apps/v1", "Deployment", "grpc-server"),
        ("apps/v1", "Deployment", "grpc-client"),
    ]


def test_the_text_and_the_objects_are_the_same() -> None:
    assert list(render(VALUES)) == ["grpc-server.yaml", "grpc-client.yaml"]
    assert [one for text in render(VALUES).values() for one in yaml.safe_load_all(text)] == build_objects(VALUES)
    assert not any("$" in text for text in render(VALUES).values())


def test_settings_are_filled_in() -> None:
    values = replace(VALUES, namespace="elsewhere", servers=5, clients=2, rate=0.5)
    assert {one["metadata"]["namespace"] for one in build_objects(values)} == {"elsewhere"}
    assert read("Deployment", "grpc-server", values)["spec"]["replicas"] == 5
    assert read("Deployment", "grpc-client", values)["spec"]["replicas"] == 2
    assert {"name": "RATE", "value": "0.5"} in containers(values)[1]["env"]


def test_the_images_are_those_that_are_built() -> None:
    assert [one["image"] for one in containers()] == [
        f"localhost/grpcdemo-server:{__version__}",
        f"localhost/grpcdemo-client:{__version__}",
    ]
    assert {one["imagePullPolicy"] for one in containers()} == {"IfNotPresent"}


def test_everything_carries_the_label_by_which_it_is_deleted() -> None:
    for one in build_objects(VALUES):
        metadata = [one["metadata"]]
        if one["kind"] == "Deployment":
            metadata.append(one["spec"]["template"]["metadata"])
        for labels in (each["labels"] for each in metadata):
            assert OURS.items() <= labels.items()
            assert labels["app.kubernetes.io/name"] == one["metadata"]["name"]


def test_selectors_select_the_pods_that_they_mean() -> None:
    for one in build_objects(VALUES):
        if one["kind"] == "Deployment":
            assert (
                one["spec"]["selector"]["matchLabels"].items() <= one["spec"]["template"]["metadata"]["labels"].items()
            )
    labels = read("Deployment", "grpc-server")["spec"]["template"]["metadata"]["labels"]
    others = read("Deployment", "grpc-client")["spec"]["template"]["metadata"]["labels"]
    selector = read("Service", "grpc-server")["spec"]["selector"]
    assert selector.items() <= labels.items()
    assert not selector.items() <= others.items()


def test_istio_knows_the_port_as_grpc() -> None:
    service = read("Service", "grpc-server")["spec"]
    assert service["ports"] == [{"name": "grpc", "port": 50051, "targetPort": "grpc", "appProtocol": "grpc"}]
    assert service["type"] == "ClusterIP"
    assert "clusterIP" not in service
    assert {"name": "grpc", "containerPort": 50051} in containers()[0]["ports"]
    assert {"name": "TARGET", "value": "dns:///grpc-server:50051"} in containers()[1]["env"]


@pytest.mark.parametrize("spec", pod_specs())
def test_the_restricted_pod_security_standard_holds(spec: Object) -> None:
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
    assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("spec", pod_specs())
def test_the_cluster_may_choose_the_user(spec: Object) -> None:
    for context in (spec["securityContext"], *(container["securityContext"] for container in spec["containers"])):
        assert not context.keys() & {"runAsUser", "runAsGroup", "fsGroup", "supplementalGroups", "seLinuxOptions"}


def test_pods_run_on_linux_nodes() -> None:
    assert [spec["nodeSelector"] for spec in pod_specs()] == 2 * [{"kubernetes.io/os": "linux"}]


@pytest.mark.parametrize("container", containers())
def test_every_container_has_requests_limits_and_probes(container: Object) -> None:
    assert set(container["resources"]) == {"requests", "limits"}
    assert all({"cpu", "memory"} <= amounts.keys() for amounts in container["resources"].values())
    assert {"readinessProbe", "livenessProbe"} <= container.keys()


@pytest.mark.parametrize(("resource", "ratio"), [("cpu", 10), ("memory", 2)])
def test_the_ratio_of_limits_and_requests_is_one_that_limit_ranges_allow(resource: str, ratio: int) -> None:
    for container in containers():
        request, limit = (container["resources"][field][resource] for field in ("requests", "limits"))
        assert parse_quantity(limit) / parse_quantity(request) <= ratio


def test_resources_are_those_that_were_asked_for() -> None:
    values = replace(
        VALUES, resources=parse_resources("limits.cpu=1, requests.memory=32Mi,limits.ephemeral-storage=1G")
    )
    for container in containers(values):
        assert container["resources"] == {
            "requests": {"cpu": "20m", "memory": "32Mi"},
            "limits": {"cpu": "1", "memory": "128Mi", "ephemeral-storage": "1G"},
        }


@pytest.mark.parametrize("text", ["0.5", ".5", "5.", "100m", "1e3", "2E", "2Ei", "64Mi", "1n"])
def test_every_quantity_of_kubernetes_is_one(text: str) -> None:
    assert parse_quantity(text)
    assert parse_resources(f"limits.cpu={text}") == {"limits.cpu": text}


@pytest.mark.parametrize(
    "text",
    [
        *("", "cpu", "cpu=1", "limit.cpu=1", "limits.=1", "limits.cpu", "limits.cpu=", "limits.cpu=1,"),
        *("limits.cpu=-1", "limits.cpu=one", "limits.cpu=1MB", "limits.cpu=1;requests.cpu=1", "limits.cpu=\n1"),
    ],
)
def test_what_is_no_list_of_resources_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_resources(text)
    assert "\n" not in caught.value.message
    assert "requests.cpu=50m" in str(caught.value.hint)


WORDS = ["123", "1e3", "0x1f", "0o17", "1_000", "12:30:45", "2001-01-01", "on", "no", "y", "null", "~", "true", ".inf"]
"""YAML takes each of these for something else, at least in one of its versions."""


@pytest.mark.parametrize("word", WORDS)
def test_what_yaml_takes_for_something_else_stays_a_string(word: str) -> None:
    values = replace(VALUES, namespace=word, resources={"limits.cpu": word})
    assert {one["metadata"]["namespace"] for one in build_objects(values)} == {word}
    assert all(container["resources"]["limits"]["cpu"] == word for container in containers(values))
    for text in render(values).values():
        assert f'namespace: "{word}"\n' in text, "every reader of YAML takes what is quoted for a string"


@given(st.text(), st.dictionaries(st.text().map("limits.{}".format), st.text()))
def test_every_string_is_read_as_it_was_written(namespace: str, resources: dict[str, str]) -> None:
    texts = render(replace(VALUES, namespace=namespace, resources=resources)).values()
    objects = [one for text in texts for one in yaml.load_all(text, Loader=yaml.CSafeLoader)]
    assert {one["metadata"]["namespace"] for one in objects} == {namespace}
    limits = {key.removeprefix("limits."): quantity for key, quantity in resources.items()}
    for container in containers_of(objects):
        assert limits.items() <= container["resources"]["limits"].items()


@pytest.mark.parametrize(
    ("kubernetes", "seccomp", "probe"),
    [
        ((1, 18), False, "tcpSocket"),
        ((1, 19), True, "tcpSocket"),
        ((1, 23), True, "tcpSocket"),
        ((1, 24), True, "grpc"),
        (NEWEST, True, "grpc"),
    ],
)
def test_an_old_cluster_gets_no_unknown_field(kubernetes: tuple[int, int], seccomp: bool, probe: str) -> None:
    values = replace(VALUES, kubernetes=kubernetes)
    assert all(("seccompProfile" in spec["securityContext"]) is seccomp for spec in pod_specs(values))
    for container in containers(values):
        for found_probe in (container["readinessProbe"], container["livenessProbe"]):
            assert [kind for kind in ("grpc", "tcpSocket") if kind in found_probe] == [probe]


def test_a_restart_never_has_fewer_pods_than_before() -> None:
    for name in ("grpc-server", "grpc-client"):
        strategy = read("Deployment", name)["spec"]["strategy"]
        assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
