"""`images save`: whole archives or none."""

from pathlib import Path

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from grpcdemo.steps.images.save import save_images
from grpcdemo.steps.images.shell import ProgramFailed, Shell
from tests.fakes.programs import SAVED, Programs, Told

NAMES = (image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE))
FILES = ["grpcdemo-client.tar", "grpcdemo-server.tar"]


def names_in(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


@pytest.mark.parametrize(
    ("builder", "expected"),
    {
        "docker": "docker save --platform=linux/amd64 --output DIR/grpcdemo-server.tar {}",
        "podman": "podman save --format docker-archive --output DIR/grpcdemo-server.tar {}",
        "buildah": "buildah push {0} docker-archive:DIR/grpcdemo-server.tar:{0}",
        "nerdctl": "nerdctl save --platform=linux/amd64 --output DIR/grpcdemo-server.tar {}",
    }.items(),
)
async def test_each_builder_writes_both_archives(
    programs: Programs, shell: Shell, tmp_path: Path, builder: str, expected: str
) -> None:
    programs.add_builder(builder)
    target = tmp_path / "a" / "b"
    assert await save_images(target, shell) == (target / "grpcdemo-server.tar", target / "grpcdemo-client.tar")
    assert names_in(target) == FILES
    saving = [call for call in programs.calls if "grpcdemo-server.tar" in call]
    scratch = next(part for part in saving[0].replace(":", " ").replace("=", " ").split() if part.endswith(".tar"))
    assert [call.replace(str(Path(scratch).parent), "DIR") for call in saving] == [expected.format(NAMES[0])]


async def test_an_old_docker_cannot_choose_a_platform(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("docker", {"save --help": "echo '-o, --output string'"})
    await save_images(tmp_path / "out", shell)
    assert "--platform" not in "\n".join(programs.calls)


async def test_a_prefix_is_in_the_image_and_not_in_the_file(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("podman")
    await save_images(tmp_path / "out", shell, prefix="r.example.com/team")
    assert programs.calls[-1].endswith(image_reference(CLIENT_IMAGE, "r.example.com/team"))
    assert names_in(tmp_path / "out") == FILES


async def test_a_failure_leaves_what_was_there(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    """The disk is full when the second archive is half written."""
    full = f"{SAVED}; echo 'no space left on device' >&2; exit 1"
    programs.add_builder("podman", {"save *grpcdemo-client.tar*": full})
    target = tmp_path / "out"
    target.mkdir()
    (target / "grpcdemo-server.tar").write_text("old")
    with pytest.raises(ProgramFailed, match="no space left") as caught:
        await save_images(target, shell)
    assert "free some space" in str(caught.value.hint)
    assert names_in(target) == ["grpcdemo-server.tar"]
    assert (target / "grpcdemo-server.tar").read_text() == "old"


async def test_older_archives_are_replaced(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("podman")
    (tmp_path / "grpcdemo-server.tar").write_text("old")
    await save_images(tmp_path, shell)
    assert (tmp_path / "grpcdemo-server.tar").read_text() == "saved\n"


async def test_a_directory_that_cannot_be_is_an_error(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("podman")
    (tmp_path / "file").touch()
    with pytest.raises(GrpcdemoError, match="cannot write to"):
        await save_images(tmp_path / "file" / "out", shell)


async def test_a_dry_run_writes_nothing(programs: Programs, dry_shell: Shell, told: Told, tmp_path: Path) -> None:
    programs.add_builder("podman")
    await save_images(tmp_path / "out", dry_shell)
    assert [line.split()[-2] for line in told.lines] == [
        str(tmp_path / "out" / name) for name in ("grpcdemo-server.tar", "grpcdemo-client.tar")
    ]
    assert not (tmp_path / "out").exists()
