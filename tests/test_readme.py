"""Every command in the README is run: by `.ci/test` (what installs), by the contract suite (`console`), or by the
workflow (what makes a cluster)."""

from pathlib import Path

from tests.readme import blocks, languages

ROOT = Path(__file__).parents[1]


def test_each_block_says_whether_it_is_run() -> None:
    assert languages() == {"console", "sh", "text"}


def test_what_installs_is_what_ci_finds() -> None:
    installing = [line for line in _shell_lines() if "venv" in line]
    assert [line.split(" && ")[-1] for line in installing] == ["grpcdemo demo --sandbox", "pytest -n auto"]


def test_what_makes_a_cluster_is_what_the_workflow_runs() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    for line in _shell_lines():
        assert "venv" in line or all(f"run: {command}\n" in workflow for command in line.split(" && ")), line


def _shell_lines() -> list[str]:
    return "".join(blocks("sh")).splitlines()
