"""Output in an encoding that lacks our bars and marks: ASCII stands in for them, cell by cell."""

from __future__ import annotations

import codecs
import os
from io import TextIOWrapper

STAND_INS = str.maketrans(
    "█▉▊▋▌▍▎▏▁▂▃▄▅▆▇░✓…·×●►─━│┬├└┌┍┕┝┑┭┯┙┵┷┥┽┿╾",
    "#####---_.:-=+*/*~.xo>-=|++++++++++++++++=",
)
ERRORS = "grpcdemo.ascii"
"""The name under which Python's encoders find `_stand_in`."""


def prepare(stream: object) -> None:
    """Let *stream* print every character: as it is, or what stands in for it, or its escape.

    In the locale C, Python writes UTF-8, which this locale does not promise: there, ASCII is safe.
    """
    if isinstance(stream, TextIOWrapper):
        stream.reconfigure(encoding="ascii" if _is_locale_c() else None, errors=ERRORS)


def _is_locale_c() -> bool:
    chosen = os.environ.get("PYTHONIOENCODING") or os.environ.get("PYTHONUTF8")
    return not chosen and os.environ.get("LC_ALL") in ("C", "POSIX")


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].translate(STAND_INS)
    return text.encode("ascii", "backslashreplace").decode("ascii"), error.end


codecs.register_error(ERRORS, _stand_in)
