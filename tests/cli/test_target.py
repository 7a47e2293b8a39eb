"""Which target is meant: options go before GRPCDEMO_TARGET, that before the kubeconfig, the sandbox is what is left."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import typer
import yaml
from typer.core import TyperCommand

from grpcdemo.cli.target import Choice, choose_target
from grpcdemo.cli.target_options import TargetOptions
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.sandbox.state import CONTEXT, acquire, find_state
from tests.fakes.script import write_kubeconfig

from .commands import TO_THE_CLUSTER
from .conftest import Command

STARTING = (("demo",), ("up",), ("compare",))
NEEDING = tuple(words for words in TO_THE_CLUSTER if words not in (*STARTING, ("cleanup",), ("check",)))
NOBODY = 2**22 + 1
"""The id of no process: above the largest that Linux gives."""
NO_SANDBOX = [
    "error: there is no kubeconfig, and no sandbox runs",
    "hint: `grpcdemo up` starts one with the demo in it; --context or --kubeconfig names a cluster",
]


@pytest.fixture
def implied(unreachable: str) -> str:
    """The server of a kubeconfig at its default place."""
    config = Path.home() / ".kube" / "config"
    config.parent.mkdir()
    config.write_bytes(Path(unreachable).read_bytes())
    return unreachable


OWN = Path("/state/kubeconfig")
"""The sandbox's kubeconfig."""
CLUSTER, SANDBOX, FALLBACK = Choice.CLUSTER, Choice.SANDBOX, Choice.FALLBACK


@pytest.mark.parametrize(
    ("named", "variable", "choice"),
    [
        ({}, None, FALLBACK),
        ({"pod": True}, None, CLUSTER),
        ({"pod": True}, "sandbox", SANDBOX),
        ({"pod": True, "sandbox": True}, None, SANDBOX),
        ({}, "sandbox", SANDBOX),
        ({}, "cluster", CLUSTER),
        ({"default": True}, None, CLUSTER),
        ({"default": True}, "sandbox", SANDBOX),
        ({"default": True, "sandbox": True}, None, SANDBOX),
        ({"default": True, "sandbox": True}, "cluster", SANDBOX),
        ({"context": "any"}, None, CLUSTER),
        ({"context": "any"}, "sandbox", CLUSTER),
        ({"context": "", "kubeconfig": ""}, None, FALLBACK),
        ({"kubeconfig": "/missing"}, "sandbox", CLUSTER),
        ({"environment": "/missing"}, None, CLUSTER),
        ({"environment": "/missing"}, "sandbox", SANDBOX),
        ({"environment": ""}, None, FALLBACK),
        ({"kubeconfig": str(OWN)}, None, SANDBOX),
        ({"environment": str(OWN)}, "cluster", SANDBOX),
        ({"environment": str(OWN), "context": CONTEXT}, None, SANDBOX),
        ({"environment": str(OWN), "context": "prod"}, None, CLUSTER),
        ({"environment": f"{OWN}:/other"}, None, CLUSTER),
    ],
)
def test_the_order_of_precedence(named: dict[str, Any], variable: str | None, choice: Choice) -> None:
    if named.get("default"):
        (Path.home() / ".kube").mkdir()
        (Path.home() / ".kube" / "config").touch()
    options = TargetOptions(
        typer.Context(TyperCommand("up")),
        named.get("context"),
        named.get("kubeconfig"),
        named.get("sandbox", False),
        "demo",
    )
    kubeconfig = find_kubeconfig(options.kubeconfig, {**os.environ, "KUBECONFIG": named.get("environment", "")})
    chosen = choose_target(
        options, variable=variable, kubeconfig=kubeconfig, sandbox_kubeconfig=OWN, in_pod=named.get("pod", False)
    )
    assert chosen is choice


@pytest.mark.parametrize(
    ("named", "flags"),
    [
        ({}, ()),
        ({"sandbox": True, "namespace": "x"}, ("--sandbox", "--namespace", "x")),
        ({"context": "a b", "kubeconfig": "k"}, ("--context", "a b", "--kubeconfig", "k")),
        ({"context": "", "namespace": "istio-grpc-demo"}, ()),
    ],
)
def test_the_next_command_has_the_same_target(named: dict[str, Any], flags: tuple[str, ...]) -> None:
    assert TargetOptions(typer.Context(TyperCommand("up")), **named).flags == flags


@pytest.mark.parametrize("words", NEEDING, ids=" ".join)
def test_what_needs_a_demo_starts_no_sandbox(grpcdemo: Command, words: tuple[str, ...]) -> None:
    ended = grpcdemo(*words)
    assert (ended.code, ended.out, ended.error_lines) == (1, "", NO_SANDBOX)
    assert not find_state().root.exists()


@pytest.mark.parametrize("words", NEEDING, ids=" ".join)
@pytest.mark.usefixtures("implied")
def test_the_option_goes_before_the_kubeconfig(grpcdemo: Command, words: tuple[str, ...]) -> None:
    ended = grpcdemo(*words, "--sandbox")
    assert (ended.code, ended.error_lines[0]) == (1, "error: no sandbox runs")


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_another_context_is_no_sandbox(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(find_state().kubeconfig))
    ended = grpcdemo(*words, "--context", "prod")
    assert (ended.code, ended.out) == (2, "")
    assert not find_state().root.exists()


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_required_cluster_is_no_sandbox(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GRPCDEMO_TARGET", "cluster")
    ended = grpcdemo(*words)
    error, hint = ended.error_lines
    assert (ended.code, ended.out) == (2, "")
    assert error.startswith("error: no cluster: there is no kubeconfig at ")
    assert hint.startswith("hint: name one with --kubeconfig")


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_missing_kubeconfig(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines[0] == f"error: no cluster: there is no kubeconfig at {tmp_path / 'gone'}"


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_pod_without_a_service_account_is_no_sandbox(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "192.0.2.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines[0].endswith("and this pod has no token of a service account")
    assert not find_state().root.exists()


@pytest.mark.parametrize("text", ["users: [{name: a, user: {token: 'canary}}]", "current-context: c\nusers: canary"])
def test_a_broken_kubeconfig_is_one_line(grpcdemo: Command, tmp_path: Path, text: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    ended = grpcdemo("status", "--kubeconfig", str(path))
    assert (ended.code, ended.out, len(ended.error_lines)) == (2, "", 2)
    assert ended.error_lines[0].startswith(f"error: kubeconfig {path}")
    assert "canary" not in ended.err


@pytest.mark.parametrize("option", ["--context", "--kubeconfig"])
def test_one_target_at_a_time(grpcdemo: Command, option: str) -> None:
    ended = grpcdemo("status", "--sandbox", option, "any")
    assert (ended.code, ended.error_lines[0]) == (
        2,
        "error: --sandbox cannot be combined with --context or --kubeconfig",
    )


def test_a_target_that_is_not_known(grpcdemo: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPCDEMO_TARGET", "kind")
    ended = grpcdemo("status")
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines == [
        "error: GRPCDEMO_TARGET is 'kind'",
        "hint: set it to `sandbox` or `cluster`, or unset it",
    ]


@contextmanager
def sandbox_at(kubeconfig: str) -> Iterator[IO[str]]:
    """The lock of what looks like a sandbox; the server that *kubeconfig* names answers."""
    state = find_state()
    with acquire(state) as lock:
        lock.write(str(NOBODY))
        lock.flush()
        config = yaml.safe_load(Path(kubeconfig).read_text())
        config["contexts"][0]["name"] = CONTEXT
        state.kubeconfig.write_text(yaml.safe_dump(config))
        yield lock


@pytest.fixture
def deaf(unreachable: str) -> Iterator[IO[str]]:
    """The lock of a sandbox that does not answer."""
    with sandbox_at(unreachable) as lock:
        yield lock


@pytest.mark.exhaustive
@pytest.mark.usefixtures("deaf")
def test_a_sandbox_without_an_answer_is_not_stopped(grpcdemo: Command) -> None:
    find_state().auto_started.touch()
    _, error, _ = grpcdemo("cleanup", "--sandbox").error_lines
    assert error.startswith("error: the sandbox runs but does not answer")


NO_SUCH_CLIENT = ("observe", "--selector", "app=nobody")
LOOK = "hint: see `kubectl get pods --show-labels --namespace istio-grpc-demo"


def test_kubectl_is_told_the_context_and_a_kubeconfig_that_was_named(grpcdemo: Command, kubeconfig: str) -> None:
    hint = grpcdemo(*NO_SUCH_CLIENT, "--kubeconfig", kubeconfig).error_lines[-1]
    assert hint == f"{LOOK} --context fake --kubeconfig {kubeconfig}`"


def test_kubectl_is_told_where_the_sandbox_is(grpcdemo: Command, kubeconfig: str) -> None:
    with sandbox_at(kubeconfig):
        hint = grpcdemo(*NO_SUCH_CLIENT, "--sandbox").error_lines[-1]
    assert hint == f"{LOOK} --kubeconfig {find_state().kubeconfig}`"


def test_kubectl_finds_an_exported_sandbox(grpcdemo: Command, kubeconfig: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(find_state().kubeconfig))
    with sandbox_at(kubeconfig):
        hint = grpcdemo(*NO_SUCH_CLIENT).error_lines[-1]
    assert hint == f"{LOOK}`"


def test_there_is_nothing_to_clean_up_without_a_sandbox(grpcdemo: Command) -> None:
    ended = grpcdemo("cleanup")
    assert (ended.code, ended.out) == (0, "")
    assert ended.error_lines == ["✓ nothing to clean up: there is no kubeconfig, and no sandbox runs"]


def test_a_kubeconfig_of_a_cluster_keeps_its_name(grpcdemo: Command, tmp_path: Path) -> None:
    ended = grpcdemo("up", "--kubeconfig", str(write_kubeconfig(tmp_path / "other", "http://127.0.0.1:1")))
    assert ended.error_lines[0] == "using context fake (http://127.0.0.1:1), namespace istio-grpc-demo"
