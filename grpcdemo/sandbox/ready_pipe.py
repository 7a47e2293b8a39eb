"""How the daemon reports to its parent that it is ready, or why it failed: one JSON document on a pipe."""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import suppress
from typing import Any

from grpcdemo.errors import GrpcdemoError


class ReadyPipe:
    """The daemon's end. Only the first document counts."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def say_ready(self) -> None:
        """Raises BrokenPipeError if the parent is gone: no command knows of this daemon, so it must end."""
        self._say({"ready": True})

    def say_failed(self, error: GrpcdemoError) -> None:
        with suppress(BrokenPipeError):
            self._say({"ready": False, "message": error.message, "hint": str(error.hint) if error.hint else None})

    def _say(self, document: dict[str, Any]) -> None:
        if not self._pipe.closed:
            with self._pipe:
                json.dump(document, self._pipe)


async def read_document(descriptor: int, *, timeout_s: float) -> dict[str, Any] | None:
    """The daemon's report: empty if it ended without one, None after *timeout_s*."""
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        data = await asyncio.wait_for(reader.read(), timeout_s)
        return dict(json.loads(data)) if data else {}
    except asyncio.TimeoutError:
        return None
    finally:
        transport.close()
