"""The program as a process of its own: what it imports, and what it does without a reader."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import grpcdemo
from grpcdemo import __main__

pytestmark = pytest.mark.sandbox

ROOT = Path(grpcdemo.__file__).parents[1]
HEAVY = ("kubernetes", "aiohttp", "grpc", "google.protobuf", "yaml", "rich", "grpcdemo.steps", "grpcdemo.model")
IMPORTED = f"""
import sys
from grpcdemo.cli.app import main
main(sys.argv[1:])
heavy = [name for name in {HEAVY!r} if name in sys.modules]
print(heavy, file=sys.stderr)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "80"}


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("istio", "--help"), ("completion", "bash")])
def test_help_does_not_pay_for_the_kubernetes_client(arguments: tuple[str, ...]) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IMPORTED, *arguments], env=environment(), capture_output=True, text=True, check=True
    )
    assert ended.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments", [("--help",), ("manifests", "--kubernetes", "1.30"), ("status",), ("status", "-o", "json")]
)
def test_a_closed_stdout(kubeconfig: str, arguments: tuple[str, ...]) -> None:
    """As in `grpcdemo … | head -0`."""
    ended = closed_early(*arguments, *(("--kubeconfig", kubeconfig) if arguments[0] == "status" else ()))
    assert ended.stderr == ""
    assert ended.returncode == 1


def test_an_encoding_without_bars() -> None:
    """As that of a pipe on Windows, or of an old locale."""
    program = (
        "from grpcdemo import __main__; from grpcdemo.cli import app, output; "
        "app.main = lambda: output.show_text('\u2588 100%'); __main__.run()"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={**environment(), "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "# 100%", "")


@pytest.mark.parametrize(
    "arguments", [("--version",), ("observe", "--help"), ("manifests", "--kubernetes", "1.30")], ids=str
)
def test_a_full_disk_under_stdout(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "grpcdemo", *arguments],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, "error: cannot write the output: No space left on device\n")


def test_a_full_disk_under_stderr() -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "grpcdemo", "status", "--context", "none"],
            env=environment(),
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stdout) == (2, "")


def test_ctrl_c_while_the_command_line_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "grpcdemo.cli.app")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    with pytest.raises(SystemExit) as ended:
        __main__.run()
    assert ended.value.code == 130


class Interrupted:
    """A finder of modules that is stopped by Ctrl-C."""

    def find_spec(self, *_: object) -> None:
        raise KeyboardInterrupt


def closed_early(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with a stdout whose reader has gone."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        return subprocess.run(
            [sys.executable, "-m", "grpcdemo", *arguments],
            env=environment(),
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
