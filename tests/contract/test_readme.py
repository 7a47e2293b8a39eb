"""The README's commands in their order, in the namespace that it names: each block is typed into one shell."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.contract.tools import LIMIT_S, Demo
from tests.readme import blocks_by_chapter
from tests.sandbox.user import SandboxUser

PROMPT = "$ "
CHAPTERS = blocks_by_chapter("console")
APART = ("Compare the cures", "The sandbox")
"""They need nothing of the other chapters, nor their namespace."""


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user who also has a sandbox, in a place of its own."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with SandboxUser(tmp_path / "state"):
        yield {**os.environ, "PATH": path, "XDG_STATE_HOME": str(tmp_path / "state")}


@pytest.fixture
def demo_removed() -> Iterator[None]:
    yield
    Demo("istio-grpc-demo").remove()


@pytest.mark.timeout(900)
@pytest.mark.usefixtures("demo_removed")
def test_the_commands_run_in_their_order(shell: dict[str, str], tmp_path: Path) -> None:
    for title, blocks in CHAPTERS.items():
        if title not in APART:
            type_blocks(blocks, shell, tmp_path)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("title", APART)
def test_a_chapter_of_its_own(title: str, shell: dict[str, str], tmp_path: Path) -> None:
    type_blocks(CHAPTERS[title], shell, tmp_path)


def type_blocks(blocks: Sequence[str], shell: dict[str, str], folder: Path) -> None:
    for block in blocks:
        lines = block.splitlines()
        assert all(line.startswith(PROMPT) for line in lines), f"not only commands: {block}"
        script = "\n".join(line.removeprefix(PROMPT) for line in lines)
        done = subprocess.run(
            ["bash", "-ex", "-c", script],
            cwd=folder,
            env=shell,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
