"""The `auth-provider` of a user: OpenID Connect, the only one that kubectl still knows."""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Callable

from grpcdemo.errors import GrpcdemoError, Hint, Kubectl
from grpcdemo.kube.access.credentials import Credentials, bearer
from grpcdemo.kube.access.entries import AuthProvider, User

EARLY_S = 10.0
"""How long before its end a token counts as expired: clocks differ."""


class OidcCredentials:
    """The ID token of *user*, who has logged in to an OpenID Connect provider.

    An expired one is not refreshed here: many providers take a refresh token only once, so it belongs to the program
    that keeps the next one. *reread* reads the entry again, for the case that this program has done so meanwhile.
    """

    def __init__(
        self, user: User, *, reread: Callable[[], User | None], clock: Callable[[], float] = time.time
    ) -> None:
        self._user = user
        self._reread = reread
        self._clock = clock

    async def get(self) -> Credentials:
        return self._valid() or self._read_again() or self._refuse()

    async def renew(self, refused: Credentials) -> Credentials | None:
        renewed = self._read_again()
        return renewed if renewed != refused else None

    def _read_again(self) -> Credentials | None:
        self._user = self._reread() or self._user
        return self._valid()

    def _valid(self) -> Credentials | None:
        """The token, if it has not expired."""
        provider = self._user.auth_provider
        token = provider.config.get("id-token", "") if provider else ""
        if not provider or not token or _expiry(token, provider) <= self._clock() + EARLY_S:
            return None
        return Credentials(bearer(token), self._user.key_pair)

    def _refuse(self) -> Credentials:
        raise GrpcdemoError(
            f"kubeconfig {self._user.place}, auth-provider: id-token has expired or is missing",
            hint=Hint("if there is a refresh-token, ", Kubectl("get", "ns"), " takes a new one; else log in again"),
        )


def _expiry(token: str, provider: AuthProvider) -> float:
    """When *token* ends, in seconds since 1970."""
    try:
        _, payload, _ = token.split(".")
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (ValueError, LookupError, TypeError, binascii.Error):
        raise provider.place.error("id-token is no ID token: it has no time at which it ends") from None
