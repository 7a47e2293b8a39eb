"""What arrives at an API server: as whom, how often, and what is read again."""

import base64
from pathlib import Path
from typing import Any

import pytest

from grpcdemo.errors import GrpcdemoError, Unauthorized
from grpcdemo.kube.access.credentials import TOKEN_FILE_S, StaticCredentials
from grpcdemo.kube.access.entries import User
from grpcdemo.kube.access.fields import Place
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.connect import connect
from tests.fakes.clock import ManualClock
from tests.fakes.script import Script, serving
from tests.kube.access.kubeconfigs import Recorder, ask, write_config

from .test_broken import PAIR


async def headers(server: Recorder, folder: Path, user: dict[str, Any], **cluster: Any) -> Any:
    """The headers of a request of *user*."""
    await ask(write_config(folder / "config", user, {"server": server.url, **cluster}))
    return server.seen[-1]


async def test_a_token_file_is_stripped_and_lies_beside_its_kubeconfig(server: Recorder, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-file\n")
    assert (await headers(server, tmp_path, {"tokenFile": "token"}))["Authorization"] == "Bearer from-file"


@pytest.mark.parametrize("content", [None, " \n"])
async def test_a_token_stands_in_for_a_file_that_has_none(
    server: Recorder, tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / "token").write_text(content)
    sent = await headers(server, tmp_path, {"tokenFile": "token", "token": "entry"})
    assert sent["Authorization"] == "Bearer entry"
    with pytest.raises(GrpcdemoError, match="user jane: tokenFile: cannot read a token"):
        await ask(write_config(tmp_path / "config", {"tokenFile": "token"}, {"server": server.url}))


async def test_a_token_file_is_read_again(tmp_path: Path) -> None:
    clock, path = ManualClock(), tmp_path / "token"
    source = StaticCredentials(
        User(Place(tmp_path, "user"), token_file=path), reread=lambda: None, clock=lambda: clock.now().timestamp()
    )
    path.write_text("one")
    first = await source.get()
    path.write_text("two")
    assert await source.get() == first
    assert await source.renew(first) != first  # because it was refused
    path.write_text("three")
    clock.advance(TOKEN_FILE_S + 1)
    assert (await source.get()).authorization == "Bearer three"
    path.unlink()
    clock.advance(TOKEN_FILE_S + 1)
    assert (await source.get()).authorization == "Bearer three"


async def test_user_name_and_password(server: Recorder, tmp_path: Path) -> None:
    sent = await headers(server, tmp_path, {"username": "jöe", "password": "a:b"})
    assert sent["Authorization"] == "Basic " + base64.b64encode("jöe:a:b".encode()).decode()


async def test_a_client_certificate(server: Recorder, tmp_path: Path) -> None:
    await headers(server, tmp_path, {**PAIR, "token": "t"})
    assert server.authorizations == ["Bearer t"]
    assert server.certificates[0]["subjectAltName"] == (("email", "jane@example.com"),)


async def test_another_users_rights(server: Recorder, tmp_path: Path) -> None:
    sent = await headers(
        server,
        tmp_path,
        {
            "token": "t",
            "as": "joe",
            "as-uid": "7",
            "as-groups": ["a", "b"],
            "as-user-extra": {"acme.com/project": ["x", "y"], "100%": ["z"]},
        },
    )
    asked = [(name.title(), value) for name, value in sent.items() if name.lower().startswith("impersonate")]
    assert asked == [
        ("Impersonate-User", "joe"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-Acme.Com%2Fproject".title(), "x"),
        ("Impersonate-Extra-Acme.Com%2Fproject".title(), "y"),
        ("Impersonate-Extra-100%25", "z"),
    ]


async def test_compression_can_be_switched_off(server: Recorder, tmp_path: Path) -> None:
    assert (await headers(server, tmp_path, {"token": "t"}))["Accept-Encoding"] == "gzip"
    assert "Accept-Encoding" not in await headers(server, tmp_path, {"token": "t"}, **{"disable-compression": True})


async def test_the_name_in_the_servers_certificate(server: Recorder, tmp_path: Path) -> None:
    await headers(server, tmp_path, {"token": "t"}, **{"tls-server-name": "api.test"})
    with pytest.raises(GrpcdemoError, match="certificate"):
        await headers(server, tmp_path, {"token": "t"}, **{"tls-server-name": "other.test"})
    assert len(server.seen) == 1


async def test_a_refused_token_is_not_sent_twice(server: Recorder, tmp_path: Path) -> None:
    server.refused = {"Bearer old"}
    with pytest.raises(Unauthorized):
        await headers(server, tmp_path, {"token": "old"})
    assert server.authorizations == ["Bearer old"]


async def test_nothing_goes_out_as_nobody(server: Recorder, tmp_path: Path) -> None:
    """Not even where the entry has changed its kind meanwhile."""
    server.refused = {"Bearer old"}
    path = write_config(tmp_path / "config", {"token": "old"}, {"server": server.url})
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": "plugin", "interactiveMode": "Never"}
    async with await connect(find_kubeconfig(str(path)), environment={}) as api:
        write_config(path, {"exec": plugin}, {"server": server.url})
        with pytest.raises(Unauthorized):
            await api.version()
    assert server.authorizations == ["Bearer old"]


async def test_nothing_secret_is_sent_without_tls(tmp_path: Path) -> None:
    script = Script()
    async with serving(script) as url:
        await ask(write_config(tmp_path / "config", {**PAIR, "token": "t"}, {"server": url}))
    assert [asked.authorization for asked in script.asked] == [None]


def test_a_user_does_not_show_what_it_knows() -> None:
    assert "canary" not in repr(User(Place(Path("f"), "user"), token="canary", password="canary", username="canary"))
