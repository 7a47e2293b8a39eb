"""The kernel's tables of sockets, as two machines wrote them."""

import pytest

from grpcdemo.workload.sockets import Socket, parse_sockets

TABLES = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:3A99 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 17216 1 00000000dcb44d9a 100 0
   1: 7B00F40A:C383 7600F40A:D0B4 01 00000000:00000000 00:00000000 00000000 65532        0 12353 1 0000000018e614e2 20 4
   2: 7B00F40A:C383 7700F40A:D0B5 06 00000000:00000000 03:00001770 00000000     0        0 0 3 0000000018e614e3
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000000000000:C383 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 65532        0 797774 1 000000008f42a12a 100 0 0 10 0
   1: 0000000000000000FFFF00007B00F40A:C383 0000000000000000FFFF00007600F40A:D0B4 01 00000000:00000000 00:00000000 00000000 65532        0 1235307 1 0000000018e614e2 20 4 31 138 -1
   2: 000000FD000000000000000007000000:C383 000000FD000000000000000009000000:D0B6 01 00000000:00000000 00:00000000 00000000 65532        0 1235308 1 0000000018e614e2 20 4 31 138 -1
"""  # noqa: E501


def test_established_connections_of_both_tables() -> None:
    """Whoever listens, or has closed, is none."""
    assert [*parse_sockets(TABLES, "little")] == [
        Socket("10.244.0.123", 50051, "10.244.0.118", 53428, "12353"),
        Socket("10.244.0.123", 50051, "10.244.0.118", 53428, "1235307"),
        Socket("fd00::7", 50051, "fd00::9", 53430, "1235308"),
    ]


def test_a_machine_of_the_other_byte_order() -> None:
    row = "   1: 0AF4007B:C383 0AF40076:D0B4 01 00000000:00000000 00:00000000 00000000 65532        0 12353 1"
    assert [*parse_sockets(row, "big")] == [Socket("10.244.0.123", 50051, "10.244.0.118", 53428, "12353")]


@pytest.mark.parametrize("text", ["cat: command", "   1: 7B00F40A C383 01 0 0 0 0 0 0 0"])
def test_any_other_text_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"row|unpack"):
        [*parse_sockets(text.replace(" C383 01", " 7600F40A 01"), "little")]
