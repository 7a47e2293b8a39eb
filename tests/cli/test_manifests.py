"""`manifests`: what `up` applies, as text, with or without a cluster."""

from pathlib import Path

import pytest
import yaml

from grpcdemo.manifests.render import ManifestValues, build_objects, render
from tests.fakes.script import Script, reply

from .conftest import Command

VALUES = ManifestValues()


def test_without_a_cluster_the_newest_form_is_printed(grpcdemo: Command) -> None:
    ended = grpcdemo("manifests")
    assert ended.code == 0
    assert list(yaml.safe_load_all(ended.out)) == build_objects(VALUES)
    assert ended.out == "---\n".join(render(VALUES).values())
    assert "written for Kubernetes 1.24 and later, without asking a cluster" in ended.err


def test_the_options_are_those_of_up(grpcdemo: Command) -> None:
    options = ("--servers", "5", "--clients", "2", "--rate", "0.5", "--namespace", "other", "--image-prefix", "r.io/x")
    ended = grpcdemo("manifests", "--kubernetes", "1.30", *options)
    values = ManifestValues(namespace="other", servers=5, clients=2, rate=0.5, image_prefix="r.io/x")
    assert (ended.code, ended.err) == (0, "")
    assert list(yaml.safe_load_all(ended.out)) == build_objects(values)


@pytest.mark.parametrize("version", ["1.18", "v1.18", "v1.18.20-eks-1"])
def test_an_old_version_gets_no_new_fields(grpcdemo: Command, version: str) -> None:
    out = grpcdemo("manifests", "--kubernetes", version).out
    fields = "\n".join(line.split("#")[0] for line in out.splitlines())
    assert "seccompProfile" not in fields
    assert "grpc: {port" not in fields
    assert "tcpSocket: {port: 50051}" in fields


@pytest.mark.parametrize("version", ["newest", "1", "1.x"])
def test_what_is_no_version_is_a_usage_error(grpcdemo: Command, version: str) -> None:
    ended = grpcdemo("manifests", "--kubernetes", version)
    assert (ended.code, ended.out) == (2, "")
    assert ended.error_lines == [f"error: {version!r} is not a version of Kubernetes", "hint: write it like 1.22"]


def test_the_cluster_is_asked_for_its_version(grpcdemo: Command, script: Script, scripted: str) -> None:
    script.on("GET", "/version", reply({"major": "1", "minor": "18+", "gitVersion": "v1.18.20"}))
    ended = grpcdemo("manifests", "--kubeconfig", scripted)
    assert (ended.code, ended.err) == (0, "")
    assert "seccompProfile:" not in ended.out


def test_a_cluster_that_was_named_must_answer(grpcdemo: Command, unreachable: str) -> None:
    ended = grpcdemo("manifests", "--kubeconfig", unreachable)
    assert (ended.code, ended.out) == (1, "")


def test_the_files_are_written(grpcdemo: Command, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    ended = grpcdemo("manifests", "--write", str(folder), "--kubernetes", "1.30")
    assert ended.code == 0
    assert ended.out.splitlines() == [str(folder / "grpc-server.yaml"), str(folder / "grpc-client.yaml")]
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == render(VALUES)


def test_a_folder_that_cannot_be_written_to_is_an_error_in_one_line(grpcdemo: Command, tmp_path: Path) -> None:
    """A file is in its place, which stops even root."""
    (tmp_path / "file").touch()
    for folder, reason in ((tmp_path / "file", "File exists"), (tmp_path / "file" / "below", "Not a directory")):
        ended = grpcdemo("manifests", "--write", str(folder), "--kubernetes", "1.30")
        assert (ended.code, ended.out) == (1, "")
        assert ended.error_lines == [f"error: cannot write to {folder}: {reason}"]
