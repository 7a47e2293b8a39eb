"""A file that is written at the end: refused at the beginning if it cannot be, and never half written."""

import errno
import os
import resource
from pathlib import Path

import pytest

from grpcdemo.cli.written import written
from grpcdemo.errors import GrpcdemoError, UsageError


def write(path: Path, text: str) -> None:
    with written(path) as file:
        file.text = text


def test_it_takes_the_place_of_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    with written(path) as file:
        assert path.read_text(encoding="utf-8") == "old"
        file.text = "new é"
        assert path.read_text(encoding="utf-8") == "old"
    assert path.read_text(encoding="utf-8") == "new é"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_where_it_was_written_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / ("[a long] name" * 10), "text")
    assert capsys.readouterr().err == f"written to {tmp_path / ('[a long] name' * 10)}\n"


def test_no_text_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.html").write_text("old", encoding="utf-8")
    for name in ("old.html", "new.html"):
        with written(tmp_path / name):
            pass
    assert capsys.readouterr().err == ""
    assert [path.name for path in tmp_path.iterdir()] == ["old.html"]
    assert (tmp_path / "old.html").read_text(encoding="utf-8") == "old"


def test_a_failure_after_the_text_is_no_loss(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), written(tmp_path / "report.html") as file:
        file.text = "text"
        raise RuntimeError
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == "text"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "file.html").write_text("old", encoding="utf-8")
    (tmp_path / "link.html").symlink_to("file.html")
    write(tmp_path / "link.html", "new")
    assert (tmp_path / "link.html").is_symlink()
    assert (tmp_path / "file.html").read_text(encoding="utf-8") == "new"


def test_others_may_read_it_as_any_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    (tmp_path / "secret").write_text("", encoding="utf-8")
    (tmp_path / "secret").chmod(0o600)
    for name in ("new", "secret"):
        write(tmp_path / name, "text")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["", "missing/report.html", "file/report.html", "link"])
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "missing" / "report.html")
    with pytest.raises(UsageError, match="cannot write"), written(tmp_path / name):
        pytest.fail("the work began")


def test_a_disk_that_is_full_is_told_and_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("old", encoding="utf-8")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        with pytest.raises(GrpcdemoError, match=f"cannot write {path}"), written(path) as file:
            file.text = "new" * 10
            resource.setrlimit(resource.RLIMIT_FSIZE, (8, limits[1]))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_disk_that_is_full_from_the_beginning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("tempfile.mkstemp", fail)
    with pytest.raises(GrpcdemoError, match="No space left") as caught, written(tmp_path / "report.html"):
        pytest.fail("the work began")
    assert caught.value.exit_code == 1


def test_where_no_file_is_asked_for_none_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with written(None) as file:
        file.text = "text"
    assert list(tmp_path.iterdir()) == []
