"""What holds for every command: help, usage errors, and one line for each thing that goes wrong."""

import pytest

from grpcdemo import __version__
from tests.fakes.script import Script, refuse

from .commands import TO_THE_CLUSTER, all_commands, summaries
from .conftest import Command


def test_the_version(grpcdemo: Command) -> None:
    ended = grpcdemo("--version")
    assert (ended.code, ended.out, ended.err) == (0, f"grpcdemo {__version__}\n", "")


def test_every_command_is_known_here() -> None:
    groups = {("istio",), ("images",), ()}
    elsewhere = {words for words in all_commands() if words[:1] in (("images",), ("sandbox",))}
    assert set(all_commands()) - groups - elsewhere == {*TO_THE_CLUSTER, ("manifests",)}


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
    assert hint.startswith("hint: is the cluster running?")
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
