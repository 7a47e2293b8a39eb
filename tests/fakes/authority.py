"""A certificate authority for the servers of the tests: a client sends its token only over TLS."""

from __future__ import annotations

import base64
import ssl
from functools import cache

import trustme


@cache
def authority() -> trustme.CA:
    return trustme.CA()


@cache
def server_context() -> ssl.SSLContext:
    """What a server on this machine needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context


def authority_data() -> str:
    """The field certificate-authority-data."""
    return base64.b64encode(authority().cert_pem.bytes()).decode()
