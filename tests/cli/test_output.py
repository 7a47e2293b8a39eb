"""Output on a terminal and elsewhere: results are whole, and only a terminal gets color."""

import json
import re
from dataclasses import replace
from functools import partial

import pytest
from rich.console import RenderableType

from grpcdemo.cli.invocation import Invocation
from grpcdemo.cli.options import Format
from grpcdemo.cli.output import Progress, console, show
from grpcdemo.errors import Kubectl
from grpcdemo.model.progress import Done, Waiting, Warned
from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.demo import demo_view
from grpcdemo.views.observation import observation_view
from grpcdemo.views.pods import pods_table
from tests.views.samples import BALANCED, PINNED, clients, servers

from .terminal import Terminal, on_terminal

PODS = (*clients(proxy="native sidecar"), *servers("native sidecar"))
GREEN = re.compile(r"\x1b\[(1;)?32m")
RESULT = DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), 40.0)


@pytest.mark.parametrize("picture", [pods_table(PODS), demo_view(RESULT)], ids=["pods", "demo"])
def test_a_result_is_never_cut(picture: RenderableType) -> None:
    with on_terminal() as terminal:
        show(picture, {}, Format.TABLE)
    assert terminal.getvalue()
    assert "…" not in terminal.getvalue()


def test_a_terminal_has_colour() -> None:
    with on_terminal() as terminal:
        show(pods_table(PODS), {}, Format.TABLE)
    assert GREEN.search(terminal.getvalue())


@pytest.mark.parametrize("term", ["screen", "xterm", "linux", "xterm-256color"])
def test_every_terminal_has_enough_colours_for_the_pods(term: str) -> None:
    with on_terminal(TERM=term):
        assert {console(stderr=stderr).color_system for stderr in (False, True)} == {"256"}


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colour_can_be_refused(environment: dict[str, str]) -> None:
    with on_terminal(**environment) as terminal:
        show(pods_table(PODS), {}, Format.TABLE)
    assert "2/2" in terminal.getvalue()
    assert not GREEN.search(terminal.getvalue())


def test_colour_can_be_forced(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the log of a CI job; in a file nothing is redrawn all the same."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    show(pods_table(PODS), {}, Format.TABLE)
    with Progress() as progress:
        progress.report(Waiting("x 0/3 ready"))
        progress.report(Done("x 3/3 ready"))
        progress.draw(lambda width, height: "picture", lambda: "line")
    out, err = capsys.readouterr()
    assert GREEN.search(out)
    assert GREEN.search(err)
    assert re.sub(r"\x1b\[[0-9;]*m", "", err).splitlines() == ["waiting for x 0/3 ready", "✓ x 3/3 ready", "line"]
    assert not re.search(r"\x1b\[[^m]*[^0-9;m]|\r", out + err), "nothing but colours"


def test_elsewhere_there_is_no_colour_and_no_edge(capsys: pytest.CaptureFixture[str]) -> None:
    show(pods_table(PODS), {}, Format.TABLE)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(PODS) + 1
    assert not any("\x1b" in line or "…" in line or line.endswith(" ") for line in lines)


def test_a_document_is_json_wherever_it_goes() -> None:
    with on_terminal() as terminal:
        show("unused", {"text": "[bold]é"}, Format.JSON)
    assert json.loads(terminal.getvalue()) == {"text": "[bold]é"}


def test_progress_elsewhere_is_a_line_for_each_event(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(dry_run=True) as progress:
        for event in (Waiting("x 0/3 ready"), Waiting("x 0/3 ready"), Done("x 3/3 ready"), Warned("[red] is [/] text")):
            progress.report(event)
        progress.report(Done("y created", would="create y"))
        progress.draw(lambda width, height: "picture", lambda: "first")
        progress.draw(lambda width, height: "picture", lambda: "too soon")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "waiting for x 0/3 ready",
        "x 3/3 ready",
        "! [red] is [/] text",
        "would create y",
        "first",
    ]


def test_progress_on_a_terminal_is_redrawn() -> None:
    with on_terminal() as terminal, Progress() as progress:
        progress.report(Waiting("x 0/3 ready"))
        progress.report(Done("x 3/3 ready"))
        progress.draw(lambda width, height: "picture", lambda: "line")
    text = terminal.getvalue()
    assert "✓" in text
    assert "x 3/3 ready" in text
    assert "line" not in text


def test_words_are_not_broken_and_commands_not_wrapped() -> None:
    words = " ".join(["namespace"] * 20)
    command = Kubectl("label", "namespace", *(f"key-{number}=value" for number in range(20)))
    with on_terminal() as terminal, Progress(commands_of=Invocation(())) as progress:
        progress.report(Done(words, commands=(command,)))
    *text, shown = terminal.text.rstrip().splitlines()
    assert len(text) > 1
    assert " ".join(line.strip() for line in text) == f"✓ {words}"
    assert shown == f"  $ {command.text()}"


def test_a_picture_too_soon_after_another_is_left_out() -> None:
    """And is not even made, so that drawing is never slower than what is drawn."""
    drawn: list[tuple[int, int]] = []

    def picture(width: int, height: int) -> str:
        drawn.append((width, height))
        return "picture"

    with on_terminal(), Progress() as progress:
        for _ in range(100):
            progress.draw(picture, lambda: "line")
    assert drawn[0] == (80, 22)
    assert len(drawn) < 100


def test_a_picture_is_one_frame() -> None:
    with on_terminal() as terminal, Progress() as progress:
        progress.draw(lambda width, height: "picture", lambda: "line")
    assert re.search(r"\x1b\[\?2026h.*picture.*\x1b\[\?2026l", terminal.getvalue(), re.S)


@pytest.mark.parametrize(
    ("columns", "lines", "cleared"), [("60", "24", True), ("100", "24", False), ("80", "20", True), ("80", "40", True)]
)
def test_a_terminal_of_another_size_is_drawn_from_top(
    columns: str, lines: str, cleared: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has wrapped or scrolled the frame before, so that what is drawn over it would leave some."""
    with on_terminal(COLUMNS="", LINES="") as terminal, Progress() as progress:
        for size, picture in ((("80", "24"), "first picture"), ((columns, lines), "second picture")):
            monkeypatch.setenv("COLUMNS", size[0])
            monkeypatch.setenv("LINES", size[1])
            _draw(progress, terminal, picture)
    first, second = terminal.getvalue().split("first picture")
    assert ("\x1b[2J" in second) is cleared
    assert "\x1b[2J" not in first


def test_what_was_said_before_a_picture_stays() -> None:
    """A spinner is not a frame, and no terminal changes its size by it."""
    with on_terminal() as terminal, Progress() as progress:
        progress.report(Done("heading"))
        progress.report(Waiting("x 0/3 ready"))
        _draw(progress, terminal, "first picture")
        progress.report(Waiting("x 1/3 ready"))
        _draw(progress, terminal, "second picture")
    assert "\x1b[2J" not in terminal.getvalue()


def _draw(progress: Progress, terminal: Terminal, picture: str) -> None:
    while picture not in terminal.getvalue():
        progress.draw(lambda *_: picture, lambda: "line")


def test_no_word_of_a_picture_is_cut_off() -> None:
    reason = "all that can be said of it, in many more words than a line of a terminal like this one has room for"
    observation = replace(PINNED, verdict=replace(PINNED.verdict, reason=reason))
    with on_terminal() as terminal, Progress() as progress:
        progress.draw(partial(observation_view, observation), lambda: "unused")
    shown = terminal.text
    assert reason in " ".join(shown.split())


@pytest.mark.parametrize(("plain", "environment"), [(True, {}), (False, {"TERM": "dumb"})], ids=str)
def test_where_nothing_can_be_redrawn_there_are_lines(plain: bool, environment: dict[str, str]) -> None:
    with on_terminal(**environment) as terminal, Progress(plain=plain) as progress:
        progress.report(Waiting("x 0/3 ready"))
        progress.draw(lambda width, height: "picture", lambda: "line")
    assert terminal.getvalue().splitlines() == ["waiting for x 0/3 ready", "line"]
