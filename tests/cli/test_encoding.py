"""Every character is printed in every encoding: as it is, or as ASCII of the same width."""

import io

import pytest

from grpcdemo.cli.encoding import prepare
from grpcdemo.views.glyphs import BLIND, EIGHTHS, SPARKS


def printed(text: str, encoding: str, errors: str = "strict") -> bytes:
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding=encoding, errors=errors)
    prepare(stream)
    stream.write(text)
    stream.flush()
    return data.getvalue()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "iso8859-15", "cp1252", "koi8-r"])
@pytest.mark.parametrize("errors", ["strict", "replace", "backslashreplace", "surrogateescape"])
def test_bars_and_marks_keep_their_width(encoding: str, errors: str) -> None:
    for text in (EIGHTHS, SPARKS, BLIND, "✓ ready", "…x2x8k"):
        shown = printed(text, encoding, errors).decode(encoding)
        assert len(shown) == len(text)
        assert "?" not in shown
        assert "\\" not in shown


def test_ascii() -> None:
    assert printed("███▌ 35%  ▁▄█ ✓ …x2x8k", "ascii") == b"#### 35%  _-# * ~x2x8k"


def test_what_the_encoding_has_stays() -> None:
    assert printed("█ ✓ é", "utf-8").decode() == "█ ✓ é"
    assert printed("é ·", "latin-1") == b"\xe9 \xb7"
    assert printed("█", "cp437").decode("cp437") == "█"


def test_any_other_character_is_escaped() -> None:
    assert printed("Zürich 東", "ascii") == b"Z\\xfcrich \\u6771"


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_the_locale_c_is_ascii(locale: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python writes UTF-8 then, which the terminal need not understand."""
    monkeypatch.setenv("LC_ALL", locale)
    assert printed("█", "utf-8") == b"#"
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    assert printed("█", "utf-8").decode() == "█"


def test_a_stream_that_has_no_encoding_is_left_alone() -> None:
    prepare(io.StringIO())
