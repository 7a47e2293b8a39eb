"""The daemon's program: `python -m grpcdemo.sandbox FOLDER PIPE` serves the sandbox in FOLDER until SIGTERM.

It reports on descriptor PIPE that it is ready, or why it failed.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.sandbox.daemon import serve
from grpcdemo.sandbox.ready_pipe import ReadyPipe
from grpcdemo.sandbox.state import State


def main(folder: str, descriptor: str) -> int:
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    pipe = ReadyPipe(int(descriptor))
    gc.freeze()  # what was imported stays: a collection, and the end, need not look through it
    try:
        asyncio.run(_serve_until_signal(State(Path(folder)), pipe))
    except GrpcdemoError as error:
        logging.error("%s", error)
        pipe.say_failed(error)
        return 1
    return 0


async def _serve_until_signal(state: State, pipe: ReadyPipe) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await serve(state, pipe.say_ready, stop)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
