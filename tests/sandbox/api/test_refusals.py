"""Refusals. Every message here was read off a Kubernetes 1.36."""

from typing import Any

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NAMESPACES

from . import samples
from .harness import Client, Sandbox, running
from .samples import ACCOUNTS, DEPLOYMENTS, NAMESPACE, PODS, REVIEWS, SERVICES, deployment, namespace, pod, service

NO_PATH = "the server could not find the requested resource"
NO_METHOD = "the server does not allow this method on the requested resource"
PROTOBUF = {"headers": {"Content-Type": "application/vnd.kubernetes.protobuf"}}

PATHS = [
    ("GET", "/foo", 404, NO_PATH),
    ("GET", "/api/v1/foo", 404, NO_PATH),
    ("GET", "/apis/foo.com/v1", 404, NO_PATH),
    ("GET", "/apis/apps/v1/namespaces/demo/statefulsets", 404, NO_PATH),
    ("GET", f"{PODS}/x/attach", 404, NO_PATH),
    ("GET", "/api/v1/namespaces/demo/nodes", 404, NO_PATH),
    ("GET", "/api/v1/pods/x", 404, NO_PATH),
    ("GET", f"{PODS}/", 404, NO_PATH),
    ("GET", "/openapi/v2", 404, NO_PATH),
    ("POST", "/version", 405, NO_METHOD),
    ("PUT", PODS, 405, NO_METHOD),
    ("POST", f"{PODS}/x", 405, NO_METHOD),
    ("POST", f"{PODS}/x/log", 405, NO_METHOD),
    ("POST", "/api/v1/pods", 405, NO_METHOD),
    ("DELETE", "/api/v1/pods", 405, NO_METHOD),
    ("DELETE", "/api/v1/namespaces", 405, NO_METHOD),
    ("POST", "/api/v1/nodes", 405, NO_METHOD),
    ("GET", REVIEWS, 405, NO_METHOD),
]


@pytest.mark.parametrize(("method", "path", "code", "message"), PATHS, ids=lambda found: str(found)[-40:])
async def test_what_is_not_served(client: Client, method: str, path: str, code: int, message: str) -> None:
    answer = await client.ask(method, path)
    assert (answer.code, answer.body["code"], answer.message) == (code, code, message)
    assert answer.body["kind"] == "Status"


LIST_OPTIONS = 'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: '
NO_INTEGER = 'parsing "foo": invalid syntax'
QUERIES = [
    (SERVICES, {"watch": "1", "timeoutSeconds": "foo"}, 400, f"strconv.ParseInt: {NO_INTEGER}"),
    (SERVICES, {"fieldSelector": "spec.foo=b"}, 400, "field label not supported: spec.foo"),
    (SERVICES, {"fieldSelector": "foo"}, 400, "invalid selector: 'foo'; can't understand 'foo'"),
    (
        DEPLOYMENTS,
        {"fieldSelector": "spec.replicas=0"},
        400,
        '"spec.replicas" is not a known field selector: only "metadata.name", "metadata.namespace"',
    ),
    (
        SERVICES,
        {"resourceVersion": "foo"},
        400,
        f'invalid resource version: resourceVersion: Invalid value: "foo": strconv.ParseUint: {NO_INTEGER}',
    ),
    (
        SERVICES,
        {"resourceVersionMatch": "Exact"},
        422,
        f"{LIST_OPTIONS}resourceVersionMatch is forbidden unless resourceVersion is provided",
    ),
    (
        SERVICES,
        {"watch": "1", "sendInitialEvents": "true"},
        422,
        f"{LIST_OPTIONS}sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
    ),
    (SERVICES, {"resourceVersion": "99999"}, 504, "Timeout: Too large resource version: 99999, current: 2"),
    (f"{PODS}/nope", {}, 404, 'pods "nope" not found'),
    (f"{DEPLOYMENTS}/nope", {}, 404, 'deployments.apps "nope" not found'),
    (f"{PODS}/nope/log", {}, 404, 'pods "nope" not found'),
]


@pytest.mark.parametrize(("path", "query", "code", "message"), QUERIES)
async def test_reads_that_are_refused(
    client: Client, path: str, query: dict[str, str], code: int, message: str
) -> None:
    answer = await client.get(path, **query)
    assert (answer.code, answer.message) == (code, message)


NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
UNSUPPORTED = 'Unsupported value: "Foo": supported values: '
RULE = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}
HOOK = {
    "name": "a.b.c",
    "clientConfig": {"url": "https://example.com"},
    "rules": [RULE],
    "sideEffects": "None",
    "admissionReviewVersions": ["v1"],
}
SERVICES_THERE_ARE = "the sandbox has ClusterIP and headless Services only"
QUANTITY = 'Invalid value: "abc": must be a quantity, such as 500m or 64Mi'
PORT = "Invalid value: 0: must be between 1 and 65535, inclusive"
NO_SELECTOR = "Invalid value: null: `selector` does not match template `labels`"
NAMESPACE_PATH = "/api/v1/namespaces"
KINDS = {PODS: "Pod", NAMESPACE_PATH: "Namespace", DEPLOYMENTS: "Deployment.apps", SERVICES: "Service"}
KINDS[samples.WEBHOOKS] = "MutatingWebhookConfiguration.admissionregistration.k8s.io"
INVALID: list[tuple[str, Any, str]] = [
    (PODS, {"kind": "Pod", "metadata": {"name": "x"}}, "spec.containers: Required value"),
    (
        PODS,
        {"kind": "Pod", "metadata": {}, "spec": {}},
        "[metadata.name: Required value: name or generateName is required, spec.containers: Required value]",
    ),
    (PODS, pod("Foo_"), f'metadata.name: Invalid value: "Foo_": {NAME_RULE}'),
    (NAMESPACE_PATH, namespace("x.y"), 'metadata.name: Invalid value: "x.y": must not contain dots'),
    (
        PODS,
        pod(container={"resources": {"limits": {"cpu": "abc"}}}),
        f"[spec.containers[0].resources.limits[cpu]: {QUANTITY}, "
        f"spec.containers[0].resources.requests[cpu]: {QUANTITY}]",
    ),
    (DEPLOYMENTS, deployment(replicas=-1), "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
    (
        DEPLOYMENTS,
        deployment(selector={"matchLabels": {"a": "c"}}),
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
    ),
    (
        DEPLOYMENTS,
        {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {}},
        f"[spec.selector: Required value, spec.template.metadata.labels: {NO_SELECTOR}, "
        "spec.template.spec.containers: Required value]",
    ),
    (SERVICES, service(ports=[]), "spec.ports: Required value"),
    (SERVICES, service(ports=[{"port": 0}]), f"[spec.ports[0].port: {PORT}, spec.ports[0].targetPort: {PORT}]"),
    (
        PODS,
        pod(
            restartPolicy="Foo",
            containers=[
                {"image": "x"},
                {"name": "d", "ports": [{"containerPort": 0}]},
                {"name": "d", "image": "y", "env": [{"value": "x"}], "imagePullPolicy": "Foo"},
            ],
        ),
        "[spec.containers[0].name: Required value, spec.containers[1].image: Required value, "
        "spec.containers[1].ports[0].containerPort: Required value, spec.containers[2].env[0].name: Required value, "
        f'spec.containers[2].imagePullPolicy: {UNSUPPORTED}"Always", "IfNotPresent", "Never", '
        'spec.containers[2].name: Duplicate value: "d", '
        f'spec.restartPolicy: {UNSUPPORTED}"Always", "OnFailure", "Never"]',
    ),
    *(
        (SERVICES, service(type=kind), f"spec.type: Forbidden: {SERVICES_THERE_ARE}")
        for kind in ("ExternalName", "LoadBalancer", "NodePort")
    ),
    (SERVICES, service(type="Foo"), f'spec.type: {UNSUPPORTED}"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
    (
        SERVICES,
        service(sessionAffinity="ClientIP", externalIPs=["10.0.0.1"]),
        "[spec.sessionAffinity: Forbidden: the sandbox has no session affinity, "
        "spec.externalIPs: Forbidden: the sandbox has no addresses but its own]",
    ),
    (
        SERVICES,
        service(ports=[{"port": 80, "nodePort": 30080}]),
        "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ),
    (
        samples.WEBHOOKS,
        {"metadata": {"name": "h"}, "webhooks": [HOOK]},
        "webhooks[0].rules[0].operations: Forbidden: the sandbox calls webhooks for new pods only, so this must be "
        '["CREATE"]',
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), INVALID)
async def test_invalid_objects(client: Client, path: str, body: Any, message: str) -> None:
    answer = await client.create(path, body)
    name = body["metadata"].get("name", "")
    assert (answer.code, answer.message) == (422, f'{KINDS[path]} "{name}" is invalid: {message}')


UNREADABLE: list[tuple[str, Any, str]] = [
    (PODS, pod(hostNetwork="yes"), "spec.hostNetwork: Input should be a valid boolean"),
    (
        DEPLOYMENTS,
        {**deployment(), "metadata": {"name": "web", "labels": {"a": 1}}},
        "metadata.labels.a: Input should be a valid string",
    ),
    *(
        (
            PODS,
            {**pod(), "metadata": {"name": "one", "creationTimestamp": time}},
            "metadata.creationTimestamp: Input should be a valid datetime",
        )
        for time in ("abc", "", "2026-13-01T00:00:00Z", "2026-11-01T00:00:00")
    ),
]


@pytest.mark.parametrize(("path", "body", "message"), UNREADABLE)
async def test_fields_of_a_wrong_type(client: Client, path: str, body: Any, message: str) -> None:
    answer, kind = await client.create(path, body), body["kind"]
    assert (answer.code, answer.message) == (400, f'{kind} in version "v1" cannot be handled as a {kind}: {message}')


OPTIONS = 'CreateOptions.meta.k8s.io "" is invalid: '
PARAMETERS = [
    ("dryRun", "Foo", f'{OPTIONS}dryRun: Unsupported value: ["Foo"]: supported values: "All"'),
    ("fieldValidation", "Foo", f'{OPTIONS}fieldValidation: {UNSUPPORTED}"", "Ignore", "Strict", "Warn"'),
]


@pytest.mark.parametrize(("name", "value", "message"), PARAMETERS)
async def test_unknown_values_of_parameters(client: Client, name: str, value: str, message: str) -> None:
    answer = await client.create(PODS, pod(), **{name: value})
    assert (answer.code, answer.message) == (422, message)


async def test_unknown_fields(client: Client) -> None:
    body = pod(foo=1, host_network=True, container={"imagee": "x", "portz": []})
    answer = await client.create(PODS, body, fieldValidation="Strict")
    assert (answer.code, answer.message) == (
        400,
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: '
        'unknown field "spec.containers[0].imagee", unknown field "spec.containers[0].portz", '
        'unknown field "spec.foo", unknown field "spec.host_network"',
    )


async def test_a_namespace_that_is_another_or_missing(client: Client) -> None:
    other = await client.create(PODS, {**pod(), "metadata": {"name": "one", "namespace": "other"}})
    message = "the namespace of the provided object does not match the namespace sent on the request"
    assert (other.code, other.message) == (400, message)
    missing = await client.create("/api/v1/namespaces/nope/pods", pod())
    assert (missing.code, missing.message) == (404, 'namespaces "nope" not found')


async def test_a_name_that_is_taken(client: Client) -> None:
    await client.create(DEPLOYMENTS, deployment())
    answer = await client.create(DEPLOYMENTS, deployment())
    assert (answer.code, answer.reason) == (409, "AlreadyExists")
    assert answer.body["details"] == {"name": "web", "group": "apps", "kind": "deployments"}


async def test_nothing_new_in_a_terminating_namespace(sandbox: Sandbox) -> None:
    sandbox.registry.delete(NAMESPACES, "", NAMESPACE)
    answer = await sandbox.client.create(PODS, pod())
    assert answer.code == 403
    assert answer.message == (
        'pods "one" is forbidden: unable to create new content in namespace demo because it is being terminated'
    )
    [cause] = answer.body["details"]["causes"]
    assert cause["reason"] == "NamespaceTerminating"


async def test_the_default_namespace_stays(sandbox: Sandbox) -> None:
    sandbox.registry.create(NAMESPACES, "", namespace("default"))
    answer = await sandbox.client.delete("/api/v1/namespaces/default")
    assert (answer.code, answer.message) == (
        403,
        'namespaces "default" is forbidden: this namespace may not be deleted',
    )
    assert (await sandbox.client.get("/api/v1/namespaces/default")).body["status"]["phase"] == "Active"


UPDATES: list[tuple[str, Any, int, str]] = [
    (
        f"{DEPLOYMENTS}/web",
        {"spec": {"selector": {"matchLabels": {"a": "c"}}}},
        422,
        'Deployment.apps "web" is invalid: [spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does '
        'not match template `labels`, spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable]',
    ),
    (
        f"{DEPLOYMENTS}/web",
        {"metadata": {"name": "zz"}},
        400,
        "the name of the object (zz) does not match the name on the URL (web)",
    ),
    (
        f"{DEPLOYMENTS}/web",
        {"metadata": {"resourceVersion": "1"}},
        409,
        'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; '
        "please apply your changes to the latest version and try again",
    ),
    (
        f"{SERVICES}/web",
        {"spec": {"clusterIP": "10.96.1.1"}},
        422,
        'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.1.1"]: may not change once set',
    ),
    (
        f"{DEPLOYMENTS}/web/scale",
        {"spec": {"replicas": -1}},
        422,
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ),
    (f"{DEPLOYMENTS}/nope", {}, 404, 'deployments.apps "nope" not found'),
]


@pytest.mark.parametrize(("path", "patch", "code", "message"), UPDATES)
async def test_changes_that_are_refused(client: Client, path: str, patch: Any, code: int, message: str) -> None:
    await client.create(DEPLOYMENTS, deployment())
    await client.create(SERVICES, service())
    answer = await client.patch(path, patch, samples.MERGE)
    assert (answer.code, answer.message) == (code, message)


async def test_a_malformed_time_is_not_stored(client: Client) -> None:
    """What is stored must be shown: a container's times go into the columns of its pod."""
    await client.create(PODS, pod())
    state = {"terminated": {"exitCode": 1, "finishedAt": "abc"}}
    status = {"containerStatuses": [{"name": "c", "lastState": state, "restartCount": 1}]}
    answer = await client.patch(f"{PODS}/one/status", {"status": status}, samples.STRATEGIC)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert "lastState.terminated.finishedAt: Input should be a valid datetime" in answer.message
    assert (await client.get(PODS, headers={"Accept": samples.TABLE})).code == 200


async def test_most_fields_of_a_pod_are_immutable(client: Client) -> None:
    await client.create(PODS, pod())
    refused = await client.patch(f"{PODS}/one", {"spec": {"hostNetwork": True}}, samples.MERGE)
    assert refused.code == 422
    assert refused.message.startswith('Pod "one" is invalid: spec: Forbidden: pod updates may not change fields')
    image = {"spec": {"containers": [{"name": "c", "image": "y"}]}}
    assert (await client.patch(f"{PODS}/one", image, samples.STRATEGIC)).code == 200


NO_JSON = "the object provided is unrecognized (must be of type Pod): couldn't get version/kind; json parse error: "
BODIES: list[tuple[bytes, str, int, str]] = [
    (b'{"kind":"Service"}', "application/json", 400, "Service in version"),
    (b'{"apiVersion":"v2","kind":"Pod"}', "application/json", 400, "Pod in version"),
    (b'{"kind":', "application/json", 400, f"{NO_JSON}Expecting value: line 1 column 9"),
    (b'{"kind":"a', "application/json", 400, f"{NO_JSON}Unterminated string"),
    (b"", "application/json", 400, f"{NO_JSON}Expecting value"),
    (b'{"kind":"Pod"} x', "application/json", 400, f"{NO_JSON}Extra data"),
    (b'{"kind":"\xff"}', "application/json", 400, f"{NO_JSON}'utf-8' codec can't decode byte 0xff"),
    (b"[1]", "application/json", 400, "the object provided is unrecognized (must be of type Pod)"),
    (b"[" * 100_000, "application/json", 400, NO_JSON),
    (b'{"kind":"Pod","spec":NaN}', "application/json", 400, f"{NO_JSON}NaN is not JSON"),
    (b"kind: Pod", "application/yaml", 415, "the body of the request was in an unknown format"),
    (b"foo", "text/plain", 415, "the body of the request was in an unknown format"),
    (b"foo", "application/vnd.kubernetes.protobuf", 400, "provided data does not appear to be a protobuf message"),
    (b"k8s\0\x0a\xff\xff", "application/vnd.kubernetes.protobuf", 400, "the protobuf message cannot be read"),
    (b"x" * 3_200_000, "application/json", 413, "Request entity too large: limit is 3145728"),
]


@pytest.mark.parametrize(("body", "content_type", "code", "message"), BODIES, ids=range(len(BODIES)))
async def test_bodies_that_are_no_pod(client: Client, body: bytes, content_type: str, code: int, message: str) -> None:
    answer = await client.create(PODS, body, headers={"Content-Type": content_type})
    assert answer.code == code
    assert answer.message.startswith(message)


async def test_an_unknown_media_type_is_not_acceptable(client: Client) -> None:
    answer = await client.get(ACCOUNTS, headers={"Accept": "application/xml"})
    assert (answer.code, answer.reason) == (406, "NotAcceptable")


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic secret", "secret"])
async def test_every_request_needs_the_token(client: Client, authorization: str) -> None:
    for path in ("/version", "/readyz", PODS, "/apis"):
        answer = await client.get(path, headers={"Authorization": authorization})
        assert (answer.code, answer.message) == (401, "Unauthorized")


async def test_a_bug_is_logged_and_answered_with_a_status(caplog: pytest.LogCaptureFixture) -> None:
    def fail(*_: Object) -> Object:
        raise ZeroDivisionError("division by zero")

    async with running(admit=fail) as sandbox:
        answer = await sandbox.client.create(PODS, pod())
    assert (answer.code, answer.reason) == (500, "InternalError")
    assert answer.message == "Internal error occurred: division by zero"
    assert "ZeroDivisionError" in caplog.text
