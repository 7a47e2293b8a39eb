"""How many files the daemon may have open: every container, and everybody who watches, costs it some."""

from __future__ import annotations

import resource

from grpcdemo.errors import GrpcdemoError

WANTED = 4096
LEAST = 256


def raise_file_limit() -> None:
    """Have WANTED, or as many as there may be. Raises GrpcdemoError where these are too few."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_below(soft, WANTED):
        soft = WANTED if _is_below(WANTED, hard) else hard
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if _is_below(soft, LEAST):
        raise GrpcdemoError(
            f"no process may have more than {soft} open files here, and the sandbox needs {LEAST}",
            hint=f"raise the limit: `ulimit -n {WANTED}`",
        )


def _is_below(limit: int, other: int) -> bool:
    return limit != resource.RLIM_INFINITY and (other == resource.RLIM_INFINITY or limit < other)
