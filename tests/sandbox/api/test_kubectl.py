"""kubectl against the API."""

import json

import pytest
import yaml

from .harness import Kubectl
from .samples import deployment, pod

pytestmark = pytest.mark.sandbox

DEPLOYMENT = yaml.safe_dump(deployment())


async def told(kubectl: Kubectl, *arguments: str, stdin: str | None = None) -> str:
    """What a command that must succeed prints."""
    said = await kubectl.run(*arguments, stdin=stdin)
    assert said.returncode == 0, said.stderr
    return said.stdout


async def test_api_resources_and_version(kubectl: Kubectl) -> None:
    lines = (await told(kubectl, "api-resources", "--no-headers")).splitlines()
    assert ["deployments", "deploy", "apps/v1", "true", "Deployment"] in [line.split() for line in lines]
    assert len(lines) == 14
    assert "v1.36.0+sandbox" in await told(kubectl, "version")
    unknown = await kubectl.run("get", "secrets")
    assert (unknown.returncode, unknown.stderr) == (1, 'error: the server doesn\'t have a resource type "secrets"\n')


async def test_namespaces(kubectl: Kubectl) -> None:
    assert await told(kubectl, "create", "namespace", "new") == "namespace/new created\n"
    again = await kubectl.run("create", "namespace", "new")
    assert again.stderr == 'Error from server (AlreadyExists): namespaces "new" already exists\n'
    assert await told(kubectl, "label", "ns", "new", "istio-injection=enabled") == "namespace/new labeled\n"
    shown = await told(kubectl, "get", "ns", "-L", "istio-injection", "--no-headers")
    assert [line.split()[:2] + line.split()[3:] for line in shown.splitlines()] == [
        ["demo", "Active"],
        ["new", "Active", "enabled"],
    ]
    assert await told(kubectl, "delete", "ns", "new", "--wait=false") == 'namespace "new" deleted\n'
    assert "Terminating" in await told(kubectl, "get", "ns", "new")


async def test_create_apply_and_change(kubectl: Kubectl) -> None:
    changed = DEPLOYMENT.replace("image: x", "image: v")
    for manifest, did in ((DEPLOYMENT, "created"), (DEPLOYMENT, "unchanged"), (changed, "configured")):
        assert await told(kubectl, "apply", "-f", "-", stdin=manifest) == f"deployment.apps/web {did}\n"
    for command, did in (
        ("scale deploy/web --replicas=3", "scaled"),
        ("annotate deploy/web a=b", "annotated"),
        ("rollout restart deploy/web", "restarted"),
        ("set image deploy/web c=z", "image updated"),
        ('patch deploy/web -p {"spec":{"paused":true}}', "patched"),
    ):
        assert await told(kubectl, *command.split()) == f"deployment.apps/web {did}\n"
    path = "{.spec.replicas} {.spec.paused} {.spec.template.spec.containers[0].image} {.metadata.annotations.a}"
    assert await told(kubectl, "get", "deploy/web", "-o", f"jsonpath={path}") == "3 true z b"
    assert await told(kubectl, "delete", "deploy/web") == 'deployment.apps "web" deleted from demo namespace\n'


async def test_create_refuses_unknown_fields(kubectl: Kubectl) -> None:
    assert await told(kubectl, "create", "-f", "-", stdin=DEPLOYMENT) == "deployment.apps/web created\n"
    wrong = DEPLOYMENT.replace("image: x", "imagee: x").replace("name: web", "name: other")
    refused = await kubectl.run("create", "-f", "-", stdin=wrong)
    assert refused.returncode == 1
    assert 'strict decoding error: unknown field "spec.template.spec.containers[0].imagee"' in refused.stderr


async def test_get(kubectl: Kubectl) -> None:
    await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
    header, _ = (await told(kubectl, "get", "pods", "-o", "wide")).splitlines()
    assert " ".join(header.split()) == "NAME READY STATUS RESTARTS AGE IP NODE NOMINATED NODE READINESS GATES"
    assert (await told(kubectl, "get", "po", "--no-headers")).split()[:4] == ["one", "0/1", "Pending", "0"]
    assert yaml.safe_load(await told(kubectl, "get", "pod", "one", "-o", "yaml"))["kind"] == "Pod"
    assert json.loads(await told(kubectl, "get", "all", "-o", "json"))["items"][0]["metadata"]["name"] == "one"
    described = await told(kubectl, "describe", "pod", "one")
    assert ["QoS", "Class:", "BestEffort"] in [line.split() for line in described.splitlines()]
    missing = await kubectl.run("get", "pod", "two")
    assert missing.stderr == 'Error from server (NotFound): pods "two" not found\n'
    assert await told(kubectl, "logs", "one") == "line 0 of c\nline 1 of c\nline 2 of c\n"
    await told(kubectl, "delete", "pod", "one")


async def test_watch(kubectl: Kubectl) -> None:
    watching = await kubectl.start("get", "pods", "--watch", "--no-headers")
    assert watching.stdout is not None
    try:
        await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
        assert (await watching.stdout.readline()).split()[:3] == [b"one", b"0/1", b"Pending"]
        await told(kubectl, "label", "pod", "one", "a=b")
        assert (await watching.stdout.readline()).split()[0] == b"one"
    finally:
        watching.kill()
        await watching.communicate()


async def test_wait_until_it_is_gone(kubectl: Kubectl) -> None:
    await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
    waiting = await kubectl.start("wait", "--for=delete", "pod/one", "--timeout=120s")
    await told(kubectl, "delete", "pod", "one")
    await waiting.communicate()
    assert waiting.returncode == 0


async def test_auth_can_i(kubectl: Kubectl) -> None:
    assert (await kubectl.run("auth", "can-i", "create", "deployments")).stdout == "yes\n"
    assert (await kubectl.run("auth", "can-i", "get", "pods", "--subresource=log")).stdout == "yes\n"
    assert (await kubectl.run("auth", "can-i", "delete", "nodes")).stdout.startswith("no")
    rows = [line.split() for line in (await told(kubectl, "auth", "can-i", "--list")).splitlines()]
    assert rows[0][:3] == ["Resources", "Non-Resource", "URLs"]
    assert ["pods/log", "[]", "[]", "[get]"] in rows
    assert ["nodes", "[]", "[]", "[get", "list", "watch]"] in rows
    assert ["[*]", "[]", "[get]"] in rows


async def test_debug(kubectl: Kubectl) -> None:
    await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
    await told(kubectl, "debug", "one", "--image=x", "--container=debugger", "--attach=false")
    names = "jsonpath={.spec.ephemeralContainers[*].name}"
    assert await told(kubectl, "get", "pod", "one", "-o", names) == "debugger"


async def test_server_side_apply_is_refused_with_a_hint(kubectl: Kubectl) -> None:
    refused = await kubectl.run("apply", "--server-side", "-f", "-", stdin=DEPLOYMENT)
    assert refused.returncode == 1
    assert "use `kubectl apply` without --server-side" in refused.stderr


async def test_exec(kubectl: Kubectl) -> None:
    """A program that fails, and one that there is not."""
    kubectl.node.codes = {"id": 0, "false": 7}
    await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
    await told(kubectl, "patch", "pod", "one", "--subresource=status", "-p", '{"status": {"phase": "Running"}}')
    assert await told(kubectl, "exec", "one", "--", "id", "-u") == "c id -u"
    failed = await kubectl.run("exec", "one", "--", "false")
    assert (failed.returncode, failed.stdout) == (7, "c false")
    assert failed.stderr == "done\ncommand terminated with exit code 7\n"
    missing = await kubectl.run("exec", "one", "--", "sh")
    assert (missing.returncode, 'exec: "sh": executable file not found' in missing.stderr) == (1, True)


NO_PATH = "the server could not find the requested resource"
JSON_ONLY = "as protobuf: add `--dry-run=client -o yaml | kubectl create -f -`"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("get configmaps", 'the server doesn\'t have a resource type "configmaps"'),
        ("create configmap one", NO_PATH),
        ("create quota one", NO_PATH),
        ("create role one --verb=get --resource=pods", NO_PATH),
        ("create token default", NO_PATH),
        ("create deployment one --image=x", JSON_ONLY),
        ("create service clusterip one --tcp=1:1", JSON_ONLY),
        ("exec one -it -- id", "the sandbox runs commands without input and without a terminal"),
        ("attach one", NO_PATH),
        (
            "port-forward pod/one 0:50051",
            "the sandbox forwards ports over a websocket with the protocol v4.channel.k8s.io",
        ),
        ("top pods", "Metrics API not available"),
        ("get pods --as=another", "the sandbox has one user, who cannot act as another"),
        ("get --raw /metrics", NO_PATH),
    ],
)
async def test_what_the_sandbox_lacks_is_refused(kubectl: Kubectl, command: str, said: str) -> None:
    await told(kubectl, "create", "-f", "-", stdin=yaml.safe_dump(pod()))
    await told(kubectl, "patch", "pod", "one", "--subresource=status", "-p", '{"status": {"phase": "Running"}}')
    refused = await kubectl.run(*command.split())
    assert refused.returncode == 1
    assert said in refused.stderr
