"""Speed as a ratio of two measurements in turn: a slow machine slows both."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from grpcdemo.manifests import defaults

WINDOWS_S = (34 + 280) / defaults.RATE
"""How long the client takes for as many responses as verdicts need on average: pinned, balanced over three servers."""

Work = Callable[[], object]


def timed(work: Work) -> float:
    """Seconds that *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def median_ratio(ours: Callable[[], float], theirs: Callable[[], float], *, rounds: int) -> float:
    """The median over *rounds* of what *ours* took divided by what *theirs* took right after."""
    return statistics.median(ours() / theirs() for _ in range(rounds))


def command(*arguments: str) -> Work:
    """A whole process, from its start to its end, its output thrown away; it must succeed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"

    def run() -> None:
        subprocess.run(
            arguments,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PATH": path},
        )

    return run


def report(name: str, ratio: float, limit: float) -> None:
    """Print the ratio for the reader of `pytest -m bench -s`, and hold it against its limit."""
    print(f"\n{name}: {ratio:.2f} (at most {limit})")  # noqa: T201  (a benchmark's result is what it prints)
    assert ratio <= limit, f"{name}: {ratio:.2f} is more than {limit}"
