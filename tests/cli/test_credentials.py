"""Commands whose credentials cannot be had, or not be kept."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kube.access.kubeconfigs import write_config
from tests.kube.oracle.programs import credentials
from tests.kube.oracle.recorder import Recorder, id_token, listening

from .commands import TO_THE_CLUSTER
from .conftest import Command, served

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
    assert hint.startswith("hint: its own message is above")
    assert (config.parent / "runs").read_text() == "ran\n"


@pytest.fixture
def refreshed(tmp_path: Path) -> Iterator[str]:
    """A kubeconfig that nobody may write, whose ID token has expired; the API server allows nothing."""
    tokens = {"access_token": "a", "id_token": id_token(2**32), "refresh_token": "next"}
    with served(listening(Recorder(status=403, tokens=[(200, tokens)]))) as ports:
        server, authority = f"https://127.0.0.1:{ports.server}", base64.b64encode(credentials()["ca.pem"]).decode()
        provider = {
            "client-id": "me",
            "idp-issuer-url": server,
            "idp-certificate-authority-data": authority,
            "id-token": id_token(1),
            "refresh-token": "again",
        }
        user = {"auth-provider": {"name": "oidc", "config": provider}}
        path = tmp_path / "config"
        write_config(path, user, {"server": server, "certificate-authority-data": authority}).chmod(0o400)
        yield str(path)


@pytest.mark.parametrize("words", [*TO_THE_CLUSTER, ("manifests",)], ids=" ".join)
def test_every_command_tells_of_tokens_that_are_not_kept(
    grpcdemo: Command, refreshed: str, words: tuple[str, ...]
) -> None:
    ended = grpcdemo(*words, "--kubeconfig", refreshed)
    (told,) = [line for line in ended.error_lines if line.startswith("! ")]
    assert told.startswith(f"! the new tokens of user jane could not be written to {refreshed}: it is read-only.")
    assert ended.out == ""
