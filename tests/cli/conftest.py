"""A command line as a user types it, and a cluster for it that runs on a thread of its own."""

import asyncio
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import pytest

from grpcdemo.cli.app import main
from grpcdemo.sandbox.api.store import Store
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import Script, serving, write_kubeconfig
from tests.kube.conftest import script
from tests.steps.conftest import demo_backup
from tests.steps.images.conftest import programs

__all__ = ["demo_backup", "programs", "script"]

T = TypeVar("T")
DEMO = "istio-grpc-demo"


@dataclass(frozen=True)
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def error_lines(self) -> list[str]:
        return self.err.splitlines()


Command = Callable[..., Ended]


@pytest.fixture
def grpcdemo(capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line in this process."""

    def run(*arguments: str) -> Ended:
        capsys.readouterr()
        code = main(arguments)
        return Ended(code, *capsys.readouterr())

    return run


@contextmanager
def served(server: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What *server* yields, such as its URL. It works on a thread: `main` has an event loop of its own."""
    started: queue.Queue[tuple[T, Callable[[], object]]] = queue.Queue()

    async def serve() -> None:
        ended = asyncio.Event()
        async with server as yielded:
            started.put((yielded, partial(asyncio.get_running_loop().call_soon_threadsafe, ended.set)))
            await ended.wait()
        if handshakes := asyncio.all_tasks() - {asyncio.current_task()}:  # of clients that have gone meanwhile
            await asyncio.wait(handshakes, timeout=60)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    yielded, end = started.get(timeout=60)
    try:
        yield yielded
    finally:
        end()
        thread.join()


@pytest.fixture
def cluster() -> HollowCluster:
    return HollowCluster()


@pytest.fixture
def kubeconfig(cluster: HollowCluster, tmp_path: Path) -> Iterator[str]:
    """The path of a kubeconfig for *cluster*."""
    with served(cluster.serving()) as server:
        yield str(write_kubeconfig(tmp_path / "kubeconfig", server))


@pytest.fixture
def scripted(script: Script, tmp_path: Path) -> Iterator[str]:
    """The path of a kubeconfig for *script*."""
    with served(serving(script)) as server:
        yield str(write_kubeconfig(tmp_path / "kubeconfig", server))


@pytest.fixture
def unreachable(tmp_path: Path) -> str:
    """The path of a kubeconfig whose server does not listen."""
    with served(serving(Script())) as server:
        pass
    return str(write_kubeconfig(tmp_path / "kubeconfig", server))


@pytest.fixture
def restored(cluster: HollowCluster, demo_backup: Store) -> None:
    cluster.store.restore(demo_backup)


@pytest.fixture
def up(restored: None, kubeconfig: str) -> str:
    """The kubeconfig of a cluster in which the demo is up."""
    return kubeconfig
