"""The logs of a container's latest two runs."""

from __future__ import annotations

from pathlib import Path

from grpcdemo.sandbox.api.status import StatusError
from grpcdemo.sandbox.kubelet.log_file import LogFile
from grpcdemo.sandbox.kubelet.status import ContainerState

KEPT = 2
UNPULLED = {"ErrImagePull": "trying and failing to pull image", "ImagePullBackOff": "image can't be pulled"}


class ContainerLogs:
    """One log file for each run, in *folder*. *rotate_at* is in bytes."""

    def __init__(self, folder: Path, rotate_at: int) -> None:
        self._folder = folder
        self._rotate_at = rotate_at
        self._files: list[LogFile] = []

    def open(self, run: int) -> LogFile:
        """The log of a new run."""
        file = LogFile(self._folder / f"{run}.log", rotate_at=self._rotate_at)
        self._files.append(file)
        for old in self._files[:-KEPT]:
            old.remove()
        self._files = self._files[-KEPT:]
        return file

    def choose(self, pod: str, state: ContainerState, *, previous: bool) -> LogFile:
        """Raises StatusError (BadRequest) if there is no such log."""
        where = f'container "{state.name}" in pod "{pod}"'
        if previous:
            if "terminated" not in state.last_state or not self._files:
                raise StatusError("BadRequest", f"previous terminated {where} not found")
            waits = "waiting" in state.state
            return self._files[-1] if waits or len(self._files) == 1 else self._files[-2]
        if not self._files:
            reason = state.state.get("waiting", {}).get("reason", "ContainerCreating")
            raise StatusError("BadRequest", f"{where} is waiting to start: {UNPULLED.get(reason, reason)}")
        return self._files[-1]
