"""What can go wrong, what helps, and the exit code. Errors and hints are values: nothing edits them.

    GrpcdemoError            1
    ├── UsageError           2
    ├── UnexpectedVerdict    3
    ├── NotEnoughResponses   4
    ├── Interrupted        130; 143 after SIGTERM, 129 after SIGHUP
    ├── NoSandbox            1
    ├── DemoRunning          1
    ├── DemoExists           1
    └── ApiError             1
        └── Unreachable, Unauthorized, Forbidden, NotFound, Conflict, Rejected, NoDryRun, Expired
                                                            └── Replaced

A subclass exists only if some code catches it apart from its parent.
"""

from __future__ import annotations

import errno
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}
"""The disk is full, or broken."""


USERS_ERRORS = {
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST),
    *(errno.ENAMETOOLONG, errno.ELOOP, errno.EMFILE, errno.ENFILE),
}
"""A file or a folder that cannot be used as it is, or too many open files: nothing that a traceback explains."""


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


@dataclass(frozen=True)
class Kubectl:
    """A kubectl command without the flags that choose the cluster."""

    words: tuple[str, ...]
    reads: tuple[str, ...] = ()
    """The command of ours whose output it reads, if it does. It takes the same flags."""

    def __init__(self, *words: str, namespace: str | None = None, reads: tuple[str, ...] = ()) -> None:
        object.__setattr__(self, "words", (*words, "--namespace", namespace) if namespace else words)
        object.__setattr__(self, "reads", reads)

    def text(self, flags: Sequence[str] = ()) -> str:
        """The command as typed in a shell, with the *flags* that choose the cluster."""
        source = f"{shlex.join([*self.reads, *flags])} | " if self.reads else ""
        return source + shlex.join(["kubectl", *self.words, *flags])


@dataclass(frozen=True)
class Hint:
    """What helps, in one line of words and kubectl commands."""

    parts: tuple[str | Kubectl, ...]
    looks: bool = False
    """It tells to look at the demo itself."""

    def __init__(self, *parts: str | Kubectl, looks: bool = False) -> None:
        object.__setattr__(self, "parts", parts)
        object.__setattr__(self, "looks", looks)

    def is_about(self, namespace: str) -> bool:
        """Whether it tells to look at what may be gone together with the demo in *namespace*."""
        return self.looks or any(
            part.words[-2:] == ("--namespace", namespace) for part in self.parts if isinstance(part, Kubectl)
        )

    def text(self, flags: Sequence[str] = ()) -> str:
        """The line; its kubectl commands get the *flags* that choose the cluster."""
        return "".join(part if isinstance(part, str) else f"`{part.text(flags)}`" for part in self.parts)

    __str__ = text


class GrpcdemoError(Exception):
    """A failure with a one-line *message* and, where something helps, a *hint*."""

    _exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: Hint | str | None = None) -> None:
        super().__init__(message)
        self._message = message
        self._hint = Hint(hint) if isinstance(hint, str) else hint

    @property
    def message(self) -> str:
        return self._message

    @property
    def hint(self) -> Hint | None:
        return self._hint

    @property
    def exit_code(self) -> ExitCode:
        return self._exit_code


class UsageError(GrpcdemoError):
    """The command line asks for something invalid."""

    _exit_code = ExitCode.USAGE


class UnexpectedVerdict(GrpcdemoError):
    """The verdict is certain, but differs from `--expect`."""

    _exit_code = ExitCode.UNEXPECTED_VERDICT


class NotEnoughResponses(GrpcdemoError):
    """There are too few responses for a verdict."""

    _exit_code = ExitCode.NOT_ENOUGH_RESPONSES


class Interrupted(GrpcdemoError):
    """SIGINT, SIGTERM or SIGHUP ended the command."""

    def __init__(self, exit_code: ExitCode = ExitCode.INTERRUPTED, *, hint: Hint | str | None = None) -> None:
        super().__init__("interrupted", hint=hint)
        self._exit_code = exit_code


class NoSandbox(GrpcdemoError):
    """No sandbox runs, or the one that ran has ended."""


class DemoRunning(GrpcdemoError):
    """Somebody else's demo runs in the namespace."""


class DemoExists(GrpcdemoError):
    """A demo is deployed in the namespace already."""


class ApiError(GrpcdemoError):
    """The Kubernetes API answered with an error, or not at all."""


class Unreachable(ApiError):
    """No answer came: the connection failed, broke, or fell silent."""


class Unauthorized(ApiError):
    """401: the API server does not accept the credentials."""


class Forbidden(ApiError):
    """403: the user lacks a permission."""


class NotFound(ApiError):
    """404: there is no such object."""


class Conflict(ApiError):
    """409: the object exists already, has changed meanwhile, or belongs to someone else."""


class Replaced(Conflict):
    """409: another object has the name of the one that the request is about."""


class Rejected(ApiError):
    """Admission or validation refused the object: a webhook, a quota, PodSecurity, an invalid field."""


class NoDryRun(ApiError):
    """A webhook with side effects cannot take part in a dry run, whatever it would say otherwise."""


class Expired(ApiError):
    """410: the resource version is too old, so a watch must start over with a list."""
