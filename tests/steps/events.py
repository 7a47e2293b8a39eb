"""What a step reported and asked the API for."""

import asyncio

from grpcdemo.model.progress import Done, StepEvent, Waiting, Warned
from tests.fakes.script import Asked


class Events(list[StepEvent]):
    """The events of a step, whose Reporter is `append`."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def append(self, event: StepEvent) -> None:
        super().append(event)
        self._more.set()

    @property
    def done(self) -> str:
        return self._texts(Done)

    @property
    def warned(self) -> str:
        return self._texts(Warned)

    async def until_waiting_for(self, text: str) -> None:
        while text not in self._texts(Waiting):
            self._more.clear()
            await self._more.wait()

    def _texts(self, kind: type[StepEvent]) -> str:
        return "\n".join(event.text for event in self if isinstance(event, kind))


def is_dry(change: Asked) -> bool:
    """Whether the API would persist nothing; of a DELETE with a body it reads the body only."""
    if change.method == "DELETE" and change.body:
        return bool(change.body.get("dryRun") == ["All"])
    return change.query.get("dryRun") == "All"
