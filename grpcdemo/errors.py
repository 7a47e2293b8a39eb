"""Everything that can go wrong in words a user understands, and the exit code it ends in.

    GrpcdemoError            1  something failed; `hint` is the command or the step that helps
    ├── UsageError           2  the request itself makes no sense
    ├── UnexpectedVerdict    3  `--expect` saw something else
    ├── NotEnoughResponses   4  no verdict could be reached
    ├── Interrupted        130  Ctrl-C; 143 after SIGTERM, 129 after SIGHUP
    ├── NoSandbox            1  the target is the sandbox, and none runs
    └── ApiError             1  the Kubernetes API said no
        ├── Unreachable         nobody answered
        ├── Unauthorized        it does not know us
        ├── Forbidden           it knows us and will not
        ├── NotFound
        ├── Conflict            somebody else changed or owns it
        ├── Rejected            the object was refused: invalid, quota, PodSecurity, a webhook
        └── Expired             a resource version or a continue token is too old

A subclass exists only where somebody catches it apart from its parent.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command ends with."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    UNEXPECTED_VERDICT = 3
    NOT_ENOUGH_RESPONSES = 4
    HUNG_UP = 129
    INTERRUPTED = 130
    TERMINATED = 143


class GrpcdemoError(Exception):
    """A failure with a one-line *message* and, where something helps, a one-line *hint*."""

    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(GrpcdemoError):
    exit_code = ExitCode.USAGE


class UnexpectedVerdict(GrpcdemoError):
    exit_code = ExitCode.UNEXPECTED_VERDICT


class NotEnoughResponses(GrpcdemoError):
    exit_code = ExitCode.NOT_ENOUGH_RESPONSES


class Interrupted(GrpcdemoError):
    exit_code = ExitCode.INTERRUPTED


class NoSandbox(GrpcdemoError):
    pass


class ApiError(GrpcdemoError):
    """An answer of the Kubernetes API that was not a success."""


class Unreachable(ApiError):
    pass


class Unauthorized(ApiError):
    pass


class Forbidden(ApiError):
    pass


class NotFound(ApiError):
    pass


class Conflict(ApiError):
    pass


class Rejected(ApiError):
    pass


class Expired(ApiError):
    pass
