"""A credential plugin: what it is told, how often it runs, and what is made of what it prints."""

import asyncio
import json
import os
import pty
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.errors import GrpcdemoError, Unauthorized
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.connect import connect
from grpcdemo.resources.resource import PODS
from grpcdemo.resources.times import write_now
from tests.fakes.authority import authority, authority_data
from tests.kube.access.kubeconfigs import Recorder, ask, write_config

VERSION = "client.authentication.k8s.io/v1"
PLUGIN = """#!{python} -IS
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "runs", "a") as runs:
    seen = [sys.argv[1:], os.environ["KUBERNETES_EXEC_INFO"], os.environ.get("EXTRA"), os.isatty(0)]
    print(json.dumps(seen), file=runs)
print("log in, please", file=sys.stderr)
answers = sorted(here.glob("answer-*"))
answer = answers[min(len((here / "runs").read_text().splitlines()), len(answers)) - 1].read_text()
sys.stdout.write(answer)
sys.exit(int((here / "code").read_text()))
"""


class Plugin:
    """A program in the folder of the kubeconfig, and the kubeconfig that names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.config = folder / "config"
        self.folder.mkdir()
        program = self.folder / "plugin"
        program.write_text(PLUGIN.format(python=sys.executable))
        program.chmod(0o755)
        self.ends_with(0)

    def ends_with(self, code: int) -> None:
        (self.folder / "code").write_text(str(code))

    def prints(self, *answers: Any) -> None:
        for number, answer in enumerate(answers):
            (self.folder / f"answer-{number}").write_text(answer if isinstance(answer, str) else json.dumps(answer))

    def write(self, server: Recorder, *, cluster: dict[str, Any] | None = None, **fields: Any) -> Path:
        described = {"apiVersion": VERSION, "command": "bin/plugin", "interactiveMode": "Never", **fields}
        return write_config(self.config, {"exec": described}, {"server": server.url, **(cluster or {})})

    @property
    def runs(self) -> list[Any]:
        path = self.folder / "runs"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


def credential(*, version: str = VERSION, **status: str) -> dict[str, Any]:
    return {"kind": "ExecCredential", "apiVersion": version, "status": status}


async def test_it_runs_once_for_all_requests(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="t", expirationTimestamp=write_now(3_600)))
    async with await connect(find_kubeconfig(str(plugin.write(server))), environment={}) as api:
        await asyncio.gather(*(api.list(PODS) for _ in range(5)))
    assert set(server.authorizations) == {"Bearer t"}
    assert len(plugin.runs) == 1


async def test_it_runs_again_when_its_credentials_have_expired(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="one", expirationTimestamp=write_now(-1)), credential(token="two"))
    await ask(plugin.write(server), times=3)
    assert server.authorizations == ["Bearer one", "Bearer two", "Bearer two"]


async def test_it_runs_once_more_when_its_token_is_refused(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="one"), credential(token="two"))
    server.refused = {"Bearer one"}
    await ask(plugin.write(server), times=2)
    assert server.authorizations == ["Bearer one", "Bearer two", "Bearer two"]
    assert len(plugin.runs) == 2


async def test_what_is_refused_again_is_refused(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="one"))
    server.refused = {"Bearer one"}
    with pytest.raises(Unauthorized):
        await ask(plugin.write(server))
    assert (len(server.seen), len(plugin.runs)) == (1, 2)


async def test_a_failure_is_told_once_and_nothing_is_sent(server: Recorder, plugin: Plugin) -> None:
    plugin.prints("canary")
    plugin.ends_with(7)
    async with await connect(find_kubeconfig(str(plugin.write(server, args=["canary"]))), environment={}) as api:
        for _ in range(3):
            with pytest.raises(GrpcdemoError, match="the credential plugin plugin failed with exit code 7") as caught:
                await api.version()
            assert "canary" not in f"{caught.value.message}{caught.value.hint}"
    assert (len(plugin.runs), server.seen) == (1, [])


async def test_its_own_words_reach_the_terminal(
    server: Recorder, plugin: Plugin, capfd: pytest.CaptureFixture[str]
) -> None:
    plugin.prints(credential(token="t"))
    await ask(plugin.write(server))
    assert capfd.readouterr() == ("", "log in, please\n")


async def test_what_it_is_told(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="t"))
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": 5}}
    cluster = {"tls-server-name": "api.test", "extensions": [extension]}
    env = [{"name": "EXTRA", "value": "more"}]
    await ask(plugin.write(server, cluster=cluster, args=["get", "a b"], env=env, provideClusterInfo=True))
    [[arguments, info, extra, _]] = plugin.runs
    assert (arguments, extra) == (["get", "a b"], "more")
    assert json.loads(info) == {
        "kind": "ExecCredential",
        "apiVersion": VERSION,
        "spec": {
            "interactive": False,
            "cluster": {
                "server": server.url,
                "tls-server-name": "api.test",
                "certificate-authority-data": authority_data(),
                "config": {"audience": 5},
            },
        },
    }


async def test_a_certificate_that_it_renews(server: Recorder, plugin: Plugin) -> None:
    """Each connection has the certificate of its time."""
    printed = []
    for name in ("one@example.com", "two@example.com"):
        pair = authority().issue_cert(name)
        printed.append(
            credential(
                token=name,
                clientCertificateData=pair.cert_chain_pems[0].bytes().decode(),
                clientKeyData=pair.private_key_pem.bytes().decode(),
            )
        )
    plugin.prints(*printed)
    server.refused = {"Bearer one@example.com"}
    await ask(plugin.write(server))
    names = [certificate["subjectAltName"][0][1] for certificate in server.certificates]
    assert names == ["one@example.com", "two@example.com"]


@pytest.mark.parametrize(
    ("printed", "reason"),
    [
        ("canary", "printed no ExecCredential"),
        ("", "printed no ExecCredential"),
        ({**credential(token="canary"), "kind": "Pod"}, "printed no ExecCredential"),
        (credential(version="client.authentication.k8s.io/v1beta1", token="canary"), "printed another apiVersion"),
        ({"kind": "ExecCredential", "apiVersion": VERSION}, "printed no status"),
        (credential(), "printed neither a token nor a certificate"),
        (credential(clientKeyData="canary"), "a key without its certificate"),
        (credential(token="canary\n"), "control character"),
        (credential(token="canary", expirationTimestamp="soon"), "invalid expirationTimestamp"),
        (
            credential(clientKeyData="canary", clientCertificateData="canary"),
            "clientCertificateData: contains no readable certificate",
        ),
    ],
)
async def test_what_cannot_be_used_is_not_shown(server: Recorder, plugin: Plugin, printed: Any, reason: str) -> None:
    plugin.prints(printed)
    with pytest.raises(GrpcdemoError) as caught:
        await ask(plugin.write(server))
    assert reason in caught.value.message
    assert "canary" not in f"{caught.value.message}{caught.value.hint}"
    assert (len(plugin.runs), server.seen) == (1, [])


async def test_yaml_is_understood(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(f"apiVersion: {VERSION}\nkind: ExecCredential\nstatus: {{token: t}}\n")
    await ask(plugin.write(server))
    assert server.authorizations == ["Bearer t"]


async def test_one_that_is_not_installed(server: Recorder, plugin: Plugin) -> None:
    path = plugin.write(server, command="no-such-plugin", installHint="get it\nat \x1b[1mexample.com")
    with pytest.raises(GrpcdemoError, match="no-such-plugin of user jane, exec is not installed") as caught:
        await ask(path)
    assert str(caught.value.hint) == "get it at [1mexample.com"


async def test_one_that_may_not_be_executed(server: Recorder, plugin: Plugin) -> None:
    (plugin.folder / "plugin").chmod(0o644)
    with pytest.raises(GrpcdemoError, match="plugin of user jane, exec is not a program") as caught:
        await ask(plugin.write(server))
    assert str(caught.value.hint).endswith("user jane, exec, command")


async def test_a_name_is_looked_for_on_the_path(
    server: Recorder, plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin.prints(credential(token="t"))
    path = plugin.write(server, command="plugin")
    with pytest.raises(GrpcdemoError, match="not installed"):
        await ask(path)
    monkeypatch.setenv("PATH", str(plugin.folder))
    await ask(path)
    assert server.authorizations == ["Bearer t"]


async def test_a_token_in_the_entry_goes_before_it(server: Recorder, plugin: Plugin) -> None:
    path = plugin.write(server)
    config = json.loads(path.read_text())
    config["users"][0]["user"]["token"] = "entry"
    path.write_text(json.dumps(config))
    await ask(path)
    assert (server.authorizations, plugin.runs) == (["Bearer entry"], [])


@pytest.fixture
def terminal() -> Iterator[None]:
    """Stdin is a terminal."""
    stdin, (far, near) = os.dup(0), pty.openpty()
    os.dup2(near, 0)
    yield
    os.dup2(stdin, 0)
    for one in (stdin, far, near):
        os.close(one)


@pytest.fixture
def no_terminal() -> Iterator[None]:
    stdin, null = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    yield
    os.dup2(stdin, 0)
    for one in (stdin, null):
        os.close(one)


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(("mode", "interactive"), [("Never", False), ("IfAvailable", True), ("Always", True)])
async def test_it_may_ask_on_a_terminal(server: Recorder, plugin: Plugin, mode: str, interactive: bool) -> None:
    plugin.prints(credential(token="t"))
    await ask(plugin.write(server, interactiveMode=mode))
    [[_, info, _, has_terminal]] = plugin.runs
    assert json.loads(info)["spec"] == {"interactive": interactive}
    assert has_terminal is interactive


@pytest.mark.usefixtures("no_terminal")
async def test_it_may_not_ask_elsewhere(server: Recorder, plugin: Plugin) -> None:
    plugin.prints(credential(token="t"))
    await ask(plugin.write(server, interactiveMode="IfAvailable"))
    with pytest.raises(GrpcdemoError, match="stdin is not a terminal"):
        await ask(plugin.write(server, interactiveMode="Always"))
    assert len(plugin.runs) == 1
