"""A costly source is read often at first, and then seldom."""

import pytest

from grpcdemo.diagnosis.inventory import Unreadable
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.rights import Right
from grpcdemo.steps.sources.around import Around
from grpcdemo.steps.sources.seldom import Seldom
from grpcdemo.steps.sources.source import Reading

DENIED = Unreadable(Right("create", PODS, "shop", subresource="exec"))


class Source:
    """Tells another reading each time, or is *denied*."""

    def __init__(self, *, denied: bool = False) -> None:
        self.denied = denied
        self.reads = 0

    async def read(self, around: Around) -> Reading:
        self.reads += 1
        if self.denied:
            raise DENIED
        return Reading("connections", told=[str(self.reads)])

    async def close(self) -> None:
        pass


def around(client: str = "web", server: str = "cart") -> Around:
    return Around([{"metadata": {"uid": client}}], [], {"10.0.0.1": server})


async def told(source: Seldom, around: Around) -> list[str]:
    return [*(await source.read(around)).told]


async def test_its_last_reading_holds_until_the_pause_is_over() -> None:
    source = Seldom(Source(), often=3, pause_s=3600)
    assert [await told(source, around()) for _ in range(5)] == [["1"], ["2"], ["3"], ["3"], ["3"]]
    assert await source.read(around()) is await source.read(around())


async def test_after_the_pause_it_is_read_anew() -> None:
    source = Seldom(Source(), often=1, pause_s=0)
    assert [await told(source, around()) for _ in range(3)] == [["1"], ["2"], ["3"]]


@pytest.mark.parametrize("changed", [around(client="other"), around(server="other")], ids=["clients", "servers"])
async def test_when_pods_change_it_is_read_often_again(changed: Around) -> None:
    source = Seldom(Source(), often=2, pause_s=3600)
    for _ in range(3):
        await source.read(around())
    assert [await told(source, changed) for _ in range(3)] == [["3"], ["4"], ["4"]]


async def test_a_right_that_is_missing_is_not_asked_for_all_the_time() -> None:
    source = Source(denied=True)
    seldom = Seldom(source, often=5, pause_s=3600)
    for _ in range(3):
        with pytest.raises(Unreadable):
            await seldom.read(around())
    assert source.reads == 1
