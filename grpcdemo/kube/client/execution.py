"""What a command in a container writes and how it ends, through the API's `exec`.

Over a websocket, the kubelet has channel 1 for what the command writes, 2 for its errors, and 3 for a `Status` when it
has ended. The Python client's own exec takes no credentials but its own, and does not tell output from errors.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

import aiohttp

from grpcdemo.errors import ApiError, Unreachable
from grpcdemo.resources.objects import Object

STDOUT, STDERR, STATUS = 1, 2, 3
LARGEST = 64 << 20
"""Bytes of output."""
NOT_RUNNABLE = (126, 127)
"""Exit codes of a shell, and of some container runtimes, for a program that there is not."""
NO_PROGRAM = ("executable file not found", "no such file or directory")


@dataclass(frozen=True)
class Output:
    """Of a command that has ended, or that could not be started."""

    stdout: bytes
    stderr: str
    code: int | None
    """Its exit code; None if the container runtime could not start it."""
    message: str
    """Why it failed, as the runtime says; empty if it did not."""

    @property
    def is_missing(self) -> bool:
        """The container has no such program."""
        if self.code is None:
            return any(words in self.message for words in NO_PROGRAM)
        return self.code in NOT_RUNNABLE


async def read_output(websocket: aiohttp.ClientWebSocketResponse[bool]) -> Output:
    """Raises ApiError if it is too long, and Unreachable if the connection ends before the command."""
    output = {STDOUT: b"", STDERR: b""}
    while True:
        message = await websocket.receive()
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise Unreachable("the connection to the container broke")
        channel, data = message.data[:1], message.data[1:]
        if channel == bytes([STATUS]):
            return _end(output, json.loads(data))
        if channel and channel[0] in output:
            output[channel[0]] += data
        if len(output[STDOUT]) > LARGEST:
            raise ApiError("the output of the command is too long")


def _end(output: dict[int, bytes], status: Object) -> Output:
    causes = (status.get("details") or {}).get("causes") or []
    codes = [int(cause["message"]) for cause in causes if cause.get("reason") == "ExitCode"]
    is_well = status.get("status") == "Success"
    return Output(
        stdout=output[STDOUT],
        stderr=output[STDERR].decode(errors="replace").strip(),
        code=0 if is_well else next(iter(codes), None),
        message="" if is_well else str(status.get("message") or status.get("reason")),
    )
