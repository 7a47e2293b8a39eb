"""Reads the entry of a user. An unknown field is rejected, because it may change the identity."""

from __future__ import annotations

import string
import unicodedata
from pathlib import Path
from typing import Any

from grpcdemo.kube.access.entries import Cluster, ExecPlugin, OidcProvider, User
from grpcdemo.kube.access.fields import Fields, Place
from grpcdemo.kube.access.pem import Pem, read_key_pair, read_pem_file

FIELDS = (
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
PROVIDER = (
    "idp-issuer-url",
    "client-id",
    "client-secret",
    "id-token",
    "refresh-token",
    "idp-certificate-authority",
    "idp-certificate-authority-data",
    "extra-scopes",
)
REMOVED_PROVIDERS = {
    "gcp": "install gke-gcloud-auth-plugin, then run `gcloud container clusters get-credentials` again",
    "azure": "install kubelogin, then run `kubelogin convert-kubeconfig`",
}
"""What kubectl had once, and what takes its place."""
HEADER_KEY = frozenset(string.ascii_letters + string.digits + "!#$&'*+-.^_`|~")
"""What the name of a header may hold; % begins what is escaped."""


def parse_user(fields: Fields, cluster: Cluster) -> User:
    """The user of *cluster*. Without TLS, nothing of the entry is sent that proves who the user is, as by kubectl."""
    fields.refuse_unknown(FIELDS)
    impersonation = _parse_impersonation(fields)
    if not cluster.is_tls:
        return User(fields.place(""), impersonation=impersonation)
    plugin, provider = fields.fields("exec"), fields.fields("auth-provider")
    if plugin and provider:
        raise fields.place("exec").error("cannot be combined with auth-provider: remove one of them")
    user = User(
        place=fields.place(""),
        token=_header_value(fields.place("token"), fields.text("token")),
        token_file=fields.path("tokenFile"),
        username=fields.text("username"),
        password=fields.text("password"),
        key_pair=read_key_pair(fields),
        exec_plugin=_parse_exec(plugin) if plugin else None,
        oidc_provider=_parse_auth_provider(provider) if provider else None,
        impersonation=impersonation,
    )
    if user.has_token and (user.username or user.password):
        raise fields.place("username").error("cannot be combined with token and tokenFile: remove one of them")
    if not (user.is_static or user.exec_plugin or user.oidc_provider):
        raise user.place.error("has no credentials", hint="log in to the cluster again, or name another --context")
    return user


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
        raise place.error("contains a line break or another control character")
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


def _parse_auth_provider(fields: Fields) -> OidcProvider:
    name, config = fields.text("name"), fields.fields("config") or Fields(fields.file, fields.entry, {})
    if name in REMOVED_PROVIDERS:
        raise fields.place("name").error(f"{name} no longer exists", hint=REMOVED_PROVIDERS[name])
    if name != "oidc":
        raise fields.place("name").error("must be oidc, the only one that kubectl supports")
    config.refuse_misspelled(PROVIDER)
    for required in ("idp-issuer-url", "client-id"):
        if not config.text(required):
            raise config.place(required).error("is missing")
    return OidcProvider(
        issuer=config.text("idp-issuer-url"),
        client_id=config.text("client-id"),
        place=config.place(""),
        client_secret=config.text("client-secret"),
        id_token=config.text("id-token"),
        refresh_token=config.text("refresh-token"),
        authority=_read_authority(config),
    )


def _read_authority(config: Fields) -> Pem | None:
    """As kubectl has it: the data go before the file, whose path is relative to the working directory."""
    name, data_name = "idp-certificate-authority", "idp-certificate-authority-data"
    if data := config.data(data_name):
        return Pem(data, config.place(data_name))
    path = config.text(name)
    return read_pem_file(config.place(name), Path(path)) if path else None
