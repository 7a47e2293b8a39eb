"""`images load`: each kind of cluster in its own way, always from archives of one platform."""

from pathlib import Path

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from grpcdemo.manifests.local_clusters import ClusterKind, LocalCluster
from grpcdemo.steps.images.load import LoadConfig, load_images
from grpcdemo.steps.images.shell import ProgramFailed, Shell
from tests.fakes.programs import NO_SUCH_IMAGE, Programs, Told, exists, write_archive

NAMES = (image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE))
DEAD = {"version *": "exit 1"}
LOADS = [
    (LocalCluster(ClusterKind.KIND, "demo"), "kind load image-archive DIR/{} --name demo"),
    (LocalCluster(ClusterKind.K3D, "demo"), "k3d image import DIR/{} --cluster demo"),
    (LocalCluster(ClusterKind.MINIKUBE, "team"), "minikube image load DIR/{} --profile team"),
]
KIND = LocalCluster(ClusterKind.KIND, "demo")
DOCKER_DESKTOP = LocalCluster(ClusterKind.SHARED, "docker-desktop")
COLIMA = LocalCluster(ClusterKind.SHARED, "colima")


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    directory = tmp_path / "saved"
    for name in NAMES:
        write_archive(directory / f"{name.split('/')[1].split(':')[0]}.tar", name=name, architecture="arm64")
    return directory


def add_clusters(programs: Programs) -> None:
    for name in ("kind", "k3d", "minikube", "ctr"):
        programs.add(name)


@pytest.mark.parametrize(("cluster", "expected"), LOADS)
async def test_a_saved_archive_is_loaded(
    programs: Programs, shell: Shell, told: Told, archives: Path, cluster: LocalCluster, expected: str
) -> None:
    add_clusters(programs)
    assert await load_images(LoadConfig(into=cluster, archives=archives), shell) == NAMES
    loads = [call.replace(str(archives), "DIR") for call in programs.calls if ".tar" in call]
    assert loads == [expected.format(f"{name}.tar") for name in (SERVER_IMAGE, CLIENT_IMAGE)]
    assert f"loaded {NAMES[0]} (linux/arm64) into the " in told.texts


async def test_without_an_archive_the_builder_saves_one_for_the_time_being(programs: Programs, shell: Shell) -> None:
    add_clusters(programs)
    programs.add_builder("docker")
    programs.add("kind", otherwise='[ -s "$3" ] || exit 9')
    await load_images(LoadConfig(into=KIND), shell)
    saved = [call.split()[4] for call in programs.calls_with("docker save --platform=linux/amd64 --output")]
    assert [call.split()[3] for call in programs.calls_with("kind load image-archive")] == saved
    assert not [path for path in saved if exists(path)]


async def test_containerd_is_loaded_into_whatever_the_context(programs: Programs, shell: Shell, archives: Path) -> None:
    add_clusters(programs)
    await load_images(LoadConfig(into="/run/c d.sock", archives=archives), shell)
    assert programs.calls == [
        f"ctr -a /run/c d.sock -n k8s.io images import {archives}/{name}.tar" for name in (SERVER_IMAGE, CLIENT_IMAGE)
    ]


async def test_docker_shares_its_images(programs: Programs, shell: Shell, told: Told) -> None:
    programs.add_builder("docker")
    assert await load_images(LoadConfig(into=DOCKER_DESKTOP), shell) == NAMES
    assert f"docker-desktop runs Docker's own images and has {NAMES[0]} (linux/amd64)" in told.texts
    assert not programs.calls_with("docker save")


async def test_docker_shares_nothing_that_was_not_built(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    with pytest.raises(GrpcdemoError, match="docker has no image"):
        await load_images(LoadConfig(into=DOCKER_DESKTOP), shell)


async def test_what_another_builder_has_is_loaded_into_docker(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker")
    programs.add_builder("podman")
    await load_images(LoadConfig(into=LocalCluster(ClusterKind.SHARED, "orbstack"), builder="podman"), shell)
    assert len(programs.calls_with("podman save")) == len(programs.calls_with("docker load --input")) == 2


async def test_a_shared_containerd_has_a_namespace_for_them(programs: Programs, shell: Shell, archives: Path) -> None:
    programs.add("docker", DEAD)
    programs.add_builder("nerdctl")
    await load_images(LoadConfig(into=LocalCluster(ClusterKind.SHARED, "rancher-desktop"), archives=archives), shell)
    assert len(programs.calls_with("nerdctl --namespace k8s.io load --input")) == 2


async def test_a_dead_shared_engine_is_an_error(programs: Programs, shell: Shell, archives: Path) -> None:
    programs.add("docker", DEAD)
    with pytest.raises(GrpcdemoError, match="neither docker nor nerdctl reaches") as caught:
        await load_images(LoadConfig(into=COLIMA, archives=archives), shell)
    assert "start colima" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        (LoadConfig(into=KIND), "install kind"),
        (LoadConfig(into="/run/x.sock"), "ctr comes with containerd"),
    ],
)
async def test_a_missing_loader_fails_first(programs: Programs, shell: Shell, config: LoadConfig, hint: str) -> None:
    programs.add_builder("podman")
    with pytest.raises(GrpcdemoError, match="is not installed") as caught:
        await load_images(config, shell)
    assert hint in str(caught.value.hint)
    assert not programs.calls_with("podman save")


async def test_a_failing_loader_is_an_error_with_what_it_said(programs: Programs, shell: Shell, archives: Path) -> None:
    programs.add("kind", otherwise="echo 'ERROR: no nodes found for cluster \"demo\"' >&2; exit 1")
    with pytest.raises(ProgramFailed, match="no nodes found"):
        await load_images(LoadConfig(into=KIND, archives=archives), shell)


async def test_an_archive_of_another_version_is_refused(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    add_clusters(programs)
    write_archive(tmp_path / "grpcdemo-server.tar", name="localhost/grpcdemo-server:0.0.1")
    with pytest.raises(GrpcdemoError, match=r"contains localhost/grpcdemo-server:0\.0\.1, not"):
        await load_images(LoadConfig(into=KIND, archives=tmp_path), shell)


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"cut short"])
async def test_a_damaged_archive_is_refused(
    programs: Programs, shell: Shell, archives: Path, content: bytes | None
) -> None:
    add_clusters(programs)
    path = archives / "grpcdemo-server.tar"
    if content is None:
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:700] if content == b"cut short" else content)
    with pytest.raises(GrpcdemoError, match=r"cannot read|is not a docker-archive") as caught:
        await load_images(LoadConfig(into=KIND, archives=archives), shell)
    assert "images save" in str(caught.value.hint)


async def test_a_dry_run_saves_and_loads_nothing(programs: Programs, dry_shell: Shell, told: Told) -> None:
    programs.add_builder("buildah", {"inspect *": NO_SUCH_IMAGE})
    await load_images(LoadConfig(into=KIND), dry_shell)
    assert told.lines == [
        *(f"buildah push {name} docker-archive:ARCHIVES/{name[10:].split(':')[0]}.tar:{name}" for name in NAMES),
        *(f"kind load image-archive ARCHIVES/{name}.tar --name demo" for name in (SERVER_IMAGE, CLIENT_IMAGE)),
    ]
    assert {call.split()[1] for call in programs.calls} == {"info", "inspect"}
