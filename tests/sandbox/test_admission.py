"""The injector does what Istio's did on a cluster, label by label."""

import copy
import json

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.admission import build_proxy, default_webhooks, inject, service_fault
from grpcdemo.sandbox.api.status import StatusError

IMAGE = "proxy:1"
ENABLED, DISABLED = {"istio-injection": "enabled"}, {"istio-injection": "disabled"}
NO_ENDPOINTS = 'no endpoints available for service "istiod"'


def build_pod(labels: Object | None = None, annotations: Object | None = None, **spec: object) -> Object:
    metadata = {"generateName": "server-abc-", "labels": labels or {}, "annotations": annotations or {}}
    return {"metadata": metadata, "spec": {"containers": [{"name": "server"}, {"name": "other"}], **spec}}


def injected(
    pod: Object,
    namespace: Object | None = None,
    *,
    revision: str = "default",
    why: str | None = None,
    configuration: Object | None = None,
) -> Object:
    webhooks = configuration or default_webhooks(namespace="istio-system", service="istiod", revision=revision)
    labels = ENABLED if namespace is None else namespace
    return inject(pod, {"metadata": {"labels": labels}}, [webhooks], fault=lambda *_: why, image=IMAGE)


def has_proxy(pod: Object) -> bool:
    containers = [*pod["spec"]["containers"], *pod["spec"].get("initContainers", [])]
    return "istio-proxy" in names(containers)


def xds(pod: Object) -> list[str]:
    """The containers whose gRPC asks the control plane."""
    return [
        container["name"]
        for container in pod["spec"]["containers"]
        if any(variable["name"] == "GRPC_XDS_BOOTSTRAP" for variable in container.get("env") or [])
    ]


def names(containers: list[Object]) -> list[str]:
    return [container["name"] for container in containers]


def status(pod: Object) -> Object:
    """What the injector says that it added."""
    added: Object = json.loads(pod["metadata"]["annotations"]["sidecar.istio.io/status"])
    return added


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        ({}, {}, False),
        (ENABLED, {}, True),
        (DISABLED, {}, False),
        ({"istio-injection": "disable"}, {}, False),
        (ENABLED, {"sidecar.istio.io/inject": "false"}, False),
        (ENABLED, {"sidecar.istio.io/inject": "junk"}, True),
        (DISABLED, {"sidecar.istio.io/inject": "true"}, False),
        ({}, {"sidecar.istio.io/inject": "true"}, True),
        ({}, {"istio.io/rev": "default"}, True),
        ({}, {"istio.io/rev": "other"}, False),
        ({"istio.io/rev": "default"}, {}, True),
        ({"istio.io/rev": "default"}, {"sidecar.istio.io/inject": "false"}, False),
        ({"istio.io/rev": "other"}, {}, False),
        ({"istio.io/rev": "other", "istio-injection": "enabled"}, {}, True),
        ({"istio.io/rev": "default", "istio-injection": "disabled"}, {}, False),
    ],
)
def test_labels_have_the_effect_that_they_have_on_a_cluster(namespace: Object, pod: Object, expected: bool) -> None:
    assert has_proxy(injected(build_pod(pod), namespace)) is expected


@pytest.mark.parametrize(
    ("labels", "annotations", "spec", "expected"),
    [
        ({}, {"sidecar.istio.io/inject": "false"}, {}, False),
        ({}, {"sidecar.istio.io/inject": "no"}, {}, True),
        ({"sidecar.istio.io/inject": "true"}, {"sidecar.istio.io/inject": "false"}, {}, True),
        ({}, {}, {"hostNetwork": True}, False),
        ({}, {}, {"initContainers": [{"name": "istio-proxy"}]}, True),
    ],
)
def test_a_pod_opts_in_or_out(labels: Object, annotations: Object, spec: Object, expected: bool) -> None:
    pod = build_pod(labels, annotations, **spec)
    assert has_proxy(injected(pod)) is expected
    assert (injected(pod) == pod) is (not expected or "initContainers" in spec)


def test_the_proxy_is_a_native_sidecar_before_everything_else() -> None:
    pod = build_pod(initContainers=[{"name": "first"}])
    before = copy.deepcopy(pod)
    meshed = injected(pod)
    assert pod == before
    assert names(meshed["spec"]["initContainers"]) == ["istio-proxy", "first"]
    assert names(meshed["spec"]["containers"]) == ["server", "other"]
    proxy = meshed["spec"]["initContainers"][0]
    assert (proxy["image"], proxy["restartPolicy"]) == (IMAGE, "Always")
    assert status(meshed) == {
        "initContainers": ["istio-proxy"],
        "containers": None,
        "volumes": None,
        "imagePullSecrets": None,
        "revision": "default",
    }


def test_a_pod_may_ask_for_an_ordinary_container() -> None:
    meshed = injected(build_pod(annotations={"sidecar.istio.io/nativeSidecar": "false"}))
    assert "initContainers" not in meshed["spec"]
    assert names(meshed["spec"]["containers"]) == ["server", "other", "istio-proxy"]
    assert "restartPolicy" not in meshed["spec"]["containers"][-1]
    assert (status(meshed)["initContainers"], status(meshed)["containers"]) == (None, ["istio-proxy"])


def test_the_probes_are_istios() -> None:
    proxy = build_proxy(IMAGE, native=True)
    http = {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}
    startup = {"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 600, "successThreshold": 1}
    readiness = {"periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4, "successThreshold": 1}
    assert proxy["startupProbe"] == {"httpGet": http, **startup}
    assert proxy["readinessProbe"] == {"httpGet": http, **readiness}


def test_an_injected_pod_has_istios_annotations() -> None:
    annotations = injected(build_pod())["metadata"]["annotations"]
    assert annotations["kubectl.kubernetes.io/default-container"] == "server"
    assert annotations["kubectl.kubernetes.io/default-logs-container"] == "server"
    assert annotations["istio.io/rev"] == "default"
    chosen = injected(build_pod(annotations={"kubectl.kubernetes.io/default-container": "other"}))
    assert chosen["metadata"]["annotations"]["kubectl.kubernetes.io/default-container"] == "other"


@pytest.mark.parametrize(
    ("labels", "name", "revision"),
    [
        ({}, "server", "latest"),
        ({"app": "a"}, "a", "latest"),
        ({"app": "a", "app.kubernetes.io/name": "b", "version": "v2"}, "b", "v2"),
        ({"service.istio.io/canonical-name": "c", "app": "a", "app.kubernetes.io/version": "v3"}, "c", "v3"),
        ({"service.istio.io/canonical-revision": "r", "version": "v2"}, "server", "r"),
    ],
)
def test_the_workload_has_a_name_in_the_mesh(labels: Object, name: str, revision: str) -> None:
    pod = build_pod({**labels, "pod-template-hash": "abc"})
    pod["metadata"]["ownerReferences"] = [{"name": "server-abc", "controller": True}]
    assert injected(pod)["metadata"]["labels"] == {
        **pod["metadata"]["labels"],
        "security.istio.io/tlsMode": "istio",
        "service.istio.io/canonical-name": name,
        "service.istio.io/canonical-revision": revision,
    }


def test_without_an_endpoint_of_its_injector_a_pod_is_refused() -> None:
    with pytest.raises(StatusError) as refused:
        injected(build_pod(), why=NO_ENDPOINTS)
    assert str(refused.value) == (
        'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call '
        'webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": '
        'no endpoints available for service "istiod"'
    )
    assert (refused.value.reason, refused.value.code) == ("InternalError", 500)


def test_the_injector_is_called_for_a_pod_that_opts_out_by_annotation() -> None:
    with pytest.raises(StatusError):
        injected(build_pod(annotations={"sidecar.istio.io/inject": "false"}), why=NO_ENDPOINTS)
    assert not has_proxy(injected(build_pod({"sidecar.istio.io/inject": "false"}), why=NO_ENDPOINTS))


def test_the_failure_policy_ignore() -> None:
    configuration = default_webhooks(namespace="istio-system", service="istiod")
    for webhook in configuration["webhooks"]:
        webhook["failurePolicy"] = "Ignore"
    assert not has_proxy(injected(build_pod(), why=NO_ENDPOINTS, configuration=configuration))


@pytest.mark.parametrize(
    ("client", "url", "why"),
    [
        ({"service": {"namespace": "a", "name": "b"}}, "https://b.a.svc:443/", NO_ENDPOINTS),
        ({"service": {"namespace": "a", "name": "b"}}, "https://b.a.svc:443/", None),
        ({"url": "https://example.com/mutate"}, "https://example.com/mutate", None),
    ],
)
def test_a_foreign_webhook_cannot_be_called(client: Object, url: str, why: str | None) -> None:
    webhook = {"name": "labels.example.com", "rules": [{"resources": ["pods"]}], "clientConfig": client}
    configuration = {"metadata": {"name": "labels"}, "webhooks": [webhook]}
    with pytest.raises(StatusError) as refused:
        injected(build_pod(), why=why, configuration=configuration)
    assert str(refused.value) == (
        'Internal error occurred: failed calling webhook "labels.example.com": failed to call webhook: '
        f'Post "{url}?timeout=10s": {why or "the sandbox calls no webhook but its own injector"}'
    )
    webhook["failurePolicy"] = "Ignore"
    assert injected(build_pod(), why=why, configuration=configuration) == build_pod()


def test_a_revision_listens_to_its_own_label() -> None:
    assert has_proxy(injected(build_pod(), {"istio.io/rev": "1-31"}, revision="1-31"))
    assert not has_proxy(injected(build_pod(), {"istio.io/rev": "default"}, revision="1-31"))


def test_the_configuration_has_istios_labels_and_names() -> None:
    configuration = default_webhooks(namespace="istio-system", service="istiod")
    assert configuration["metadata"]["labels"] == {"app": "sidecar-injector", "istio.io/rev": "default"}
    webhooks = ("rev.namespace", "rev.object", "namespace", "object")
    assert names(configuration["webhooks"]) == [f"{name}.sidecar-injector.istio.io" for name in webhooks]


def test_a_service_needs_a_ready_endpoint() -> None:
    def endpoints(*ready: bool) -> list[Object]:
        return [{"endpoints": [{"conditions": {"ready": each}} for each in ready]}]

    assert service_fault(None, "istiod", []) == 'service "istiod" not found'
    assert service_fault({}, "istiod", []) == NO_ENDPOINTS
    assert service_fault({}, "istiod", endpoints(False)) == NO_ENDPOINTS
    assert service_fault({}, "istiod", [{"endpoints": None}]) == NO_ENDPOINTS
    assert service_fault({}, "istiod", endpoints(False, True)) is None


@pytest.mark.parametrize("templates", ["grpc-agent", "grpc-agent,custom", "custom, grpc-agent"])
def test_a_template_has_grpc_ask_the_control_plane_in_place_of_a_proxy(templates: str) -> None:
    pod = build_pod(annotations={"inject.istio.io/templates": templates})
    pod["spec"]["containers"][1]["env"] = [{"name": "A", "value": "b"}]
    before = copy.deepcopy(pod)
    added = injected(pod)
    assert (has_proxy(added), xds(added)) == (False, ["server", "other"])
    assert added["spec"]["containers"][1]["env"][0] == {"name": "A", "value": "b"}
    assert added["metadata"]["labels"]["security.istio.io/tlsMode"] == "istio"
    assert added["metadata"]["annotations"]["istio.io/rev"] == "default"
    assert pod == before


@pytest.mark.parametrize("templates", ["sidecar", "", "grpc-simple"])
def test_any_other_template_is_the_sidecar(templates: str) -> None:
    added = injected(build_pod(annotations={"inject.istio.io/templates": templates}))
    assert (has_proxy(added), xds(added)) == (True, [])


def test_a_pod_that_opts_out_has_no_agent() -> None:
    pod = build_pod({"sidecar.istio.io/inject": "false"}, {"inject.istio.io/templates": "grpc-agent"})
    assert xds(injected(pod)) == []
