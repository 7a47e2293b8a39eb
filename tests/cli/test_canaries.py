"""No secret of a kubeconfig is ever shown, whatever is wrong with the file, the cluster, or a plugin."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from grpcdemo.cli.app import main
from tests.kube.oracle.programs import credentials
from tests.kube.oracle.recorder import Recorder, id_token, listening
from tests.tiers import exhaustive

from .commands import TO_THE_CLUSTER
from .conftest import served

CANARY = "cAnAryBirD"
ENCODED = base64.b64encode(f"{CANARY} {CANARY}".encode()).decode()
LOCKED = base64.b64encode(f"-----BEGIN {CANARY}-----".encode()).decode()
DEAD = "https://127.0.0.1:9"
ANSWERS = {401: "Unauthorized", 403: "Forbidden", 500: "InternalError"}


def plugin(script: str) -> dict[str, Any]:
    """A plugin that has secrets in its arguments and its environment, and runs *script* in a shell."""
    arguments = ["-c", script, CANARY, f"--password={CANARY}"]
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "sh",
            "args": arguments,
            "env": [{"name": "SECRET", "value": CANARY}],
            "interactiveMode": "Never",
            "installHint": "get it",
        }
    }


def oidc(**config: Any) -> dict[str, Any]:
    tokens = {"id-token": CANARY, "refresh-token": CANARY, "client-secret": CANARY}
    return {
        "auth-provider": {"name": "oidc", "config": {"client-id": "me", "idp-issuer-url": DEAD, **tokens, **config}}
    }


def encoded(name: str) -> str:
    return base64.b64encode(credentials()[name]).decode()


EXPIRED = {"id-token": id_token(1)}
CERTIFICATE = {"client-certificate-data": encoded("cert.pem")}
USERS = {
    "token": {"token": CANARY},
    "token with a line break": {"token": f"{CANARY}\n"},
    "token in a list": {"token": [CANARY]},
    "token in a map": {"token": {CANARY: CANARY}},
    "tokenFile that is the token": {"tokenFile": {"token": CANARY}},
    "misspelled token": {"tokn": CANARY},
    "secret in the place of a field": {f"eyJ0.{CANARY}.5x_=": "x"},
    "password": {"username": "me", "password": CANARY},
    "password in a list": {"username": "me", "password": [CANARY]},
    "password of nobody": {"password": CANARY},
    "password and token": {"username": "me", "password": CANARY, "token": CANARY},
    "key": {**CERTIFICATE, "client-key-data": ENCODED},
    "key that looks like one": {**CERTIFICATE, "client-key-data": LOCKED},
    "key that is no base64": {**CERTIFICATE, "client-key-data": f"{CANARY}%"},
    "key that is PEM": {**CERTIFICATE, "client-key-data": f"-----BEGIN PRIVATE KEY-----\n{CANARY}\n"},
    "key without a certificate": {"client-key-data": ENCODED},
    "key in a list": {**CERTIFICATE, "client-key-data": [CANARY]},
    "certificate that is a key": {"client-certificate-data": ENCODED, "client-key-data": ENCODED},
    "as-user-extra": {"token": CANARY, "as": "joe", "as-user-extra": {"secret": CANARY}},
    "as-user-extra of nobody": {"token": CANARY, "as-user-extra": {"secret": [CANARY]}},
    "plugin that fails": plugin(f"echo {CANARY}; echo $0 $SECRET; exit 1"),
    "plugin that prints its input": plugin("echo $0 $SECRET $*"),
    "plugin that prints half a credential": plugin(f'echo \'{{"status": {{"token": "{CANARY}"}}}}\''),
    "plugin that prints broken JSON": plugin(f'echo \'{{"status": {{"token": "{CANARY}\''),
    "plugin that prints another version": plugin(
        f'echo \'{{"kind":"ExecCredential","apiVersion":"{CANARY}","status":{{"token":"{CANARY}"}}}}\''
    ),
    "plugin that prints a list": plugin(
        'echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
        f'"status":{{"token":["{CANARY}"],"expirationTimestamp":"{CANARY}"}}}}\''
    ),
    "plugin that prints a broken key": plugin(
        'echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1",'
        f'"status":{{"clientCertificateData":"{CANARY}","clientKeyData":"{CANARY}"}}}}\''
    ),
    "plugin that is not installed": {"exec": {**plugin("")["exec"], "command": "no-such-plugin"}},
    "plugin whose version is wrong": {"exec": {**plugin("")["exec"], "apiVersion": CANARY}},
    "plugin whose args are a text": {"exec": {**plugin("")["exec"], "args": CANARY}},
    "plugin whose args have a list": {"exec": {**plugin("")["exec"], "args": [[CANARY]]}},
    "plugin whose env is a map": {"exec": {**plugin("")["exec"], "env": {"SECRET": CANARY}}},
    "plugin whose env has no name": {"exec": {**plugin("")["exec"], "env": [{"value": CANARY}]}},
    "plugin that is a text": {"exec": f"plugin --password={CANARY}"},
    "plugin whose command has arguments": {"exec": {**plugin("")["exec"], "command": f"plugin --password={CANARY}"}},
    "provider": oidc(),
    "provider without an id-token": oidc(**{"id-token": ""}),
    "provider that is down": oidc(**EXPIRED),
    "provider with a password in its URL": oidc(**EXPIRED, **{"idp-issuer-url": f"https://me:{CANARY}@127.0.0.1:9"}),
    "provider with a token in its URL": oidc(**EXPIRED, **{"idp-issuer-url": f"{DEAD}/{CANARY}?token={CANARY}"}),
    "provider without TLS": oidc(**EXPIRED, **{"idp-issuer-url": f"http://127.0.0.1:9/{CANARY}"}),
    "provider whose authority is none": oidc(**EXPIRED, **{"idp-certificate-authority-data": ENCODED}),
    "provider whose authority is no base64": oidc(**EXPIRED, **{"idp-certificate-authority-data": f"{CANARY}%"}),
    "provider with lists": oidc(**{"id-token": [CANARY], "refresh-token": [CANARY]}),
    "provider that is gone": {"auth-provider": {"name": "gcp", "config": {"access-token": CANARY}}},
    "provider that is a text": {"auth-provider": CANARY},
    "provider whose name is a secret": {"auth-provider": {"name": CANARY}},
    "user that is a text": CANARY,
    "user that is a list": [CANARY],
}
CLUSTERS = {
    "server with a password": {"server": f"https://me:{CANARY}@127.0.0.1:9"},
    "server with a password and a wrong port": {"server": f"https://me:{CANARY}@127.0.0.1:port"},
    "server with a password and spaces": {"server": f"https://me:{CANARY} x@127.0.0.1:9"},
    "server with a token in its query": {"server": f"{DEAD}/?token={CANARY}"},
    "server in a list": {"server": [f"https://me:{CANARY}@127.0.0.1:9"]},
    "server over HTTP": {"server": f"http://me:{CANARY}@127.0.0.1:9"},
    "proxy that is down": {"proxy-url": f"http://me:{CANARY}@127.0.0.1:9"},
    "proxy that is down over TLS": {"proxy-url": f"https://me:{CANARY}@127.0.0.1:9"},
    "proxy that is down over SOCKS": {"proxy-url": f"socks5://me:{CANARY}@127.0.0.1:9"},
    "proxy of another kind": {"proxy-url": f"ftp://me:{CANARY}@127.0.0.1:9"},
    "proxy with a wrong port": {"proxy-url": f"http://me:{CANARY}@127.0.0.1:port"},
    "proxy with a wrong escape": {"proxy-url": f"http://me:{CANARY}%@127.0.0.1:9"},
    "proxy with a slash in its password": {"proxy-url": f"http://me:1/{CANARY}@127.0.0.1:9"},
    "proxy without a scheme": {"proxy-url": f"me:{CANARY}@127.0.0.1:9"},
    "proxy in a list": {"proxy-url": [f"http://me:{CANARY}@127.0.0.1:9"]},
    "authority that is a text": {"certificate-authority-data": f"{CANARY}%"},
    "cluster that is a text": f"https://me:{CANARY}@127.0.0.1:9",
}
TEXTS = {
    "unfinished": "users: [{name: c, user: {token: cAnAryBirD",
    "unfinished quote": 'users:\n- user:\n    token: "cAnAryBirD\n',
    "colon": "users:\n- user:\n    token: a: cAnAryBirD\n",
    "tab": "users:\n- user:\n\ttoken: cAnAryBirD\n",
    "at": "users:\n- user:\n    token: @cAnAryBirD\n",
    "percent": "users:\n- user:\n    token: %cAnAryBirD\n",
    "alias": "users:\n- user:\n    token: *cAnAryBirD\n",
    "tag": "users:\n- user:\n    token: !cAnAryBirD x\n",
    "object": "users:\n- user:\n    token: !!python/object:cAnAryBirD.x y\n",
    "escape": 'users:\n- user:\n    token: "\\cAnAryBirD"\n',
    "directive": "%YAML cAnAryBirD\n---\nusers: []\n",
    "time": "users:\n- user:\n    token: 2020-99-99 # cAnAryBirD\n",
    "number": "users:\n- user:\n    token: !!int cAnAryBirD\n",
    "binary": "users:\n- user:\n    token: !!binary cAnAryBirD\n",
    "key": "? [cAnAryBirD]\n: x\n",
    "key twice": "users:\n- user: {token: cAnAryBirD, token: cAnAryBirD}\n",
    "two documents": "users: []\n---\ntoken: cAnAryBirD\n",
    "text": "cAnAryBirD",
    "list": "[cAnAryBirD]",
    "users that are a text": "users: cAnAryBirD\ncurrent-context: c\n",
    "users that are a map": "users: {cAnAryBirD: cAnAryBirD}\ncurrent-context: c\n",
    "user without a name": "users: [{user: {token: cAnAryBirD}}]\ncurrent-context: c\n",
    "JSON": '{"users": [{"name": "c", "user": {"token": "cAnAryBirD}}]}',
    "control character": "users:\n- user:\n    token: cAnAry\x01BirD cAnAryBirD\n",
    "not UTF-8": "users:\n- user:\n    token: cAnAryBirD\udcff\n",
}


def kubeconfig(user: Any = {"token": CANARY}, cluster: Any = {}) -> str:  # noqa: B006  (nothing changes them)
    cluster = {"server": DEAD, **cluster} if isinstance(cluster, dict) else cluster
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "c"}}],
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "c", "user": user}],
    }
    return yaml.safe_dump(content)


class Shown:
    """Runs command lines, and looks at all that they show."""

    def __init__(self, capfd: pytest.CaptureFixture[str], folder: Path) -> None:
        self._capfd = capfd
        self._folder = folder

    def check(self, content: str, command: tuple[str, ...] = ("status",)) -> None:
        """Run *command* with a kubeconfig that cannot work."""
        path = self._folder / "config"
        path.write_bytes(content.encode(errors="surrogateescape"))
        self._capfd.readouterr()
        code = main((*command, "--kubeconfig", str(path)))
        shown = "".join(self._capfd.readouterr())
        assert code in (1, 2), shown
        assert "error: " in shown
        assert "Traceback" not in shown
        assert not [form for form in FORMS if form in shown], shown


def in_base64(text: str) -> Iterator[str]:
    """The parts of its base64 that are the same wherever *text* is in what is encoded."""
    for before in range(3):
        yield base64.b64encode(b"x" * before + text.encode())[4 if before else 0 : -4].decode()


FORMS = (CANARY, CANARY.lower(), CANARY.title(), *in_base64(CANARY))


@pytest.fixture
def shown(capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Shown:
    return Shown(capfd, tmp_path)


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
def test_no_secret_of_a_user_is_shown(shown: Shown, user: Any) -> None:
    shown.check(kubeconfig(user))


@pytest.mark.parametrize("cluster", CLUSTERS.values(), ids=CLUSTERS)
def test_no_secret_of_a_cluster_is_shown(shown: Shown, cluster: Any) -> None:
    shown.check(kubeconfig(cluster=cluster))


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_no_secret_of_a_broken_file_is_shown(shown: Shown, text: str) -> None:
    shown.check(text)


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize("proxy", ["http://me:{}@127.0.0.1:9", "me:{}@127.0.0.1:9", "socks5://me:{}@127.0.0.1:9"])
def test_no_password_of_a_proxy_is_shown(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str
) -> None:
    monkeypatch.setenv(variable, proxy.format(CANARY))
    shown.check(kubeconfig(cluster={"server": "https://api.test:6443"}))


@pytest.mark.parametrize("command", TO_THE_CLUSTER, ids=" ".join)
def test_no_command_shows_a_secret(shown: Shown, command: tuple[str, ...]) -> None:
    shown.check(kubeconfig(), command)
    shown.check(kubeconfig(plugin(f"echo {CANARY}; exit 1")), command)
    shown.check(TEXTS["unfinished"], command)


@contextmanager
def api(status: int) -> Iterator[dict[str, str]]:
    """The entry of a cluster whose API answers everything so."""
    with served(listening(Recorder(status=status))) as ports:
        yield {"server": f"https://127.0.0.1:{ports.server}", "certificate-authority-data": encoded("ca.pem")}


@pytest.mark.parametrize("status", [401, 403, exhaustive(500)], ids=ANSWERS.get)
@pytest.mark.parametrize("name", ["token", "password"])
def test_no_refused_secret_is_shown(shown: Shown, status: int, name: str) -> None:
    with api(status) as cluster:
        shown.check(kubeconfig(USERS[name], cluster), ("cleanup",))


TOKENS: dict[str, tuple[int, dict[str, str]]] = {
    "refusal that repeats what was sent": (400, {"error": CANARY, "error_description": f"token {CANARY}"}),
    "success that is none": (200, {"error": "invalid_grant", "error_description": CANARY}),
    "invalid id-token": (200, {"id_token": CANARY, "refresh_token": CANARY}),
    "id-token with a line break": (200, {"id_token": f"{id_token(2**32)}\n{CANARY}", "access_token": CANARY}),
    "no id-token": (200, {"access_token": CANARY, "refresh_token": CANARY}),
}


@pytest.mark.parametrize("tokens", TOKENS.values(), ids=TOKENS)
def test_no_secret_comes_back_from_a_provider(shown: Shown, tokens: tuple[int, dict[str, str]]) -> None:
    with served(listening(Recorder(tokens=[tokens]))) as ports:
        issuer = {"idp-issuer-url": f"https://127.0.0.1:{ports.server}"}
        shown.check(kubeconfig(oidc(**EXPIRED, **issuer, **{"idp-certificate-authority-data": encoded("ca.pem")})))
