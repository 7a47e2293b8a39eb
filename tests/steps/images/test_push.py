"""`images push`: the registry's name, and the way in."""

import pytest

from grpcdemo.errors import GrpcdemoError, UsageError
from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from grpcdemo.steps.images.push import push_images
from grpcdemo.steps.images.shell import ProgramFailed, Shell
from tests.fakes.programs import IN_STORE, NO_SUCH_IMAGE, Programs, Told

LOCAL = (image_reference(SERVER_IMAGE), image_reference(CLIENT_IMAGE))
REMOTE = (image_reference(SERVER_IMAGE, "r.example.com/team"), image_reference(CLIENT_IMAGE, "r.example.com/team"))


@pytest.mark.parametrize("builder", ["docker", "podman", "buildah", "nerdctl"])
async def test_both_images_are_tagged_and_pushed(programs: Programs, shell: Shell, told: Told, builder: str) -> None:
    programs.add_builder(builder)
    assert await push_images("r.example.com/team/", shell) == REMOTE
    assert [call for call in programs.calls if call.split()[1] in ("tag", "push")] == [
        f"{builder} tag {LOCAL[0]} {REMOTE[0]}",
        f"{builder} push {REMOTE[0]}",
        f"{builder} tag {LOCAL[1]} {REMOTE[1]}",
        f"{builder} push {REMOTE[1]}",
    ]
    assert "`grpcdemo up --image-prefix r.example.com/team`" in told.texts


async def test_what_was_built_with_the_prefix_is_pushed_as_it_is(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"image inspect *r.example.com*": IN_STORE, "image inspect *": NO_SUCH_IMAGE})
    await push_images("r.example.com/team", shell)
    assert not programs.calls_with("docker tag")
    assert len(programs.calls_with("docker push")) == 2


async def test_nothing_to_push_is_an_error(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    with pytest.raises(GrpcdemoError, match=f"docker has no image {LOCAL[0]}"):
        await push_images("r.example.com/team", shell)


async def test_a_registry_that_does_not_know_us_wants_a_login(programs: Programs, shell: Shell) -> None:
    programs.add_builder("docker", {"push *": "echo 'denied: requested access to the resource is denied' >&2; exit 1"})
    with pytest.raises(ProgramFailed, match="denied") as caught:
        await push_images("r.example.com/team", shell)
    assert "docker login" in str(caught.value.hint)


async def test_a_prefix_that_cannot_be_is_refused(programs: Programs, shell: Shell) -> None:
    with pytest.raises(UsageError, match="tag"):
        await push_images("r.example.com/team:1", shell)
    assert programs.calls == []


async def test_a_dry_run_pushes_nothing(programs: Programs, dry_shell: Shell, told: Told) -> None:
    programs.add_builder("docker", {"image inspect *": NO_SUCH_IMAGE})
    await push_images("r.example.com/team", dry_shell)
    assert [line.split()[1] for line in told.lines] == ["tag", "push", "tag", "push"]
    assert not programs.calls_with("docker push")
    assert told.events == []
