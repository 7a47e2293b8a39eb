"""From a cluster and a user to an exchange with the API server: who is asked for credentials, over which connection.

It is imported when a command connects. The HTTP library takes longer to import than all else together, and help,
completion and usage errors do without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from grpcdemo.kube.access.credentials import CredentialSource, StaticCredentials
from grpcdemo.kube.access.entries import Cluster, User
from grpcdemo.kube.access.exec_plugin import ExecCredentials
from grpcdemo.kube.access.oidc import OidcCredentials
from grpcdemo.kube.access.proxies import Proxy
from grpcdemo.kube.client.connection import Connection
from grpcdemo.kube.client.exchange import Exchange
from grpcdemo.kube.client.patience import Patience
from grpcdemo.model.progress import Reporter


def dial(
    cluster: Cluster,
    user: User,
    proxy: Proxy | None,
    *,
    context: str,
    reread: Callable[[], User | None],
    environment: Mapping[str, str],
    patience: Patience,
    report: Reporter,
) -> Exchange:
    """An exchange as *user*, which sends no request yet. Raises UsageError if a certificate or a key cannot be used."""
    source = choose_source(cluster, user, reread=reread, environment=environment, report=report)
    return Exchange(Connection(cluster, user, source, proxy), context, patience, report)


def choose_source(
    cluster: Cluster,
    user: User,
    *,
    reread: Callable[[], User | None],
    environment: Mapping[str, str],
    report: Reporter,
) -> CredentialSource:
    """What stands in the entry goes before a program or a provider that would have to be asked."""
    if user.has_token or user.username:
        return StaticCredentials(user, reread=reread)
    if user.exec_plugin and not user.key_pair:
        return ExecCredentials(user.exec_plugin, cluster)
    if user.oidc_provider:
        return OidcCredentials(user, reread=reread, environment=environment, report=report)
    return StaticCredentials(user, reread=reread)
