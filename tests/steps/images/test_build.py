"""What `images build` calls, and what it makes of the answers."""

import asyncio
import re
from pathlib import Path

import pytest

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from grpcdemo.steps.images.build import BuildConfig, build_images
from grpcdemo.steps.images.shell import ProgramFailed, Shell
from tests.fakes.programs import NO_SUCH_IMAGE, Programs, Told, exists, wait_until_written, write_archive

NAMES = (image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE))
VERSION = NAMES[0].rpartition(":")[2]
ARGUMENTS = (
    f"--build-arg VERSION={VERSION} --build-arg BUILD_PLATFORM=linux/amd64 --build-arg TARGET_PLATFORM=linux/amd64"
)


def builds(programs: Programs) -> list[str]:
    """The calls that build, without the context, whose path is another each time."""
    context = re.compile(r" --file \S+/images/Dockerfile \S+$")
    return [context.sub("", call) for call in programs.calls if context.search(call)]


@pytest.mark.parametrize(
    ("builder", "start"),
    {
        "docker": "docker build --load --provenance=false",
        "podman": "podman build",
        "buildah": "buildah bud --layers --force-rm",
        "nerdctl": "nerdctl build --provenance=false",
    }.items(),
)
async def test_each_builder_has_its_own_flags(programs: Programs, shell: Shell, builder: str, start: str) -> None:
    programs.add_builder(builder)
    built = await build_images(BuildConfig(), shell, environ={}, root=False)
    assert builds(programs) == [
        f"{start} {ARGUMENTS} --target server --tag {NAMES[0]}",
        f"{start} {ARGUMENTS} --target client --tag {NAMES[1]}",
    ]
    assert (built.builder, built.platform) == (builder, "linux/amd64")
    assert [(image.name, image.id, image.platform) for image in built.images] == [
        (name, "0123abcd", "linux/amd64") for name in NAMES
    ]


async def test_an_old_docker_is_not_given_flags_that_it_does_not_know(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"build --help": "echo '-q, --quiet'"})
    await build_images(BuildConfig(), shell, environ={}, root=False)
    assert all(call.startswith(f"docker build {ARGUMENTS} ") for call in builds(programs))


async def test_the_options_reach_the_builder(programs: Programs, shell: Shell) -> None:
    programs.add_builder("buildah")
    config = BuildConfig(base_image="localhost/python:3.11", platform="linux/arm64", prefix="r.example.com/team/")
    await build_images(config, shell, environ={}, root=False)
    assert builds(programs)[0] == (
        "buildah bud --layers --force-rm --platform linux/arm64"
        f" --build-arg VERSION={VERSION} --build-arg BUILD_PLATFORM=linux/amd64"
        " --build-arg TARGET_PLATFORM=linux/arm64 --build-arg PYTHON_IMAGE=localhost/python:3.11"
        f" --target server --tag r.example.com/team/grpcdemo-server:{VERSION}"
    )


@pytest.mark.parametrize(
    ("root", "environ", "isolated"),
    [(True, {}, True), (False, {}, False), (True, {"BUILDAH_ISOLATION": "oci"}, False)],
)
async def test_root_needs_no_namespaces(
    programs: Programs, shell: Shell, root: bool, environ: dict[str, str], isolated: bool
) -> None:
    programs.add_builder("buildah")
    await build_images(BuildConfig(), shell, environ=environ, root=root)
    assert all(("--isolation chroot" in call) is isolated for call in builds(programs))


async def test_what_pip_needs_is_passed_on_by_name_and_never_by_value(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker")
    environ = {"PIP_INDEX_URL": "https://me:secret@mirror.example.com", "HTTPS_PROXY": "http://proxy", "NO_PROXY": ""}
    await build_images(BuildConfig(), shell, environ=environ, root=False)
    assert all("--build-arg PIP_INDEX_URL --build-arg HTTPS_PROXY --target" in call for call in builds(programs))
    assert "secret" not in "\n".join(programs.calls)


async def test_the_context_is_there_for_the_builder_and_gone_afterwards(programs: Programs, shell: Shell) -> None:
    noted = programs.directory / "noted"
    look = f'for a; do :; done; echo "$a" > {noted}; [ -f "$a/images/Dockerfile" ] && [ -f "$a/grpcdemo/errors.py" ]'
    programs.add_builder("podman", {"build *": look})
    await build_images(BuildConfig(), shell, environ={}, root=False)
    assert not exists(await wait_until_written(noted))


async def test_a_failing_build_shows_the_end_of_its_output(programs: Programs, shell: Shell) -> None:
    programs.add_builder("podman", {"build *": "echo step 1; echo 'no matching distribution found' >&2; exit 125"})
    with pytest.raises(ProgramFailed, match="podman failed with exit code 125") as caught:
        await build_images(BuildConfig(), shell, environ={}, root=False)
    assert "step 1" in caught.value.message
    assert "PIP_INDEX_URL" in str(caught.value.hint)
    assert len(builds(programs)) == 1


async def test_a_base_image_without_history_is_not_cached(programs: Programs, shell: Shell, told: Told) -> None:
    complaint = "internal error: history lists 0 non-empty layers, but we have 1 layers on disk"
    answers = {"bud *--layers=false*": ":", "bud *": f"echo '{complaint}' >&2; exit 125"}
    programs.add_builder("buildah", answers)
    await build_images(BuildConfig(), shell, environ={}, root=False)
    assert ["--layers=false" in call for call in builds(programs)] == [False, True, True]
    assert "nothing can be cached" in told.texts


async def test_an_image_that_the_builder_kept_to_itself_is_an_error(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    with pytest.raises(GrpcdemoError, match=f"docker has no image {NAMES[0]}"):
        await build_images(BuildConfig(), shell, environ={}, root=False)


async def test_another_architecture_is_refused_before_anything_is_asked(programs: Programs, shell: Shell) -> None:
    with pytest.raises(UsageError, match="linux/s390x") as caught:
        await build_images(BuildConfig(platform="linux/s390x"), shell)
    assert "linux/amd64 or linux/arm64" in str(caught.value.hint)
    assert programs.calls == []


async def test_a_prefix_is_checked_before_anything_is_asked(programs: Programs, shell: Shell) -> None:
    with pytest.raises(UsageError, match="scheme"):
        await build_images(BuildConfig(prefix="https://r.example.com"), shell)
    assert programs.calls == []


async def test_buildah_builds_on_an_archive(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("buildah")
    write_archive(tmp_path / "python.tar", name="localhost/python:3.11")
    base = f"docker-archive:{tmp_path}/python.tar"
    await build_images(BuildConfig(base_image=base), shell, environ={}, root=False)
    assert f"--build-arg PYTHON_IMAGE={base} " in builds(programs)[0]


async def test_docker_does_not_build_on_an_archive(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("docker")
    with pytest.raises(UsageError, match="docker cannot build on an archive") as caught:
        await build_images(BuildConfig(base_image="docker-archive:/x/python.tar"), shell)
    assert "docker load --input /x/python.tar" in str(caught.value.hint)


async def test_an_archive_for_another_architecture_is_refused(programs: Programs, shell: Shell, tmp_path: Path) -> None:
    programs.add_builder("buildah")
    write_archive(tmp_path / "python.tar", name="localhost/python:3.11", architecture="arm64")
    with pytest.raises(UsageError, match="is for linux/arm64, not for linux/amd64"):
        await build_images(BuildConfig(base_image=f"docker-archive:{tmp_path}/python.tar"), shell)
    assert builds(programs) == []


async def test_a_dry_run_builds_nothing(programs: Programs, dry_shell: Shell, told: Told) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    await build_images(BuildConfig(), dry_shell, environ={}, root=False)
    assert [line.split(" --file ")[1] for line in told.lines] == ["CONTEXT/images/Dockerfile CONTEXT"] * 2
    assert builds(programs) == []
    assert told.events == []


async def test_an_interrupted_build_leaves_no_context(programs: Programs, shell: Shell) -> None:
    noted = programs.directory / "noted"
    programs.add_builder("podman", {"build *": f'for a; do :; done; echo "$a" > {noted}; exec /bin/sleep 60'})
    building = asyncio.create_task(build_images(BuildConfig(), shell, environ={}, root=False))
    context = await wait_until_written(noted)
    assert exists(context)
    building.cancel()
    with pytest.raises(asyncio.CancelledError):
        await building
    assert not exists(context)
