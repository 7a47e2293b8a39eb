"""The entries of a kubeconfig that a context names, as values: its cluster and its user.

Fields that are left out on purpose: `preferences`, which no program uses any more; `extensions`, which are other
programs' notes, but for the one that a credential plugin gets; the context's `namespace`, because --namespace has a
default of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpcdemo.kube.access.fields import Place
from grpcdemo.kube.access.pem import KeyPair, Pem


@dataclass(frozen=True)
class Cluster:
    """An API server, and how to know that it is the right one."""

    server: str
    place: Place
    authority: Pem | None = None
    """None trusts what this machine trusts."""
    insecure: bool = False
    tls_server_name: str = ""
    proxy_url: str = field(default="", repr=False)
    disable_compression: bool = False
    exec_extension: Any = field(default=None, repr=False)
    """What is meant for a credential plugin."""

    @property
    def is_tls(self) -> bool:
        return self.server.startswith("https://")


@dataclass(frozen=True)
class ExecPlugin:
    """A credential plugin: a program that prints credentials."""

    command: str
    api_version: str
    interactive_mode: str
    place: Place
    arguments: tuple[str, ...] = field(default=(), repr=False)
    environment: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    install_hint: str = ""
    provide_cluster_info: bool = False


@dataclass(frozen=True)
class OidcProvider:
    """An OpenID Connect provider, the only kind that is built into kubectl, and what it gave to the user."""

    issuer: str
    client_id: str
    place: Place
    client_secret: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    authority: Pem | None = None
    """None trusts what this machine trusts."""


@dataclass(frozen=True)
class User:
    """As whom requests come, and what proves it."""

    place: Place
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    key_pair: KeyPair | None = None
    exec_plugin: ExecPlugin | None = None
    oidc_provider: OidcProvider | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that ask for another user's rights."""

    @property
    def has_token(self) -> bool:
        return bool(self.token or self.token_file)

    @property
    def is_static(self) -> bool:
        """The entry itself holds credentials, which go before a plugin or a provider."""
        return self.has_token or bool(self.username or self.key_pair)
