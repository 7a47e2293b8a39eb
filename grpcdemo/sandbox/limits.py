"""The daemon's limit of open files: every container and every watch needs some."""

from __future__ import annotations

import resource

from grpcdemo.errors import GrpcdemoError

ENOUGH = 4096
LEAST = 256


def raise_file_limit() -> None:
    """Raise the limit to ENOUGH, or as far as allowed. Raises GrpcdemoError below LEAST."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_below(soft, ENOUGH):
        soft = ENOUGH if _is_below(ENOUGH, hard) else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if _is_below(soft, LEAST):
        raise GrpcdemoError(
            f"the limit of open files is {soft}, and the sandbox needs {LEAST}",
            hint=f"raise the limit: `ulimit -n {ENOUGH}`",
        )


def _is_below(limit: int, other: int) -> bool:
    return limit != resource.RLIM_INFINITY and (other == resource.RLIM_INFINITY or limit < other)
