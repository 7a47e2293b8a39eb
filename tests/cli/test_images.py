"""The commands as they are typed: the result on stdout, everything else on stderr, and an exit code."""

import json
from pathlib import Path

import pytest

from grpcdemo.cli.app import main
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from tests.fakes.programs import Programs, write_archive

NAMES = [image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE)]


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


def test_names_as_a_document(programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    programs.add_builder("podman")
    assert main(["images", "save", str(tmp_path), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "archives": [str(tmp_path / f"{name}.tar") for name in (SERVER_IMAGE, CLIENT_IMAGE)]
    }
    assert main(["images", "push", "registry.example.com/x", "-o", "json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == ["images"]
    assert main(["images", "push", "registry.example.com/x", "-o", "json", "--dry-run"]) == 0
    assert not capsys.readouterr().out.startswith("{")


def write_kubeconfig(path: Path, **clusters: str) -> str:
    """A kubeconfig with a context for each of *clusters*, whose entries have these names; the first is current."""
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": next(iter(clusters)),
        "contexts": [{"name": name, "context": {"cluster": entry, "user": entry}} for name, entry in clusters.items()],
        "clusters": [{"name": entry, "cluster": {"server": "https://127.0.0.1:1"}} for entry in clusters.values()],
        "users": [{"name": entry, "user": {"token": "t"}} for entry in clusters.values()],
    }
    path.write_text(json.dumps(content))
    return str(path)


@pytest.mark.parametrize(("options", "cluster"), [((), "demo"), (("--context", "prod"), "other")])
def test_load_takes_the_cluster_of_the_context_whatever_its_name(
    programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[str, ...], cluster: str
) -> None:
    programs.add("kind")
    for name in (SERVER_IMAGE, CLIENT_IMAGE):
        write_archive(tmp_path / f"{name}.tar", name=image_reference(name))
    kubeconfig = write_kubeconfig(tmp_path / "config", dev="kind-demo", prod="kind-other")
    assert main(["images", "load", "--kubeconfig", kubeconfig, "--archive", str(tmp_path), *options]) == 0
    assert capsys.readouterr().out.splitlines() == NAMES
    assert [call.split()[-1] for call in programs.calls] == [cluster, cluster]


def test_a_cluster_elsewhere_is_an_error(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Also if its context is called like that of a local one."""
    kubeconfig = write_kubeconfig(tmp_path / "config", **{"kind-demo": "gke_prod"})
    assert main(["images", "load", "--kubeconfig", kubeconfig, "--archive", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith("error: context kind-demo (https://127.0.0.1:1) is not a known kind")


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (["build"], 1, "error: no builder works on this machine: docker is not installed"),
        (
            ["build", "--platform", "linux/s390x"],
            2,
            "error: --platform: 'linux/s390x' is not linux/amd64 or linux/arm64",
        ),
        (["build", "--builder", "kaniko"], 2, "error: --builder: 'kaniko' is not docker or podman or buildah"),
        (["push", "https://r.example.com"], 2, "error: 'https://r.example.com' cannot begin an image's name"),
        (["load"], 2, "error: no cluster: there is no kubeconfig at "),
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
