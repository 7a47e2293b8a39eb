"""The `auth-provider` of a user: OpenID Connect, the only one that kubectl still supports."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.access.credentials import Credentials, bearer
from grpcdemo.kube.access.entries import OidcProvider, User
from grpcdemo.kube.access.fields import printable
from grpcdemo.kube.access.id_token import read_expiry
from grpcdemo.kube.access.identity_provider import LOG_IN, IdentityProvider
from grpcdemo.kube.access.write_back import LOCK_S, locked, write_provider
from grpcdemo.model.progress import Reporter, Warned
from grpcdemo.waiting import to_its_end

EARLY_S = 10.0
"""How long before its end a token counts as expired: clocks differ."""


class OidcCredentials:
    """The ID token of *user*, who has logged in to an OpenID Connect provider; refreshed when it has expired.

    Many providers take a refresh token only once. So it is used under the lock of the kubeconfig, after a look whether
    another program was faster (*reread* reads the entry again), and the next one is written there for all programs.
    *report* learns if that is not possible.
    """

    def __init__(
        self,
        user: User,
        *,
        reread: Callable[[], User | None],
        environment: Mapping[str, str],
        report: Reporter,
        clock: Callable[[], float] = time.time,
        lock_s: float = LOCK_S,
    ) -> None:
        self._user = self._as_read = user
        self._reread = reread
        self._environment = environment
        self._report = report
        self._clock = clock
        self._lock_s = lock_s
        self._lock = asyncio.Lock()
        self._failure: GrpcdemoError | None = None

    async def get(self) -> Credentials:
        async with self._lock:
            return self._valid() or self._read_again() or await self._refresh_once()

    async def renew(self, refused: Credentials) -> Credentials | None:
        """Only what somebody else has written meanwhile: as for kubectl, a refused token is no expired one."""
        async with self._lock:
            renewed = self._read_again()
            return renewed if renewed != refused else None

    def _read_again(self) -> Credentials | None:
        """The token in the file, if it is another one: ours may be newer than what could be written."""
        user = self._reread()
        if user and user != self._as_read:
            self._user = self._as_read = user
        return self._valid()

    def _valid(self) -> Credentials | None:
        """The token, if it has not expired."""
        provider = self._user.oidc_provider
        if provider is None or not provider.id_token:
            return None
        try:
            expiry = read_expiry(provider.id_token)
        except ValueError:
            raise provider.place.error("id-token is not an ID token", hint=LOG_IN) from None
        return self._credentials(provider) if expiry > self._clock() + EARLY_S else None

    async def _refresh_once(self) -> Credentials:
        """Not again after it has failed."""
        if self._failure:
            raise self._failure
        try:
            return await self._refresh()
        except GrpcdemoError as error:
            self._failure = error
            raise

    async def _refresh(self) -> Credentials:
        self._require_refresh_token()
        async with AsyncExitStack() as stack:
            obstacle: OSError | None = None
            try:
                await stack.enter_async_context(locked(self._file, within_s=self._lock_s))
            except OSError as error:
                obstacle = error
            if credentials := self._read_again():
                return credentials
            provider = self._require_refresh_token()
            identity = await stack.enter_async_context(IdentityProvider(provider, self._environment))
            endpoint = await identity.find_token_endpoint()
            return await to_its_end(self._redeem(identity, endpoint, provider, obstacle))

    def _require_refresh_token(self) -> OidcProvider:
        provider = self._user.oidc_provider
        if provider and provider.refresh_token:
            return provider
        raise GrpcdemoError(
            f"kubeconfig {self._user.place}, auth-provider: id-token has expired or is missing, and there is no "
            "refresh-token",
            hint=LOG_IN,
        )

    async def _redeem(
        self, identity: IdentityProvider, endpoint: str, provider: OidcProvider, obstacle: OSError | None
    ) -> Credentials:
        """Use up the refresh token, and keep what it brings; in memory only, if an *obstacle* forbids more."""
        tokens = await identity.refresh(endpoint)
        provider = replace(
            provider, id_token=tokens.id_token, refresh_token=tokens.refresh_token or provider.refresh_token
        )
        self._user = replace(self._user, oidc_provider=provider)
        try:
            if obstacle:
                raise obstacle
            written = {"id-token": provider.id_token, "refresh-token": provider.refresh_token}
            write_provider(self._file, self._user.place.entry, written)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            self._report(
                Warned(
                    f"the new tokens of {self._user.place.entry} could not be written to "
                    f"{printable(str(self._file))}: {reason}. If the provider accepts a refresh token only once, "
                    "kubectl needs a new login"
                )
            )
        return self._credentials(provider)

    def _credentials(self, provider: OidcProvider) -> Credentials:
        return Credentials(bearer(provider.id_token), self._user.key_pair)

    @property
    def _file(self) -> Path:
        return self._user.place.file
