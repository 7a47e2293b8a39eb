"""Which builder is taken, and why another is not."""

import pytest

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.steps.images.builders import BUILDERS, DOCKER
from grpcdemo.steps.images.engine import find_engine, known_flags, normalise, require_image
from grpcdemo.steps.images.shell import Shell
from tests.fakes.programs import NO_SUCH_IMAGE, Programs, Told

DEAD = {"version *": 'echo "Cannot connect to the Docker daemon" >&2; exit 1'}


@pytest.mark.parametrize("name", [builder.name for builder in BUILDERS])
async def test_the_only_builder_is_taken(programs: Programs, shell: Shell, told: Told, name: str) -> None:
    programs.add_builder(name)
    engine = await find_engine(shell)
    assert (engine.builder.name, engine.platform) == (name, "linux/amd64")
    assert told.events == []


async def test_docker_comes_first(programs: Programs, shell: Shell) -> None:
    for builder in BUILDERS:
        programs.add_builder(builder.name)
    assert (await find_engine(shell)).builder is DOCKER


async def test_a_docker_without_an_engine_is_skipped(programs: Programs, shell: Shell, told: Told) -> None:
    programs.add("docker", DEAD)
    programs.add_builder("buildah")
    assert (await find_engine(shell)).builder.name == "buildah"
    assert told.texts == "skipped docker: Cannot connect to the Docker daemon"


async def test_an_engine_for_windows_is_skipped(programs: Programs, shell: Shell, told: Told) -> None:
    programs.add("docker", {"version *": "echo windows/amd64"})
    programs.add_builder("podman")
    assert (await find_engine(shell)).builder.name == "podman"
    assert "not for Linux" in told.texts


async def test_the_one_that_is_named_is_taken(programs: Programs, shell: Shell) -> None:
    for builder in BUILDERS:
        programs.add_builder(builder.name)
    assert (await find_engine(shell, "nerdctl")).builder.name == "nerdctl"
    assert [call.split()[0] for call in programs.calls] == ["nerdctl"]


async def test_the_one_that_is_named_must_work(programs: Programs, shell: Shell, told: Told) -> None:
    programs.add("docker", DEAD)
    programs.add_builder("buildah")
    with pytest.raises(GrpcdemoError, match="cannot use docker: Cannot connect") as caught:
        await find_engine(shell, "docker")
    assert "--builder" in str(caught.value.hint)
    assert told.events == []


async def test_a_name_that_is_no_builder_is_a_usage_error(programs: Programs, shell: Shell) -> None:
    with pytest.raises(UsageError, match="unknown builder kaniko") as caught:
        await find_engine(shell, "kaniko")
    assert "docker, podman, buildah, nerdctl" in str(caught.value.hint)


async def test_without_any_it_says_what_was_tried_and_what_to_install(programs: Programs, shell: Shell) -> None:
    programs.add("docker", DEAD)
    with pytest.raises(GrpcdemoError, match="Cannot connect to the Docker daemon; podman is not installed") as caught:
        await find_engine(shell)
    assert str(caught.value.hint) == "start Docker, or install podman or buildah"


async def test_a_missing_image_must_be_built(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    with pytest.raises(GrpcdemoError, match="docker has no image localhost/x:1") as caught:
        await require_image(shell, await find_engine(shell), "localhost/x:1")
    assert "grpcdemo images build" in str(caught.value.hint)


async def test_a_flag_is_used_only_where_it_is_known(programs: Programs, shell: Shell) -> None:
    programs.add("docker", {"build --help": "echo '  -q, --quiet'; echo '      --load    Shorthand'"})
    assert await known_flags(shell, ("docker", "build"), ("--load", "--provenance=false")) == ("--load",)


@pytest.mark.parametrize(
    ("said", "platform"),
    {"linux/amd64\n": "linux/amd64", "linux/x86_64": "linux/amd64", "Linux/aarch64": "linux/arm64"}.items(),
)
def test_platforms_have_one_name(said: str, platform: str) -> None:
    assert normalise(said) == platform
