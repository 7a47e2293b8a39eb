"""The entries of a kubeconfig that a context names, as values: its cluster and its user.

Fields that are left out on purpose: `preferences`, which no program uses any more; `extensions`, which are other
programs' notes, but for the one that a credential plugin gets; the context's `namespace`, because --namespace has a
default of its own.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from grpcdemo.kube.access.fields import Fields, Place, printable

CLUSTER = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
    "extensions",
)
USER = (
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "client-key-data",
    "token",
    "tokenFile",
    "as",
    "as-uid",
    "as-groups",
    "as-user-extra",
    "username",
    "password",
    "auth-provider",
    "exec",
    "extensions",
)
EXEC = ("apiVersion", "command", "args", "env", "installHint", "provideClusterInfo", "interactiveMode")
REMOVED_PROVIDERS = {
    "gcp": "install gke-gcloud-auth-plugin, then run `gcloud container clusters get-credentials` again",
    "azure": "install kubelogin, then run `kubelogin convert-kubeconfig`",
}
"""What kubectl had once, and what takes its place."""
EXEC_EXTENSION = "client.authentication.k8s.io/exec"
HOST = re.compile(r"[\w.:%~-]+")
HEADER_KEY = frozenset(string.ascii_letters + string.digits + "!#$&'*+-.^_`|~")
"""What the name of a header may hold; % begins what is escaped."""


@dataclass(frozen=True)
class Pem:
    """Certificates or a key in PEM, and the field that they come from."""

    data: bytes = field(repr=False)
    place: Place


@dataclass(frozen=True)
class KeyPair:
    """A client certificate and its key."""

    certificate: Pem
    key: Pem


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
class AuthProvider:
    """An OpenID Connect provider, the only kind that is built into kubectl."""

    config: Mapping[str, str] = field(repr=False)
    place: Place


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
    auth_provider: AuthProvider | None = None
    impersonation: tuple[tuple[str, str], ...] = ()
    """Headers that ask for another user's rights."""

    @property
    def has_token(self) -> bool:
        return bool(self.token or self.token_file)

    @property
    def is_static(self) -> bool:
        """The entry itself holds credentials, which go before a plugin or a provider."""
        return self.has_token or bool(self.username or self.key_pair)


def parse_cluster(fields: Fields) -> Cluster:
    fields.refuse_misspelled(CLUSTER)
    server = _parse_server(fields)
    is_tls = server.startswith("https://")
    authority = _pem(fields, "certificate-authority")
    insecure = fields.flag("insecure-skip-tls-verify")
    if is_tls and authority and insecure:
        raise fields.place("insecure-skip-tls-verify").error(f"excludes {authority.place.name}: remove one of them")
    return Cluster(
        server=server,
        place=fields.place(""),
        authority=authority,
        insecure=insecure,
        tls_server_name=fields.text("tls-server-name"),
        proxy_url=fields.text("proxy-url"),
        disable_compression=fields.flag("disable-compression"),
        exec_extension=_exec_extension(fields),
    )


def parse_user(fields: Fields, cluster: Cluster) -> User:
    """The user of *cluster*. Without TLS, nothing of the entry is sent that proves who the user is, as by kubectl."""
    fields.refuse_unknown(USER)
    impersonation = _parse_impersonation(fields)
    if not cluster.is_tls:
        return User(fields.place(""), impersonation=impersonation)
    user = User(
        place=fields.place(""),
        token=_header_value(fields.place("token"), fields.text("token")),
        token_file=fields.path("tokenFile"),
        username=fields.text("username"),
        password=fields.text("password"),
        key_pair=_parse_key_pair(fields),
        exec_plugin=_parse_exec(below) if (below := fields.fields("exec")) else None,
        auth_provider=_parse_auth_provider(below) if (below := fields.fields("auth-provider")) else None,
        impersonation=impersonation,
    )
    if user.has_token and (user.username or user.password):
        raise fields.place("username").error("excludes token and tokenFile: remove one of them")
    if user.exec_plugin and user.auth_provider:
        raise fields.place("exec").error("excludes auth-provider: remove one of them")
    if not (user.is_static or user.exec_plugin or user.auth_provider):
        raise user.place.error("has no credentials", hint="log in to the cluster again, or name another --context")
    return user


def _parse_server(fields: Fields) -> str:
    """The server's URL without query and without a slash at its end."""
    text, place = fields.text("server"), fields.place("server")
    if not text:
        raise place.error("is missing")
    try:
        url = urlsplit(text if "://" in text else f"http://{text}")
        port = f":{url.port}" if url.port else ""
        (url.hostname or "").encode("idna")  # as a look-up in DNS does
    except ValueError:
        raise place.error("is not a URL") from None
    if "@" in url.netloc:
        raise place.error("must not hold a password: it is shown. A user's entry has fields for it")
    if url.scheme not in ("http", "https") or not HOST.fullmatch(url.hostname or ""):
        raise place.error("must be a URL such as https://HOST:PORT")
    host = f"[{url.hostname}]" if ":" in str(url.hostname) else url.hostname
    path = quote(url.path, safe="/%:@!$&'()*+,;=~").rstrip("/")
    return f"{url.scheme}://{host}{port}{path}"


def _exec_extension(fields: Fields) -> Any:
    for extension in fields.list("extensions"):
        if isinstance(extension, dict) and extension.get("name") == EXEC_EXTENSION:
            return extension.get("extension")
    return None


def _pem(fields: Fields, name: str) -> Pem | None:
    """What the field NAME-data holds, or the file that the field NAME names."""
    data_name = f"{name}-data"
    path, data = fields.path(name), fields.data(data_name)
    if path and data:
        raise fields.place(name).error(f"excludes {data_name}: remove one of them")
    if data:
        return Pem(data, fields.place(data_name))
    if path is None:
        return None
    try:
        return Pem(path.read_bytes(), fields.place(name))
    except (OSError, ValueError) as error:
        raise _unreadable(fields.place(name), path, error) from error


def _unreadable(place: Place, path: Path, error: OSError | ValueError) -> Exception:
    reason = getattr(error, "strerror", None) or "not a path"
    return place.error(f"cannot read {printable(str(path))}: {reason}")


def _parse_key_pair(fields: Fields) -> KeyPair | None:
    certificate, key = _pem(fields, "client-certificate"), _pem(fields, "client-key")
    if certificate and key:
        return KeyPair(certificate, key)
    if certificate or key:
        lacking = "client-key" if certificate else "client-certificate"
        raise fields.place(lacking).error(f"is missing: a client certificate needs both, {lacking} or {lacking}-data")
    return None


def _parse_impersonation(fields: Fields) -> tuple[tuple[str, str], ...]:
    name, uid, groups = fields.text("as"), fields.text("as-uid"), fields.texts("as-groups")
    extra = fields.fields("as-user-extra")
    if not name and (uid or groups or (extra and extra.content)):
        raise fields.place("as").error("is missing: as-uid, as-groups and as-user-extra need it")
    headers = [("Impersonate-User", "as", name)] if name else []
    headers += [("Impersonate-Uid", "as-uid", uid)] if uid else []
    headers += [("Impersonate-Group", "as-groups", group) for group in groups]
    for key in extra.content if extra else ():
        header = "Impersonate-Extra-" + "".join(map(_escape, str(key).encode()))
        headers += [(header, "as-user-extra", text) for text in extra.texts(key)] if extra else []
    return tuple((header, _header_value(fields.place(of), text)) for header, of, text in headers)


def _escape(byte: int) -> str:
    return chr(byte) if chr(byte) in HEADER_KEY else f"%{byte:02X}"


def _header_value(place: Place, text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise place.error("holds a line break or another control character")
    return text


def _parse_exec(fields: Fields) -> ExecPlugin:
    fields.refuse_unknown(EXEC)
    command, api_version, mode = (fields.text(name) for name in ("command", "apiVersion", "interactiveMode"))
    for name, value in (("command", command), ("apiVersion", api_version)):
        if not value:
            raise fields.place(name).error("is missing")
    if api_version not in ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"):
        raise fields.place("apiVersion").error(
            "must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1",
            hint="update the credential plugin, and let it write its kubeconfig again",
        )
    mode = mode or ("IfAvailable" if api_version.endswith("/v1beta1") else "")
    if mode not in ("Never", "IfAvailable", "Always"):
        raise fields.place("interactiveMode").error("must be Never, IfAvailable or Always")
    return ExecPlugin(
        command=str(fields.path("command")) if "/" in command else command,
        api_version=api_version,
        interactive_mode=mode,
        place=fields.place(""),
        arguments=fields.texts("args"),
        environment=tuple(_parse_variable(fields, item) for item in fields.list("env")),
        install_hint="".join(one for one in fields.text("installHint") if one.isprintable() or one.isspace()),
        provide_cluster_info=fields.flag("provideClusterInfo"),
    )


def _parse_variable(fields: Fields, item: Any) -> tuple[str, str]:
    if not isinstance(item, dict):
        raise fields.place("env").error("must be a list of name and value")
    variable = Fields(fields.file, f"{fields.entry}, env", item)
    variable.refuse_unknown(("name", "value"))
    name, value = variable.text("name"), variable.text("value")
    if not name or "=" in name or "\0" in name + value:
        raise variable.place("name").error("must be the name of an environment variable")
    return name, value


def _parse_auth_provider(fields: Fields) -> AuthProvider:
    name, config = fields.text("name"), fields.fields("config")
    if name in REMOVED_PROVIDERS:
        raise fields.place("name").error(f"{name} exists no more", hint=REMOVED_PROVIDERS[name])
    if name != "oidc":
        raise fields.place("name").error("must be oidc, the only one that kubectl knows")
    return AuthProvider(
        config={str(key): config.text(key) for key in config.content} if config else {},
        place=(config or fields).place(""),
    )
