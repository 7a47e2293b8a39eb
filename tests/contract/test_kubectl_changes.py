"""Changes by kubectl, verb by verb: what it prints, and what the change does."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tools import Demo, kubectl

SERVERS = "app.kubernetes.io/name=grpc-server"
WITHIN = "--timeout=120s"


@pytest.fixture
def servers(demo: Demo) -> Demo:
    """Two servers and no client, by kubectl alone."""
    kubectl("create", "namespace", demo.namespace)
    demo.kubectl("create", "-f", "-", stdin=server_manifest(demo))
    demo.roll_out("grpc-server")
    return demo


def server_manifest(demo: Demo, replicas: int = 2) -> str:
    printed = demo.run("manifests", "--servers", str(replicas)).check(0).out
    return printed[: printed.index("# The client")]


def ips(demo: Demo) -> set[str]:
    return {pod["status"]["podIP"] for pod in demo.pods().values()}


def test_a_namespace_comes_and_goes(demo: Demo) -> None:
    name = demo.namespace
    assert kubectl("create", "ns", name) == f"namespace/{name} created\n"
    assert f'namespaces "{name}" already exists' in demo.refused("create", "ns", name)
    assert kubectl("label", "ns", name, "istio-injection=disabled") == f"namespace/{name} labeled\n"
    assert "already has a value (disabled)" in demo.refused("label", "ns", name, "istio-injection=enabled")
    kubectl("label", "ns", name, "istio-injection=enabled", "--overwrite")
    row = kubectl("get", "ns", name, "-L", "istio-injection", "--no-headers").split()
    assert (row[0], row[1], row[3]) == (name, "Active", "enabled")
    assert kubectl("delete", "ns", name) == f'namespace "{name}" deleted\n'
    assert f'namespaces "{name}" not found' in demo.refused("get", "ns", name)


def test_a_patch_may_name_the_object_that_it_is_for(demo: Demo) -> None:
    kubectl("create", "namespace", demo.namespace)
    other = json.dumps({"metadata": {"uid": "other", "labels": {"a": "b"}}})
    said = demo.refused("patch", "namespace", demo.namespace, "--type=merge", "--patch", other)
    assert f'Namespace "{demo.namespace}" is invalid: metadata.uid: Invalid value: "other": field is immutable' in said


def test_create_takes_the_files_once(demo: Demo, tmp_path: Path) -> None:
    kubectl("create", "namespace", demo.namespace)
    demo.run("manifests", "--servers", "1", "--write", str(tmp_path)).check(0)
    files = ("-f", str(tmp_path / "grpc-server.yaml"), "-f", str(tmp_path / "grpc-client.yaml"))
    tried = demo.kubectl("create", *files, "--dry-run=server")
    assert tried.splitlines()[-1] == "deployment.apps/grpc-client created (server dry run)"
    assert demo.kubectl("get", "all", "-o", "name") == ""
    assert demo.kubectl("create", *files).splitlines() == [
        "service/grpc-server created",
        "deployment.apps/grpc-server created",
        "deployment.apps/grpc-client created",
    ]
    assert 'deployments.apps "grpc-client" already exists' in demo.refused("create", *files)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text((tmp_path / "grpc-server.yaml").read_text().replace("replicas:", "replica:"))
    said = demo.refused("create", "-f", str(wrong), "--dry-run=server")
    assert 'strict decoding error: unknown field "spec.replica"' in said


def test_apply_twice(demo: Demo, tmp_path: Path) -> None:
    kubectl("create", "namespace", demo.namespace)
    manifest = tmp_path / "server.yaml"
    manifest.write_text(server_manifest(demo, 1))
    applied = [demo.kubectl("apply", "-f", str(manifest)).splitlines() for _ in range(2)]
    assert applied == [
        [f"service/grpc-server {did}", f"deployment.apps/grpc-server {did}"] for did in ("created", "unchanged")
    ]
    assert demo.kubectl("diff", "-f", str(manifest)) == ""

    manifest.write_text(server_manifest(demo, 2))
    changes = demo.kubectl("diff", "-f", str(manifest), check=False)
    assert {"-  replicas: 1", "+  replicas: 2"} < set(changes.splitlines())
    again = demo.kubectl("apply", "-f", str(manifest)).splitlines()
    assert again == ["service/grpc-server unchanged", "deployment.apps/grpc-server configured"]
    assert demo.get("deployment", "grpc-server")["spec"]["replicas"] == 2


def test_scale_and_wait(servers: Demo) -> None:
    before = set(servers.pods())
    assert servers.kubectl("scale", "deploy/grpc-server", "--replicas=3") == "deployment.apps/grpc-server scaled\n"
    ready = servers.kubectl("wait", "--for=jsonpath={.status.readyReplicas}=3", "deploy/grpc-server", WITHIN)
    assert ready == "deployment.apps/grpc-server condition met\n"
    assert before < set(servers.pods())
    servers.kubectl("scale", "deploy/grpc-server", "--replicas=0")
    servers.kubectl("wait", "--for=delete", "pod", "-l", SERVERS, WITHIN)
    assert servers.kubectl("get", "pods", "-o", "name") == ""
    assert "timed out" in servers.refused("wait", "--for=condition=Nope", "deploy/grpc-server", "--timeout=1s")


def test_a_restart_replaces_every_pod_and_never_serves_with_fewer(servers: Demo) -> None:
    before = set(servers.pods())
    columns = "custom-columns=READY:.status.readyReplicas,ALL:.status.replicas,DONE:.metadata.annotations.done"
    watch = ("get", "deploy", "grpc-server", "--watch", "--no-headers", "-o", columns)
    with servers.stream(*watch) as watching:
        assert watching.out.next().split() == ["2", "2", "<none>"]
        said = servers.kubectl("rollout", "restart", "deploy/grpc-server")
        assert said == "deployment.apps/grpc-server restarted\n"
        rolled_out = servers.kubectl("rollout", "status", "deploy/grpc-server", WITHIN)
        assert rolled_out.endswith('deployment "grpc-server" successfully rolled out\n')
        servers.kubectl("annotate", "deploy/grpc-server", "done=yes")
        seen = [line.split() for line in watching.out.until(lambda line: line.endswith("yes"))]
    assert min(int(ready) for ready, _, _ in seen) == 2
    assert max(int(total) for _, total, _ in seen) == 4
    servers.kubectl("wait", "--for=delete", *(f"pod/{name}" for name in before), WITHIN)
    assert len(servers.pods()) == 2


def test_undo_goes_back_to_the_last_revision(servers: Demo) -> None:
    path = "jsonpath={.spec.template.spec.terminationGracePeriodSeconds}"
    was = servers.kubectl("get", "deploy/grpc-server", "-o", path)
    servers.patch_template("grpc-server", spec={"terminationGracePeriodSeconds": 7})
    servers.roll_out("grpc-server")
    assert _revisions(servers) == ["1", "2"]
    assert servers.kubectl("rollout", "undo", "deploy/grpc-server") == "deployment.apps/grpc-server rolled back\n"
    servers.roll_out("grpc-server")
    assert servers.kubectl("get", "deploy/grpc-server", "-o", path) == was
    assert _revisions(servers) == ["2", "3"]
    replica_sets = servers.get("rs", "-l", SERVERS)["items"]
    assert sorted(found["spec"]["replicas"] for found in replica_sets) == [0, 2], "the first ReplicaSet is used again"
    assert "unable to find specified revision 77" in servers.refused(
        "rollout", "undo", "deploy/grpc-server", "--to-revision=77"
    )


def _revisions(demo: Demo) -> list[str]:
    rows = demo.kubectl("rollout", "history", "deploy/grpc-server").splitlines()
    return [row.split()[0] for row in rows[2:] if row]


def test_a_pod_that_is_deleted_is_replaced(servers: Demo) -> None:
    assert servers.endpoints() == dict.fromkeys(ips(servers), True)
    victim, other = sorted(servers.pods())
    with servers.stream("get", "po", "-w", "--no-headers") as watching:
        assert {watching.out.next().split()[0], watching.out.next().split()[0]} == {victim, other}
        said = servers.kubectl("delete", "pod", victim)
        assert said == f'pod "{victim}" deleted from {servers.namespace} namespace\n'
        servers.roll_out("grpc-server")
        seen = [line.split() for line in watching.out.until(lambda line: _is_new_and_ready(line, {victim, other}))]
    assert (victim, "Terminating") in {(row[0], row[2]) for row in seen}
    (new,) = set(servers.pods()) - {other}
    assert [row[1] for row in seen if row[0] == new][-1] == "1/1"
    servers.kubectl("wait", "--for=jsonpath={.endpoints[1].conditions.ready}=true", "endpointslices", "--all", WITHIN)
    assert servers.endpoints() == dict.fromkeys(ips(servers), True)


def test_a_relabeled_pod_is_replaced_and_adopted_again(servers: Demo) -> None:
    victim, other = sorted(servers.pods())
    watch = ("get", "po", "--selector", SERVERS, "--watch", "--no-headers")
    with servers.stream(*watch) as watching:
        assert {watching.out.next().split()[0], watching.out.next().split()[0]} == {victim, other}
        servers.kubectl("label", "pod", victim, "app.kubernetes.io/name=debug", "--overwrite")
        new = watching.out.until(lambda line: _is_new_and_ready(line, {victim, other}))[-1].split()[0]
        assert {name: _owned(pod) for name, pod in servers.pods().items()} == {victim: False, other: True, new: True}
        servers.kubectl("label", "pod", victim, SERVERS, "--overwrite")
        surplus = watching.out.until(lambda line: line.split()[2] == "Terminating")[-1].split()[0]
    kept = {victim, other, new} - {surplus}
    assert {name: _owned(pod) for name, pod in servers.pods().items()} == dict.fromkeys(kept, True)


def _owned(pod: Any) -> bool:
    return "ownerReferences" in pod["metadata"]


def _revision(replica_set: Any) -> str:
    return str(replica_set["metadata"]["annotations"]["deployment.kubernetes.io/revision"])


def _is_new_and_ready(line: str, old: set[str]) -> bool:
    name, ready, *_ = line.split()
    return name not in old and ready == "1/1"


def test_an_unready_pod_gets_no_calls(servers: Demo) -> None:
    servers.patch_container("grpc-server", readinessProbe={"grpc": {"port": 1}})
    servers.kubectl("wait", "--for=jsonpath={.status.updatedReplicas}=2", "deploy/grpc-server", WITHIN)
    (newest,) = (found for found in servers.get("rs", "-l", SERVERS)["items"] if _revision(found) == "2")
    of_it = ("-l", f"pod-template-hash={newest['metadata']['labels']['pod-template-hash']}")
    servers.kubectl("wait", "--for=jsonpath={.status.phase}=Running", "pod", *of_it, WITHIN)
    assert {tuple(row.split()[1:3]) for row in servers.kubectl("get", "po", *of_it, "--no-headers").splitlines()} == {
        ("0/1", "Running")
    }
    unready = {pod["status"]["podIP"] for pod in servers.get("po", *of_it)["items"]}
    servers.kubectl("wait", "--for=jsonpath={.endpoints[3]}", "endpointslices", "--all", WITHIN)
    assert servers.endpoints() == {ip: ip not in unready for ip in ips(servers)}
    assert "timed out" in servers.refused("rollout", "status", "deploy/grpc-server", "--timeout=1s")
    servers.kubectl("rollout", "undo", "deploy/grpc-server")
    servers.roll_out("grpc-server")


def test_a_missing_image(servers: Demo) -> None:
    before = set(servers.pods())
    servers.kubectl("set", "image", "deploy/grpc-server", "grpc-server=localhost/none:1")
    with servers.stream("get", "po", "-w", "--no-headers") as watching:
        watching.out.until(lambda line: line.split()[2] in ("ErrImagePull", "ImagePullBackOff"))
    rows = [line.split() for line in servers.kubectl("get", "po", "--no-headers").splitlines()]
    assert {row[0] for row in rows if row[1:3] == ["1/1", "Running"]} == before
    warnings = servers.get("events", "--field-selector", "type=Warning,reason=Failed")["items"]
    assert any("localhost/none:1" in found["message"] for found in warnings)


def test_a_container_that_crashes_is_restarted_and_its_log_kept(servers: Demo) -> None:
    crash = ["python3", "-c", "import sys; print('no configuration'); sys.exit(7)"]
    servers.patch_container("grpc-server", command=crash)
    with servers.stream("get", "po", "-w", "--no-headers") as watching:
        lines = watching.out.until(lambda line: line.split()[2] == "CrashLoopBackOff")
    name, ready, status, restarts, *_ = lines[-1].split()
    assert (ready, status) == ("0/1", "CrashLoopBackOff")
    assert int(restarts) >= 1
    assert servers.kubectl("logs", name, "--previous") == "no configuration\n"
    described = [" ".join(line.split()) for line in servers.kubectl("describe", "pod", name).splitlines()]
    assert "Last State: Terminated" in described
    assert "Exit Code: 7" in described


def test_debug_adds_a_container_that_runs_once_and_stays(servers: Demo) -> None:
    name = next(iter(servers.pods()))
    image = servers.pods()[name]["spec"]["containers"][0]["image"]
    debug = ("debug", name, "--container=debugger", f"--image={image}", "--attach=false")
    servers.kubectl(*debug, "--", "sh", "-c", "echo looked")
    ended = "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"
    servers.kubectl("wait", f"pod/{name}", f"--for=jsonpath={ended}=0", WITHIN)
    assert servers.kubectl("logs", name, "-c", "debugger") == "looked\n"
    gone = json.dumps({"spec": {"ephemeralContainers": []}})
    patch = ("patch", "pod", name, "--subresource=ephemeralcontainers", "--type=merge", "--patch", gone)
    assert 'existing ephemeral containers "debugger" may not be removed' in servers.refused(*patch)
