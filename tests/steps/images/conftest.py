"""Builders and clusters of `tests.fakes.programs`, as fixtures."""

from pathlib import Path

import pytest

from grpcdemo.steps.images.shell import Shell
from tests.fakes.programs import Programs, Told


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    return Programs(directory)


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def shell(told: Told) -> Shell:
    return Shell(report=told.events.append, line=told.lines.append)


@pytest.fixture
def dry_shell(told: Told) -> Shell:
    return Shell(report=told.events.append, dry_run=told.lines.append)
