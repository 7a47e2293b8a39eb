"""A kubeconfig that cannot be used: one line with file, entry and field, and never a value."""

import base64
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from grpcdemo.errors import ExitCode, UsageError
from tests.fakes.authority import authority
from tests.kube.access.kubeconfigs import load, write_config

SECRET = "canary-5f2c"
TOKEN = {"token": SECRET}


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


CERTIFICATE = authority().issue_cert("jane@example.com")
PAIR = {
    "client-certificate-data": encode(CERTIFICATE.cert_chain_pems[0].bytes()),
    "client-key-data": encode(CERTIFICATE.private_key_pem.bytes()),
}
OTHER_KEY = encode(trustme.CA().issue_cert("other@example.com").private_key_pem.bytes())
ENCRYPTED = load_pem_private_key(CERTIFICATE.private_key_pem.bytes(), None).private_bytes(
    Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"canary")
)
EXEC = {
    "apiVersion": "client.authentication.k8s.io/v1",
    "command": "plugin",
    "interactiveMode": "Never",
    "args": [SECRET],
}

USERS: list[tuple[str, dict[str, Any], str]] = [
    ("token", {"token": 5}, "must be a string: put it in quotes"),
    ("token", {"token": f"{SECRET}\n"}, "contains a line break"),
    ("tokn", {"tokn": SECRET}, "did you mean token?"),
    ("the name of a field", {f"token:{SECRET}": None}, "is not a field that grpcdemo knows"),
    ("client_key_data", {**PAIR, "client_key_data": SECRET}, "did you mean client-key-data?"),
    ("impersonate", {**TOKEN, "impersonate": "root"}, "is not a field that grpcdemo knows"),
    ("client-key-data", {**PAIR, "client-key-data": f"%{SECRET}"}, "is not valid base64"),
    ("client-key-data", {**PAIR, "client-key-data": encode(SECRET.encode())}, "contains no readable private key"),
    ("client-key-data", {**PAIR, "client-key-data": OTHER_KEY}, "is the key of another certificate"),
    (
        "client-certificate-data",
        {**PAIR, "client-certificate-data": encode(SECRET.encode())},
        "contains no readable certificate",
    ),
    ("client-key", {"client-certificate-data": PAIR["client-certificate-data"]}, "is missing"),
    ("client-certificate", {"client-key-data": PAIR["client-key-data"]}, "is missing"),
    ("client-certificate", {**PAIR, "client-certificate": "/x"}, "cannot be combined with client-certificate-data"),
    ("client-certificate", {**PAIR, "client-certificate-data": None, "client-certificate": "gone"}, "cannot read "),
    ("username", {**TOKEN, "username": "jane", "password": SECRET}, "cannot be combined with token and tokenFile"),
    ("as", {**TOKEN, "as-groups": ["admins"]}, "is missing"),
    ("as-groups", {**TOKEN, "as": "joe", "as-groups": "admins"}, "must be a list"),
    ("as-user-extra, scopes", {**TOKEN, "as": "joe", "as-user-extra": {"scopes": [5]}}, "must be a list of strings"),
    ("exec", {"exec": EXEC, "auth-provider": {"name": "oidc"}}, "cannot be combined with auth-provider"),
    ("exec, command", {"exec": {**EXEC, "command": None}}, "is missing"),
    ("exec, apiVersion", {"exec": {**EXEC, "apiVersion": "client.authentication.k8s.io/v1alpha1"}}, "must be "),
    ("exec, interactiveMode", {"exec": {**EXEC, "interactiveMode": None}}, "must be Never, IfAvailable or Always"),
    ("exec, arguments", {"exec": {**EXEC, "arguments": [SECRET]}}, "is not a field"),
    ("exec, env, name", {"exec": {**EXEC, "env": [{"value": SECRET}]}}, "must be the name"),
    (
        "auth-provider, name",
        {"auth-provider": {"name": "gcp", "config": {"access-token": SECRET}}},
        "gcp no longer exists",
    ),
    ("auth-provider, name", {"auth-provider": {"name": SECRET}}, "must be oidc"),
]
CLUSTERS: list[tuple[str, dict[str, Any], str]] = [
    ("server", {"server": None}, "is missing"),
    ("server", {"server": f"https://me:{SECRET}@host"}, "must not contain a password"),
    ("server", {"server": "https://host:port"}, "is not a URL"),
    ("server", {"server": "https://a..b"}, "is not a URL"),
    ("server", {"server": "ftp://host"}, "must be a URL"),
    ("insecure-skip-tls-verify", {"insecure-skip-tls-verify": "true"}, "must be true or false"),
    (
        "insecure-skip-tls-verify",
        {"insecure-skip-tls-verify": True},
        "cannot be combined with certificate-authority-data",
    ),
    (
        "certificate-authority-data",
        {"certificate-authority-data": encode(SECRET.encode())},
        "contains no readable certificate",
    ),
    (
        "certificate-authority-data",
        {"certificate-authority-data": PAIR["client-key-data"]},
        "contains no readable certificate",
    ),
    ("certificate-authority", {"certificate-authority": "/gone"}, "cannot be combined with certificate-authority-data"),
    ("certificate-authority", {"certificate-authority-data": None, "certificate-authority": 5}, "must be a string"),
    ("certificate_authority", {"certificate_authority": "/x"}, "did you mean certificate-authority?"),
]


async def refusal(path: Path) -> UsageError:
    with pytest.raises(UsageError) as caught:
        await load(path)
    assert caught.value.exit_code is ExitCode.USAGE
    assert "\n" not in caught.value.message
    assert SECRET not in f"{caught.value.message} {caught.value.hint} {''.join(format_exception(caught.value))}"
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(("field", "user", "reason"), USERS, ids=[f"{field}-{reason}" for field, _, reason in USERS])
async def test_a_user_that_is_wrong(tmp_path: Path, field: str, user: dict[str, Any], reason: str) -> None:
    path = write_config(tmp_path / "config", user)
    error = await refusal(path)
    assert error.message.startswith(f"kubeconfig {path}, user jane, {field}: ")
    assert reason in error.message


@pytest.mark.parametrize(
    ("field", "cluster", "reason"), CLUSTERS, ids=[f"{field}-{reason}" for field, _, reason in CLUSTERS]
)
async def test_a_cluster_that_is_wrong(tmp_path: Path, field: str, cluster: dict[str, Any], reason: str) -> None:
    path = write_config(tmp_path / "config", TOKEN, cluster)
    error = await refusal(path)
    assert error.message.startswith(f"kubeconfig {path}, cluster kind, {field}: ")
    assert reason in error.message


async def test_an_encrypted_key_is_not_asked_for(tmp_path: Path) -> None:
    path = write_config(tmp_path / "config", {**PAIR, "client-key-data": encode(ENCRYPTED)})
    assert "user jane, client-key-data: is encrypted" in (await refusal(path)).message


async def test_a_user_without_credentials_is_refused(tmp_path: Path) -> None:
    error = await refusal(write_config(tmp_path / "config", {"token": None}))
    assert error.message.endswith("user jane: has no credentials")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (f"users: [{{name: jane, user: {{token: '{SECRET}}}}}]", "is not YAML"),
        (f"{SECRET}: [", "is not YAML"),
        (f"!!python/object:{SECRET} x", "is not YAML"),
        (f"- {SECRET}", "is not a kubeconfig"),
        (SECRET, "is not a kubeconfig"),
        ("kind: Pod", "is another kind of object"),
        ("apiVersion: v2", "is another kind of object"),
        (f"users: {SECRET}", "users: must be a list"),
        (f"users: [{SECRET}]", "users, entry 1: must be a mapping"),
        (f"users: [{{name: a, user: {SECRET}}}]", "users, entry 1, user: must be a mapping"),
        ("users: [{name: a}, {name: a}]", "users, entry 2: is a second user with the name a"),
        ("current_context: a", "current_context: is not known: did you mean current-context?"),
    ],
)
async def test_a_file_that_is_wrong(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    error = await refusal(path)
    assert str(path) in error.message
    assert reason in error.message


async def test_a_name_on_two_lines_is_shown_on_one(tmp_path: Path) -> None:
    path = write_config(tmp_path / "odd\nname", {})
    assert "odd\\nname" in (await refusal(path)).message


async def test_what_is_null_is_absent(tmp_path: Path) -> None:
    everything = {"tokenFile": None, "client-certificate": None, "exec": None, "as": None, "auth-provider": None}
    cluster = {"proxy-url": "", "tls-server-name": "", "extensions": []}
    await load(write_config(tmp_path / "config", {**TOKEN, **everything}, cluster, preferences=None, extensions=None))
