"""Reads the entry of a cluster."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlsplit

from grpcdemo.kube.access.entries import Cluster
from grpcdemo.kube.access.fields import Fields
from grpcdemo.kube.access.pem import read_pem

FIELDS = (
    "server",
    "tls-server-name",
    "insecure-skip-tls-verify",
    "certificate-authority",
    "certificate-authority-data",
    "proxy-url",
    "disable-compression",
    "extensions",
)
EXEC_EXTENSION = "client.authentication.k8s.io/exec"
HOST = re.compile(r"[\w.:%~-]+")


def parse_cluster(fields: Fields) -> Cluster:
    fields.refuse_misspelled(FIELDS)
    server = _parse_server(fields)
    is_tls = server.startswith("https://")
    authority = read_pem(fields, "certificate-authority")
    insecure = fields.flag("insecure-skip-tls-verify")
    if is_tls and authority and insecure:
        raise fields.place("insecure-skip-tls-verify").error(
            f"cannot be combined with {authority.place.name}: remove one of them"
        )
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
        raise place.error("must not contain a password, because it is printed: use the fields of a user's entry")
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
