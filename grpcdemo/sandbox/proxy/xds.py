"""An Envoy's folder: its bootstrap, and the files through which it gets every later change.

Envoy rereads a file when another one is renamed to its path, so it never sees half of one. A file is written after
those that it refers to.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grpcdemo.sandbox.proxy.config import Config, file_source

ADMIN_SOCKET = "admin.sock"
"""Relative to the folder in which Envoy runs: a socket's path may have only some 100 characters."""
ADMIN_ADDRESS: Config = {"pipe": {"path": ADMIN_SOCKET}}

WATCHDOG: Config = {"miss_timeout": "60s", "megamiss_timeout": "60s"}
"""The default wakes every thread several times a second, nearly all the work of an idle Envoy."""


@dataclass(frozen=True)
class Snapshot:
    """What an Envoy reads while it runs."""

    listeners: Sequence[Config] = ()
    clusters: Sequence[Config] = ()
    load_assignments: Sequence[Config] = ()
    """One for each cluster of type EDS."""


@dataclass
class XdsFolder:
    """The files of one Envoy, below *root*; an unchanged one is not rewritten."""

    root: Path
    _written: dict[Path, str] = field(default_factory=dict)

    @property
    def bootstrap(self) -> Path:
        return self.root / "bootstrap.json"

    @property
    def admin(self) -> Path:
        return self.root / ADMIN_SOCKET

    @property
    def log(self) -> Path:
        return self.root / "envoy.log"

    def eds_path(self, cluster: str) -> str:
        return str(self.root / f"eds-{hashlib.sha256(cluster.encode()).hexdigest()[:16]}.json")

    def create(self, bootstrap: Config, snapshot: Snapshot) -> None:
        """Write all files of an Envoy that is about to start."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.admin.unlink(missing_ok=True)
        self._written.clear()
        self.update(snapshot)
        self._write(self.bootstrap, json.dumps(bootstrap))

    def update(self, snapshot: Snapshot) -> None:
        """Write what has changed."""
        endpoints = {Path(self.eds_path(each["cluster_name"])): each for each in snapshot.load_assignments}
        for path, assignment in endpoints.items():
            self._write(path, _response([assignment]))
        self._write(self.root / "cds.json", _response(snapshot.clusters))
        self._write(self.root / "lds.json", _response(snapshot.listeners))
        for path in [path for path in self._written if path.name.startswith("eds-") and path not in endpoints]:
            del self._written[path]
            path.unlink(missing_ok=True)

    def _write(self, path: Path, text: str) -> None:
        if self._written.get(path) == text:
            return
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.rename(path)
        self._written[path] = text


def build_bootstrap(
    name: str, folder: XdsFolder, *, listeners: Sequence[Config] = (), clusters: Sequence[Config] = ()
) -> Config:
    """What an Envoy starts with; *listeners* and *clusters* are the fixed ones."""
    return {
        "node": {"id": name, "cluster": "grpcdemo-sandbox"},
        "admin": {"address": {"pipe": {"path": ADMIN_SOCKET, "mode": 0o600}}},
        "watchdogs": {"main_thread_watchdog": WATCHDOG, "worker_watchdog": WATCHDOG},
        "static_resources": {"listeners": _plain(listeners), "clusters": _plain(clusters)},
        "dynamic_resources": {
            "lds_config": file_source(str(folder.root / "lds.json")),
            "cds_config": file_source(str(folder.root / "cds.json")),
        },
    }


def _plain(resources: Iterable[Config]) -> list[Config]:
    """Without the type, which only a discovery response has."""
    return [{key: value for key, value in resource.items() if key != "@type"} for resource in resources]


def _response(resources: Sequence[Config]) -> str:
    text = json.dumps(list(resources), sort_keys=True)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return json.dumps({"version_info": version, "resources": list(resources)}, sort_keys=True)
