"""The sandbox's folder: one daemon holds it, only its user may read it, and debris is cleared."""

import fcntl
import os
import pwd
from concurrent.futures import ThreadPoolExecutor, TimeoutError
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.state import State, acquire, find_state

NOBODY = 65534
FOREIGN_FOLDER = "it is not your own directory"


def test_a_second_sandbox_of_one_user_is_refused(state: State) -> None:
    with acquire(state), pytest.raises(GrpcdemoError, match="already running") as refused:
        acquire(state)
    assert "sandbox stop" in str(refused.value.hint)
    acquire(state).close()


def test_a_reader_of_the_lock_blocks_no_claim_for_long(state: State) -> None:
    acquire(state).close()
    with state.lock.open(encoding="utf-8") as looking, ThreadPoolExecutor() as threads:
        fcntl.flock(looking, fcntl.LOCK_SH)
        claiming = threads.submit(acquire, state)
        with pytest.raises(TimeoutError):
            claiming.result(0.1)
        fcntl.flock(looking, fcntl.LOCK_UN)
        claiming.result().close()


def test_a_folder_that_is_a_link_is_refused(state: State, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    state.root.parent.mkdir()
    state.root.symlink_to(elsewhere)
    with pytest.raises(GrpcdemoError, match=FOREIGN_FOLDER):
        acquire(state)
    assert not list(elsewhere.iterdir())


@pytest.mark.parametrize("whose", ["root", "parent"])
def test_a_foreign_folder_is_refused(state: State, monkeypatch: pytest.MonkeyPatch, whose: str) -> None:
    state.root.mkdir(parents=True)
    if os.geteuid() == 0:
        os.chown(state.root if whose == "root" else state.root.parent, NOBODY, NOBODY)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: NOBODY)
    with pytest.raises(GrpcdemoError, match=FOREIGN_FOLDER) as refused:
        acquire(state)
    assert "XDG_STATE_HOME" in str(refused.value.hint)


def test_a_folder_that_cannot_be_created(tmp_path: Path) -> None:
    (tmp_path / "grpcdemo").write_text("in the way")
    with pytest.raises(GrpcdemoError, match=f"cannot use {tmp_path}/grpcdemo/sandbox: "):
        acquire(State(tmp_path / "grpcdemo" / "sandbox"))


def test_a_relative_state_home_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "state")
    assert find_state().root == Path.home() / ".local" / "state" / "grpcdemo" / "sandbox"


@pytest.mark.parametrize("home", ["", ".", "home/of/jane"], ids=["empty", "here", "relative"])
def test_a_home_that_is_no_absolute_path_does_not_count(monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """The sandbox would have another place in each folder."""
    monkeypatch.setenv("HOME", home)
    known = pwd.getpwuid(os.getuid()).pw_dir
    assert find_state().root == Path(known, ".local", "state", "grpcdemo", "sandbox")


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000_000)
    with pytest.raises(GrpcdemoError, match="this user has no home directory") as refused:
        find_state()
    assert "XDG_STATE_HOME" in str(refused.value.hint)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert find_state().root == tmp_path / "grpcdemo" / "sandbox"


def test_the_id_of_a_killed_daemon_is_cleared(state: State) -> None:
    """Before the debris: otherwise a command could stop a process that has the id now."""
    acquire(state).close()
    state.lock.write_text("1")
    state.kubeconfig.mkdir()  # debris that cannot be cleared
    with pytest.raises(GrpcdemoError, match="cannot use"):
        acquire(state)
    assert state.lock.read_text() == ""


@pytest.mark.parametrize("words", [("status",), ("sandbox", "status"), ("sandbox", "stop"), ("cleanup",)], ids=" ".join)
def test_a_folder_that_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    (tmp_path / "grpcdemo").write_text("in the way")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(words) == 1
    assert capsys.readouterr().err.startswith(f"error: the sandbox cannot use {tmp_path}/grpcdemo/sandbox: ")
