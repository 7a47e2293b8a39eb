"""Each client is followed once, for as long as it is there."""

import asyncio

from grpcdemo.model.pods import Pod
from grpcdemo.steps.observe.followers import Followers
from tests.views.samples import pod

X, Y = pod("grpc-client", "x", 1), pod("grpc-client", "y", 2)


async def test_clients_are_followed_while_they_are_there() -> None:
    started: list[tuple[str, bool]] = []
    ended: list[str] = []

    async def follow(client: Pod, is_new: bool) -> None:
        started.append((client.name, is_new))
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(client.name)

    followers = Followers(follow)
    followers.update([X], are_new=False)
    await asyncio.sleep(0)
    followers.update([X, Y], are_new=True)
    await asyncio.sleep(0)
    assert started == [(X.name, False), (Y.name, True)]
    (first, _) = followers.tasks()
    followers.update([Y], are_new=True)
    await asyncio.wait([first])
    assert ended == [X.name]
    (last,) = followers.tasks()
    followers.update([], are_new=True)
    await asyncio.wait([last])
    assert (ended, followers.tasks()) == ([X.name, Y.name], [])
