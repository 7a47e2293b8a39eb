"""Which proxy a connection to an API server takes: the one that kubectl takes, by Go's rules.

The kubeconfig's `proxy-url` goes before the environment. HTTPS_PROXY, HTTP_PROXY and NO_PROXY are read as Go's
`golang.org/x/net/http/httpproxy` reads them: aiohttp's own reading knows neither CIDRs nor ports, and would send
loopback through a proxy. Two differences: `0.0.0.0` and `::` go through no proxy of the environment either, and a
proxy that cannot be used is an error where Go may go past it.
"""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.hosts import Address, is_own_address, parse_address

SOCKS = ("socks5", "socks5h")
SUPPORTED = ("http", "https", *SOCKS)
VARIABLES = {"HTTP_PROXY", "HTTPS_PROXY"}
PORTS = {"http": "80", "https": "443"}
CREDENTIALS = re.compile(r"(?<=://).*@")
UNESCAPED = re.compile(r"[\x00-\x20\x7f]|%(?![0-9a-fA-F]{2})")
"""What must be escaped in a URL."""
HOST_AND_PORT = re.compile(r"(?:\[(?P<ipv6>[^]]*)\]|(?P<host>[^:\[\]]+)):(?P<port>[^:]*)")


@dataclass(frozen=True)
class Proxy:
    """A proxy, and what names it: a variable, or a field of the kubeconfig."""

    url: str = field(repr=False)
    """With the password."""
    source: str

    @property
    def is_of_environment(self) -> bool:
        return self.source.upper() in VARIABLES

    @property
    def is_socks(self) -> bool:
        return urlsplit(self.url).scheme in SOCKS

    def __str__(self) -> str:
        return f"{CREDENTIALS.sub('', self.url)} ({self.source})"


def choose_proxy(
    server: str, *, proxy_url: str = "", source: str = "proxy-url", environment: Mapping[str, str] = os.environ
) -> Proxy | None:
    """The proxy for the API *server*, a URL; None to connect directly.

    *proxy_url* is the field `proxy-url` of the cluster's entry, and *source* what messages call that field. Raises
    UsageError if the proxy cannot be used.
    """
    if proxy_url:
        return _usable(proxy_url, source)
    url = urlsplit(server)
    if url.scheme not in PORTS:
        return None
    variable, proxy_url = _first_set(environment, f"{url.scheme.upper()}_PROXY")
    host, port = _ascii(url.hostname or ""), str(url.port or PORTS[url.scheme])
    address = parse_address(host)
    if not proxy_url or host == "localhost" or is_own_address(address):
        return None
    _, no_proxy = _first_set(environment, "NO_PROXY")
    if any(_names(entry.strip().lower(), host, port, address) for entry in no_proxy.split(",")):
        return None
    return _usable(proxy_url if "://" in proxy_url else f"http://{proxy_url}", variable)


def _first_set(environment: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable *name* in upper case, or else in lower case, and its value: empty if neither is set."""
    return next(((key, environment[key]) for key in (name, name.lower()) if environment.get(key)), (name, ""))


def _usable(proxy_url: str, source: str) -> Proxy:
    proxy = Proxy(proxy_url, source)
    url = _parse(proxy_url)
    if url is None:
        raise UsageError(
            f"the proxy in {source} is not a URL",
            hint="write it as http://HOST:PORT, and escape special characters in a password: %25 for %",
        )
    if url.scheme not in SUPPORTED:
        raise UsageError(
            f"the proxy {proxy} has the unsupported scheme {url.scheme}",
            hint=f"grpcdemo and kubectl support {', '.join(SUPPORTED)}",
        )
    if url.scheme == "https" and sys.version_info < (3, 11):
        raise UsageError(
            f"the proxy {proxy} uses TLS", hint="run grpcdemo with Python 3.11 or later, or use another proxy"
        )
    return proxy


def _parse(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        is_url = url.scheme and url.hostname and url.port != 0 and not UNESCAPED.search(text)
    except ValueError:  # not an IPv6 address, or not a port
        return None
    return url if is_url else None


def _names(entry: str, host: str, port: str, address: Address | None) -> bool:
    """Whether an *entry* of NO_PROXY names the server."""
    if entry == "*":
        return True
    if network := _parse_network(entry):
        return address is not None and address in network
    name, named_port = _split(entry)
    if not name or named_port not in ("", port):
        return False
    named_address = parse_address(name)
    if address or named_address:
        return address == named_address
    suffix = _ascii(name[1:] if name.startswith("*.") else name)
    return host.endswith(suffix) if suffix.startswith(".") else f".{host}".endswith(f".{suffix}")


def _parse_network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    address, _, length = entry.partition("/")
    try:
        return ipaddress.ip_network(f"{address}/{int(length)}", strict=False)
    except ValueError:
        return None


def _split(entry: str) -> tuple[str, str]:
    """The host and the port of an *entry*; an IPv6 address with a port is in brackets."""
    match = HOST_AND_PORT.fullmatch(entry)
    return (match["ipv6"] or match["host"], match["port"]) if match else (entry, "")


def _ascii(name: str) -> str:
    """The *name* as DNS has it, in Punycode; unchanged if it cannot be."""
    try:
        return name if name.isascii() else b".".join(label.encode("idna") for label in name.split(".")).decode()
    except UnicodeError:
        return name
