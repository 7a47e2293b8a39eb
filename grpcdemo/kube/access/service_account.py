"""The service account of the pod that the program runs in: how a pod reaches its own cluster."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.kube.access.entries import Cluster, User
from grpcdemo.kube.access.fields import Place
from grpcdemo.kube.access.pem import Pem

FOLDER = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ENTRY = "service account"


@dataclass(frozen=True)
class Pod:
    """What Kubernetes tells each container about its API server, and the folder with the service account's token."""

    host: str
    port: str
    folder: Path = FOLDER

    @property
    def has_token(self) -> bool:
        return self._token.is_file()

    @property
    def cluster(self) -> Cluster:
        host = f"[{self.host}]" if ":" in self.host else self.host
        authority = self.folder / "ca.crt"
        return Cluster(
            server=f"https://{host}:{self.port}",
            place=Place(self.folder, ENTRY),
            authority=Pem(authority.read_bytes(), Place(authority, ENTRY)) if authority.is_file() else None,
        )

    @property
    def user(self) -> User:
        return User(Place(self.folder, ENTRY), token_file=self._token)

    @property
    def namespace(self) -> str:
        """The pod's own; empty if it is not told."""
        file = self.folder / "namespace"
        return file.read_text(encoding="utf-8").strip() if file.is_file() else ""

    @property
    def _token(self) -> Path:
        return self.folder / "token"


def find_pod(environment: Mapping[str, str], folder: Path = FOLDER) -> Pod | None:
    """The pod that the program runs in, if it runs in one."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    return Pod(host, port, folder) if host and port else None
