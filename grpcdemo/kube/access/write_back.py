"""Writes new values into an entry of a kubeconfig, so that kubectl and other programs find them.

As kubectl does it, under the same lock, FILE.lock: the file is written anew, without its comments. But it is replaced
as a whole, so that nobody ever reads half of it, and fields that grpcdemo does not know are kept.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
import stat
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import yaml

from grpcdemo.kube.access.documents import parse_yaml
from grpcdemo.kube.access.kubeconfig import entry_name

LOCK_S = 5.0
"""How long to wait for another program that holds the lock. kubectl does not wait at all."""
LOOK_S = 0.1
IN_PLACE = {errno.EBUSY, errno.EPERM, errno.EXDEV}
"""The file cannot be replaced: it is a mount of its own, as in a container, or has another owner."""
PLAIN = re.compile(r"[A-Za-z].")


class _Dumper(yaml.SafeDumper):
    """Puts in quotes what some reader of YAML could take for something else than text, such as `y` or `1e3`."""

    def represent_str(self, data: str) -> yaml.ScalarNode:
        style = None if PLAIN.match(data) else '"'
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


@asynccontextmanager
async def locked(path: Path, *, within_s: float = LOCK_S) -> AsyncIterator[None]:
    """Hold kubectl's lock of the kubeconfig at *path*. Raises OSError if it cannot be had *within_s*."""
    lock = f"{path}.lock"
    deadline = asyncio.get_running_loop().time() + within_s
    while not _create(lock):
        if asyncio.get_running_loop().time() >= deadline:
            raise OSError(errno.EEXIST, f"{lock} exists: remove it unless a program is writing the file now")
        await asyncio.sleep(LOOK_S)
    try:
        yield
    finally:
        _remove(lock)


def write_provider(path: Path, user: str, values: Mapping[str, str]) -> None:
    """Set *values* in the auth-provider of the entry *user* (`user NAME`). Raises OSError or ValueError."""
    path = path.resolve()
    status = _require_writable(path)
    content = parse_yaml(path.read_bytes())
    _find_config(content, user).update(values)
    data = yaml.dump(content, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=float("inf")).encode()
    if parse_yaml(data) != content:
        raise ValueError("it cannot be rewritten without changing other content")
    _replace(path, data, status)


def _create(lock: str) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL, 0))
    except FileExistsError:
        return False
    return True


def _remove(lock: str) -> None:
    with suppress(OSError):  # another program removed it, or the whole folder
        Path(lock).unlink()


def _find_config(content: Any, user: str) -> dict[str, Any]:
    try:
        entry = next(item for item in content["users"] if entry_name("user", item["name"]) == user)
        config: dict[str, Any] = entry["user"]["auth-provider"]["config"]
        config.update()
    except (LookupError, TypeError, AttributeError, StopIteration):
        raise ValueError(f"it no longer has an auth-provider of {user}") from None
    return config


def _require_writable(path: Path) -> os.stat_result:
    """Its status. A read-only file could be replaced, but somebody wants it to stay."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    if not status.st_mode & 0o222 or not os.access(path, os.W_OK):
        raise OSError(errno.EACCES, "it is read-only")
    return status


def _replace(path: Path, data: bytes, status: os.stat_result) -> None:
    """Replace the content of the file at *path*, but not its mode and owner."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), stat.S_IMODE(status.st_mode))
            os.fchown(file.fileno(), status.st_uid, status.st_gid)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        if error.errno not in IN_PLACE:
            raise
        path.write_bytes(data)
    finally:
        Path(name).unlink(missing_ok=True)
