"""The table: kubeconfigs and environments. kubectl says what each of them means.

A value may hold `$folder` and the other names of `programs.Place`. None takes a field out of the default entry.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from inspect import cleandoc
from typing import Any

from .recorder import credential, id_token

Entry = Mapping[str, Any]
AUTHENTICATION = "client.authentication.k8s.io/v1"
REFRESHED = {"access_token": "a", "id_token": id_token(2**32), "refresh_token": "next"}


def config(user: Entry = {}, cluster: Entry = {}, context: Entry = {}, **top: Any) -> dict[str, Any]:  # noqa: B006  (nothing changes them)
    """A kubeconfig with one entry of each kind, all named `c`."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": _entry(cluster, server="$server", certificate_authority="$ca")}],
        "users": [{"name": "c", "user": dict(user)}],
        "contexts": [{"name": "c", "context": _entry(context, cluster="c", user="c")}],
        "current-context": "c",
        **top,
    }


def _entry(given: Entry, **default: str) -> dict[str, Any]:
    entry = {name.replace("_", "-"): value for name, value in default.items()} | dict(given)
    return {name: value for name, value in entry.items() if value is not None}


@dataclass(frozen=True)
class Case:
    """One row. kubectl works, and ours does the same, unless the row says otherwise."""

    user: Entry = field(default_factory=lambda: {"token": "t"})
    cluster: Entry = field(default_factory=dict)
    context: Entry = field(default_factory=dict)
    files: Mapping[str, Any] | None = None
    """The files in `$folder`, as text or as a kubeconfig; by default `config`, with the entries above."""
    env: Mapping[str, str] = field(default_factory=dict)
    prints: tuple[str, ...] = (credential("from-plugin"),)
    """What the plugin at `$plugin` prints, at its first run, its second, and so on."""
    fails_plugin: bool = False
    statuses: Mapping[str | None, int] = field(default_factory=dict)
    """How the server answers these headers Authorization."""
    tokens: tuple[tuple[int, Mapping[str, str]], ...] = ((200, REFRESHED),)
    """How the server answers refresh tokens, one after the other."""
    issuer: str = ""
    """What the server calls itself as a provider of ID tokens, if it is not where it was asked."""
    fails: bool = False
    """It fails, with kubectl and with ours."""
    refused: str = ""
    """Why ours refuses what kubectl takes."""
    after: int = 0
    """How many requests ours sends before it refuses."""
    more: str = ""
    """Why ours works where kubectl fails."""
    runs: int | None = None
    """How often ours runs the plugin, if not as often as kubectl."""


def plugin(**fields: Any) -> Entry:
    """A user with an exec plugin."""
    return {"exec": {"apiVersion": AUTHENTICATION, "command": "$plugin", "interactiveMode": "Never", **fields}}


def oidc(**fields: str) -> Entry:
    return {"auth-provider": {"name": "oidc", "config": {"client-id": "me", "idp-issuer-url": "$server", **fields}}}


TOKEN = {"token": "t"}
EXPIRED = {
    "id-token": id_token(1),
    "refresh-token": "again",
    "client-secret": "s/cret",
    "idp-certificate-authority-data": "$ca_data",
}
PAIR = {"client-certificate": "$cert", "client-key": "$key"}
PAIR_DATA = {"client-certificate-data": "$cert_data", "client-key-data": "$key_data"}
FAR = {"server": "https://api.test:6443"}
"""A server that only a proxy reaches."""
DEAD = "http://127.0.0.1:9"
JOE = {**TOKEN, "as": "joe"}

CLUSTERS = {
    "server": Case(),
    "server by name": Case(cluster={"server": "https://localhost:$port"}),
    "server with a path": Case(cluster={"server": "$server/k8s/clusters/c-1"}),
    "server with a path that ends in a slash": Case(cluster={"server": "$server/k8s/clusters/c-1/"}),
    "server with a slash at its end": Case(cluster={"server": "$server/"}),
    "server with a query": Case(cluster={"server": "$server/k8s?a=b"}),
    "server without a scheme": Case(cluster={"server": "127.0.0.1:$plain"}),
    "server without a scheme, but with TLS": Case(cluster={"server": "127.0.0.1:$port"}, fails=True),
    "server over HTTP": Case(cluster={"server": "http://127.0.0.1:$plain", "certificate-authority": None}),
    "server over HTTP, with a certificate": Case(PAIR, {"server": "http://127.0.0.1:$plain"}),
    "server over HTTP, as somebody else": Case(
        JOE, {"server": "http://127.0.0.1:$plain", "certificate-authority": None}
    ),
    "no server": Case(cluster={"server": None}, fails=True),
    "empty server": Case(cluster={"server": ""}, fails=True),
    "server of null": Case(files={"config": "clusters: [{name: c, cluster: {server: null}}]"}, fails=True),
    "server that is no URL": Case(cluster={"server": "https://a b"}, fails=True),
    "server with a port that is none": Case(cluster={"server": "https://127.0.0.1:port"}, fails=True),
    "server with a scheme that is none": Case(cluster={"server": "ftp://127.0.0.1:$port"}, fails=True),
    "server on another port": Case(cluster={"server": "https://127.0.0.1:9"}, fails=True),
    "tls-server-name": Case(cluster={"tls-server-name": "other.test"}),
    "tls-server-name that the certificate lacks": Case(cluster={"tls-server-name": "third.test"}, fails=True),
    "tls-server-name of null": Case(cluster={"tls-server-name": "$null"}),
    "certificate-authority-data": Case(
        cluster={"certificate-authority": None, "certificate-authority-data": "$ca_data"}
    ),
    "certificate-authority-data in lines": Case(
        cluster={"certificate-authority": None, "certificate-authority-data": "$ca_lines"}
    ),
    "certificate-authority-data that is no base64": Case(
        cluster={"certificate-authority": None, "certificate-authority-data": "%%%"}, fails=True
    ),
    "certificate-authority-data that is no certificate": Case(
        cluster={"certificate-authority": None, "certificate-authority-data": "aGVsbG8="}, fails=True
    ),
    "both authorities": Case(cluster={"certificate-authority-data": "$ca_data"}, fails=True),
    "certificate-authority of null, and data": Case(
        cluster={"certificate-authority": "$null", "certificate-authority-data": "$ca_data"}
    ),
    "certificate-authority beside the file": Case(cluster={"certificate-authority": "ca.pem"}),
    "certificate-authority in a folder above": Case(cluster={"certificate-authority": "bin/../ca.pem"}),
    "certificate-authority with words around it": Case(cluster={"certificate-authority": "$ca_words"}),
    "certificate-authority among others": Case(cluster={"certificate-authority": "$ca_bundle"}),
    "certificate-authority that is missing": Case(cluster={"certificate-authority": "none.pem"}, fails=True),
    "certificate-authority that is empty": Case(cluster={"certificate-authority": "$empty"}, fails=True),
    "certificate-authority that is a key": Case(cluster={"certificate-authority": "$key"}, fails=True),
    "certificate-authority of a stranger": Case(cluster={"certificate-authority": "$stranger"}, fails=True),
    "no authority": Case(cluster={"certificate-authority": None}, fails=True),
    "no authority, but SSL_CERT_FILE": Case(cluster={"certificate-authority": None}, env={"SSL_CERT_FILE": "$ca"}),
    "certificate-authority, and SSL_CERT_FILE": Case(
        cluster={"certificate-authority": "$stranger"}, env={"SSL_CERT_FILE": "$ca"}, fails=True
    ),
    "insecure-skip-tls-verify": Case(cluster={"certificate-authority": None, "insecure-skip-tls-verify": True}),
    "insecure-skip-tls-verify, and a server name": Case(
        cluster={"certificate-authority": None, "insecure-skip-tls-verify": True, "tls-server-name": "third.test"}
    ),
    "insecure-skip-tls-verify, and an authority": Case(cluster={"insecure-skip-tls-verify": True}, fails=True),
    "insecure-skip-tls-verify of false": Case(cluster={"insecure-skip-tls-verify": False}),
    "insecure-skip-tls-verify in words": Case(
        cluster={"certificate-authority": None, "insecure-skip-tls-verify": "true"}, fails=True
    ),
    "disable-compression": Case(cluster={"disable-compression": True}),
    "unknown field of a cluster": Case(cluster={"colour": "red", "extensions": []}),
}
PROXIES = {
    "proxy-url": Case(cluster={**FAR, "proxy-url": "$proxy"}),
    "proxy-url with a password": Case(cluster={**FAR, "proxy-url": "http://me:p%40ss@127.0.0.1:$proxy_port"}),
    "proxy-url over TLS": Case(cluster={**FAR, "proxy-url": "$tls_proxy"}),
    "proxy-url for loopback": Case(cluster={"proxy-url": "$proxy"}),
    "proxy-url, and a tls-server-name": Case(cluster={**FAR, "proxy-url": "$proxy", "tls-server-name": "other.test"}),
    "proxy-url, and NO_PROXY": Case(cluster={**FAR, "proxy-url": "$proxy"}, env={"NO_PROXY": "*"}),
    "proxy-url, and HTTPS_PROXY": Case(cluster={**FAR, "proxy-url": "$proxy"}, env={"HTTPS_PROXY": DEAD}),
    "proxy-url that is down": Case(cluster={**FAR, "proxy-url": DEAD}, fails=True),
    "proxy-url that is none": Case(cluster={**FAR, "proxy-url": "ftp://127.0.0.1"}, fails=True),
    "proxy-url of null": Case(cluster={"proxy-url": "$null"}),
    "proxy-url over SOCKS": Case(cluster={**FAR, "proxy-url": "$socks"}),
    "proxy-url over SOCKS with a password": Case(cluster={**FAR, "proxy-url": "socks5://me:pw@127.0.0.1:$socks_port"}),
    "proxy-url over SOCKS that is down": Case(cluster={**FAR, "proxy-url": "socks5://127.0.0.1:9"}, fails=True),
    "HTTPS_PROXY": Case(cluster=FAR, env={"HTTPS_PROXY": "$proxy"}),
    "https_proxy": Case(cluster=FAR, env={"https_proxy": "$proxy"}),
    "HTTPS_PROXY without a scheme": Case(cluster=FAR, env={"HTTPS_PROXY": "me:pw@127.0.0.1:$proxy_port"}),
    "HTTPS_PROXY over TLS": Case(cluster=FAR, env={"HTTPS_PROXY": "$tls_proxy"}),
    "HTTPS_PROXY over SOCKS": Case(cluster=FAR, env={"HTTPS_PROXY": "$socks"}),
    "HTTPS_PROXY for loopback": Case(env={"HTTPS_PROXY": DEAD}),
    "HTTPS_PROXY for localhost": Case(cluster={"server": "https://localhost:$port"}, env={"HTTPS_PROXY": DEAD}),
    "HTTPS_PROXY for 0.0.0.0": Case(
        cluster={"server": "https://0.0.0.0:$port", "tls-server-name": "localhost"},
        env={"HTTPS_PROXY": DEAD},
        more="0.0.0.0 is this machine, as k3d means it",
    ),
    "HTTPS_PROXY, and NO_PROXY for another": Case(cluster=FAR, env={"HTTPS_PROXY": "$proxy", "NO_PROXY": "other.test"}),
    "HTTPS_PROXY, and NO_PROXY": Case(cluster=FAR, env={"HTTPS_PROXY": "$proxy", "NO_PROXY": ".test"}, fails=True),
    "HTTPS_PROXY that is down": Case(cluster=FAR, env={"HTTPS_PROXY": DEAD}, fails=True),
    "HTTP_PROXY and ALL_PROXY are for others": Case(
        cluster=FAR, env={"HTTP_PROXY": "$proxy", "ALL_PROXY": "$proxy"}, fails=True
    ),
}
USERS = {
    "nobody": Case({}, fails=True),
    "client-certificate": Case(PAIR),
    "client-certificate-data": Case(PAIR_DATA),
    "client-certificate beside the file": Case({"client-certificate": "cert.pem", "client-key": "key.pem"}),
    "client-certificate, and the key as data": Case({"client-certificate": "$cert", "client-key-data": "$key_data"}),
    "client-certificate twice": Case({**PAIR, **PAIR_DATA}, fails=True),
    "client-certificate without a key": Case({"client-certificate": "$cert"}, fails=True),
    "client-key of another certificate": Case({**PAIR, "client-key": "$other_key"}, fails=True),
    "client-key that is encrypted": Case({**PAIR, "client-key": "$locked_key"}, fails=True),
    "client-key that is none": Case({**PAIR, "client-key": "$ca"}, fails=True),
    "client-certificate that is missing": Case({**PAIR, "client-certificate": "none.pem"}, fails=True),
    "client-certificate-data that is no base64": Case({**PAIR_DATA, "client-certificate-data": "%"}, fails=True),
    "client-certificate and token": Case({**PAIR, **TOKEN}),
    "token": Case(TOKEN),
    "token that is a number": Case({"token": 5}, fails=True),
    "token of null": Case({"token": "$null"}, fails=True),
    "token with a line break": Case({"token": "t\n"}, fails=True),
    "token with a space": Case({"token": "t t"}),
    "tokenFile": Case({"tokenFile": "$token"}),
    "tokenFile beside the file": Case({"tokenFile": "token"}),
    "tokenFile that is missing": Case({"tokenFile": "none"}, fails=True),
    "tokenFile that is empty": Case({"tokenFile": "$empty"}, fails=True),
    "tokenFile and token": Case({"tokenFile": "$token", **TOKEN}),
    "tokenFile that is missing, and token": Case({"tokenFile": "none", **TOKEN}),
    "as": Case(JOE),
    "as, with a certificate": Case({**PAIR, "as": "joe"}),
    "as-uid": Case({**JOE, "as-uid": "1000"}),
    "as-groups": Case({**JOE, "as-groups": ["a", "b", "system:masters"]}),
    "as-user-extra": Case({**JOE, "as-user-extra": {"scopes": ["view", "edit"], "Team/X": ["a"]}}),
    "as-groups, but as nobody": Case({**TOKEN, "as-groups": ["a"]}, fails=True),
    "as-uid, but as nobody": Case({**TOKEN, "as-uid": "a"}, fails=True),
    "as-user-extra, but as nobody": Case({**TOKEN, "as-user-extra": {"a": ["b"]}}, fails=True),
    "as-groups that is text": Case({**JOE, "as-groups": "a"}, fails=True),
    "username": Case({"username": "me", "password": "pw"}),
    "username without a password": Case({"username": "me"}),
    "password without a username": Case({"password": "pw"}, fails=True),
    "username with a colon": Case({"username": "me:too", "password": "pü:w"}),
    "extensions of a user": Case({**TOKEN, "extensions": [{"name": "x", "extension": {"a": "b"}}]}),
    "username and token": Case({"username": "me", "password": "pw", **TOKEN}, fails=True),
    "username and tokenFile": Case({"username": "me", "password": "pw", "tokenFile": "$token"}, fails=True),
    "token that is refused": Case(TOKEN, statuses={"Bearer t": 401}, fails=True),
    "token that is forbidden": Case(TOKEN, statuses={"Bearer t": 403}, fails=True),
}
PLUGINS = {
    "exec": Case(plugin()),
    "exec by v1beta1": Case(
        plugin(apiVersion="client.authentication.k8s.io/v1beta1"),
        prints=(credential("from-plugin").replace("/v1", "/v1beta1"),),
    ),
    "exec by v1alpha1": Case(
        plugin(apiVersion="client.authentication.k8s.io/v1alpha1"),
        prints=(credential("from-plugin").replace("/v1", "/v1alpha1"),),
        fails=True,
    ),
    "exec that answers in another version": Case(
        plugin(), prints=(credential("from-plugin").replace("/v1", "/v1beta1"),), fails=True
    ),
    "exec without a version": Case(plugin(apiVersion=None), fails=True),
    "exec without a command": Case(plugin(command=None), fails=True),
    "exec with args and env": Case(plugin(args=["get", "a b"], env=[{"name": "EXTRA", "value": "e"}])),
    "exec with an env without a name": Case(plugin(env=[{"value": "e"}]), fails=True),
    "exec with args of null": Case(plugin(args="$null", env="$null")),
    "exec by name": Case(plugin(command="plugin"), env={"PATH": "$folder/bin:/usr/bin:/bin"}),
    "exec beside the file": Case(plugin(command="./bin/plugin")),
    "exec in a folder beside the file": Case(plugin(command="bin/plugin")),
    "exec by a name that only the folder has": Case(plugin(command="other"), fails=True),
    "exec that is not installed": Case(plugin(command="no-such-plugin", installHint="get it"), fails=True),
    "exec that may not be run": Case(plugin(command="$token"), fails=True),
    "exec that fails": Case(plugin(), fails_plugin=True, fails=True),
    "exec that prints nothing": Case(plugin(), prints=("",), fails=True),
    "exec that prints text": Case(plugin(), prints=("please log in",), fails=True),
    "exec that prints no status": Case(plugin(), prints=(credential().replace("status", "x"),), fails=True),
    "exec that prints no token": Case(plugin(), prints=(credential(),), fails=True),
    "exec that prints a certificate": Case(plugin(), prints=("$printed_pair",)),
    "exec that prints half a certificate": Case(plugin(), prints=(credential(clientCertificateData="x"),), fails=True),
    "exec that prints a broken certificate": Case(
        plugin(), prints=(credential(clientCertificateData="x", clientKeyData="y"),), fails=True
    ),
    "exec that prints an old time": Case(
        plugin(), prints=(credential("from-plugin", expirationTimestamp="2020-01-01T00:00:00Z"),), runs=1
    ),
    "exec that prints a time that is none": Case(
        plugin(), prints=(credential("from-plugin", expirationTimestamp="soon"),), fails=True
    ),
    "exec that prints YAML": Case(
        plugin(), prints=("apiVersion: $version\nkind: ExecCredential\nstatus: {token: a}\n",)
    ),
    "exec that prints another kind": Case(
        plugin(), prints=(credential("from-plugin").replace("ExecCredential", "Pod"),), fails=True
    ),
    "exec that prints more than it should": Case(plugin(), prints=(credential("from-plugin", colour="red"),)),
    "exec that prints a token and a certificate": Case(plugin(), prints=("$printed_all",)),
    "exec that prints a token with a line break": Case(plugin(), prints=(credential("a\n"),), fails=True),
    "exec that prints a token that is a number": Case(
        plugin(), prints=(credential("5").replace('"5"', "5"),), fails=True
    ),
    "exec that prints a time with an offset": Case(
        plugin(), prints=(credential("from-plugin", expirationTimestamp="2090-01-01T00:00:00.5+02:00"),)
    ),
    "exec with provideClusterInfo": Case(plugin(provideClusterInfo=True)),
    "exec with provideClusterInfo in full": Case(
        plugin(provideClusterInfo=True),
        cluster={
            "tls-server-name": "other.test",
            "proxy-url": "$proxy",
            "disable-compression": True,
            "extensions": [{"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}],
        },
    ),
    "exec with provideClusterInfo, insecure": Case(
        plugin(provideClusterInfo=True), cluster={"certificate-authority": None, "insecure-skip-tls-verify": True}
    ),
    "exec without interactiveMode": Case(plugin(interactiveMode=None), fails=True),
    "exec without interactiveMode by v1beta1": Case(
        plugin(apiVersion="client.authentication.k8s.io/v1beta1", interactiveMode=None),
        prints=(credential("from-plugin").replace("/v1", "/v1beta1"),),
    ),
    "exec with interactiveMode IfAvailable": Case(plugin(interactiveMode="IfAvailable")),
    "exec with interactiveMode Always, without a terminal": Case(plugin(interactiveMode="Always"), fails=True),
    "exec with interactiveMode that is none": Case(plugin(interactiveMode="Sometimes"), fails=True),
    "exec and token": Case({**plugin(), **TOKEN}),
    "exec and tokenFile": Case({**plugin(), "tokenFile": "$token"}),
    "exec and a certificate": Case({**plugin(), **PAIR}),
    "exec and username": Case({**plugin(), "username": "me", "password": "pw"}),
    "exec and as": Case({**plugin(), "as": "joe"}),
    "exec and auth-provider": Case({**plugin(), **oidc()}, fails=True),
    "exec whose token is refused": Case(plugin(), statuses={"Bearer from-plugin": 401}, fails=True),
    "exec whose first token is refused": Case(
        plugin(),
        prints=(credential("old"), credential("new")),
        statuses={"Bearer old": 401},
        more="a refused token is renewed at once, not for the next request",
    ),
}
PROVIDERS = {
    "auth-provider oidc": Case(oidc(**{"id-token": id_token(2**32)})),
    "auth-provider oidc, expired": Case(oidc(**{"id-token": id_token(1)}), fails=True),
    "auth-provider oidc without an id-token": Case(oidc(), fails=True),
    "auth-provider oidc without a client": Case({"auth-provider": {"name": "oidc", "config": {}}}, fails=True),
    "auth-provider oidc with a token, without a client": Case(
        oidc(**{"id-token": id_token(2**32), "client-id": ""}), fails=True
    ),
    "auth-provider oidc without an issuer": Case(
        oidc(**{"id-token": id_token(2**32), "idp-issuer-url": ""}), fails=True
    ),
    "auth-provider oidc, refused": Case(
        oidc(**{**EXPIRED, "id-token": id_token(2**32)}), statuses={f"Bearer {id_token(2**32)}": 401}, fails=True
    ),
    "auth-provider oidc with an invalid id-token": Case(oidc(**{**EXPIRED, "id-token": "t"}), fails=True),
    "auth-provider oidc with an authority that is missing": Case(
        oidc(**{"id-token": id_token(2**32), "idp-certificate-authority": "none.pem"}), fails=True
    ),
    "auth-provider oidc with an authority that is no base64": Case(
        oidc(**{"id-token": id_token(2**32), "idp-certificate-authority-data": "%"}), fails=True
    ),
    "auth-provider gcp": Case({"auth-provider": {"name": "gcp"}}, fails=True),
    "auth-provider azure": Case({"auth-provider": {"name": "azure"}}, fails=True),
    "auth-provider of an unknown name": Case({"auth-provider": {"name": "other"}}, fails=True),
    "auth-provider and token": Case({**oidc(**{"id-token": id_token(2**32)}), **TOKEN}),
}
REFRESHES = {
    "refresh": Case(oidc(**EXPIRED)),
    "refresh without an id-token": Case(oidc(**{**EXPIRED, "id-token": ""})),
    "refresh of an id-token without an end": Case(oidc(**{**EXPIRED, "id-token": id_token(None)})),
    "refresh without a secret": Case(oidc(**{**EXPIRED, "client-secret": ""})),
    "refresh with a client whose name must be escaped": Case(oidc(**{**EXPIRED, "client-id": "me:too ü"})),
    "refresh at a provider that wants the secret in the body": Case(
        oidc(**EXPIRED), tokens=((401, {"error": "invalid_client"}), (200, REFRESHED))
    ),
    "refresh at a provider that keeps the refresh token": Case(
        oidc(**EXPIRED), tokens=((200, {name: text for name, text in REFRESHED.items() if name != "refresh_token"}),)
    ),
    "refresh that is refused": Case(oidc(**EXPIRED), tokens=((400, {"error": "invalid_grant"}),), fails=True),
    "refresh that is refused with 200": Case(oidc(**EXPIRED), tokens=((200, {"error": "invalid_grant"}),), fails=True),
    "refresh without a new id-token": Case(oidc(**EXPIRED), tokens=((200, {"access_token": "a"}),), fails=True),
    "refresh at an issuer with a slash at its end": Case(oidc(**{**EXPIRED, "idp-issuer-url": "$server/"})),
    "refresh with an authority in a file": Case(
        oidc(**{**EXPIRED, "idp-certificate-authority-data": "", "idp-certificate-authority": "ca.pem"})
    ),
    "refresh with both authorities": Case(oidc(**{**EXPIRED, "idp-certificate-authority": "$stranger"})),
    "refresh with the system's authorities": Case(
        oidc(**{**EXPIRED, "idp-certificate-authority-data": ""}), env={"SSL_CERT_FILE": "$ca"}
    ),
    "refresh with an authority of a stranger": Case(
        oidc(**{**EXPIRED, "idp-certificate-authority-data": "", "idp-certificate-authority": "$stranger"}), fails=True
    ),
    "refresh at a provider that is down": Case(
        oidc(**{**EXPIRED, "idp-issuer-url": "https://127.0.0.1:9"}), fails=True
    ),
    "refresh through a proxy": Case(
        oidc(**{**EXPIRED, "idp-issuer-url": "https://api.test:6443"}), env={"HTTPS_PROXY": "$proxy"}
    ),
    "refresh, and a proxy-url for the cluster": Case(oidc(**EXPIRED), {**FAR, "proxy-url": "$proxy"}),
    "refresh, and a certificate": Case({**oidc(**EXPIRED), **PAIR}),
    "refresh in a file that is locked": Case(
        files={"config": config(oidc(**EXPIRED)), "config.lock": ""},
        more="the command needs the new token only now, and says that it could not be kept",
    ),
}
CONTEXTS = {
    "namespace": Case(context={"namespace": "team-a"}),
    "namespace that is none": Case(context={"namespace": "Team A"}),
    "user that is not there": Case(context={"user": "nobody"}, fails=True),
    "no user": Case(context={"user": None}, fails=True),
    "empty user": Case(context={"user": ""}, fails=True),
    "cluster that is not there": Case(context={"cluster": "nowhere"}, fails=True),
    "no cluster": Case(context={"cluster": None}, fails=True),
    "current-context that is not there": Case(files={"config": {**config(), "current-context": "x"}}, fails=True),
    "no current-context": Case(files={"config": {**config(), "current-context": ""}}, fails=True),
    "unknown field of a context": Case(context={"colour": "red", "extensions": []}),
}
HALVES = {
    "a": {**config(TOKEN), "contexts": "$null", "clusters": "$null"},
    "b": {**config(), "users": [], "current-context": None},
}
"""Two files, of which neither is enough."""
BOTH = "$folder/a:$folder/b"
FILES = {
    "KUBECONFIG with two halves": Case(files=HALVES, env={"KUBECONFIG": BOTH}),
    "the first file that names something wins": Case(
        files={"a": config({"token": "first"}), "b": config({"token": "second"}, FAR)}, env={"KUBECONFIG": BOTH}
    ),
    "the first file's entry is taken whole": Case(
        files={"a": config(JOE), "b": config({"token": "second", "as-groups": ["x"]})}, env={"KUBECONFIG": BOTH}
    ),
    "an empty entry hides a full one": Case(
        files={"a": config({}, {"server": None, "certificate-authority": None}), "b": config(TOKEN)},
        env={"KUBECONFIG": BOTH},
        fails=True,
    ),
    "KUBECONFIG with a missing file": Case(files={"b": config(TOKEN)}, env={"KUBECONFIG": BOTH}),
    "KUBECONFIG with an empty file": Case(files={"a": "", "b": config(TOKEN)}, env={"KUBECONFIG": BOTH}),
    "KUBECONFIG with a file of comments": Case(
        files={"a": "# none\n---\n", "b": config(TOKEN)}, env={"KUBECONFIG": BOTH}
    ),
    "KUBECONFIG with empty parts": Case(files={"b": config(TOKEN)}, env={"KUBECONFIG": ":$folder/b::"}),
    "KUBECONFIG with the same file twice": Case(files={"b": config(TOKEN)}, env={"KUBECONFIG": "$folder/b:$folder/b"}),
    "KUBECONFIG with a folder": Case(
        files={"b": config(TOKEN)}, env={"KUBECONFIG": "$folder/bin:$folder/b"}, fails=True
    ),
    "KUBECONFIG with a broken file": Case(
        files={"a": "a: [", "b": config(TOKEN)}, env={"KUBECONFIG": BOTH}, fails=True
    ),
    "KUBECONFIG with missing files only": Case(files={}, env={"KUBECONFIG": BOTH}, fails=True),
    "KUBECONFIG with a space at its end": Case(env={"KUBECONFIG": "$folder/config "}, fails=True),
    "KUBECONFIG of /dev/null": Case(env={"KUBECONFIG": "/dev/null"}, fails=True),
    "KUBECONFIG with a tilde": Case(files={"home/a": config(TOKEN)}, env={"KUBECONFIG": "~/a"}, fails=True),
    "KUBECONFIG that is empty": Case(files={"home/.kube/config": config(TOKEN)}, env={"KUBECONFIG": ""}),
    "KUBECONFIG beside HOME": Case(
        files={"home/.kube/config": config({"token": "home"}), "a": config(TOKEN)}, env={"KUBECONFIG": "$folder/a"}
    ),
    "HOME": Case(files={"home/.kube/config": config(TOKEN)}, env={"KUBECONFIG": ""}),
    "HOME without a file": Case(files={}, env={"KUBECONFIG": ""}, fails=True),
    "file with a space in its name": Case(files={"my config": config(TOKEN)}, env={"KUBECONFIG": "$folder/my config"}),
    "file with letters of all kinds": Case(files={"kübe…": config(TOKEN)}, env={"KUBECONFIG": "$folder/kübe…"}),
    "file with a dollar and a star": Case(files={"a$$b*": config(TOKEN)}, env={"KUBECONFIG": "$folder/a$$b*"}),
    "file by a relative path": Case(files={"a": config(TOKEN)}, env={"KUBECONFIG": "a"}),
    "paths are relative to their file": Case(
        files={"sub/a": config({"tokenFile": "../token"}, {"certificate-authority": "../ca.pem"})},
        env={"KUBECONFIG": "sub/a"},
    ),
    "file in JSON": Case(files={"config": "$json"}),
    "file with Windows' line ends": Case(files={"config": "$windows"}),
    "file with a byte order mark": Case(files={"config": "$marked"}),
    "file that is not UTF-8": Case(files={"config": "$latin"}, fails=True),
    "file with text": Case(files={"config": "just words"}, fails=True),
    "file with a list": Case(files={"config": "- a\n"}, fails=True),
    "file with another kind": Case(files={"config": config(TOKEN, kind="Pod")}, fails=True),
    "file with another version": Case(files={"config": config(TOKEN, apiVersion="v2")}, fails=True),
    "file without kind and version": Case(files={"config": {**config(TOKEN), "kind": None, "apiVersion": None}}),
    "file with an unknown field": Case(files={"config": config(TOKEN, colour="red", preferences={}, extensions=[])}),
    "file with a key twice": Case(files={"config": "$twice"}),
    "file with sections of null": Case(files={"config": config(TOKEN, preferences="$null", extensions="$null")}),
    "file with an entry of the wrong type": Case(files={"config": config(TOKEN, users=[5])}, fails=True),
    "file with a section of the wrong type": Case(files={"config": config(TOKEN, users={"c": {}})}, fails=True),
    "~/.netrc is for others": Case(
        files={"config": config(PAIR), "home/.netrc": "machine 127.0.0.1 login me password pw\n"}
    ),
    "in-cluster variables beside a kubeconfig": Case(
        env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "9"}
    ),
    "in-cluster variables without a token": Case(
        files={}, env={"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": "$port"}, fails=True
    ),
}


def written(token: str, *, fails: bool = False, more: str = "", refused: str = "", **names: str) -> Case:
    """A file whose token is written so; so are its names."""
    given = {"name": "c", "current": "c", "server": '"$server"', "rest": "", **names}
    text = """
        clusters: [{{name: {name}, cluster: {{server: {server}, certificate-authority: $ca}}}}]
        users: [{{name: {name}, user: {{token: {token}}}}}]
        contexts: [{{name: {name}, context: {{cluster: {name}, user: {name}}}}}]
        current-context: {current}
        {rest}
    """
    return Case(
        files={"config": cleandoc(text).format(token=token, **given) + "\n"}, fails=fails, more=more, refused=refused
    )


LAX = "a token is text, whatever it looks like"
WRITTEN = {
    "token like a date": written("2020-01-01"),
    "token like a time": written("2020-01-01T00:00:00Z"),
    "token like hours": written("12:30:45"),
    "token like a number with underscores": written("1_000", fails=True),
    "token like a hexadecimal number": written("0x1F", fails=True),
    "token like an old octal number": written("0123", fails=True),
    "token like yes": written("yes", fails=True),
    "token like true": written("true", fails=True),
    "token like null": written("~", fails=True),
    "token like a float": written("1e3", more=LAX),
    "token like infinity": written(".inf", more=LAX),
    "token like a letter": written("y", more=LAX),
    "token with a tag": written("!!str 5"),
    "token in single quotes": written("'it''s'"),
    "token with an escape": written(r'"\x41\u00e9"'),
    "token that is an alias": written("*a", server='&a "$server"'),
    "name like a number": written("t", name="5", current="5", fails=True),
    "name in quotes like a number": written("t", name="'5'", current="'5'"),
    "name like a cluster's in a cloud": written(
        "t", name="'arn:aws:eks:eu-1:1:cluster/a b'", current="'arn:aws:eks:eu-1:1:cluster/a b'"
    ),
    "name with letters of all kinds": written("t", name="'prod ü/…'", current="'prod ü/…'"),
    "current-context like a number": written("t", current="5", fails=True),
    "two documents": written("t", rest="---\nusers: []"),
    "end of a document": written("t", rest="..."),
    "two users of one name": Case(
        files={"config": config(users=[{"name": "c", "user": {"token": "1"}}, {"name": "c", "user": {"token": "2"}}])},
        fails=True,
    ),
}
UNKNOWN = "a field that grpcdemo does not know may say as whom to come"
REFUSED = {
    "proxy-url over SOCKS, and a tls-server-name": Case(
        cluster={**FAR, "proxy-url": "$socks", "tls-server-name": "other.test"},
        refused="aiohttp-socks has no such name",
    ),
    "server with a password in it": Case(
        cluster={"server": "https://me:pw@127.0.0.1:$port"}, refused="it is shown; a user's entry has fields for it"
    ),
    "empty name": written("t", name="''", current="''", refused="a context without a name is a mistake"),
    "unknown field of a user": Case({**TOKEN, "colour": "red"}, refused=UNKNOWN),
    "as, misspelled": Case({**TOKEN, "impersonate": "joe"}, refused=UNKNOWN),
    "client-key without a certificate": Case(
        {**TOKEN, "client-key": "$key"}, refused="half of the identity is missing"
    ),
    "refresh at an issuer without TLS": Case(
        oidc(**{**EXPIRED, "idp-issuer-url": "http://127.0.0.1:$plain"}), refused="a refresh token needs TLS"
    ),
    "refresh at another issuer": Case(
        oidc(**EXPIRED), issuer="https://other.test", refused="its document is of another issuer", after=1
    ),
}
"""What kubectl takes and ours does not, each with the reason."""
CASES = CLUSTERS | PROXIES | USERS | PLUGINS | PROVIDERS | REFRESHES | CONTEXTS | FILES | WRITTEN | REFUSED

DOCUMENTED = (
    {"apiVersion", "kind", "preferences", "clusters", "users", "contexts", "current-context", "extensions"}
    | {"server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority", "certificate-authority-data"}
    | {"proxy-url", "disable-compression", "cluster", "user", "namespace"}
    | {"client-certificate", "client-certificate-data", "client-key", "client-key-data", "token", "tokenFile"}
    | {"as", "as-uid", "as-groups", "as-user-extra", "username", "password", "auth-provider", "exec"}
    | {"command", "args", "env", "installHint", "provideClusterInfo", "interactiveMode", "name", "value", "config"}
    | {"client-id", "client-secret", "id-token", "refresh-token", "idp-issuer-url", "idp-certificate-authority-data"}
    | {"idp-certificate-authority"}
)
"""The fields of a kubeconfig, as client-go documents them."""
