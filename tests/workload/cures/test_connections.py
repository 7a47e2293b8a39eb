"""The count of a process's connections, and the line that tells it."""

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from grpcdemo.workload.cures.connections import (
    Connections,
    count_connections,
    format_connections,
    parse_connections,
    report_connections,
)

STAMP = b"2026-05-04T10:11:12.123456789Z "
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
LITTLE = pytest.mark.skipif(sys.byteorder != "little", reason="the tables are in this machine's byte order")


def test_what_is_written_is_read() -> None:
    line = format_connections(Connections(3, 2))
    assert line == "event=connections open=3 peers=2"
    assert parse_connections(STAMP + line.encode() + b"\n") == Connections(3, 2)


@pytest.mark.parametrize(
    "line",
    [
        b"event=connections open=3 peers=2",
        STAMP + b"event=connections open=-1 peers=2",
        STAMP + b"event=connections open=3 peers=2 more=1",
        STAMP + b"event=calling",
        STAMP + b"seq=1 code=OK pod=a latency_ms=1.00",
    ],
)
def test_any_other_line_is_not(line: bytes) -> None:
    assert parse_connections(line) is None


def row(local: str, remote: str, state: str, inode: int) -> str:
    return f"   0: {local} {remote} {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 20 4\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A process with the sockets 1 to 4, in a network with others."""
    (tmp_path / "fd").mkdir()
    for number in range(1, 5):
        (tmp_path / "fd" / str(number)).symlink_to(f"socket:[{number}]")
    (tmp_path / "fd" / "5").symlink_to("/dev/null")
    (tmp_path / "net").mkdir()
    ours, there, elsewhere = "0500F40A:9C40", "0A00F40A:C383", "0B00F40A:C383"
    mapped = "0000000000000000FFFF00000A00F40A:C383"
    (tmp_path / "net" / "tcp").write_text(
        HEADER
        + row(ours, there, "01", 1)
        + row(ours, elsewhere, "01", 2)
        + row(ours, there, "06", 3)  # TIME_WAIT
        + row(ours, elsewhere, "01", 9)  # another process's
    )
    (tmp_path / "net" / "tcp6").write_text(HEADER + row(mapped, mapped, "01", 4))
    return tmp_path


@LITTLE
def test_only_established_connections_of_the_process_are_counted_by_port(proc: Path) -> None:
    assert count_connections([50051], "remote", proc=proc) == Connections(3, 2)
    assert count_connections([50051], "local", proc=proc) == Connections(1, 1)
    assert count_connections([40000], "local", proc=proc) == Connections(2, 2)
    assert count_connections([1], "remote", proc=proc) == Connections(0, 0)


@LITTLE
def test_a_machine_without_ipv6_has_one_table(proc: Path) -> None:
    (proc / "net" / "tcp6").unlink()
    assert count_connections([50051], "remote", proc=proc) == Connections(2, 2)


def test_without_proc_nothing_is_counted(tmp_path: Path) -> None:
    assert count_connections([50051], "remote", proc=tmp_path) is None


@pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")
def test_a_real_connection_is_counted_at_both_ends() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert count_connections([port], "remote") == Connections(0, 0)
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            assert count_connections([port], "remote") == Connections(1, 1)
            assert count_connections([port], "local") == Connections(1, 1)


async def test_the_report_ends_with_the_program(tmp_path: Path) -> None:
    stop, lines = asyncio.Event(), asyncio.Queue[str]()
    counts = iter([Connections(1, 1), None, Connections(2, 1)])
    reporting = asyncio.create_task(report_connections(lambda: next(counts), stop, lines.put_nowait, every_s=0))
    assert [await lines.get(), await lines.get()] == [
        "event=connections open=1 peers=1",
        "event=connections open=2 peers=1",
    ]
    stop.set()
    await asyncio.wait({reporting})
