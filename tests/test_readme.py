"""Every command in the README is run: those to the cluster here, those that make one by the public CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.tools import LIMIT_S, Demo

ROOT = Path(__file__).parents[1]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)


def blocks(language: str) -> list[str]:
    return [
        text for found, text in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8")) if found == language
    ]


def test_each_block_says_whether_it_is_run() -> None:
    languages = {found for found, _ in FENCE.findall((ROOT / "README.md").read_text(encoding="utf-8"))}
    assert languages == {"console", "sh", "text"}


def test_what_makes_a_cluster_is_what_the_workflow_runs() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for line in "".join(blocks("sh")).splitlines():
        assert all(f"run: {command}\n" in workflow for command in line.split(" && ")), line


@pytest.mark.cluster
@pytest.mark.timeout(900)
def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    """In the namespace that the README names, with the images that the cluster has."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    try:
        for block in blocks("console"):
            for line in block.splitlines():
                command = line.removeprefix("$ ")
                assert command != line, f"not a command: {line}"
                _run(command, tmp_path, path)
    finally:
        Demo("istio-grpc-demo").remove()


def _run(command: str, folder: Path, path: str) -> None:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
