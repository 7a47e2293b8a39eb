"""Patches. What each makes of the Deployment below was read off a Kubernetes 1.36."""

from typing import Any

import pytest

from grpcdemo.resources.objects import Object

from .harness import Client
from .samples import DEPLOYMENTS, JSON_PATCH, MERGE, STRATEGIC, deployment

C = {"name": "c", "image": "x", "args": ["1", "2"], "ports": [{"containerPort": 80, "protocol": "TCP"}]}
C["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
D = {"name": "d", "image": "y"}
LABELS = {"x": "1", "y": "2"}
FILLED_IN = ("terminationMessagePath", "terminationMessagePolicy", "imagePullPolicy", "resources")


def patched_deployment() -> Object:
    spec = {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [C, D]}
    patched = deployment(template={"metadata": {"labels": {"a": "b"}}, "spec": spec})
    patched["metadata"].update(labels=LABELS, finalizers=["a.b/c"])
    return patched


def template(**spec: Any) -> Object:
    return {"spec": {"template": {"spec": spec}}}


def containers(*containers: Object) -> Object:
    return template(containers=[*containers])


def strategy(**content: Any) -> Object:
    return {"spec": {"strategy": content}}


ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
RECREATE = {"strategy": {"type": "Recreate"}}

D_Z, E_Z = ({"name": name, "image": "z"} for name in "de")
ENV = [{"name": "A", "$patch": "delete"}, {"name": "B", "value": "9"}, {"name": "C"}]
DC = {"$setElementOrder/containers": [{"name": "d"}, {"name": "c"}]}

CASES: list[tuple[Any, dict[str, Any]]] = [
    ({"metadata": {"labels": {"x": None, "z": "3"}}}, {"labels": {"y": "2", "z": "3"}}),
    ({"metadata": {"labels": {"$patch": "replace", "q": "1"}}}, {"labels": {"q": "1"}}),
    (containers(D_Z), {"containers": [C, D_Z]}),
    (containers(E_Z), {"containers": [E_Z, C, D]}),
    (containers({"name": "d", "$patch": "delete"}), {"containers": [C]}),
    (containers({"$patch": "replace"}, E_Z), {"containers": [E_Z]}),
    (containers({"name": "c", "env": ENV}), {"containers": [{**C, "env": ENV[1:]}, D]}),
    (containers({"name": "c", "args": ["9"]}), {"containers": [{**C, "args": ["9"]}, D]}),
    (
        containers({"name": "c", "ports": [{"containerPort": 81}]}),
        {"containers": [{**C, "ports": [{"containerPort": 81, "protocol": "TCP"}, *C["ports"]]}, D]},
    ),
    (
        containers({"name": "c", "ports": [{"containerPort": 80, "name": "http"}]}),
        {"containers": [{**C, "ports": [{"containerPort": 80, "name": "http", "protocol": "TCP"}]}, D]},
    ),
    (template(**DC, containers=[D_Z]), {"containers": [D_Z, C]}),
    (template(**DC), {"containers": [D, C]}),
    (template(initContainers=[E_Z]), {"initContainers": [E_Z]}),
    ({"metadata": {"finalizers": ["d.e/f"]}}, {"finalizers": ["d.e/f", "a.b/c"]}),
    ({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a.b/c"]}}, {"finalizers": None}),
    (strategy(type="Recreate", rollingUpdate=None), RECREATE),
    (strategy(**{"$retainKeys": ["type"]}, type="Recreate"), RECREATE),
    (strategy(**{"$patch": "replace"}, type="Recreate"), RECREATE),
    (
        template(volumes=[{"name": "v", "emptyDir": {"medium": "Memory"}}, {"name": "w", "emptyDir": {}}]),
        {"volumes": [{"name": "v", "emptyDir": {"medium": "Memory"}}, {"name": "w", "emptyDir": {}}]},
    ),
    (
        template(volumes=[{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "q"}}]),
        {"volumes": [{"name": "v", "configMap": {"name": "q", "defaultMode": 420}}]},
    ),
]


def written(container: Object) -> Object:
    return {key: value for key, value in container.items() if key not in FILLED_IN}


def parts(obj: Object) -> dict[str, Any]:
    """What the patches change, without what the server filled in."""
    spec = obj["spec"]["template"]["spec"]
    metadata = {key: obj["metadata"].get(key) for key in ("labels", "finalizers")}
    return {
        **metadata,
        "strategy": obj["spec"]["strategy"],
        "volumes": spec.get("volumes"),
        "containers": list(map(written, spec["containers"])),
        "initContainers": list(map(written, spec.get("initContainers", []))),
    }


BEFORE: dict[str, Any] = {
    "labels": LABELS,
    "finalizers": ["a.b/c"],
    "strategy": ROLLING,
    "containers": [C, D],
    "initContainers": [],
    "volumes": [{"name": "v", "emptyDir": {}}],
}


@pytest.mark.parametrize(("patch", "changed"), CASES, ids=range(len(CASES)))
async def test_a_strategic_merge(client: Client, patch: Object, changed: dict[str, Any]) -> None:
    await client.create(DEPLOYMENTS, patched_deployment())
    answer = await client.patch(f"{DEPLOYMENTS}/web", patch, STRATEGIC)
    assert answer.code == 200, answer.message
    assert parts(answer.body) == {**BEFORE, **changed}


OTHERS: list[tuple[str, Any, dict[str, Any]]] = [
    (
        JSON_PATCH,
        [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "3"}],
        {"containers": [{**C, "args": ["1", "2", "3"]}, D]},
    ),
    (JSON_PATCH, [{"op": "replace", "path": "/metadata/labels/q", "value": "3"}], {"labels": LABELS | {"q": "3"}}),
    (MERGE, containers(E_Z), {"containers": [E_Z]}),
    (
        MERGE,
        {"metadata": {"labels": {"x": None}}, "spec": {"strategy": {"rollingUpdate": None}}},
        {"labels": {"y": "2"}},
    ),
    (MERGE, {"metadata": {"labels": {"x": None, "y": None}}}, {"labels": None}),
]


@pytest.mark.parametrize(("kind", "patch", "changed"), OTHERS, ids=range(len(OTHERS)))
async def test_the_other_patches(client: Client, kind: str, patch: Any, changed: dict[str, Any]) -> None:
    await client.create(DEPLOYMENTS, patched_deployment())
    answer = await client.patch(f"{DEPLOYMENTS}/web", patch, kind)
    assert answer.code == 200, answer.message
    assert parts(answer.body) == {**BEFORE, **changed}


REJECTED = "the server rejected our request due to an error in our request"
NO_LIST = "error decoding patch: a JSON patch is a list of operations"
NO_OBJECT = "error decoding patch: a merge patch is an object"
WRONG: list[tuple[str, Any, int, str]] = [
    (JSON_PATCH, [{"op": "test", "path": "/spec/replicas", "value": 4}], 422, REJECTED),
    (JSON_PATCH, [{"op": "remove", "path": "/spec/foo"}], 422, REJECTED),
    (JSON_PATCH, [{"op": "foo", "path": "/spec/foo"}], 422, REJECTED),
    (JSON_PATCH, [{"op": "replace", "path": "", "value": 1}], 422, REJECTED),
    (JSON_PATCH, ["x"], 400, NO_LIST),
    (JSON_PATCH, {"a": 1}, 400, NO_LIST),
    (MERGE, [], 400, NO_OBJECT),
    (STRATEGIC, "x", 400, NO_OBJECT),
    (MERGE, b'{"a', 400, "error decoding patch: Unterminated string"),
    (STRATEGIC, b"{bad", 400, "error decoding patch: Expecting property name"),
    (MERGE, {"kind": "Pod"}, 400, "the patch changes the apiVersion or kind"),
    (MERGE, {"spec": {"replicas": "x"}}, 422, ' "" is invalid: patch: Invalid value: spec.replicas: Input should be'),
    (STRATEGIC, containers({"image": "z"}), 500, 'map: {"image": "z"} does not contain declared merge key: name'),
    (STRATEGIC, {"spec": {"$patch": "foo"}}, 500, 'unknown patch type: foo in map: {"$patch": "foo"}'),
    (STRATEGIC, strategy(type="Recreate"), 422, 'Deployment.apps "web" is invalid: spec.strategy.rollingUpdate: '),
    ("application/foo", {}, 415, "415: Unsupported Media Type"),
    ("application/apply-patch+yaml", {}, 415, "the sandbox has no server-side apply"),
]


@pytest.mark.parametrize(("kind", "patch", "code", "message"), WRONG)
async def test_a_patch_that_is_refused(client: Client, kind: str, patch: Any, code: int, message: str) -> None:
    made = await client.create(DEPLOYMENTS, patched_deployment())
    answer = await client.patch(f"{DEPLOYMENTS}/web", patch, kind)
    assert answer.code == code
    assert answer.message.startswith(message)
    assert (await client.get(f"{DEPLOYMENTS}/web")).body == made.body


async def test_unknown_fields_in_a_patch(client: Client) -> None:
    await client.create(DEPLOYMENTS, deployment())
    patch = {"spec": {"foo": 1}}
    warned = await client.patch(f"{DEPLOYMENTS}/web", patch, MERGE)
    assert warned.headers.getall("Warning") == ['299 - "unknown field \\"spec.foo\\""']
    strict = await client.patch(f"{DEPLOYMENTS}/web", patch, MERGE, fieldValidation="Strict")
    assert strict.code == 422
    assert strict.message.endswith('strict decoding error: unknown field "spec.foo"')


async def test_a_service_is_patched_by_its_ports(client: Client) -> None:
    path = "/api/v1/namespaces/demo/services"
    ports = [{"name": "a", "port": 1}, {"name": "b", "port": 2}]
    await client.create(path, {"metadata": {"name": "s"}, "spec": {"ports": ports}})
    patched = await client.patch(f"{path}/s", {"spec": {"ports": [{"port": 2, "targetPort": 9}]}}, STRATEGIC)
    assert [port["targetPort"] for port in patched.body["spec"]["ports"]] == [1, 9]
