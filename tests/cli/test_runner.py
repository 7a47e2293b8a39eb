"""A remote cluster must be named or accepted, so that no demo reaches production by reflex."""

import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from tests.fakes.script import write_kubeconfig

from .commands import CHANGING
from .conftest import Command
from .terminal import on_terminal

FAR = "http://192.0.2.1:9"
"""An address for documentation (RFC 5737): no host has it."""


class Connected(Exception):
    """A request would have been made."""


@pytest.fixture(autouse=True)
def _no_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise Connected

    monkeypatch.setattr("grpcdemo.kube.client.connection.Connection.send", refuse)


@pytest.fixture
def far() -> Path:
    """A far cluster is the current context of the default kubeconfig."""
    folder = Path.home() / ".kube"
    folder.mkdir()
    return write_kubeconfig(folder / "config", FAR)


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
@pytest.mark.usefixtures("far")
def test_an_implied_remote_cluster_is_refused(grpcdemo: Command, words: tuple[str, ...]) -> None:
    ended = grpcdemo(*words)
    using, error, hint = ended.error_lines
    assert (ended.code, ended.out) == (1, "")
    assert using == f"using context fake ({FAR}), namespace istio-grpc-demo"
    assert error.startswith(f"error: context fake ({FAR}) is remote, and no option names it")
    assert hint == "hint: name it with --context fake, accept it with --yes, or use --sandbox"


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_a_kubeconfig_that_the_shell_exports_names_no_cluster(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, far: Path, words: tuple[str, ...]
) -> None:
    """It stands in many a shell profile: nobody said it for this command."""
    monkeypatch.setenv("KUBECONFIG", str(far.rename(far.parent / "exported")))
    ended = grpcdemo(*words)
    assert (ended.code, ended.out) == (1, "")
    assert ended.error_lines[-1].startswith("hint: name it with --context fake, accept it with --yes")


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
@pytest.mark.parametrize("consent", [("--yes",), ("-y",), ("--context", "fake")], ids=" ".join)
@pytest.mark.usefixtures("far")
def test_an_accepted_remote_cluster_is_used(
    grpcdemo: Command, words: tuple[str, ...], consent: tuple[str, ...]
) -> None:
    with pytest.raises(Connected):
        grpcdemo(*words, *consent)


@pytest.mark.parametrize("words", CHANGING, ids=" ".join)
def test_a_kubeconfig_that_is_named_is_meant(grpcdemo: Command, far: Path, words: tuple[str, ...]) -> None:
    with pytest.raises(Connected):
        grpcdemo(*words, "--kubeconfig", str(far))


@pytest.mark.parametrize("variable", ["--context", "--kubeconfig"])
@pytest.mark.usefixtures("far")
def test_an_empty_name_is_no_consent(grpcdemo: Command, variable: str) -> None:
    """As where a script says `--context "$CONTEXT"`, and the variable is not set."""
    ended = grpcdemo("up", variable, "")
    assert (ended.code, "no option names it" in ended.err) == (1, True)


@pytest.mark.parametrize("words", [words for words in CHANGING if words not in (("demo",), ("compare",))], ids=" ".join)
@pytest.mark.usefixtures("far")
def test_a_dry_run_needs_no_consent(grpcdemo: Command, words: tuple[str, ...]) -> None:
    with pytest.raises(Connected):
        grpcdemo(*words, "--dry-run")


@pytest.mark.parametrize("words", [("status",), ("istio", "status"), ("observe",)], ids=" ".join)
@pytest.mark.usefixtures("far")
def test_looking_needs_no_consent(grpcdemo: Command, words: tuple[str, ...]) -> None:
    with pytest.raises(Connected):
        grpcdemo(*words)


def test_a_cluster_on_this_machine_needs_no_consent(grpcdemo: Command, far: Path) -> None:
    write_kubeconfig(far, "http://127.0.0.1:9")
    with pytest.raises(Connected):
        grpcdemo("up")


QUESTION = "This cluster is remote, and no option names it. Use it? [y/N]: "


@pytest.mark.parametrize("typed", ["y\n", "YES\n"])
@pytest.mark.usefixtures("far")
def test_on_a_terminal_it_is_asked(typed: str) -> None:
    with on_terminal(typed) as terminal, pytest.raises(Connected):
        main(["up"])
    assert terminal.getvalue().endswith(QUESTION)


@pytest.mark.parametrize("typed", ["n\n", "\n", "yess\n", "\x04"], ids=["n", "enter", "typo", "ctrl-d"])
@pytest.mark.usefixtures("far")
def test_only_a_yes_is_a_yes(typed: str) -> None:
    with on_terminal(typed) as terminal:
        assert main(["up"]) == 1
    assert "error: nothing was changed\nhint: name it with --context fake, " in terminal.text


@pytest.mark.usefixtures("far")
def test_the_target_is_named_in_whole_words() -> None:
    with on_terminal("n\n", COLUMNS="60") as terminal:
        assert main(["up"]) == 1
    named, rest, *_ = terminal.text.splitlines()
    assert f"{named.rstrip()} {rest}" == f"using context fake ({FAR}), namespace istio-grpc-demo"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["ctrl-c", "SIGTERM"])
@pytest.mark.usefixtures("far")
def test_a_signal_ends_the_question_at_once(number: signal.Signals, code: int) -> None:
    """And says nothing of what may be half done."""
    with on_terminal() as terminal:
        terminal.at_question = partial(os.kill, os.getpid(), number)
        assert main(["up"]) == code
    assert terminal.text.endswith(f"{QUESTION}\nerror: interrupted\n")


@pytest.mark.usefixtures("far")
def test_what_is_typed_after_the_answer_is_for_the_shell() -> None:
    with on_terminal("n\nls\n"):
        assert main(["up"]) == 1
        assert os.read(sys.stdin.fileno(), 100) == b"ls\n"
