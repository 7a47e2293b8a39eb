"""The commands as they are typed: the result on stdout, everything else on stderr, and an exit code."""

import json
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from tests.fakes.programs import Programs, write_archive

NAMES = [image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE)]
KUBECONFIG = "apiVersion: v1\nkind: Config\ncurrent-context: kind-demo\ncontexts: []\nclusters: []\nusers: []\n"


def test_build_prints_the_names(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.add("docker", {"version *": "echo 'no engine' >&2; exit 1"})
    programs.add_builder("podman", {"build *": "echo STEP 1"})
    assert main(["images", "build"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == NAMES
    assert "skipped docker: no engine" in err
    assert f"podman to build {NAMES[0]} for linux/amd64" in err
    assert "STEP 1" not in err


def test_build_prints_a_document(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.add_builder("podman")
    assert main(["images", "build", "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "builder": "podman",
        "platform": "linux/amd64",
        "images": [{"name": name, "id": "0123abcd", "platform": "linux/amd64"} for name in NAMES],
    }


def test_verbose_shows_commands_and_output_on_stderr(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.add_builder("podman", {"build *": "echo STEP 1"})
    assert main(["images", "build", "--verbose"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == NAMES
    assert err.count("STEP 1") == 2
    assert "$ podman build " in err


def test_a_dry_run_prints_shell_commands(programs: Programs, capsys: pytest.CaptureFixture[str]) -> None:
    programs.add_builder("podman")
    assert main(["images", "push", "r.example.com", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    remote = [image_reference(name, "r.example.com") for name in (SERVER_IMAGE, CLIENT_IMAGE)]
    assert out.splitlines() == [
        *(f"podman tag {NAMES[0]} {remote[0]}", f"podman push {remote[0]}"),
        *(f"podman tag {NAMES[1]} {remote[1]}", f"podman push {remote[1]}"),
    ]
    assert err == ""


def test_save_prints_the_paths(programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    programs.add_builder("podman")
    assert main(["images", "save", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        str(tmp_path / "out" / f"{name}.tar") for name in (SERVER_IMAGE, CLIENT_IMAGE)
    ]


def test_load_takes_the_current_context(programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    programs.add("kind")
    for name in (SERVER_IMAGE, CLIENT_IMAGE):
        write_archive(tmp_path / f"{name}.tar", name=image_reference(name))
    (tmp_path / "config").write_text(KUBECONFIG)
    assert main(["images", "load", "--kubeconfig", str(tmp_path / "config"), "--archive", str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == NAMES
    assert [call.split()[-1] for call in programs.calls] == ["demo", "demo"]


def test_load_takes_the_context_that_is_named(programs: Programs, tmp_path: Path) -> None:
    programs.add("k3d")
    for name in (SERVER_IMAGE, CLIENT_IMAGE):
        write_archive(tmp_path / f"{name}.tar", name=image_reference(name))
    assert main(["images", "load", "--context", "k3d-other", "--archive", str(tmp_path)]) == 0
    assert [call.split()[-1] for call in programs.calls] == ["other", "other"]


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["build"], 1, "error: no builder works on this machine: docker is not installed"),
        (["build", "--platform", "linux/s390x"], 2, "error: there are no images for linux/s390x"),
        (["build", "--builder", "kaniko"], 2, "error: unknown builder kaniko"),
        (["push", "https://r.example.com"], 2, "error: 'https://r.example.com' cannot begin an image's name"),
        (["load", "--context", "prod"], 1, "error: context prod does not tell"),
    ],
)
def test_a_failure_is_an_error_a_hint_and_a_code(
    programs: Programs, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, error: str
) -> None:
    assert main(["images", *arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(error)
    assert "\nhint: " in err
