"""What TLS needs: whom to trust, and the client certificate. Checked here, so that a broken one names its field."""

from __future__ import annotations

import re
import ssl
import tempfile
from pathlib import Path

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.entries import Cluster
from grpcdemo.kube.access.pem import KeyPair, Pem

CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def build_context(cluster: Cluster, key_pair: KeyPair | None) -> ssl.SSLContext:
    """The context for connections to *cluster*. Raises UsageError if a certificate or a key cannot be used."""
    if cluster.insecure:
        context = _new_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    else:
        context = build_trust(cluster.authority)
    if key_pair:
        _load(context, key_pair)
    return context


def build_trust(authority: Pem | None) -> ssl.SSLContext:
    """The context for connections to whom *authority* has signed, or else to whom this machine trusts."""
    context = _new_context()
    if authority:
        # Go trusts each certificate that it is told to, not only one that has signed itself.
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        _trust(context, authority)
    else:
        context.load_default_certs()
    return context


def _new_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context


def _trust(context: ssl.SSLContext, authority: Pem) -> None:
    """Trust every certificate in *authority* that can be read, and there must be one."""
    usable = 0
    for certificate in CERTIFICATE.findall(authority.data):
        try:
            context.load_verify_locations(cadata=certificate.decode("ascii", errors="replace"))
            usable += 1
        except (ssl.SSLError, ValueError):
            continue
    if not usable:
        raise authority.place.error("contains no readable certificate")


def _load(context: ssl.SSLContext, key_pair: KeyPair) -> None:
    """Load the certificate and the key. Python takes them from files only: theirs are there for a moment."""
    _trust(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), key_pair.certificate)
    key = key_pair.key

    def ask() -> str:
        """Called for an encrypted key, which OpenSSL would ask the terminal about."""
        raise key.place.error("is encrypted: kubectl cannot use such a key either")

    with tempfile.TemporaryDirectory(prefix="grpcdemo-") as folder:
        paths = Path(folder, "certificate"), Path(folder, "key")
        for path, pem in zip(paths, (key_pair.certificate, key), strict=True):
            path.touch(mode=0o600)
            path.write_bytes(pem.data)
        try:
            context.load_cert_chain(*paths, password=ask)
        except ssl.SSLError as error:
            raise _refuse(key, error) from None


def _refuse(key: Pem, error: ssl.SSLError) -> UsageError:
    if error.reason == "KEY_VALUES_MISMATCH":
        return key.place.error("is the key of another certificate")
    return key.place.error("contains no readable private key")
