"""Options that stand before the command to which they belong: `grpcdemo --context prod istio on`."""

from __future__ import annotations

from collections.abc import Sequence

WITH_VALUE = {"--context", "--kubeconfig", "--namespace", "-n", "--timeout", "--output", "-o"}
FLAGS = {"--sandbox", "--dry-run", "--yes", "-y", "--plain", "--show-commands"}


def behind_the_command(words: Sequence[str]) -> list[str]:
    """*words* with the options that most commands share, if they come first, behind the name that follows them.

    Nothing if no name follows.
    """
    rest, leading = [*words], []
    while rest and (length := _length(rest[0])):
        leading += rest[:length]
        rest = rest[length:]
    return [*rest[:1], *leading, *rest[1:]] if rest else []


def _length(word: str) -> int:
    """How many words the option *word* takes up; 0 if it is none of those that may be moved."""
    name, equals, _ = word.partition("=")
    if name in FLAGS:
        return 1
    if name in WITH_VALUE:
        return 1 if equals else 2
    return int(not name.startswith("--") and name[:2] in WITH_VALUE | FLAGS)
