"""The logs of a container: of its present run, or its latest, and of the one before."""

from __future__ import annotations

from pathlib import Path

from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.kubelet.log_file import LogFile
from grpcdemo.sandbox.kubelet.status import ContainerState

KEPT = 2
UNPULLED = {"ErrImagePull": "trying and failing to pull image", "ImagePullBackOff": "image can't be pulled"}


class ContainerLogs:
    """One file for each run, in *folder*; the two latest are kept. *rotate_at* is in bytes."""

    def __init__(self, folder: Path, rotate_at: int) -> None:
        self._folder = folder
        self._rotate_at = rotate_at
        self._files: list[LogFile] = []

    def open(self, run: int) -> LogFile:
        """The log of a run that begins."""
        made = LogFile(self._folder / f"{run}.log", rotate_at=self._rotate_at)
        self._files.append(made)
        for old in self._files[:-KEPT]:
            old.remove()
        self._files = self._files[-KEPT:]
        return made

    def choose(self, pod: str, found: ContainerState, *, previous: bool) -> LogFile:
        """Raises StatusError (BadRequest) where there is no such log."""
        where = f'container "{found.name}" in pod "{pod}"'
        if previous:
            if "terminated" not in found.last_state or not self._files:
                raise StatusError("BadRequest", f"previous terminated {where} not found")
            waits = "waiting" in found.state
            return self._files[-1] if waits or len(self._files) == 1 else self._files[-2]
        if not self._files:
            reason = found.state.get("waiting", {}).get("reason", "ContainerCreating")
            raise StatusError("BadRequest", f"{where} is waiting to start: {UNPULLED.get(reason, reason)}")
        return self._files[-1]
