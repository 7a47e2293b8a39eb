"""The injector against what Istio's own did on a cluster, label by label."""

from __future__ import annotations

import copy
import json

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.admission import build_proxy, default_webhooks, inject, service_fault
from grpcdemo.sandbox.api.status import StatusError

IMAGE = "proxy:1"
ENABLED = {"istio-injection": "enabled"}
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
    return "istio-proxy" in [found["name"] for found in containers]


@pytest.mark.parametrize(
    ("namespace", "pod", "expected"),
    [
        ({}, {}, False),
        ({"istio-injection": "enabled"}, {}, True),
        ({"istio-injection": "disabled"}, {}, False),
        ({"istio-injection": "disable"}, {}, False),
        ({"istio-injection": "enabled"}, {"sidecar.istio.io/inject": "false"}, False),
        ({"istio-injection": "enabled"}, {"sidecar.istio.io/inject": "junk"}, True),
        ({"istio-injection": "disabled"}, {"sidecar.istio.io/inject": "true"}, False),
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
def test_what_the_pod_says_for_itself(labels: Object, annotations: Object, spec: Object, expected: bool) -> None:
    pod = build_pod(labels, annotations, **spec)
    made = injected(pod)
    assert has_proxy(made) is expected
    assert (made == pod) is (not expected or "initContainers" in spec)


def test_the_proxy_is_a_native_sidecar_before_everything_else() -> None:
    pod = build_pod(initContainers=[{"name": "first"}])
    before = copy.deepcopy(pod)
    made = injected(pod)
    assert pod == before
    assert [found["name"] for found in made["spec"]["initContainers"]] == ["istio-proxy", "first"]
    assert [found["name"] for found in made["spec"]["containers"]] == ["server", "other"]
    proxy = made["spec"]["initContainers"][0]
    assert (proxy["image"], proxy["restartPolicy"]) == (IMAGE, "Always")
    assert json.loads(made["metadata"]["annotations"]["sidecar.istio.io/status"]) == {
        "initContainers": ["istio-proxy"],
        "containers": None,
        "volumes": None,
        "imagePullSecrets": None,
        "revision": "default",
    }


def test_the_proxy_is_an_ordinary_container_where_the_pod_wants_no_native_one() -> None:
    made = injected(build_pod(annotations={"sidecar.istio.io/nativeSidecar": "false"}))
    assert "initContainers" not in made["spec"]
    assert [found["name"] for found in made["spec"]["containers"]] == ["server", "other", "istio-proxy"]
    assert "restartPolicy" not in made["spec"]["containers"][-1]
    status = json.loads(made["metadata"]["annotations"]["sidecar.istio.io/status"])
    assert (status["initContainers"], status["containers"]) == (None, ["istio-proxy"])


def test_the_probes_are_istios() -> None:
    proxy = build_proxy(IMAGE, native=True)
    http = {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}
    startup = {"periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 600, "successThreshold": 1}
    readiness = {"periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4, "successThreshold": 1}
    assert proxy["startupProbe"] == {"httpGet": http, **startup}
    assert proxy["readinessProbe"] == {"httpGet": http, **readiness}


def test_a_pod_in_the_mesh_is_marked_so() -> None:
    annotations = injected(build_pod(), revision="default")["metadata"]["annotations"]
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


def test_without_its_injector_no_pod_that_wants_one_can_be_made() -> None:
    with pytest.raises(StatusError) as refused:
        injected(build_pod(), why=NO_ENDPOINTS)
    assert str(refused.value) == (
        'Internal error occurred: failed calling webhook "namespace.sidecar-injector.istio.io": failed to call '
        'webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": '
        'no endpoints available for service "istiod"'
    )
    assert (refused.value.reason, refused.value.code) == ("InternalError", 500)


def test_a_pod_that_its_injector_would_leave_alone_still_has_to_ask_it() -> None:
    with pytest.raises(StatusError):
        injected(build_pod(annotations={"sidecar.istio.io/inject": "false"}), why=NO_ENDPOINTS)
    assert not has_proxy(injected(build_pod({"sidecar.istio.io/inject": "false"}), why=NO_ENDPOINTS))


def test_an_injector_that_may_be_ignored_is() -> None:
    configuration = default_webhooks(namespace="istio-system", service="istiod")
    for webhook in configuration["webhooks"]:
        webhook["failurePolicy"] = "Ignore"
    assert not has_proxy(injected(build_pod(), why=NO_ENDPOINTS, configuration=configuration))


@pytest.mark.parametrize(
    ("entry", "url", "why"),
    [
        ({"clientConfig": {"service": {"namespace": "a", "name": "b"}}}, "https://b.a.svc:443/", NO_ENDPOINTS),
        ({"clientConfig": {"service": {"namespace": "a", "name": "b"}}}, "https://b.a.svc:443/", None),
        ({"clientConfig": {"url": "https://example.com/mutate"}}, "https://example.com/mutate", None),
    ],
)
def test_a_webhook_of_somebody_elses_cannot_be_called(entry: Object, url: str, why: str | None) -> None:
    webhook = {"name": "labels.example.com", "rules": [{"resources": ["pods"]}], **entry}
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


def test_the_configuration_is_found_as_istios_is() -> None:
    configuration = default_webhooks(namespace="istio-system", service="istiod")
    assert configuration["metadata"]["labels"] == {"app": "sidecar-injector", "istio.io/rev": "default"}
    assert [webhook["name"].removesuffix(".sidecar-injector.istio.io") for webhook in configuration["webhooks"]] == [
        "rev.namespace",
        "rev.object",
        "namespace",
        "object",
    ]


def test_a_service_is_called_where_an_endpoint_is_ready() -> None:
    def endpoints(*ready: bool) -> list[Object]:
        return [{"endpoints": [{"conditions": {"ready": each}} for each in ready]}]

    assert service_fault(None, "istiod", []) == 'service "istiod" not found'
    assert service_fault({}, "istiod", []) == NO_ENDPOINTS
    assert service_fault({}, "istiod", endpoints(False)) == NO_ENDPOINTS
    assert service_fault({}, "istiod", [{"endpoints": None}]) == NO_ENDPOINTS
    assert service_fault({}, "istiod", endpoints(False, True)) is None
