"""A command's time in the sandbox: an unused daemon is stopped, and a failure is explained."""

import asyncio
import signal
from functools import partial

import pytest

from grpcdemo.errors import ExitCode, GrpcdemoError, NotEnoughResponses, Unreachable
from grpcdemo.model.progress import Done, StepEvent
from grpcdemo.sandbox.session import explaining_failures, stopping_unused
from grpcdemo.sandbox.state import LOOK_AGAIN_S, ROOM, State, acquire, running
from tests.sandbox.user import start_fake

FULL = 10**18
"""More room than any disk has."""


async def is_empty() -> bool:
    return True


def ignore(_: StepEvent) -> None:
    pass


async def test_the_last_user_stops_it(state: State) -> None:
    """The first of two whose work is done leaves it to the other, which may be about to create something."""
    first: list[StepEvent] = []
    second: list[StepEvent] = []
    daemon = await start_fake(state, "pass")
    state.auto_started.touch()
    async with stopping_unused(state, is_empty, second.append):
        async with stopping_unused(state, is_empty, first.append):
            pass
        assert running(state) == daemon.pid
    assert (first, second) == ([], [Done("the sandbox has stopped")])
    assert await daemon.wait() == -signal.SIGTERM


async def test_a_command_that_comes_while_it_stops_waits(state: State) -> None:
    asked, answer = asyncio.Event(), asyncio.Event()

    async def is_empty_when_told() -> bool:
        asked.set()
        await answer.wait()
        return True

    async def leave() -> None:
        async with stopping_unused(state, is_empty_when_told, ignore):
            pass

    async def come() -> int | None:
        async with stopping_unused(state, is_empty, ignore):
            return running(state)

    daemon = await start_fake(state, "pass")
    state.auto_started.touch()
    leaving = asyncio.create_task(leave())
    await asked.wait()
    coming = asyncio.create_task(come())
    done, _ = await asyncio.wait([coming], timeout=3 * LOOK_AGAIN_S)
    assert not done
    answer.set()
    assert await coming is None
    await leaving
    assert await daemon.wait() == -signal.SIGTERM


async def fail(state: State, error: GrpcdemoError, *, ending_s: float = 60, room_needed: int = ROOM) -> GrpcdemoError:
    """What becomes of *error*."""
    with pytest.raises(GrpcdemoError) as caught:
        async with explaining_failures(state, ending_s=ending_s, room_needed=room_needed):
            raise error
    return caught.value


async def test_a_sandbox_that_does_not_answer(state: State) -> None:
    with acquire(state) as lock:
        lock.write("1")
        lock.flush()
        error = await fail(state, Unreachable("no answer"), ending_s=0.1)
    assert error.message == "the sandbox runs but does not answer: no answer"
    assert "`grpcdemo sandbox stop`" in str(error.hint)


async def test_a_killed_daemon_may_hold_its_lock_for_a_moment(state: State) -> None:
    lock = acquire(state)
    lock.write("1")
    lock.flush()
    asyncio.get_running_loop().call_later(2 * LOOK_AGAIN_S, lock.close)
    error = await fail(state, Unreachable("no answer"))
    assert error.message == "the sandbox and all its pods have ended"


async def test_a_full_disk_is_said_with_what_failed(state: State) -> None:
    acquire(state).close()
    failure = partial(fail, state, room_needed=FULL)
    error = await failure(GrpcdemoError("no", hint="wait"))
    assert (error.message, error.exit_code) == ("no", ExitCode.FAILED)
    assert f"the disk of {state.root} has only " in str(error.hint)
    verdict = NotEnoughResponses("none", hint="wait")
    assert await failure(verdict) is verdict


async def test_room_on_the_disk_explains_nothing(state: State) -> None:
    acquire(state).close()
    error = GrpcdemoError("no", hint="wait")
    assert await fail(state, error) is error
