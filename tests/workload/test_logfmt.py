import pytest
from hypothesis import given
from hypothesis import strategies as st

from grpcdemo.workload.logfmt import format_fields, format_value, parse_printable


@pytest.mark.parametrize("text", ["grpc-server-7d4b9c-x2x8k", "10.244.0.7", "fe80::1%eth0", "dns:///host:50051"])
def test_what_is_plain_stays_plain(text: str) -> None:
    assert format_value(text) == text


@pytest.mark.parametrize("text", ["", "two words", 'a"b', "a=b", "new\nline", "\x1b[31m", "\x7f", "é", "\u202e"])
def test_what_could_mislead_is_quoted(text: str) -> None:
    value = format_value(text)
    assert value[0] == value[-1] == '"'
    assert value.isascii()
    assert value.isprintable()


@given(st.text(st.characters()))
def test_every_printable_text_survives_and_no_other_is_decoded(text: str) -> None:
    value = format_value(text)
    assert parse_printable(value) == (text if text.isprintable() else value)


def test_fields_keep_their_order() -> None:
    assert format_fields(event="listening", port=50051, note="by hand") == ('event=listening port=50051 note="by hand"')
