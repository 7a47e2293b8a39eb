"""Every command in the README is run: those that make a cluster by the public CI, all others by the contract suite."""

from __future__ import annotations

from pathlib import Path

from tests.readme import blocks, languages

ROOT = Path(__file__).parents[1]


def test_each_block_says_whether_it_is_run() -> None:
    assert languages() == {"console", "sh", "text"}


def test_what_makes_a_cluster_is_what_the_workflow_runs() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for line in "".join(blocks("sh")).splitlines():
        assert all(f"run: {command}\n" in workflow for command in line.split(" && ")), line
