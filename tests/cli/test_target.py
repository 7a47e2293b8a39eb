"""Which target is meant: options go before GRPCDEMO_TARGET, that before the kubeconfig, the sandbox is what is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO

import pytest
import yaml

from grpcdemo.sandbox import process
from grpcdemo.sandbox.state import CONTEXT, State, claim, find_state, running
from tests.fakes.script import write_kubeconfig

from .commands import TO_THE_CLUSTER
from .conftest import Command

STARTING = (("demo",), ("up",))
NEEDING = tuple(words for words in TO_THE_CLUSTER if words not in (*STARTING, ("cleanup",)))
NOBODY = 2**22 + 1
"""The id of no process: above the largest that Linux gives."""
NO_SANDBOX = [
    "error: there is no kubeconfig, and no sandbox runs",
    "hint: `grpcdemo up` starts one with the demo in it; --context or --kubeconfig names a cluster",
]


@pytest.fixture
def implied(nobody: str) -> str:
    """The server of a kubeconfig at its default place."""
    config = Path.home() / ".kube" / "config"
    config.parent.mkdir()
    config.write_bytes(Path(nobody).read_bytes())
    return nobody


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


@pytest.mark.usefixtures("implied")
def test_the_variable_goes_before_the_kubeconfig(grpcdemo: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRPCDEMO_TARGET", "sandbox")
    assert grpcdemo("status").error_lines[0] == "error: no sandbox runs"


@pytest.mark.parametrize("option", ["--context", "--kubeconfig"])
def test_an_option_that_names_a_cluster_goes_before_the_variable(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, implied: str, option: str
) -> None:
    monkeypatch.setenv("GRPCDEMO_TARGET", "sandbox")
    ended = grpcdemo("status", option, {"--context": "fake", "--kubeconfig": implied}[option])
    assert ended.error_lines[0].startswith("error: the API server http://127.0.0.1:")


def test_the_sandboxs_own_kubeconfig_names_the_sandbox(grpcdemo: Command) -> None:
    ended = grpcdemo("status", "--kubeconfig", str(find_state().kubeconfig))
    assert (ended.code, ended.error_lines[0]) == (1, "error: no sandbox runs")


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_context_that_the_sandbox_does_not_have_is_not_the_sandbox(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(find_state().kubeconfig))
    ended = grpcdemo(*words, "--context", "prod")
    assert (ended.code, ended.out) == (2, "")
    assert not find_state().root.exists()


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_where_a_cluster_is_asked_for_the_sandbox_is_no_way_out(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("GRPCDEMO_TARGET", "cluster")
    ended = grpcdemo(*words)
    error, hint = ended.error_lines
    assert (ended.code, ended.out) == (2, "")
    assert error.startswith("error: no cluster: there is no kubeconfig at ")
    assert hint.startswith("hint: name one with --kubeconfig")


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_kubeconfig_that_is_named_and_is_not_there_is_an_error(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines[0] == f"error: no cluster: there is no kubeconfig at {tmp_path / 'gone'}"


@pytest.mark.parametrize("option", ["--context", "--kubeconfig"])
def test_one_target_at_a_time(grpcdemo: Command, option: str) -> None:
    ended = grpcdemo("status", "--sandbox", option, "any")
    assert (ended.code, ended.error_lines[0]) == (2, "error: --sandbox is a target of its own")


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
    """The lock of what looks like a sandbox; whoever *kubeconfig* names answers for it."""
    state = find_state()
    with claim(state) as lock:
        lock.write(str(NOBODY))
        lock.flush()
        config = yaml.safe_load(Path(kubeconfig).read_text())
        config["contexts"][0]["name"] = CONTEXT
        state.kubeconfig.write_text(yaml.safe_dump(config))
        yield lock


@pytest.fixture
def deaf(nobody: str) -> Iterator[IO[str]]:
    """The lock of a sandbox that does not answer."""
    with sandbox_at(nobody) as lock:
        yield lock


@pytest.mark.usefixtures("deaf")
def test_a_sandbox_that_does_not_answer_is_told(grpcdemo: Command) -> None:
    error, hint = grpcdemo("status", "--sandbox").error_lines
    assert error.startswith("error: the sandbox runs, and does not answer: the API server http://127.0.0.1:")
    assert "`grpcdemo sandbox stop`" in hint


@pytest.mark.usefixtures("deaf")
def test_a_sandbox_that_does_not_answer_is_not_ended_unasked(grpcdemo: Command) -> None:
    find_state().by_itself.touch()
    _, error, _ = grpcdemo("cleanup", "--sandbox").error_lines
    assert error.startswith("error: the sandbox runs, and does not answer")


def test_a_sandbox_that_was_killed_may_hold_its_lock_for_a_moment(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, deaf: IO[str]
) -> None:
    def end_when_looked_at(state: State) -> int | None:
        found = running(state)
        deaf.close()
        return found

    monkeypatch.setattr(process, "running", end_when_looked_at)
    assert grpcdemo("status", "--sandbox").error_lines[0] == "error: the sandbox has ended, and every pod in it"


@pytest.mark.parametrize("left", [3_000, 50_000_000])
def test_a_disk_that_is_full_is_told_with_what_failed(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, kubeconfig: str, left: int
) -> None:
    with sandbox_at(kubeconfig):
        monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=left))
        error, hint = grpcdemo("observe", "--sandbox", "--timeout", "1").error_lines[-2:]
    assert error.startswith("error: ")
    assert hint.startswith("hint: the sandbox has 2 kB left on the disk of /") == (left < 1_000_000)


NO_SUCH_CLIENT = ("observe", "--selector", "app=nobody")
LOOK = "hint: see `kubectl get pods --show-labels --namespace istio-grpc-demo"


def test_kubectl_is_told_the_context_and_a_kubeconfig_that_was_named(grpcdemo: Command, kubeconfig: str) -> None:
    hint = grpcdemo(*NO_SUCH_CLIENT, "--kubeconfig", kubeconfig).error_lines[-1]
    assert hint == f"{LOOK} --context fake --kubeconfig {kubeconfig}`"


def test_kubectl_is_told_where_the_sandbox_is(grpcdemo: Command, kubeconfig: str) -> None:
    with sandbox_at(kubeconfig):
        hint = grpcdemo(*NO_SUCH_CLIENT, "--sandbox").error_lines[-1]
    assert hint == f"{LOOK} --kubeconfig {find_state().kubeconfig}`"


def test_there_is_nothing_to_clean_up_without_a_sandbox(grpcdemo: Command) -> None:
    ended = grpcdemo("cleanup")
    assert (ended.code, ended.out) == (0, "")
    assert ended.error_lines == ["✓ nothing to clean up: there is no kubeconfig, and no sandbox runs"]


def test_a_kubeconfig_of_a_cluster_keeps_its_name(grpcdemo: Command, tmp_path: Path) -> None:
    ended = grpcdemo("up", "--kubeconfig", str(write_kubeconfig(tmp_path / "other", "http://127.0.0.1:1")))
    assert ended.error_lines[0] == "using context fake (http://127.0.0.1:1), namespace istio-grpc-demo"
