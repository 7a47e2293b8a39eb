"""What authenticates a request, and where it comes from."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.access.entries import User
from grpcdemo.kube.access.fields import printable
from grpcdemo.kube.access.pem import KeyPair

TOKEN_FILE_S = 50.0
"""How long a token that was read from a file is good: shorter than the time by which a kubelet renews it early."""


@dataclass(frozen=True)
class Credentials:
    """The header Authorization and the client certificate."""

    authorization: str = field(default="", repr=False)
    key_pair: KeyPair | None = None


class CredentialSource(Protocol):
    """Where credentials come from. One source serves all requests of a command, also at the same time."""

    async def get(self) -> Credentials:
        """The present ones. Raises GrpcdemoError if there are none."""

    async def renew(self, refused: Credentials) -> Credentials | None:
        """Others than those that were *refused*, obtained at most once for all who ask; None if there are no others."""


class StaticCredentials:
    """What stands in the kubeconfig, or in a token file, which is read again and again.

    *reread* reads the user's entry again, for the case that somebody has logged in meanwhile.
    """

    def __init__(
        self, user: User, *, reread: Callable[[], User | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._user = user
        self._reread = reread
        self._clock = clock
        self._token = ""
        self._read_at: float | None = None

    async def get(self) -> Credentials:
        return Credentials(self._authorization(), self._user.key_pair)

    async def renew(self, refused: Credentials) -> Credentials | None:
        user = self._reread()
        if user and user.is_static:
            self._user = user
        self._read_at = None
        renewed = await self.get()
        return renewed if renewed != refused else None

    def _authorization(self) -> str:
        if token := self._read_token():
            return bearer(token)
        if self._user.username:
            return basic(self._user.username, self._user.password)
        return ""

    def _read_token(self) -> str:
        """The token: the one that was last read from the file, or else the one in the entry."""
        path = self._user.token_file
        if path and (self._read_at is None or self._clock() - self._read_at > TOKEN_FILE_S):
            self._read_at = self._clock()
            try:
                self._token = _read(path)
            except (OSError, ValueError) as error:
                if not (self._token or self._user.token):
                    raise self._unusable(path, error) from error
        return self._token or self._user.token

    def _unusable(self, path: Path, error: OSError | ValueError) -> GrpcdemoError:
        reason = error.strerror or error if isinstance(error, OSError) else error
        return self._user.place.error(f"tokenFile: cannot read a token from {printable(str(path))}: {reason}")


def _read(path: Path) -> str:
    token = path.read_bytes().strip().decode(errors="replace")
    if not token:
        raise ValueError("it is empty")
    if not token.isprintable():
        raise ValueError("it contains more than a token")
    return token


def bearer(token: str) -> str:
    return f"Bearer {token}"


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
