"""The demo's bare programs, as the baseline of the sandbox."""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from grpcdemo.sandbox.proxy.envoy import find_envoy

RATE = 10_000
"""More than any client reaches: it calls as fast as it can."""
EMPTY_ENVOY = "{admin: {address: {socket_address: {address: 127.0.0.1, port_value: 0}}}}"


@contextmanager
def server(port: int) -> Iterator[None]:
    """A server that has said that it serves."""
    with _program(*_server(port)) as lines:
        next(lines)
        yield


@contextmanager
def client(port: int, rate: float = RATE) -> Iterator[Iterator[str]]:
    """A client of the server on *port*; the value is its log."""
    target = f"ipv4:127.0.0.1:{port}"
    options = ("--target", target, "--rate", str(rate), "--health-port", "off")
    with _program("grpcdemo.workload.client", *options) as lines:
        yield lines


def start_and_end(*, servers: int, envoys: int, folder: Path) -> None:
    """Start so many servers, a client, and so many Envoys at once; wait until each works, and end them."""
    ports = [free_port() for _ in range(servers)]
    with ExitStack() as stack:
        admins = [folder / f"admin-{number}-{time.monotonic_ns()}" for number in range(envoys)]
        for admin in admins:
            stack.enter_context(_envoy(admin))
        waiting = [stack.enter_context(_program(*_server(port))) for port in ports]
        calls = stack.enter_context(client(ports[0]))
        for lines in waiting:
            next(lines)
        next(line for line in calls if "code=OK" in line)
        while not all(admin.exists() and admin.read_text() for admin in admins):
            time.sleep(0.01)


def calls_per_second(log: Iterator[str], seconds: float) -> float:
    """How many calls the client makes a second, over *seconds* from its first answer on."""
    next(line for line in log if "code=OK" in line)
    began = time.perf_counter()
    count = 0
    for line in log:
        count += "code=OK" in line
        if (elapsed := time.perf_counter() - began) >= seconds:
            return count / elapsed
    raise AssertionError("the client ended")


def memory_of(pids: Collection[int]) -> float:
    """Megabytes that the processes have, what they share divided among those who share it."""
    total = 0
    for pid in pids:
        found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii"), re.M)
        total += int(found[1]) if found else 0
    return total / 1024


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


def _server(port: int) -> tuple[str, ...]:
    return ("grpcdemo.workload.server", "--host", "127.0.0.1", "--port", str(port))


@contextmanager
def _program(module: str, *options: str) -> Iterator[Iterator[str]]:
    process = subprocess.Popen([sys.executable, "-m", module, *options], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    try:
        yield iter(process.stdout)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def _envoy(admin: Path) -> Iterator[None]:
    flags = ["--concurrency", "1", "--disable-hot-restart", "--log-level", "off", "--admin-address-path", str(admin)]
    process = subprocess.Popen([find_envoy(), "--config-yaml", EMPTY_ENVOY, *flags])
    try:
        yield
    finally:
        process.kill()
        process.wait()
