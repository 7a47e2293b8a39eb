"""The two programs that the contract suite drives, and their output."""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from tests.cli.commands import CHANGING
from tests.contract.program import ForkedProgram

if TYPE_CHECKING:
    from typing_extensions import Self

LIMIT_S = 240
"""A command that takes longer hangs."""
SLOWLY = ("--rate", "20")
"""For a demo that only runs: calls take processor time from other tests."""
SMALL = ("--servers", "1", "--rate", "5")
"""For a demo whose calls do not matter."""
FINALIZER = "example.com/nobody"
"""A finalizer without a controller."""


def find_program(name: str) -> str:
    """*name* beside this Python, as a test extra installs it, or on the PATH."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert found, f"{name} is not installed"
    return found


def kubectl(*arguments: str, stdin: str | None = None, check: bool = True, **env: str) -> str:
    """What kubectl prints on stdout."""
    command, env = [find_program("kubectl"), *arguments], {**os.environ, **env}
    done = subprocess.run(command, input=stdin, env=env, capture_output=True, text=True, timeout=LIMIT_S, check=False)
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


class Lines:
    """What a process prints on one stream. A thread reads it at once: a full pipe would block the process."""

    def __init__(self, stream: IO[str] | None) -> None:
        assert stream
        self._stream = stream
        self._all: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def text(self) -> str:
        """Everything so far."""
        return "".join(self._all)

    def next(self) -> str:
        return self.until(lambda _: True)[0]

    def until(self, is_last: Callable[[str], object]) -> list[str]:
        """The next lines, up to the first for which *is_last* is true."""
        lines: list[str] = []
        deadline = time.monotonic() + LIMIT_S
        while not lines or not is_last(lines[-1]):
            try:
                line = self._queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"the awaited line never came, but:\n{self.text}"
            lines.append(line)
        return lines

    def join(self) -> None:
        self._reader.join(LIMIT_S)

    def _read(self) -> None:
        with self._stream as stream:
            for line in stream:
                self._all.append(line)
                self._queue.put(line.rstrip("\n"))
        self._queue.put(None)


class Running:
    """A command that runs. A context manager: it is killed at the end."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._command = " ".join(command)
        self._process = self._start(command, {**os.environ, **(env or {})})
        self.out, self.err = Lines(self._process.stdout), Lines(self._process.stderr)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._process.kill()
        self.result()

    def wait_for(self, text: str) -> str:
        """The next line on stderr that has this *text*."""
        return self.err.until(lambda line: text in line)[-1]

    def wait_for_record(self, is_it: Callable[[Any], object]) -> Any:
        """The next record on stdout, as `-o jsonl` prints them, for which *is_it* is true."""
        return json.loads(self.out.until(lambda line: is_it(json.loads(line)))[-1])

    def is_running(self) -> bool:
        return self._process.poll() is None

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        self._process.send_signal(number)

    def result(self) -> Result:
        code = self._process.wait(LIMIT_S)
        self.out.join()
        self.err.join()
        return Result(self._command, code, self.out.text, self.err.text)

    def _start(self, command: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[str] | ForkedProgram:
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env=env
        )


class RunningProgram(Running):
    """A `grpcdemo` that runs, given its arguments."""

    def _start(self, command: Sequence[str], env: Mapping[str, str]) -> ForkedProgram:
        return ForkedProgram(command, env)


@dataclass
class Demo:
    """A demo in a namespace of its own."""

    namespace: str
    env: dict[str, str] = field(default_factory=dict)

    def start(self, *arguments: str) -> Running:
        """Start a command for this namespace. Whoever runs the suite accepts the cluster, remote or not."""
        changes = any(arguments[: len(words)] == words for words in CHANGING)
        consent = ("--yes",) if changes else ()
        return RunningProgram((*arguments, "--namespace", self.namespace, *consent), self.env)

    def run(self, *arguments: str) -> Result:
        return self.start(*arguments).result()

    def interrupted(self, moment: str, *arguments: str) -> Result:
        """The result of a command that gets Ctrl-C as soon as it says *moment* on stderr."""
        command = self.start(*arguments)
        command.wait_for(moment)
        command.interrupt()
        return command.result().check(130)

    def kubectl(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        return kubectl("--namespace", self.namespace, *arguments, stdin=stdin, check=check, **self.env)

    def patch_template(self, deployment: str, **fields: Any) -> None:
        """Change these *fields* of the pods' template."""
        patch = json.dumps({"spec": {"template": fields}})
        self.kubectl("patch", f"deployment/{deployment}", "--patch", patch)

    def patch_container(self, deployment: str, **fields: Any) -> None:
        """Change these *fields* of the container, which has the name of its Deployment."""
        self.patch_template(deployment, spec={"containers": [{"name": deployment, **fields}]})

    def roll_out(self, *deployments: str) -> None:
        for name in deployments or ("grpc-server", "grpc-client"):
            self.kubectl("rollout", "status", f"deployment/{name}", "--timeout=120s")

    def stream(self, *arguments: str) -> Running:
        """A kubectl that keeps printing, as with `--watch` and `--follow`."""
        return Running((find_program("kubectl"), "--namespace", self.namespace, *arguments))

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

    def client(self) -> str:
        """The name of the one client pod."""
        (name,) = (name for name in self.pods() if name.startswith("grpc-client"))
        return name

    def log(self, client: str, *options: str) -> list[str]:
        return self.kubectl("logs", client, "--container=grpc-client", *options).splitlines()

    def endpoints(self) -> dict[str, bool]:
        """The addresses behind the Service, and whether each is ready."""
        slices = self.get("endpointslices", "--selector", "kubernetes.io/service-name=grpc-server")["items"]
        endpoints = [endpoint for each in slices for endpoint in each["endpoints"] or []]
        return {endpoint["addresses"][0]: endpoint["conditions"]["ready"] for endpoint in endpoints}

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
        """Keep an object, such as `pod/x`, until the end of the context, even if it is deleted."""
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
def new_demo(name: str = "") -> Iterator[Demo]:
    """A demo with a unique name, or *name*, not yet created; it is removed afterwards."""
    demo = Demo(name or f"grpcdemo-test-{secrets.token_hex(3)}")
    yield demo
    demo.remove()
