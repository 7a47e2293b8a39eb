"""Opens connections, with or without a proxy: aiohttp itself only supports HTTP proxies."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import aiohttp
import aiohttp_socks

from grpcdemo.kube.access.proxies import Proxy

EVERY_LOG = 0
"""No limit for connections: each followed log has one, and the default would block the hundred and first."""
SOCKS_PORT = 1080


def build_connector(proxy: Proxy | None) -> aiohttp.TCPConnector:
    """The connector for requests through *proxy*."""
    if proxy is None or not proxy.is_socks:
        return aiohttp.TCPConnector(limit=EVERY_LOG)
    url = urlsplit(proxy.url)
    return aiohttp_socks.ProxyConnector(
        url.hostname or "",
        url.port or SOCKS_PORT,
        username=unquote(url.username or ""),
        password=unquote(url.password or ""),
        limit=EVERY_LOG,
    )


def http_proxy(proxy: Proxy | None) -> str | None:
    """The URL that each request through *proxy* names, unless the connector knows the proxy."""
    return proxy.url if proxy and not proxy.is_socks else None
