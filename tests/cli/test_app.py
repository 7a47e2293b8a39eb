"""What holds for every command: help, usage errors, and one line for each thing that goes wrong."""

import errno
import json
import os
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from grpcdemo import __version__
from grpcdemo.cli.app import app, main
from grpcdemo.cli.invocation import Invocation
from tests.fakes.script import Script, refuse

from .commands import TO_THE_CLUSTER, all_commands, summaries
from .conftest import Command
from .terminal import on_terminal


def test_the_version(grpcdemo: Command) -> None:
    ended = grpcdemo("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"grpcdemo {__version__}\n", "")


def test_an_error_on_a_terminal_has_color_and_whole_words() -> None:
    with on_terminal() as terminal:
        assert main(["demo", "--rate", "0.5", "--sandbox"]) == 2
    assert "\x1b[31merror:" in terminal.getvalue()
    assert [line.split()[-1] for line in terminal.text.splitlines()] == ["and", "3m", "--timeout"]


def test_the_version_as_a_command(grpcdemo: Command) -> None:
    assert grpcdemo("version").out == f"grpcdemo {__version__}\n"
    assert json.loads(grpcdemo("-o", "json", "version").out) == {"version": __version__}


def test_every_command_is_known_here() -> None:
    groups = {("istio",), ("images",), ()}
    elsewhere = {words for words in all_commands() if words[:1] in (("images",), ("sandbox",))}
    offline = {("manifests",), ("completion",), ("help",), ("version",)}
    assert set(all_commands()) - groups - elsewhere == {*TO_THE_CLUSTER, *offline}


@pytest.mark.parametrize("words", [(), ("up",), ("istio", "on"), ("help",)], ids=" ".join)
def test_help_as_a_command(grpcdemo: Command, words: tuple[str, ...]) -> None:
    assert grpcdemo("help", *words) == grpcdemo(*words, "--help")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("-n x istio on --help", "istio on -n x --help"),
        ("-nx -o json status more", "status -nx -o json more"),
        ("--context=x --yes up --servers 0", "up --context=x --yes --servers 0"),
        ("istio --kubeconfig x on --revision", "istio on --kubeconfig x --revision"),
        ("-n demo status", "status -n demo"),
    ],
)
def test_options_before_the_command(grpcdemo: Command, typed: str, meant: str, tmp_path: Path) -> None:
    ended = grpcdemo(*typed.split())
    assert ended == grpcdemo(*meant.split())
    assert "before the command" not in ended.err


@pytest.mark.parametrize("words", [words for words in all_commands() if words], ids=" ".join)
def test_examples_can_be_typed(words: tuple[str, ...]) -> None:
    """They are parsed, with every option and value, and not run."""
    examples = getattr(import_module(".".join(("grpcdemo.cli", *words))), "EXAMPLES", None)
    for example in examples or ():
        typed = re.search(r"grpcdemo [^|>)]*", example)
        assert typed, example
        context = typer.main.get_command(app).make_context("grpcdemo", shlex.split(typed[0])[1:], obj=Invocation(()))
        for word in words:
            group: Any = context.command
            name, command, rest = group.resolve_command(context, [*context._protected_args, *context.args])
            assert name == word
            context = command.make_context(name, rest, parent=context)
    is_group = hasattr(import_module(".".join(("grpcdemo.cli", *words))), "COMMANDS")
    assert examples or is_group


@pytest.mark.parametrize("group", [(), ("istio",), ("images",), ("sandbox",)], ids=" ".join)
def test_help_shows_whole_summaries(grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, group: tuple[str, ...]) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = grpcdemo(*group, "--help").out.splitlines()
    for name, summary in summaries(".".join(("grpcdemo.cli", *group))).items():
        assert any(line.split() == [name, *summary.split()] for line in lines), name
        assert len(summary) <= 45


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(grpcdemo: Command, words: tuple[str, ...], option: str) -> None:
    ended = grpcdemo(*words, option)
    assert (ended.code, ended.err) == (0, "")
    usage, *described = [line for line in ended.out.splitlines() if line.strip()]
    assert usage.startswith(f"Usage: {' '.join(('grpcdemo', *words))}") or "Usage" in usage
    assert not described[0].strip().startswith("Options"), "it says what it does"


@pytest.mark.parametrize("words", all_commands(), ids=" ".join)
def test_every_option_has_help(grpcdemo: Command, words: tuple[str, ...]) -> None:
    """In the column beside it or, where the option is too long for that, in the same column of the next line."""
    lines = grpcdemo(*words, "--help").out.splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        if line.startswith("  -"):
            described = "  " in line.strip() or following.startswith(" " * 20)
            assert described, f"no help: {line}"


@pytest.mark.parametrize("words", [(), ("istio",), ("images",), ("sandbox",)])
def test_a_group_alone_shows_its_help_and_is_a_usage_error(grpcdemo: Command, words: tuple[str, ...]) -> None:
    ended = grpcdemo(*words)
    assert ended.code == 2
    assert "Usage:" in ended.out + ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("--nonsense",),
        ("istio", "nonsense"),
        *((*words, "--nonsense") for words in all_commands() if words),
        ("status", "argument"),
        ("status", "-o", "xml"),
        ("observe", "--expect", "skewed"),
        ("observe", "--requests", "0"),
        ("observe", "--requests", "many"),
        ("observe", "-o", "xml"),
        ("observe", "--since", "0"),
        ("observe", "--since", "1h30"),
        ("observe", "--error-rate", "0"),
        ("observe", "--tolerance", "1"),
        ("observe", "--min-responses", "-1"),
        ("up", "--servers", "0"),
        ("demo", "--servers", "1"),
        ("up", "--rate", "0"),
        ("up", "--timeout", "-1"),
    ],
    ids=" ".join,
)
def test_a_wrong_word_is_a_usage_error(grpcdemo: Command, arguments: tuple[str, ...]) -> None:
    ended = grpcdemo(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("down",), "there is no command `grpcdemo down`", "did you mean `grpcdemo cleanup`?"),
        (("--verison",), "there is no option --verison", "did you mean --version?"),
        (("--servers", "3", "up"), "there is no option --servers before the command", "write it after the command; "),
        (("-n", "x"), "a command is missing", "`grpcdemo --help` lists the commands"),
        (
            ("completion", "tcsh"),
            "SHELL: 'tcsh' is not one of bash, zsh, fish, powershell, pwsh",
            "`grpcdemo completion --help` shows",
        ),
        (("istio", "enable"), "there is no command `grpcdemo istio enable`", "did you mean `grpcdemo istio on`?"),
        (("up", "--replicas", "3"), "there is no option --replicas", "did you mean --servers? "),
        (("up", "--severs", "3"), "there is no option --severs", "did you mean --servers? "),
        (("up", "--servers"), "--servers needs a value", "`grpcdemo up --help` shows"),
        (("up", "--yes=1"), "--yes takes no value", "`grpcdemo up --help` shows"),
        (("up", "--rate", "nan"), "--rate: 'nan' is not a number from 0.01 to 10000", "`grpcdemo up --help` shows"),
        (("status", "-o", "xml"), "--output: 'xml' is not table or json", "`grpcdemo status --help` shows"),
        (("status", "more"), "unexpected argument 'more'", "`grpcdemo status --help` shows"),
        (("images", "save"), "DIR is missing", "`grpcdemo images save --help` shows"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_usage_error_is_in_our_words(grpcdemo: Command, arguments: tuple[str, ...], error: str, hint: str) -> None:
    said, helps = grpcdemo(*arguments).error_lines
    assert said == f"error: {error}"
    assert helps.startswith(f"hint: {hint}")


@pytest.mark.parametrize("home", ["", ".", "home"])
def test_completion_is_installed_in_no_other_folder(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", home)
    ended = grpcdemo("--install-completion", "bash")
    assert (ended.code, ended.error_lines[0]) == (2, "error: cannot install completion: HOME is not an absolute path")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("words", [*TO_THE_CLUSTER, ("manifests",)], ids=" ".join)
@pytest.mark.parametrize("name", ["Not_A_Name", "", "-x", "x" * 64, "a/b", "a.b"])
def test_an_invalid_namespace_is_a_usage_error(grpcdemo: Command, words: tuple[str, ...], name: str) -> None:
    ended = grpcdemo(*words, "--namespace", name)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines[0] == f"error: {name!r} cannot be the name of a namespace"
    assert ended.error_lines[1].startswith("hint: ")


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_an_unreachable_cluster_is_one_line(grpcdemo: Command, unreachable: str, words: tuple[str, ...]) -> None:
    ended = grpcdemo(*words, "--kubeconfig", unreachable)
    *before, error, hint = ended.error_lines
    assert (ended.code, ended.out) == (1, "")
    assert error.startswith("error: the API server http://127.0.0.1:")
    assert hint.startswith("hint: check the cluster with")
    assert all(line.startswith("using context fake") for line in before)


def test_an_unknown_context_is_a_usage_error(grpcdemo: Command, unreachable: str) -> None:
    ended = grpcdemo("status", "--kubeconfig", unreachable, "--context", "other")
    assert ended.code == 2
    assert ended.error_lines[0] == f"error: there is no context other in {unreachable}"


def test_a_message_of_many_lines_stays_readable(grpcdemo: Command, script: Script, scripted: str) -> None:
    """Also where it holds what a terminal would obey."""
    told = 'admission webhook "w" denied the request: \n\nfirst:\n\t\x1b[31mrule:\r\n  why \u2713\n\n'
    script.on("GET", "/version", refuse(403, told))
    error, *lines = grpcdemo("status", "--kubeconfig", scripted).error_lines
    assert error == 'error: cannot get the API: admission webhook "w" denied the request:'
    assert lines[:3] == ["  first:", "      \\x1b[31mrule:", "    why \u2713"]
    assert lines[3].startswith("hint: webhook w enforces a policy")


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (errno.EACCES, "error: cannot use {}: Permission denied"),
        (errno.EROFS, "error: cannot use {}: Read-only file system"),
        (errno.ENOTDIR, "error: cannot use {}: Not a directory"),
        (errno.EMFILE, "error: cannot use {}: Too many open files"),
        (errno.ENOSPC, "error: cannot write {}: No space left on device"),
    ],
    ids=lambda value: errno.errorcode[value] if isinstance(value, int) else "",
)
def test_a_file_that_cannot_be_used_is_one_line(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch, number: int, line: str
) -> None:
    def refuse_it(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number), "/some/file")

    monkeypatch.setattr("grpcdemo.cli.manifests.render", refuse_it)
    ended = grpcdemo("manifests")
    assert (ended.code, ended.out, ended.error_lines[-1]) == (1, "", line.format("/some/file"))


def test_any_other_failure_of_the_system_keeps_its_traceback(
    grpcdemo: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr("grpcdemo.cli.manifests.render", fail)
    with pytest.raises(OSError, match="Invalid argument"):
        grpcdemo("manifests")


def test_a_kubeconfig_behind_a_file_is_one_line(grpcdemo: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ended = grpcdemo("status", "--kubeconfig", str(tmp_path / "file" / "config"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines[0].startswith(f"error: cannot read kubeconfig {tmp_path / 'file' / 'config'}: Not a dir")
