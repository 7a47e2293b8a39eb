"""kubectl on a running demo: tables, descriptions and logs."""

import json
import re

import yaml

from tests.contract.tools import Demo, kubectl

AGE = r"(\d+d)?(\d+h)?(\d+m)?(\d+s)?"
CLIENT = "app.kubernetes.io/name=grpc-client"
SERVERS = "app.kubernetes.io/name=grpc-server"
LOGGED = re.compile(r"seq=(\d+) code=OK pod=grpc-server-\S+ pod_ip=\S+ latency_ms=[\d.]+")


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table by the names of its columns, which are two spaces apart."""
    header, *rows = text.splitlines()
    starts = [found.start() for found in re.finditer(r"\S+(?: \S+)*", header)]
    slices = [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]
    return [{header[part].strip(): row[part].strip() for part in slices} for row in rows]


def shown(text: str) -> list[str]:
    """The lines of a description, with single spaces."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_get_pods(running: Demo) -> None:
    rows = table(running.kubectl("get", "po"))
    assert list(rows[0]) == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert {row["NAME"] for row in rows} == set(running.pods())
    assert {(row["READY"], row["STATUS"], row["RESTARTS"]) for row in rows} == {("1/1", "Running", "0")}
    assert all(re.fullmatch(AGE, row["AGE"]) for row in rows)


def test_get_pods_wide(running: Demo) -> None:
    rows = table(running.kubectl("get", "po", "-o", "wide"))
    assert list(rows[0])[5:] == ["IP", "NODE", "NOMINATED NODE", "READINESS GATES"]
    assert {row["NAME"]: (row["IP"], row["NODE"]) for row in rows} == {
        name: (pod["status"]["podIP"], pod["spec"]["nodeName"]) for name, pod in running.pods().items()
    }
    assert {(row["NOMINATED NODE"], row["READINESS GATES"]) for row in rows} == {("<none>", "<none>")}


def test_exec(running: Demo) -> None:
    """The output of a command, in the container's own environment."""
    said = running.kubectl("exec", "deploy/grpc-server", "--", "sh", "-c", "echo $HOSTNAME")
    assert said.strip() in running.pods()
    assert "local_address" in running.kubectl("exec", "deploy/grpc-client", "--", "cat", "/proc/net/tcp")


def test_get_endpoints(running: Demo) -> None:
    running.kubectl("wait", "--for=jsonpath={.subsets[0].addresses[2]}", "endpoints/grpc-server", "--timeout=120s")
    (row,) = table(running.kubectl("get", "ep"))
    pods = json.loads(running.kubectl("get", "po", "-l", SERVERS, "-o", "json"))["items"]
    assert (list(row), row["NAME"]) == (["NAME", "ENDPOINTS", "AGE"], "grpc-server")
    assert set(row["ENDPOINTS"].split(",")) == {f"{pod['status']['podIP']}:50051" for pod in pods}


def test_get_pods_in_other_forms(running: Demo) -> None:
    pods = running.pods()
    listed = yaml.safe_load(running.kubectl("get", "po", "-o", "yaml"))
    assert (listed["kind"], {pod["kind"] for pod in listed["items"]}) == ("List", {"Pod"})
    assert {pod["metadata"]["name"] for pod in listed["items"]} == set(pods)
    assert set(running.kubectl("get", "po", "-o", "jsonpath={.items[*].metadata.name}").split()) == set(pods)
    assert set(running.kubectl("get", "po", "-o", "name").split()) == {f"pod/{name}" for name in pods}
    columns = running.kubectl("get", "po", "-o", "custom-columns=POD:.metadata.name,IP:.status.podIP", "-l", CLIENT)
    (row,) = table(columns)
    assert row["IP"] == pods[row["POD"]]["status"]["podIP"]
    servers = running.kubectl("get", "po", "-l", SERVERS, "--field-selector", "status.phase=Running", "-o", "name")
    assert len(servers.split()) == 3


def test_get_all(running: Demo) -> None:
    kinds = [line.split("/")[0] for line in running.kubectl("get", "all", "-o", "name").splitlines()]
    assert sorted(kinds) == ["deployment.apps"] * 2 + ["pod"] * 4 + ["replicaset.apps"] * 2 + ["service"]
    (deployment,) = table(running.kubectl("get", "deployment", "grpc-server"))
    assert (deployment["READY"], deployment["UP-TO-DATE"], deployment["AVAILABLE"]) == ("3/3", "3", "3")
    (replicas,) = table(running.kubectl("get", "rs", "-l", SERVERS))
    assert (replicas["DESIRED"], replicas["CURRENT"], replicas["READY"]) == ("3", "3", "3")
    (service,) = table(running.kubectl("get", "svc"))
    assert (service["TYPE"], service["EXTERNAL-IP"], service["PORT(S)"]) == ("ClusterIP", "<none>", "50051/TCP")
    (endpoints,) = table(running.kubectl("get", "endpointslices"))
    ips = {pod["status"]["podIP"] for name, pod in running.pods().items() if name.startswith("grpc-server")}
    assert (endpoints["PORTS"], set(endpoints["ENDPOINTS"].split(","))) == ("50051", ips)


def calls_so_far(line: str) -> int:
    """Zero for the line that tells what the client calls."""
    match = LOGGED.fullmatch(line)
    return int(match[1]) if match else 0


def test_logs(running: Demo) -> None:
    with running.stream("logs", "-f", "deploy/grpc-client") as watching:
        watching.out.until(lambda line: calls_so_far(line) >= 5)
    lines = running.kubectl("logs", "deploy/grpc-client", "--tail=5").splitlines()
    assert len(lines) == 5
    assert all(LOGGED.fullmatch(line) for line in lines)
    (stamped,) = running.kubectl("logs", "deploy/grpc-client", "--tail=1", "--timestamps").splitlines()
    moment, line = stamped.split(" ", 1)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", moment)
    assert LOGGED.fullmatch(line)
    since = running.kubectl("logs", "deploy/grpc-client", "--since-time", moment, "--timestamps").splitlines()
    assert stamped in since
    assert since[0][: len("2026-01-01T00:00:00")] == moment[: len("2026-01-01T00:00:00")], "it counts in whole seconds"


def test_logs_are_followed_and_none_is_lost(running: Demo) -> None:
    with running.stream("logs", "-f", "deploy/grpc-client", "--tail=1") as watching:
        watching.out.until(calls_so_far)
        numbers = [calls_so_far(watching.out.next()) for _ in range(20)]
    assert numbers == list(range(numbers[0], numbers[0] + 20))


def test_describe_pod(running: Demo) -> None:
    (name,) = running.kubectl("get", "po", "-l", CLIENT, "-o", "jsonpath={.items[*].metadata.name}").split()
    pod = running.pods()[name]
    lines = shown(running.kubectl("describe", "pod", name))
    replica_set = pod["metadata"]["ownerReferences"][0]["name"]
    for line in (
        f"Name: {name}",
        "Status: Running",
        f"IP: {pod['status']['podIP']}",
        f"Controlled By: ReplicaSet/{replica_set}",
        "grpc-client:",
        "State: Running",
        "Ready: True",
        "Restart Count: 0",
        "TARGET: dns:///grpc-server:50051",
        "ContainersReady True",
        "QoS Class: Burstable",
        "Node-Selectors: kubernetes.io/os=linux",
    ):
        assert line in lines
    events = [line.split()[1] for line in lines[lines.index("Events:") + 3 :] if line.startswith("Normal")]
    assert events == ["Scheduled", "Pulled", "Created", "Started"]


def test_describe_deployment(running: Demo) -> None:
    (replica_set,) = running.get("rs", "-l", SERVERS)["items"]
    name = replica_set["metadata"]["name"]
    lines = shown(running.kubectl("describe", "deployment", "grpc-server"))
    for line in (
        "Replicas: 3 desired | 3 updated | 3 total | 3 available | 0 unavailable",
        "StrategyType: RollingUpdate",
        "RollingUpdateStrategy: 0 max unavailable, 100% max surge",
        "Available True MinimumReplicasAvailable",
        "Progressing True NewReplicaSetAvailable",
        "OldReplicaSets: <none>",
        f"NewReplicaSet: {name} (3/3 replicas created)",
    ):
        assert line in lines
    assert re.fullmatch(
        rf"Normal ScalingReplicaSet {AGE} deployment-controller Scaled up replica set {name} from 0 to 3", lines[-1]
    )


def test_get_events(running: Demo) -> None:
    rows = table(running.kubectl("get", "events"))
    assert list(rows[0]) == ["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]
    names = [pod for pod in running.pods() if pod.startswith("grpc-server")]
    created = [row["MESSAGE"] for row in rows if row["REASON"] == "SuccessfulCreate"]
    assert {f"Created pod: {name}" for name in names} < set(created)
    started = {row["OBJECT"] for row in rows if (row["TYPE"], row["REASON"]) == ("Normal", "Started")}
    assert started == {f"pod/{name}" for name in running.pods()}
    chosen = running.get("events", "--field-selector", f"involvedObject.name={names[0]}")["items"]
    assert {found["involvedObject"]["name"] for found in chosen} == {names[0]}


def test_auth_can_i(running: Demo) -> None:
    assert running.kubectl("auth", "can-i", "create", "deployments") == "yes\n"
    assert running.kubectl("auth", "can-i", "get", "pods", "--subresource=log") == "yes\n"


def test_missing_objects(running: Demo) -> None:
    for arguments, said in (
        (("get", "po", "nope"), 'Error from server (NotFound): pods "nope" not found'),
        (("logs", "nope"), 'error: error from server (NotFound): pods "nope" not found in namespace'),
        (("get", "nopes"), 'error: the server doesn\'t have a resource type "nopes"'),
        (("rollout", "status", "deploy/nope"), 'Error from server (NotFound): deployments.apps "nope" not found'),
    ):
        assert running.refused(*arguments).startswith(said)
    assert "previous terminated container" in running.refused("logs", "deploy/grpc-client", "--previous")
    assert "container nope is not valid" in running.refused("logs", "deploy/grpc-client", "-c", "nope")


def test_a_namespace_as_json(running: Demo) -> None:
    found = json.loads(kubectl("get", "ns", running.namespace, "-o", "json"))
    assert (found["status"], found["spec"]) == ({"phase": "Active"}, {"finalizers": ["kubernetes"]})
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == running.namespace
