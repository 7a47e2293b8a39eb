"""What a shell is offered for a value. It asks as the completion script of bash does."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from grpcdemo.cli.app import main
from grpcdemo.resources.resource import NAMESPACES, SERVICES
from tests.fakes.script import Script, hang, reply, write_kubeconfig

from .conftest import Command, Ended

Complete = Callable[[str], Ended]


@pytest.fixture
def complete(grpcdemo: Command, monkeypatch: pytest.MonkeyPatch) -> Complete:
    """Complete the last word of a command line; a space at its end begins a new one."""

    def complete(line: str) -> Ended:
        _ask(monkeypatch, line)
        return grpcdemo()

    return complete


def _ask(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    words = [*shlex.split(line), *[""] * line.endswith(" ")]
    monkeypatch.setenv("_GRPCDEMO_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))


@pytest.fixture
def named(script: Script) -> None:
    """The script has namespaces, and Services in one of them."""
    script.on("GET", NAMESPACES.path(), reply({"items": [{"metadata": {"name": name}} for name in ("web", "shop")]}))
    for namespace, names in {"shop": ("cart", "pay"), "default": ("kubernetes",)}.items():
        script.on("GET", SERVICES.path(namespace), reply({"items": [{"metadata": {"name": name}} for name in names]}))


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("up --namespace ", ["shop", "web"]),
        ("up -n w", ["web"]),
        ("diagnose --client-namespace s", ["shop"]),
        ("diagnose --namespace shop ", ["svc/cart", "svc/pay"]),
        ("diagnose -n shop svc/p", ["svc/pay"]),
        ("diagnose ", ["svc/kubernetes"]),
        ("istio on --context f", ["fake"]),
        ("istio on --context x", []),
    ],
)
@pytest.mark.usefixtures("named")
def test_names_of_the_target(
    complete: Complete, scripted: str, monkeypatch: pytest.MonkeyPatch, line: str, offered: list[str]
) -> None:
    monkeypatch.setenv("KUBECONFIG", scripted)
    assert complete(f"grpcdemo {line}") == Ended(0, "".join(f"{name}\n" for name in offered).rstrip() + "\n", "")


@pytest.mark.usefixtures("named")
def test_the_target_is_the_one_that_is_typed(complete: Complete, scripted: str) -> None:
    assert complete(f"grpcdemo status --kubeconfig {scripted} --context ").out == "fake\n"
    assert complete(f"grpcdemo --kubeconfig {scripted} status -n s").out == "shop\n"


def test_a_server_that_does_not_answer_is_not_waited_for(complete: Complete, script: Script, scripted: str) -> None:
    script.on("GET", NAMESPACES.path(), hang)
    assert complete(f"grpcdemo status --kubeconfig {scripted} -n ") == Ended(0, "\n", "")


@pytest.mark.parametrize("option", ["-n", "--context"])
def test_nothing_is_said_without_a_cluster(complete: Complete, unreachable: str, option: str) -> None:
    lines = [
        f"grpcdemo status --kubeconfig {path} {option} x" for path in (unreachable, "/no/such/file", "/etc/passwd")
    ]
    for line in (*lines, f"grpcdemo status {option} x"):
        assert complete(line) == Ended(0, "\n", "")


def test_nobody_else_writes_between_the_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A credential plugin, for example."""
    kubeconfig = write_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:9")
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "interactiveMode": "Never"}
    content["users"][0]["user"] = {"exec": {**plugin, "args": ["-c", "echo log in >&2; exit 1"]}}
    kubeconfig.write_text(yaml.safe_dump(content), encoding="utf-8")
    _ask(monkeypatch, f"grpcdemo status --kubeconfig {kubeconfig} -n ")
    assert main(()) == 0
    assert capfd.readouterr() == ("\n", "")
