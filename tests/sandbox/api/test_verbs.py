"""The verbs on one object, and the server's defaults."""

from typing import Any

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DEPLOYMENTS as DEPLOYMENT
from grpcdemo.resources.resource import NAMESPACES

from . import samples
from .harness import Client, Sandbox, running
from .samples import ACCOUNTS, DEPLOYMENTS, MERGE, PODS, SERVICES, SLICES, WEBHOOKS, account, deployment, pod, service


async def test_the_life_of_an_object(client: Client) -> None:
    made = await client.create(ACCOUNTS, account("one"))
    assert made.code == 201
    assert made.body["metadata"].keys() >= {"uid", "creationTimestamp", "resourceVersion", "namespace"}
    assert (await client.get(f"{ACCOUNTS}/one")).body == made.body
    changed = await client.ask("PUT", f"{ACCOUNTS}/one", {**made.body, "automountServiceAccountToken": False})
    assert changed.code == 200
    assert changed.body["metadata"]["uid"] == made.body["metadata"]["uid"]
    assert changed.body["metadata"]["resourceVersion"] != made.body["metadata"]["resourceVersion"]
    stale = await client.ask("PUT", f"{ACCOUNTS}/one", made.body)
    assert (stale.code, stale.reason) == (409, "Conflict")
    assert (await client.delete(f"{ACCOUNTS}/one")).code == 200
    assert (await client.get(f"{ACCOUNTS}/one")).code == 404


async def test_an_update_without_changes_keeps_the_version(client: Client) -> None:
    made = await client.create(DEPLOYMENTS, deployment())
    again = await client.ask("PUT", f"{DEPLOYMENTS}/web", deployment())
    assert again.body == made.body


async def test_a_generated_name(client: Client) -> None:
    made = [await client.create(ACCOUNTS, {"metadata": {"generateName": "x" * 70}}) for _ in range(2)]
    names = {answer.body["metadata"]["name"] for answer in made}
    assert len(names) == 2
    assert all(name.startswith("x" * 58) and len(name) == 63 for name in names)


DEFAULTS: list[tuple[str, Object, dict[str, Any]]] = [
    (
        DEPLOYMENTS,
        {**deployment(), "spec": {**deployment()["spec"], "replicas": None}},
        {
            "replicas": 1,
            "revisionHistoryLimit": 10,
            "progressDeadlineSeconds": 600,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
        },
    ),
    (
        PODS,
        pod(),
        {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "schedulerName": "default-scheduler",
            "serviceAccountName": "default",
            "enableServiceLinks": True,
        },
    ),
    (
        SERVICES,
        service(),
        {
            "type": "ClusterIP",
            "clusterIP": "10.96.0.1",
            "clusterIPs": ["10.96.0.1"],
            "sessionAffinity": "None",
            "ports": [{"port": 50051, "protocol": "TCP", "targetPort": 50051}],
            "internalTrafficPolicy": "Cluster",
        },
    ),
    (SERVICES, service(clusterIP="None"), {"clusterIP": "None", "clusterIPs": ["None"]}),
]


@pytest.mark.parametrize(("path", "obj", "defaults"), DEFAULTS)
async def test_defaults(client: Client, path: str, obj: Object, defaults: dict[str, Any]) -> None:
    spec = (await client.create(path, obj)).body["spec"]
    assert {name: spec[name] for name in defaults} == defaults


async def test_defaults_of_a_container(client: Client) -> None:
    container = {
        "ports": [{"containerPort": 80}],
        "env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}],
        "readinessProbe": {"grpc": {"port": 80}},
        "resources": {"requests": {"cpu": 0.5, "memory": "1024Mi"}, "limits": {"cpu": "1000m"}},
    }
    made = await client.create(PODS, pod(container=container))
    assert made.body["status"] == {"phase": "Pending", "qosClass": "Burstable"}
    assert made.body["spec"]["containers"] == [
        {
            "name": "c",
            "image": "x",
            "imagePullPolicy": "Always",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "ports": [{"containerPort": 80, "protocol": "TCP"}],
            "env": [{"name": "IP", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "status.podIP"}}}],
            "readinessProbe": {
                "grpc": {"port": 80, "service": ""},
                "timeoutSeconds": 1,
                "periodSeconds": 10,
                "successThreshold": 1,
                "failureThreshold": 3,
            },
            "resources": {"requests": {"cpu": "0.5", "memory": "1024Mi"}, "limits": {"cpu": "1000m"}},
        }
    ]


QOS_CLASSES: list[tuple[Object, str]] = [
    ({}, "BestEffort"),
    ({"limits": {"cpu": 0}}, "BestEffort"),
    ({"requests": {"memory": "1Gi"}}, "Burstable"),
    ({"limits": {"cpu": "1"}}, "Burstable"),
    ({"limits": {"cpu": 1, "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1024Mi"}}, "Guaranteed"),
]


@pytest.mark.parametrize(("resources", "qos_class"), QOS_CLASSES)
async def test_the_qos_class(client: Client, resources: Object, qos_class: str) -> None:
    made = await client.create(PODS, pod(container={"resources": resources}))
    assert made.body["status"]["qosClass"] == qos_class


IMAGES = [("x", "Always"), ("x:latest", "Always"), ("x:1", "IfNotPresent"), ("h:5000/x", "Always")]


@pytest.mark.parametrize(("image", "policy"), [*IMAGES, ("x@sha256:0a", "IfNotPresent")])
async def test_an_image_without_a_version_is_pulled_always(client: Client, image: str, policy: str) -> None:
    made = await client.create(PODS, pod(container={"image": image}))
    assert made.body["spec"]["containers"][0]["imagePullPolicy"] == policy


async def test_defaults_of_other_kinds(client: Client) -> None:
    space = await client.create("/api/v1/namespaces", samples.namespace("other"))
    assert space.body["metadata"]["labels"] == {"kubernetes.io/metadata.name": "other"}
    assert (space.body["spec"], space.body["status"]) == ({"finalizers": ["kubernetes"]}, {"phase": "Active"})
    sliced = {"metadata": {"name": "s"}, "addressType": "IPv4", "endpoints": [{"addresses": ["1.2.3.4"]}]}
    made = await client.create(SLICES, {**sliced, "ports": [{"port": 80}]})
    assert made.body["endpoints"] == [{"addresses": ["1.2.3.4"], "conditions": {}}]
    assert made.body["ports"] == [{"name": "", "port": 80, "protocol": "TCP"}]
    hook = {"name": "a.b.c", "clientConfig": {"service": {"name": "x", "namespace": "y"}}, "sideEffects": "None"}
    hooks = {"metadata": {"name": "h"}, "webhooks": [{**hook, "admissionReviewVersions": ["v1"]}]}
    filled = (await client.create(WEBHOOKS, hooks)).body["webhooks"][0]
    assert (filled["failurePolicy"], filled["namespaceSelector"], filled["timeoutSeconds"]) == ("Fail", {}, 10)


async def test_the_generation_counts_changes_of_the_spec(client: Client) -> None:
    made = await client.create(DEPLOYMENTS, deployment())
    labelled = await client.patch(f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"x": "y"}}}, MERGE)
    scaled = await client.patch(f"{DEPLOYMENTS}/web", {"spec": {"replicas": 2}}, MERGE)
    assert [answer.body["metadata"]["generation"] for answer in (made, labelled, scaled)] == [1, 1, 2]
    assert "generation" not in (await client.create(SERVICES, service())).body["metadata"]


async def test_the_status_is_a_subresource(client: Client) -> None:
    await client.create(DEPLOYMENTS, {**deployment(), "status": {"replicas": 9}})
    both = {"spec": {"replicas": 2}, "status": {"replicas": 3}}
    spec = await client.patch(f"{DEPLOYMENTS}/web", both, MERGE)
    assert (spec.body["spec"]["replicas"], spec.body["status"]) == (2, {})
    both = {"spec": {"replicas": 5}, "status": {"replicas": 3}}
    status = await client.patch(f"{DEPLOYMENTS}/web/status", both, MERGE)
    assert (status.body["spec"]["replicas"], status.body["status"]) == (2, {"replicas": 3})
    assert (await client.get(f"{DEPLOYMENTS}/web/status")).body == status.body


async def test_scale(client: Client) -> None:
    await client.create(DEPLOYMENTS, deployment())
    scale = await client.get(f"{DEPLOYMENTS}/web/scale")
    assert (scale.body["kind"], scale.body["spec"]) == ("Scale", {"replicas": 0})
    assert scale.body["status"] == {"replicas": 0, "selector": "a=b"}
    wanted = {**scale.body, "spec": {"replicas": 3}}
    assert (await client.ask("PUT", f"{DEPLOYMENTS}/web/scale", wanted)).body["spec"] == {"replicas": 3}
    assert (await client.ask("PUT", f"{DEPLOYMENTS}/web/scale", wanted)).code == 409
    await client.patch(f"{DEPLOYMENTS}/web/scale", {"spec": {"replicas": 4}}, MERGE)
    assert (await client.get(f"{DEPLOYMENTS}/web")).body["spec"]["replicas"] == 4


DRY_RUNS: list[tuple[str, str, Any, dict[str, Any]]] = [
    ("POST", ACCOUNTS, account("two"), {"dryRun": "All"}),
    ("PUT", f"{ACCOUNTS}/one", account("one", labels={"x": "y"}), {"dryRun": "All"}),
    ("DELETE", f"{ACCOUNTS}/one", None, {"dryRun": "All"}),
    ("DELETE", f"{ACCOUNTS}/one", {"dryRun": ["All"]}, {}),
    ("DELETE", ACCOUNTS, None, {"dryRun": "All"}),
    ("DELETE", "/api/v1/namespaces/demo", None, {"dryRun": "All"}),
]


@pytest.mark.parametrize(("method", "path", "body", "query"), DRY_RUNS)
async def test_a_dry_run_changes_nothing(
    sandbox: Sandbox, method: str, path: str, body: Any, query: dict[str, Any]
) -> None:
    await sandbox.client.create(ACCOUNTS, account("one"))
    before = sandbox.store.version
    answer = await sandbox.client.ask(method, path, body, **query)
    assert answer.code in (200, 201)
    assert sandbox.store.version == before
    assert (await sandbox.client.get(ACCOUNTS)).names == ["one"]


async def test_the_body_of_a_delete_wins_over_its_query(client: Client) -> None:
    await client.create(ACCOUNTS, account("one"))
    await client.delete(f"{ACCOUNTS}/one", {"propagationPolicy": "Background"}, dryRun="All")
    assert (await client.get(f"{ACCOUNTS}/one")).code == 404


async def test_unknown_fields_are_dropped_with_a_warning(client: Client) -> None:
    odd = pod(foo=1, container={"imagee": "x"})
    odd["metadata"]["labels"] = {"a_b": "c"}
    warned = await client.create(PODS, odd, dryRun="All")
    assert warned.headers.getall("Warning") == [
        '299 - "unknown field \\"spec.containers[0].imagee\\""',
        '299 - "unknown field \\"spec.foo\\""',
    ]
    assert "foo" not in warned.body["spec"]
    assert warned.body["metadata"]["labels"] == {"a_b": "c"}
    ignored = await client.create(PODS, odd, dryRun="All", fieldValidation="Ignore")
    assert (ignored.code, "Warning" in ignored.headers) == (201, False)
    twice = b'{"metadata":{"name":"r","name":"r"},"spec":{"containers":[{"name":"c","image":"x"}]}}'
    assert 'duplicate field "name"' in (await client.create(PODS, twice, fieldValidation="Strict")).message


def message(*fields: tuple[int, bytes]) -> bytes:
    """A protobuf message of short fields."""
    return b"".join(bytes([number << 3 | 2, len(value)]) + value for number, value in fields)


async def test_a_namespace_in_protobuf(client: Client) -> None:
    """As `kubectl create namespace` sends it, and will not send it otherwise."""
    labels = [(11, message((1, b"a"), (2, b"b"))), (11, message((1, b"c"), (2, b"d")))]
    raw = message((1, message((1, b"new"), (4, b"self"), *labels)), (2, b""))
    body = b"k8s\0" + message((1, message((1, b"v1"), (2, b"Namespace"))), (2, raw), (4, b""))
    kind = {"Content-Type": "application/vnd.kubernetes.protobuf"}
    made = await client.create("/api/v1/namespaces", body, headers=kind)
    assert made.code == 201
    assert made.body["metadata"]["labels"] == {"a": "b", "c": "d", "kubernetes.io/metadata.name": "new"}
    other = b"k8s\0" + message((1, message((1, b"apps/v1"), (2, b"Deployment"))))
    assert (await client.create(DEPLOYMENTS, other, headers=kind)).code == 415


async def test_a_new_object_must_not_have_a_version(client: Client) -> None:
    answer = await client.create(ACCOUNTS, account("one", resourceVersion="7"))
    assert answer.message == "resourceVersion should not be set on objects to be created"


RESOURCES = [
    ({"verb": "get", "resource": "pods"}, True),
    ({"verb": "get", "resource": "pods", "subresource": "log"}, True),
    ({"verb": "create", "resource": "pods", "subresource": "exec"}, True),
    ({"verb": "create", "resource": "pods", "subresource": "attach"}, False),
    ({"verb": "create", "resource": "deployments", "group": "apps"}, True),
    ({"verb": "create", "resource": "deployments"}, False),
    ({"verb": "delete", "resource": "nodes"}, False),
    ({"verb": "get", "resource": "secrets"}, False),
    ({"verb": "*", "resource": "*"}, True),
]
REVIEWS = [
    *(({"resourceAttributes": resource}, allowed) for resource, allowed in RESOURCES),
    ({"nonResourceAttributes": {"verb": "get", "path": "/version"}}, True),
]


@pytest.mark.parametrize(("spec", "allowed"), REVIEWS)
async def test_access_reviews(client: Client, spec: Object, allowed: bool) -> None:
    answer = await client.create(samples.REVIEWS, {"spec": spec})
    assert (answer.code, answer.body["status"]["allowed"]) == (201, allowed)


async def test_a_pod_is_what_admission_makes_of_it() -> None:
    def admit(found: Object, namespace: Object) -> Object:
        assert namespace["metadata"]["name"] == "demo"
        sidecar = {"name": "istio-proxy", "image": "p:1"}
        return {**found, "spec": {**found["spec"], "containers": [*found["spec"]["containers"], sidecar]}}

    async with running(admit=admit) as sandbox:
        made = await sandbox.client.create(PODS, pod(), dryRun="All")
    assert [found["name"] for found in made.body["spec"]["containers"]] == ["c", "istio-proxy"]
    assert made.body["spec"]["containers"][1]["imagePullPolicy"] == "IfNotPresent"


async def test_a_namespace_lasts_until_it_is_finalized(client: Client) -> None:
    path = "/api/v1/namespaces/demo"
    marked = await client.delete(path)
    assert (marked.code, marked.body["status"]["phase"]) == (200, "Terminating")
    assert (await client.get(path)).body["metadata"]["deletionTimestamp"]
    await client.ask("PUT", f"{path}/finalize", {**marked.body, "spec": {"finalizers": []}})
    assert (await client.get(path)).code == 404


GRACE: list[tuple[Object | None, dict[str, int], int]] = [
    (None, {}, 30),
    ({"gracePeriodSeconds": 5}, {}, 5),
    (None, {"gracePeriodSeconds": 7}, 7),
    ({"gracePeriodSeconds": 5}, {"gracePeriodSeconds": 7}, 5),
]


@pytest.mark.parametrize(("body", "query", "grace_s"), GRACE)
async def test_the_grace_period_of_a_running_pod(
    sandbox: Sandbox, body: Object | None, query: dict[str, int], grace_s: int
) -> None:
    await sandbox.client.create(PODS, pod(nodeName="node"))
    marked = await sandbox.client.delete(f"{PODS}/one", body, **query)
    assert marked.body["metadata"]["deletionGracePeriodSeconds"] == grace_s
    again = await sandbox.client.delete(f"{PODS}/one")
    assert again.body == marked.body
    sooner = await sandbox.client.delete(f"{PODS}/one", {"gracePeriodSeconds": 1})
    assert sooner.body["metadata"]["deletionGracePeriodSeconds"] == 1
    await sandbox.client.delete(f"{PODS}/one", {"gracePeriodSeconds": 0})
    assert (await sandbox.client.get(f"{PODS}/one")).code == 404


async def test_a_pod_without_a_node_is_deleted_at_once(client: Client) -> None:
    await client.create(PODS, pod())
    assert (await client.delete(f"{PODS}/one")).body["kind"] == "Pod"
    assert (await client.get(f"{PODS}/one")).code == 404


PROPAGATION = [
    ({"propagationPolicy": "Background"}, None),
    ({"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
    ({"propagationPolicy": "Orphan"}, ["orphan"]),
    ({"orphanDependents": True}, ["orphan"]),
    ({}, None),
]


@pytest.mark.parametrize(("options", "finalizers"), PROPAGATION)
async def test_the_propagation_policy(client: Client, options: Object, finalizers: list[str] | None) -> None:
    await client.create(DEPLOYMENTS, deployment())
    answer = await client.delete(f"{DEPLOYMENTS}/web", options)
    left = await client.get(f"{DEPLOYMENTS}/web")
    if finalizers is None:
        assert (answer.body["kind"], answer.body["status"], left.code) == ("Status", "Success", 404)
    else:
        assert (left.body["metadata"]["finalizers"], left.body["metadata"]["generation"]) == (finalizers, 2)
        await client.patch(f"{DEPLOYMENTS}/web", {"metadata": {"finalizers": None}}, MERGE)
        assert (await client.get(f"{DEPLOYMENTS}/web")).code == 404


PRECONDITIONS = [("uid", "UID in the precondition (x)"), ("resourceVersion", "ResourceVersion in the precondition (x)")]


@pytest.mark.parametrize(("name", "message"), PRECONDITIONS)
async def test_preconditions_of_a_delete(client: Client, name: str, message: str) -> None:
    made = await client.create(DEPLOYMENTS, deployment())
    refused = await client.delete(f"{DEPLOYMENTS}/web", {"preconditions": {name: "x"}})
    assert (refused.code, refused.reason) == (409, "Conflict")
    assert refused.message.startswith(f'Operation cannot be fulfilled on Deployment.apps "web": the {message}')
    held = {"preconditions": {name: made.body["metadata"][name]}}
    assert (await client.delete(f"{DEPLOYMENTS}/web", held)).code == 200


async def test_delete_a_selection(client: Client) -> None:
    for name, color in (("a", "red"), ("b", "blue"), ("c", "red")):
        await client.create(ACCOUNTS, account(name, labels={"color": color}))
    gone = await client.delete(ACCOUNTS, labelSelector="color=red")
    assert (gone.body["kind"], gone.names) == ("ServiceAccountList", ["a", "c"])
    assert (await client.get(ACCOUNTS)).names == ["b"]


def test_the_registry_completes_objects_without_http(sandbox: Sandbox) -> None:
    made = sandbox.registry.create(DEPLOYMENT, "demo", {"metadata": {"name": "d"}, "spec": deployment()["spec"]})
    assert (made["kind"], made["apiVersion"], made["spec"]["revisionHistoryLimit"]) == ("Deployment", "apps/v1", 10)
    assert sandbox.registry.delete(NAMESPACES, "", "demo").gone is False
