"""`--show-commands`: what is shown, typed into a shell, does the same."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.tools import LIMIT_S, SMALL, Demo, Result

MARK = "  $ "
OFF, ON = {False}, {True}


def shown(result: Result) -> list[str]:
    """The commands that a command has shown."""
    return [line.removeprefix(MARK) for line in result.check(0).err.splitlines() if line.startswith(MARK)]


def type_in(commands: list[str]) -> None:
    """Type the *commands*; one that would go on for ever ends after what is there."""
    assert commands
    script = "\n".join(command.replace(" --follow", "") for command in commands)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-ex", "-o", "pipefail", "-c", script],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"


def proxies(demo: Demo) -> set[bool]:
    """Whether the demo's pods have a proxy."""
    specs = [pod["spec"] for pod in demo.pods().values()]
    containers = [[*spec["containers"], *spec.get("initContainers", [])] for spec in specs]
    return {"istio-proxy" in {one["name"] for one in each} for each in containers}


@pytest.mark.timeout(600)
def test_what_is_shown_does_the_same(demo: Demo) -> None:
    commands = {
        words: shown(demo.run(*words, *options, "--show-commands"))
        for words, options in (
            (("up",), SMALL),
            (("status",), ()),
            (("observe",), ("--requests", "1")),
            (("istio", "on"), ()),
            (("istio", "status"), ()),
            (("istio", "off"), ()),
            (("cleanup",), ()),
        )
    }
    assert not demo.exists()

    type_in(commands["up",])
    assert proxies(demo) == OFF
    for words in (("status",), ("observe",), ("istio", "status")):
        type_in(commands[words])
    type_in(commands["istio", "on"])
    restarted = int(time.time())
    assert proxies(demo) == ON
    while int(time.time()) == restarted:  # kubectl restarts nothing twice within a second of the clock
        time.sleep(0.05)
    type_in(commands["istio", "off"])
    assert proxies(demo) == OFF
    type_in(commands["cleanup",])
    assert not demo.exists()
