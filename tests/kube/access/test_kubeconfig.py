"""Which files are the kubeconfig, and what they say together."""

import os
from pathlib import Path

import pytest

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.kubeconfig import Kubeconfig, find_kubeconfig, read_entries


def find(**environment: str) -> Kubeconfig:
    return find_kubeconfig(None, {"HOME": "/home/jane", **environment})


def test_the_default_is_in_the_home() -> None:
    assert find() == Kubeconfig((Path("/home/jane/.kube/config"),), implied=True)
    assert find(KUBECONFIG="") == find()
    assert find_kubeconfig(None, {}).paths == (Path(".kube/config"),)


def test_the_variable_is_a_list() -> None:
    assert find(KUBECONFIG=":a:/b::a:~/c") == Kubeconfig((Path("a"), Path("/b"), Path("~/c")))
    assert find(KUBECONFIG=":") == Kubeconfig(())


def test_the_option_is_one_file() -> None:
    assert find_kubeconfig("a:b", {"KUBECONFIG": "c"}) == Kubeconfig((Path("a:b"),), option="a:b")


@pytest.mark.parametrize("empty", [b"", b"\n \n", b"# nothing\n", b"---\n", b"null\n", b"{}", b"kind: Config\n"])
def test_an_empty_file_adds_nothing(tmp_path: Path, empty: bytes) -> None:
    (tmp_path / "a").write_bytes(empty)
    (tmp_path / "b").write_text("current-context: dev\n")
    assert read_entries(Kubeconfig((tmp_path / "a", tmp_path / "gone"))).is_empty
    assert read_entries(Kubeconfig((tmp_path / "a", tmp_path / "gone", tmp_path / "b"))).current_context == "dev"


def test_of_two_entries_with_one_name_the_first_counts(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("users: [{name: jane, user: {token: a}}]\n")
    (tmp_path / "b").write_text("users: [{name: jane, user: {as: root}}, {name: joe, user: {token: b}}]\n")
    users = read_entries(Kubeconfig((tmp_path / "a", tmp_path / "b"))).users
    assert {name: dict(fields.content) for name, fields in users.items()} == {
        "jane": {"token": "a"},
        "joe": {"token": "b"},
    }
    assert (users["jane"].file, users["joe"].file) == (tmp_path / "a", tmp_path / "b")


@pytest.mark.parametrize("name", ["my config", "kübe…", "a$b*", "a;b", "-a", "a:b", "'a\"", "a\tb", "a.yaml.bak"])
def test_odd_names(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("current-context: dev\n")
    assert read_entries(find_kubeconfig(str(tmp_path / name))).current_context == "dev"


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As in `--kubeconfig <(sops --decrypt config)`."""
    reading, writing = os.pipe()
    os.write(writing, b"current-context: dev\n")
    os.close(writing)
    kubeconfig = find_kubeconfig(f"/dev/fd/{reading}")
    assert kubeconfig.exists
    assert read_entries(kubeconfig).current_context == "dev"
    os.close(reading)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (b"\xef\xbb\xbfcurrent-context: dev\r\n", "dev"),
        (b'{\n\t"current-context": "dev"\n}', "dev"),
        (b"current-context: dev\n---\ncurrent-context: prod\n", "dev"),
        (b"current-context: 2026-01-01\n", "2026-01-01"),
        (b"current-context: 12:30\n", "12:30"),
    ],
)
def test_yaml_means_what_it_means_to_kubectl(tmp_path: Path, text: bytes, name: str) -> None:
    (tmp_path / "config").write_bytes(text)
    assert read_entries(find_kubeconfig(str(tmp_path / "config"))).current_context == name


def test_a_place_that_cannot_be_looked_at_is_no_missing_file(tmp_path: Path) -> None:
    """Such as a `~/.kube` that may not be entered, or that is a file."""
    (tmp_path / ".kube").touch()
    kubeconfig = find_kubeconfig(None, {"HOME": str(tmp_path)})
    assert kubeconfig.exists
    with pytest.raises(UsageError, match=r"cannot read kubeconfig .*Not a directory") as caught:
        read_entries(kubeconfig)
    assert "--sandbox" in str(caught.value.hint)


def test_a_folder_is_no_kubeconfig(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Is a directory"):
        read_entries(find_kubeconfig(str(tmp_path)))
