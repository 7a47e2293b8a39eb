"""An Envoy's folder: the bootstrap that it starts with, and the files that tell it of every later change.

Envoy notices when another file is moved into the place of one that it reads. A file is written aside and
renamed, so Envoy never sees half of one; and what a file refers to is written before it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from grpcdemo.sandbox.proxy.resources import Resource, file_source, pipe_address

ADMIN_SOCKET = "admin.sock"
"""Relative to the folder, in which Envoy runs: the system allows a socket's path about 100 characters."""

WATCHDOG: Resource = {"miss_timeout": "60s", "megamiss_timeout": "60s"}
"""By default it wakes every thread several times a second, which is nearly all that an idle Envoy does."""


@dataclass(frozen=True)
class Configuration:
    """Everything that an Envoy is told while it runs."""

    listeners: Sequence[Resource] = ()
    clusters: Sequence[Resource] = ()
    load_assignments: Sequence[Resource] = ()
    """For each cluster of type EDS."""


@dataclass
class XdsFolder:
    """The files of one Envoy, below *root*; what has not changed is not written again."""

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

    def create(self, bootstrap: Resource, configuration: Configuration) -> None:
        """Write everything for an Envoy that is about to start."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.admin.unlink(missing_ok=True)
        self._written.clear()
        self.update(configuration)
        self._write(self.bootstrap, json.dumps(bootstrap))

    def update(self, configuration: Configuration) -> None:
        """Write what has changed."""
        endpoints = {
            self.root / self.eds_path(found["cluster_name"]): found for found in configuration.load_assignments
        }
        for path, found in endpoints.items():
            self._write(path, _response([found]))
        self._write(self.root / "cds.json", _response(configuration.clusters))
        self._write(self.root / "lds.json", _response(configuration.listeners))
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
    name: str, folder: XdsFolder, *, listeners: Sequence[Resource] = (), clusters: Sequence[Resource] = ()
) -> Resource:
    """What an Envoy starts with; *listeners* and *clusters* are those that never change."""
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


def admin_address() -> Resource:
    return pipe_address(ADMIN_SOCKET)


def _plain(resources: Iterable[Resource]) -> list[Resource]:
    """Without the type, which only a response says."""
    return [{key: value for key, value in resource.items() if key != "@type"} for resource in resources]


def _response(resources: Sequence[Resource]) -> str:
    text = json.dumps(list(resources), sort_keys=True)
    version = hashlib.sha256(text.encode()).hexdigest()[:16]
    return json.dumps({"version_info": version, "resources": list(resources)}, sort_keys=True)
