"""kubectl and ours, asking for `/version` with one kubeconfig and one environment."""

import asyncio
import base64
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.access.kubeconfig import find_kubeconfig
from grpcdemo.kube.client.connect import connect
from tests.contract.tools import find_program

from .cases import AUTHENTICATION, Case, config
from .recorder import Arrived, Ports, Recorder, authority, credential, stranger

PLUGIN = """#!/bin/sh
printf '%s|%s|%s\\0' "$*" "$EXTRA" "$KUBERNETES_EXEC_INFO" >> "{folder}/ran"
cat "{folder}/printed.$(tr -dc '\\0' < "{folder}/ran" | wc -c)" 2>/dev/null || cat "{folder}/printed.last"
exit {code}
"""
LIMIT_S = 60
NULL = "$null"
ENCODED: dict[str, Callable[[Any], bytes]] = {
    "json": lambda content: json.dumps(content).encode(),
    "windows": lambda content: yaml.safe_dump(content).replace("\n", "\r\n").encode(),
    "marked": lambda content: b"\xef\xbb\xbf" + yaml.safe_dump(content).encode(),
    "latin": lambda content: yaml.safe_dump(content).encode() + b"# \xfc\n",
    "twice": lambda content: yaml.safe_dump(content).encode() + b"kind: Config\n",
}
"""Files with the default kubeconfig, each in its own form."""


@dataclass(frozen=True)
class Outcome:
    """What one of the two programs did."""

    works: bool
    arrived: list[Arrived]
    tunnels: list[str]
    plugin: list[Any]
    """What the plugin was told, at each run."""
    kept: Any = None
    """The configuration of the user's auth-provider, as it stands in the file afterwards."""
    said: str = ""

    def deeds(self, runs: int | None = None) -> dict[str, Any]:
        """All but words; of the plugin, the first *runs* only."""
        return {**asdict(self), "plugin": self.plugin[:runs], "said": ""}


class Place:
    """The folder of one case: its files, and the names that stand for their paths and values."""

    def __init__(self, folder: Path, ports: Ports) -> None:
        self.folder = folder
        self._names = {
            "folder": str(folder),
            "server": f"https://127.0.0.1:{ports.server}",
            "port": str(ports.server),
            "plain": str(ports.plain),
            "proxy": f"http://127.0.0.1:{ports.proxy}",
            "proxy_port": str(ports.proxy),
            "tls_proxy": f"https://127.0.0.1:{ports.tls_proxy}",
            "socks": f"socks5://127.0.0.1:{ports.socks}",
            "socks_port": str(ports.socks),
            "plugin": str(folder / "bin" / "plugin"),
            "version": AUTHENTICATION,
            **{name: f"${name}" for name in (NULL[1:], *ENCODED)},  # what `_encode` knows
        }
        for name, data in credentials().items():
            (folder / name).write_bytes(data)
            self._names[name.split(".")[0]] = str(folder / name)
        for name in ("ca", "cert", "key"):
            self._names[f"{name}_data"] = base64.b64encode(credentials()[f"{name}.pem"]).decode()
        self._names["ca_lines"] = base64.encodebytes(credentials()["ca.pem"]).decode()
        pair = {"clientCertificateData": credentials()["cert.pem"], "clientKeyData": credentials()["key.pem"]}
        printed = {name: pem.decode() for name, pem in pair.items()}
        self._names |= {"printed_pair": credential(**printed), "printed_all": credential("from-plugin", **printed)}

    def lay(self, case: Case) -> dict[str, str]:
        """Write the files of *case*; its environment."""
        files = {"config": config(case.user, case.cluster, case.context)} if case.files is None else case.files
        for name, content in files.items():
            path = self.folder / self.fill(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._encode(content))
        self._lay_plugin(case)
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "KUBECONFIG": str(self.folder / "config"),
            "SSL_CERT_FILE": os.devnull,
            "SSL_CERT_DIR": os.devnull,
        }
        return env | {name: self.fill(value) for name, value in case.env.items()}

    def _lay_plugin(self, case: Case) -> None:
        (self.folder / "ran").unlink(missing_ok=True)
        path = self.folder / "bin" / "plugin"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PLUGIN.format(folder=self.folder, code=3 if case.fails_plugin else 0))
        path.chmod(0o755)
        for number, text in enumerate(case.prints, 1):
            (self.folder / f"printed.{number}").write_text(self.fill(text))
        (self.folder / "printed.last").write_text(self.fill(case.prints[-1]))

    def ran(self) -> list[Any]:
        path = self.folder / "ran"
        records = path.read_text().split("\0")[:-1] if path.exists() else []
        return [[*words, info and json.loads(info)] for *words, info in (record.split("|", 2) for record in records)]

    def kept(self) -> Any:
        path = self.folder / "config"
        with suppress(OSError, LookupError, TypeError, UnicodeError, yaml.YAMLError):
            return yaml.safe_load(path.read_text())["users"][0]["user"]["auth-provider"]["config"]
        return None

    def fill(self, value: Any) -> Any:
        """*value* with what the names in it stand for."""
        if isinstance(value, Mapping):
            return {name: self.fill(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.fill(part) for part in value]
        return Template(value).substitute(self._names) if isinstance(value, str) else value

    def _encode(self, content: Any) -> bytes:
        if not isinstance(content, str):
            return yaml.safe_dump(self.fill(content)).replace(NULL, "null").encode()
        if encode := ENCODED.get(content[1:]):
            return encode(self.fill(config({"token": "t"})))
        return str(self.fill(content)).encode()


@cache
def credentials() -> dict[str, bytes]:
    """Files for the folder of a case, by their names."""
    client, other = (authority().issue_cert(f"{name}@test", common_name=name) for name in ("client", "other"))
    ca, key = authority().cert_pem.bytes(), client.private_key_pem.bytes()
    return {
        "ca.pem": ca,
        "ca_words.pem": b"my authority\n" + ca + b"it was\n",
        "ca_bundle.pem": stranger().cert_pem.bytes() + ca,
        "stranger.pem": stranger().cert_pem.bytes(),
        "cert.pem": b"".join(blob.bytes() for blob in client.cert_chain_pems),
        "key.pem": key,
        "other_key.pem": other.private_key_pem.bytes(),
        "locked_key.pem": serialization.load_pem_private_key(key, None).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pw"),
        ),
        "token": b"from-file\n",
        "empty": b"",
    }


class Programs:
    """Runs both on one case."""

    def __init__(self, place: Place, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
        self._place = place
        self._recorder = recorder
        self._monkeypatch = monkeypatch

    async def kubectl(self, case: Case) -> Outcome:
        env = self._begin(case)
        process = await asyncio.create_subprocess_exec(
            find_program("kubectl"),
            *("get", "--raw", "/version"),
            env=env,
            cwd=self._place.folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), LIMIT_S)
        return self._end(process.returncode == 0, output.decode())

    async def ours(self, case: Case) -> Outcome:
        with self._monkeypatch.context() as patch:
            for name, value in self._begin(case).items():
                patch.setenv(name, value)
            patch.chdir(self._place.folder)
            try:
                async with await connect(find_kubeconfig()) as api:
                    await api.version()
            except GrpcdemoError as error:
                return self._end(False, f"{error.message}\n{error.hint}")
        return self._end(True)

    def _begin(self, case: Case) -> dict[str, str]:
        self._recorder.arrived.clear()
        self._recorder.tunnels.clear()
        self._recorder.statuses = dict(case.statuses)
        self._recorder.tokens = [(status, dict(answer)) for status, answer in case.tokens]
        self._recorder.issuer = case.issuer
        return self._place.lay(case)

    def _end(self, works: bool, said: str = "") -> Outcome:
        return Outcome(
            works,
            list(self._recorder.arrived),
            list(self._recorder.tunnels),
            self._place.ran(),
            self._place.kept(),
            said,
        )
