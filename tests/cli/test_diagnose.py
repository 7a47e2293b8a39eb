"""`grpcdemo diagnose`"""

import json
from pathlib import Path

from .conftest import DEMO, Command


def test_diagnose(grpcdemo: Command, up: str) -> None:
    target = ("--kubeconfig", up, "-n", DEMO)
    ended = grpcdemo("diagnose", "svc/grpc-server", *target)
    assert (ended.code, ended.err) == (3, "")
    lines = ended.out.splitlines()
    assert lines[1] == "pinned: the configuration keeps a client on one pod"
    not_measured = "by configuration only; traffic was not measured"
    assert f"{not_measured}: no client pod has Istio's sidecar" in ended.out
    assert "has the program `cat`, as in a distroless image" in " ".join(lines[-3:])
    assert grpcdemo("diagnose", "grpc-server", "--no-traffic", *target).out.splitlines()[-1] == not_measured
    document = json.loads(grpcdemo("doctor", "grpc-server", *target, "--client", "grpc-client", "-o", "json").out)
    assert [finding["id"] for finding in document["findings"]] == ["client-without-sidecar"]
    assert document["clientsFrom"] == "option"
    assert f"--kubeconfig {up}" in document["findings"][0]["command"]


def test_a_probe_is_told_before_anything_changes(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("diagnose", "svc/grpc-server", "--kubeconfig", up, "-n", DEMO, "--probe")
    assert (ended.code, ended.out) == (1, "")
    told, about, error, hint = ended.err.splitlines()
    assert told.startswith("--probe adds the container grpcdemo-probe-")
    assert " to 3 pods: grpc-server-" in told
    assert "It cannot be removed: it stays in the pod's spec until the pod is deleted." in about
    assert "localhost/grpcdemo-server:" in about
    assert error == "error: --probe changes the server pods"
    assert hint == "hint: accept it with --yes, or leave out --probe"


def test_a_report(grpcdemo: Command, up: str, tmp_path: Path) -> None:
    target, file = ("--kubeconfig", up, "-n", DEMO), tmp_path / "report.html"
    ended = grpcdemo("diagnose", "grpc-server", "--no-traffic", "--report", str(file), *target)
    assert (ended.code, ended.out.splitlines()[1]) == (3, "pinned: the configuration keeps a client on one pod")
    assert ended.err == f"written to {file}\n"
    page = file.read_text("utf-8")
    assert "client-without-sidecar" in page
    assert f"grpcdemo diagnose grpc-server --no-traffic --report {file}" in page
    assert grpcdemo("diagnose", "--report", "-", *target).out.startswith("<!doctype html>")
    assert grpcdemo("diagnose", "--report", "-", "-o", "json", *target).code == 2
    missing = grpcdemo("diagnose", "carts", "--report", str(tmp_path / "none.html"), *target)
    assert (missing.code, [*tmp_path.glob("*.html")]) == (1, [file])


def test_all(grpcdemo: Command, up: str) -> None:
    ended = grpcdemo("check", "-A", "--kubeconfig", up, "-o", "json")
    assert (ended.code, len(json.loads(ended.out))) == (3, 1)
    assert grpcdemo("diagnose", "--kubeconfig", up, "-n", DEMO).out.startswith("service/grpc-server")
    nothing = grpcdemo("diagnose", "--kubeconfig", up)
    assert (nothing.code, nothing.out.split(":")[0]) == (
        4,
        "no gRPC Service found (by port names, appProtocol and probes)",
    )


def test_wrong_usage(grpcdemo: Command, kubeconfig: str) -> None:
    for words in (
        ("--client", "web"),
        ("--for", "3s"),
        ("cart", "--for", "3s", "--no-traffic"),
        ("cart", "--source", "istio", "--no-traffic"),
        ("--source", "envoy"),
        ("--metrics-port", "9090"),
        ("cart", "--metrics-port", "9090", "--no-traffic"),
        ("cart", "--metrics-port", "9090", "--source", "istio"),
        ("cart", "--metrics-port", "9090", "--source", "connections"),
        ("cart", "--metrics-port", "70000/metrics"),
        ("cart", "--source", "log"),
        ("cart", "--log-match", "handled", "--source", "app"),
        ("cart", "--log-match", "handled", "--metrics-port", "9090"),
        ("--probe",),
        ("cart", "--probe", "--no-traffic"),
        ("cart", "--probe", "--source", "app"),
        ("cart", "--yes"),
        ("cart", "--image-prefix", "registry.example.com/team"),
        ("svc/cart", "-A"),
        ("-n", "Shop"),
    ):
        assert grpcdemo("diagnose", *words, "--kubeconfig", kubeconfig).code == 2
    assert (
        "--source: 'x' is not auto or envoy or linkerd or istio or app or log or connections"
        in grpcdemo("diagnose", "cart", "--source", "x").err
    )
    assert "--log-match: '(' is not a regular expression" in grpcdemo("diagnose", "cart", "--log-match", "(").err
