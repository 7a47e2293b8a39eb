"""Which cluster is meant, by the kubeconfigs that kubectl would read too."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.kubeconfig import find_kubeconfig, read_entries
from grpcdemo.kube.client.connect import connect
from grpcdemo.model.target import Target

LOCAL, FAR = "https://127.0.0.1:6443", "https://api.example.com"


def write(path: Path, current: str | None, **servers: str) -> Path:
    """A kubeconfig with a context, a cluster and a user for each of *servers*."""
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in servers],
        "clusters": [{"name": name, "cluster": {"server": server}} for name, server in servers.items()],
        "users": [{"name": name, "user": {"token": f"token-of-{name}"}} for name in servers],
    }
    if current:
        content["current-context"] = current
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content))
    return path


def default_kubeconfig() -> Path:
    return Path.home() / ".kube" / "config"


async def target(*, context: str | None = None, kubeconfig: str | None = None) -> Target:
    async with await connect(find_kubeconfig(kubeconfig), context=context) as api:
        return api.target


async def test_the_default_kubeconfig_is_only_implied() -> None:
    write(default_kubeconfig(), "far", near=LOCAL, far=FAR)
    assert await target() == Target("far", FAR, implied=True, local=False, cluster="far")
    assert await target(context="near") == Target("near", LOCAL, implied=False, local=True, cluster="near")


async def test_kubeconfig_of_the_environment_is_chosen_and_only_implied(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write(default_kubeconfig(), "far", far=FAR)
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "a", "near", near=LOCAL)))
    assert await target() == Target("near", LOCAL, implied=True, local=True, cluster="near")
    assert not (await target(context="near")).implied


async def test_the_option_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(write(tmp_path / "a", "near", near=LOCAL)))
    named = write(tmp_path / "b", "far", far=FAR)
    assert await target(kubeconfig=str(named)) == Target(
        "far", FAR, implied=False, local=False, cluster="far", kubeconfig=str(named)
    )
    assert read_entries(find_kubeconfig(str(named))).current_context == "far"


async def test_several_files_are_merged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = [
        tmp_path / "missing",
        write(tmp_path / "a", None, one=LOCAL),
        write(tmp_path / "b", "two", two=FAR),
        write(tmp_path / "c", "one", three=FAR),
    ]
    monkeypatch.setenv("KUBECONFIG", os.pathsep.join(map(str, files)))
    assert (await target()).context == "two"  # of the first file that has one
    assert (await target(context="one")).server == LOCAL
    assert (await target(context="three")).server == FAR
    assert read_entries(find_kubeconfig()).current_context == "two"


@pytest.mark.parametrize("variable", [None, ""])
async def test_what_is_empty_was_not_chosen(monkeypatch: pytest.MonkeyPatch, variable: str | None) -> None:
    """As when a script names a variable that is not set: `--context "$CONTEXT"`."""
    write(default_kubeconfig(), "far", far=FAR)
    monkeypatch.setenv("KUBECONFIG", "")
    assert (await target(context=variable, kubeconfig=variable)).implied


@pytest.mark.parametrize(
    ("server", "local"),
    [
        ("https://127.0.0.1:6443", True),
        ("https://127.9.9.9", True),
        ("https://localhost:6443", True),
        ("https://[::1]:6443", True),
        ("https://0.0.0.0:6443", True),
        ("https://kubernetes.docker.internal:6443", True),
        ("https://192.168.49.2:8443", False),
        ("https://localhost.example.com", False),
        ("https://127.0.0.1.example.com", False),
    ],
)
async def test_which_server_is_on_this_machine(tmp_path: Path, server: str, local: bool) -> None:
    assert (await target(kubeconfig=str(write(tmp_path / "a", "c", c=server)))).local is local


async def test_no_kubeconfig_names_the_place_and_a_way_out() -> None:
    with pytest.raises(UsageError, match=str(default_kubeconfig())) as caught:
        await target()
    assert "kind create cluster" in str(caught.value.hint)
    assert read_entries(find_kubeconfig()).current_context == ""


async def test_a_kubeconfig_that_is_named_must_be_there(tmp_path: Path) -> None:
    write(default_kubeconfig(), "near", near=LOCAL)
    with pytest.raises(UsageError, match="missing"):
        await target(kubeconfig=str(tmp_path / "missing"))


async def test_an_unknown_context_is_named(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a", "near", near=LOCAL, far=FAR))
    with pytest.raises(UsageError, match="there is no context nowhere in ") as caught:
        await target(context="nowhere", kubeconfig=path)
    assert str(caught.value.hint) == "the contexts are far, near"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("stagin-eu", "staging-eu"), ("STAGING-EU", "staging-eu"), ("staging-us", "staging-eu"), ("prodd", "prod")],
)
async def test_the_context_that_was_meant_is_named(tmp_path: Path, typed: str, meant: str) -> None:
    path = str(write(tmp_path / "a", "prod", **{"prod": FAR, "staging-eu": FAR}))
    with pytest.raises(UsageError) as caught:
        await target(context=typed, kubeconfig=path)
    assert str(caught.value.hint) == f"did you mean {meant}? the contexts are prod, staging-eu"


async def test_many_contexts_are_not_all_listed(tmp_path: Path) -> None:
    path = str(write(tmp_path / "a", None, **{f"c{number}": FAR for number in range(20)}))
    with pytest.raises(UsageError) as caught:
        await target(context="nowhere", kubeconfig=path)
    assert str(caught.value.hint).count(",") == 7
    assert str(caught.value.hint).endswith("; `kubectl config get-contexts` lists all")


async def test_no_current_context(tmp_path: Path) -> None:
    path = write(tmp_path / "a", None, near=LOCAL)
    with pytest.raises(UsageError, match="no current context") as caught:
        await target(kubeconfig=str(path))
    assert "--sandbox" in str(caught.value.hint)
    assert read_entries(find_kubeconfig(str(path))).current_context == ""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"just words",
        b"a: [",
        b"\xff\xfe",
        b"current-context: c\ncontexts: 5\n",
        b"current-context: c\ncontexts: [{name: c}]\n",
        b"current-context: c\ncontexts: [{name: c, context: {cluster: x, user: y}}]\n",
    ],
)
async def test_a_broken_kubeconfig_is_a_usage_error_that_names_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="broken") as caught:
        await target(kubeconfig=str(path))
    assert caught.value.hint
    assert "\n" not in caught.value.message
