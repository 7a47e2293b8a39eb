"""What helps when a builder, a registry or a cluster's loader fails, by the words in its output: it has no others."""

from __future__ import annotations

import re
from collections.abc import Iterable

# The first match wins, so the more specific ones come first.
HINTS: tuple[tuple[str, str], ...] = (
    (r"short-name|short name", "name the registry of the base image too: `--base-image REGISTRY/python:3.13-slim`"),
    (
        r"toomanyrequests|rate limit",
        "the registry's rate limit is reached; use a base image from another registry with `--base-image`",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|certificate signed by unknown authority",
        "a proxy's certificate is not trusted: use a `--base-image` that trusts it, or set PIP_TRUSTED_HOST",
    ),
    (
        r"No matching distribution found|Could not find a version",
        "pip found no wheel for this base image; if the packages come from a mirror, set PIP_INDEX_URL to it",
    ),
    (
        r"exec format error",
        "this machine cannot run programs of that architecture; build without `--platform`, or check the base image",
    ),
    (r"no space left on device|disk quota exceeded", "free some space on that disk, and try again"),
    (
        r"unauthorized|authentication required|no basic auth|(?<!permission )denied|insufficient.scope",
        "log in first: `{program} login REGISTRY`",
    ),
    (r"permission denied", "run this as a user who may use {program}, for example root"),
    (
        r"server gave HTTP response to HTTPS client",
        "the registry has no TLS; configure it as an insecure registry in {program}",
    ),
    (
        r"no such host|Temporary failure in name resolution|i/o timeout|connection refused",
        "check the network; behind a proxy set HTTPS_PROXY, which the build also gets",
    ),
)


def find_hint(program: str, lines: Iterable[str]) -> str:
    """The hint for a failure of *program* with *lines* at the end of its output."""
    text = "\n".join(lines)
    for pattern, hint in HINTS:
        if re.search(pattern, text, re.IGNORECASE):
            return hint.format(program=program)
    return "these are the last lines of its output; `--verbose` shows all of it"


def find_install_hint(program: str) -> str:
    if program == "ctr":
        return "ctr comes with containerd: run this on the node, or put ctr on PATH"
    return f"install {program}, or put it on PATH"
