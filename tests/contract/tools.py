"""The two programs that the contract suite drives, and waiting for what they say."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIMIT_S = 240
"""No command of the suite takes this long; one that does hangs."""
SLOWLY = ("--rate", "20")
"""For a demo that only runs: its calls take the processors' time from others."""
FINALIZER = "example.com/nobody"
"""One that nobody clears."""


def find_program(name: str) -> str:
    """*name* beside this Python, as a test extra installs it, or on the PATH."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, f"{name} is not installed"
    return found


def kubectl(*arguments: str, stdin: str | None = None, check: bool = True) -> str:
    """What kubectl prints on stdout."""
    command = [find_program("kubectl"), *arguments]
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert not check or done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
    return done.stdout


def kubeconfig_as(folder: Path, user: dict[str, str]) -> str:
    """The target's kubeconfig with other credentials, written to *folder*."""
    found = json.loads(kubectl("config", "view", "--raw", "--minify", "--flatten", "--output", "json"))
    found["users"][0]["user"] = user
    path = folder / "kubeconfig"
    path.write_text(json.dumps(found), encoding="utf-8")
    return str(path)


@dataclass(frozen=True)
class Result:
    """How a command ended, and what it said."""

    command: str
    code: int
    out: str
    err: str

    def check(self, code: int) -> Result:
        assert self.code == code, f"{self.command}: exit {self.code}, not {code}\n{self.out}\n{self.err}"
        return self

    @property
    def error(self) -> str:
        """The line `error: …`."""
        return next((line for line in self.err.splitlines() if line.startswith("error: ")), "")

    @property
    def hint(self) -> str:
        return next((line for line in self.err.splitlines() if line.startswith("hint: ")), "")

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Running:
    """A grpcdemo that runs: wait for what it says, interrupt it, take its result."""

    def __init__(self, arguments: tuple[str, ...], env: dict[str, str]) -> None:
        self._command = " ".join(("grpcdemo", *arguments))
        self._process = subprocess.Popen(
            [find_program("grpcdemo"), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **env},
        )
        self._said = ""
        self._more = threading.Condition()
        self._out: list[str] = []
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()

    def wait_for(self, text: str) -> None:
        """Wait until *text* was said on stderr."""
        with self._more:
            heard = self._more.wait_for(lambda: text in self._said or self._process.poll() is not None, LIMIT_S)
        assert heard, f"{self._command} never said {text!r}, but: {self._said}"
        assert text in self._said, f"{self._command} ended without saying {text!r}: {self._said}"

    def wait_for_record(self, wanted: Callable[[Any], bool]) -> Any:
        """Wait for the first record on stdout, as `-o jsonl` prints them, that is *wanted*."""
        return json.loads(self.wait_for_line(lambda line: wanted(json.loads(line))))

    def wait_for_line(self, wanted: Callable[[str], bool]) -> str:
        """Wait for the first line on stdout that is *wanted*."""
        found: list[str] = []

        def look() -> bool:
            found[:] = filter(wanted, self._out)
            return bool(found) or self._process.poll() is not None

        with self._more:
            self._more.wait_for(look, LIMIT_S)
            assert found, f"{self._command} never printed what was waited for, but: {''.join(self._out[-1:])}"
        return found[0]

    def interrupt(self) -> None:
        self._process.send_signal(signal.SIGINT)

    def result(self) -> Result:
        code = self._process.wait(LIMIT_S)
        for reader in self._readers:
            reader.join(LIMIT_S)
        return Result(self._command, code, "".join(self._out), self._said)

    def _read_out(self) -> None:
        """All that comes, at once: a full pipe would hold the command up."""
        assert self._process.stdout is not None
        with self._process.stdout as stdout:
            for line in stdout:
                with self._more:
                    self._out.append(line)
                    self._more.notify_all()

    def _read_err(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            for line in stderr:
                with self._more:
                    self._said += line
                    self._more.notify_all()
        with self._more:
            self._process.wait()
            self._more.notify_all()


@dataclass
class Demo:
    """A demo in a namespace of its own."""

    namespace: str
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> Running:
        """Start a command for this namespace."""
        return Running((*arguments, "--namespace", self.namespace), self.env)

    def run(self, *arguments: str) -> Result:
        return self.start(*arguments).result()

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        return kubectl("--namespace", self.namespace, *arguments, stdin=stdin, check=check)

    def refused(self, *arguments: str) -> str:
        """What kubectl says on stderr of a command that fails."""
        command = [find_program("kubectl"), "--namespace", self.namespace, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S, check=False)
        assert done.returncode != 0, f"{' '.join(command)}: {done.stdout}"
        return done.stderr

    def get(self, *arguments: str) -> Any:
        return json.loads(self.kubectl("get", *arguments, "--output", "json"))

    def pods(self) -> dict[str, Any]:
        """The demo's pods that are not being deleted, by name."""
        items = self.get("pods", "--selector", "app.kubernetes.io/part-of=grpcdemo")["items"]
        return {pod["metadata"]["name"]: pod for pod in items if "deletionTimestamp" not in pod["metadata"]}

    def ready_column(self) -> set[str]:
        """The values of READY that `kubectl get pods` shows."""
        return {line.split()[1] for line in self.kubectl("get", "pods", "--no-headers").splitlines()}

    def labels(self) -> dict[str, str]:
        labels: dict[str, str] = self.get("namespace", self.namespace)["metadata"].get("labels", {})
        return labels

    def exists(self) -> bool:
        return bool(kubectl("get", "namespace", self.namespace, "--ignore-not-found", "--output", "name"))

    @contextmanager
    def holding(self, name: str) -> Iterator[None]:
        """Keep an object, such as `pod/x`, from being gone before the end, however soon it is deleted."""
        self._set_finalizers(name, [FINALIZER])
        try:
            yield
        finally:
            self._set_finalizers(name, None)

    def _set_finalizers(self, name: str, finalizers: list[str] | None) -> None:
        self.kubectl("patch", name, "--type=merge", "--patch", json.dumps({"metadata": {"finalizers": finalizers}}))

    def remove(self) -> None:
        kubectl("delete", "namespace", self.namespace, "--ignore-not-found", "--wait=false")


@contextmanager
def new_demo() -> Iterator[Demo]:
    """A demo with a name that nothing else has, nothing of it there yet; it is removed afterwards."""
    demo = Demo(f"grpcdemo-test-{secrets.token_hex(3)}")
    yield demo
    demo.remove()
