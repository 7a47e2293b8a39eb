"""Read an entry of a kubeconfig strictly. An error names file, entry and field, never a value: it may be secret."""

from __future__ import annotations

import base64
import binascii
import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grpcdemo.errors import Hint, UsageError

NAME = re.compile(r"[A-Za-z][A-Za-z_-]{0,39}")
ANOTHER = "fix it, name another with --kubeconfig, or use --sandbox"


@dataclass(frozen=True)
class Place:
    """A field of an entry in a file."""

    file: Path
    entry: str
    name: str = ""

    def error(self, reason: str, *, hint: Hint | str = ANOTHER) -> UsageError:
        return UsageError(f"kubeconfig {self}: {reason}", hint=hint)

    def __str__(self) -> str:
        return ", ".join(printable(part) for part in (str(self.file), self.entry, self.name) if part)


def printable(name: str) -> str:
    """The *name* of a file or an entry, on one line."""
    return name if name.isprintable() else ascii(name)


@dataclass(frozen=True)
class Fields:
    """The fields of one entry. A field that is absent, null or empty is the same, as for kubectl."""

    file: Path
    entry: str
    content: Mapping[str, Any] = field(repr=False)

    def place(self, name: str) -> Place:
        return Place(self.file, self.entry, name)

    def text(self, name: str) -> str:
        return str(self._read(name, str, "a string: put it in quotes") or "")

    def flag(self, name: str) -> bool:
        return bool(self._read(name, bool, "true or false, without quotes"))

    def list(self, name: str) -> list[Any]:
        return list(self._read(name, list, "a list") or [])

    def texts(self, name: str) -> tuple[str, ...]:
        texts = self.list(name)
        if not all(isinstance(text, str) for text in texts):
            raise self.place(name).error("must be a list of strings: put each in quotes")
        return tuple(texts)

    def data(self, name: str) -> bytes:
        """What is encoded in Base64; line breaks do not matter."""
        try:
            return base64.b64decode("".join(self.text(name).splitlines()), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self.place(name).error("is not valid base64") from error

    def path(self, name: str) -> Path | None:
        """A path is relative to the folder of the file that it stands in."""
        text = self.text(name)
        return self.file.absolute().parent / text if text else None

    def fields(self, name: str) -> Fields | None:
        """The fields below *name*; None if there are none."""
        content = self._read(name, dict, "a mapping")
        return None if content is None else Fields(self.file, f"{self.entry}, {name}" if self.entry else name, content)

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Refuse what kubectl would ignore."""
        for name in self.content:
            if name not in known:
                raise self._unknown_place(name).error(f"is not a field that grpcdemo knows{_guess(name, known)}")

    def refuse_misspelled(self, known: Iterable[str]) -> None:
        """Refuse what looks like a known field; the rest is for other programs."""
        for name in self.content:
            if name not in known and (guess := _guess(name, known)):
                raise self._unknown_place(name).error(f"is not known{guess}")

    def _unknown_place(self, name: object) -> Place:
        """That of an unknown field; its name is shown only if it is one: `{token:abc}` is a field without a value."""
        return self.place(str(name) if NAME.fullmatch(str(name)) else "the name of a field")

    def _read(self, name: str, kind: type, must_be: str) -> Any:
        value = self.content.get(name)
        if value is not None and not isinstance(value, kind):
            raise self.place(name).error(f"must be {must_be}")
        return value


def _guess(name: object, known: Iterable[str]) -> str:
    """The known field that is meant, in words."""
    plain = {one.lower().replace("-", ""): one for one in known}
    close = difflib.get_close_matches(str(name).lower().replace("-", "").replace("_", ""), plain, n=1, cutoff=0.85)
    return f": did you mean {plain[close[0]]}?" if close else ""
