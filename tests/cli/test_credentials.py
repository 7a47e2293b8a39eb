"""Commands whose credential plugin fails."""

import json
from pathlib import Path

import pytest

from .commands import TO_THE_CLUSTER
from .conftest import Command

PLUGIN = """#!/bin/sh
echo ran >> "$(dirname "$0")/runs"
echo "no session: log in with example login" >&2
exit 3
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A kubeconfig whose plugin fails."""
    plugin = tmp_path / "plugin"
    plugin.write_text(PLUGIN)
    plugin.chmod(0o755)
    described = {"apiVersion": "client.authentication.k8s.io/v1", "command": "./plugin", "interactiveMode": "Never"}
    content = {
        "current-context": "dev",
        "contexts": [{"name": "dev", "context": {"cluster": "dev", "user": "jane"}}],
        "clusters": [{"name": "dev", "cluster": {"server": "https://127.0.0.1:1", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "jane", "user": {"exec": described}}],
    }
    path = tmp_path / "config"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("words", TO_THE_CLUSTER, ids=" ".join)
def test_a_plugin_that_fails_runs_once(grpcdemo: Command, config: Path, words: tuple[str, ...]) -> None:
    """Each run may open a window to log in."""
    ended = grpcdemo(*words, "--kubeconfig", str(config))
    assert (ended.code, ended.out) == (1, "")
    error, hint = ended.error_lines[-2:]
    assert error == "error: the credential plugin plugin failed with exit code 3"
    assert hint.startswith("hint: its own words are above")
    assert (config.parent / "runs").read_text() == "ran\n"
