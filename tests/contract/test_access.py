"""Getting in: no cluster, no entry, no such context; and the target is named before anything changes."""

from __future__ import annotations

import json
import os
from pathlib import Path

from tests.contract.tools import Demo, kubeconfig_as, kubectl


def test_credentials_that_are_not_accepted(demo: Demo, tmp_path: Path) -> None:
    stranger = Demo(demo.namespace, {"KUBECONFIG": kubeconfig_as(tmp_path, {"token": "expired"})})
    told = stranger.run("status").check(1)
    assert "does not accept the credentials" in told.error
    assert "log in again" in told.hint


def test_an_api_server_that_is_not_there(demo: Demo, tmp_path: Path) -> None:
    found = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    found["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "gone").write_text(json.dumps(found), encoding="utf-8")
    told = Demo(demo.namespace, {"KUBECONFIG": str(tmp_path / "gone")}).run("status").check(1)
    assert "https://127.0.0.1:1 cannot be reached" in told.error
    assert "is the cluster running?" in told.hint


def test_no_such_context(demo: Demo) -> None:
    told = demo.run("status", "--context", "no-such-context").check(2)
    assert "no-such-context" in told.error
    assert "get-contexts" in told.hint


def test_the_target_is_named_before_anything_changes(demo: Demo) -> None:
    context = kubectl("config", "current-context").strip()
    assert os.environ["KUBECONFIG"]
    first = demo.run("up", "--dry-run").check(0).err.splitlines()[0]
    assert f"context {context}" in first
    assert demo.namespace in first
