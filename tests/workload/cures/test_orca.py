"""The report of a server's load: what a client of gRPC decodes."""

import struct

from grpcdemo.workload.cures.orca import Load, build_report


def test_the_report_is_a_protobuf_of_two_doubles() -> None:
    """As `OrcaLoadReport(cpu_utilization=0.25, rps_fractional=80)` serializes itself."""
    assert build_report(0.25, 80) == b"\x09" + struct.pack("<d", 0.25) + b"\x31" + struct.pack("<d", 80)


def test_it_tells_of_the_last_whole_window() -> None:
    now, cpu = 100.0, 7.0
    load = Load(clock=lambda: now, cpu=lambda: cpu)
    assert [load.count_call() for _ in range(19)] == [b""] * 19
    now, cpu = 102.0, 7.5
    report = load.count_call()
    assert report == build_report(0.25, 10)
    now, cpu = 102.9, 9.0
    assert load.count_call() == report
