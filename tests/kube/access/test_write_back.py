"""What is written back into a kubeconfig, and what stays as it is."""

import stat
from pathlib import Path

import pytest
import yaml

from grpcdemo.kube.access.documents import parse_yaml
from grpcdemo.kube.access.write_back import locked, write_provider

TEXT = """
# mine
current-context: 'y'
preferences: {colors: true}
users:
- name: other
  user: {token: '0123'}
- name: jane
  user:
    auth-provider:
      name: oidc
      config: {client-id: 'y', client-secret: '1e3', id-token: old, since: '2020-01-01', tabs: "a\\tb: c # d"}
clusters: []
x-other: [1, 1.5, null, '~', 'on', '0x1F', '.5', '12:30:45', 'ü…']
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def test_all_else_is_kept(path: Path) -> None:
    expected = parse_yaml(TEXT.encode())
    expected["users"][1]["user"]["auth-provider"]["config"] |= {"id-token": "new", "refresh-token": "next"}
    write_provider(path, "user jane", {"id-token": "new", "refresh-token": "next"})
    assert parse_yaml(path.read_bytes()) == expected
    assert yaml.safe_load(path.read_text()) == expected  # whoever reads it
    assert '"y"' in path.read_text()
    assert '"1e3"' in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in path.parent.iterdir()] == ["config"]


def test_a_link_stays_one(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to("config")
    write_provider(link, "user jane", {"id-token": "new"})
    assert link.is_symlink()
    assert "id-token: new" in path.read_text()


@pytest.mark.parametrize(
    ("user", "text", "said"),
    [
        ("user joe", TEXT, "no longer has an auth-provider of user joe"),
        ("user other", TEXT, "no longer has an auth-provider of user other"),
        ("user jane", "users: [5]", "no longer has an auth-provider of user jane"),
        ("user jane", "", "no longer has an auth-provider of user jane"),
        ("user jane", "a: [", "is not YAML"),
    ],
)
def test_a_file_that_has_changed_meanwhile_is_left_alone(path: Path, user: str, text: str, said: str) -> None:
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        write_provider(path, user, {"id-token": "new"})
    assert path.read_text() == text


def test_what_may_not_be_written_is_not_replaced(path: Path) -> None:
    path.chmod(0o400)
    with pytest.raises(OSError, match="it is read-only"):
        write_provider(path, "user jane", {"id-token": "new"})
    with pytest.raises(OSError, match="not a regular file"):
        write_provider(path.parent, "user jane", {"id-token": "new"})
    assert path.read_text() == TEXT


async def test_the_lock_is_kubectls(path: Path) -> None:
    def files() -> list[str]:
        return sorted(one.name for one in path.parent.iterdir())

    async with locked(path):
        assert files() == ["config", "config.lock"]
        with pytest.raises(OSError, match="lock exists"):
            async with locked(path, within_s=0):
                pass
        assert files() == ["config", "config.lock"]
    assert files() == ["config"]
