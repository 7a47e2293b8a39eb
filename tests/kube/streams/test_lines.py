"""Whole lines, however their bytes come."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.kube.streams.lines import whole_lines

DATA = b"one\n\ntwo\r\nthree\nrest"


async def pieces(*chunks: bytes, limit: int | None = None) -> list[bytes]:
    async def stream() -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    return [piece async for piece in whole_lines(stream(), limit=limit)]


@pytest.mark.parametrize("size", range(1, 9))
async def test_lines_are_put_together_from_any_chunks(size: int) -> None:
    whole = await pieces(*(DATA[start : start + size] for start in range(0, len(DATA), size)))
    assert b"".join(whole) == b"one\n\ntwo\r\nthree\n"
    assert all(piece.endswith(b"\n") for piece in whole)


async def test_a_chunk_of_many_lines_is_not_taken_apart() -> None:
    assert await pieces(DATA) == [b"one\n\ntwo\r\nthree\n"]


async def test_a_line_that_does_not_end_is_dropped_up_to_its_end() -> None:
    chunks = (b"one\nlong", *[b"x" * 100] * 9, b"x\ntwo\nagain", b"x" * 60, b"\n", b"three\n")
    assert await pieces(*chunks, limit=50) == [b"one\n", b"two\n", b"three\n"]


@given(st.lists(st.binary() | st.sampled_from([b"\n", b"a", b"b\nc", b"\r\n"])))
async def test_any_bytes_are_cut_at_their_line_ends_alone(chunks: list[bytes]) -> None:
    data = b"".join(chunks)
    assert b"".join(await pieces(*chunks)) == data[: data.rfind(b"\n") + 1]
