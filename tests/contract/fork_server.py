"""Imports `grpcdemo` once, and forks for each program that is to run: the script that `program` starts.

It gets a socket. For each program, one byte comes through it with three descriptors: a socket to talk about this
program, its stdout and its stderr. There, the server reads what to run, and writes the process id and the exit code.
"""

from __future__ import annotations

import gc
import json
import locale
import os
import pkgutil
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any

from grpcdemo import __main__, cli
from grpcdemo.cli.app import main as command_line


def main(descriptor: int) -> None:
    for module in pkgutil.walk_packages(cli.__path__, f"{cli.__name__}."):
        import_module(module.name)
    command_line(["status", "--help"])  # imports what Typer needs for a command's options
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests and for the programs
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # leaves no zombies
    if request := serve(descriptor):
        run(**request)


def serve(descriptor: int) -> dict[str, Any] | None:
    """Return to each program's process what it is to run; elsewhere None, once nobody can ask for more."""
    with socket.socket(fileno=descriptor) as requests:
        while descriptors := socket.recv_fds(requests, 1, 3)[1]:
            if os.fork() == 0:
                return supervise(*descriptors)
            for number in descriptors:
                os.close(number)
    return None


def supervise(control: int, out: int, err: int) -> dict[str, Any] | None:
    """Fork the program's process, and report its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=control) as connection, connection.makefile("rw", encoding="utf-8") as talk:
        request: dict[str, Any] = json.loads(talk.readline())
        child = os.fork()
        if child == 0:
            os.dup2(out, 1)
            os.dup2(err, 2)
        for number in (out, err):
            os.close(number)
        if child == 0:
            return request
        print(child, file=talk, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), file=talk, flush=True)
    os._exit(0)


def run(arguments: list[str], env: dict[str, str], cwd: str) -> None:
    """Run the program from the state in which Python starts it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    locale.setlocale(locale.LC_CTYPE, "")
    time.tzset()
    sys.argv = ["grpcdemo", *arguments]
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", errors="backslashreplace", buffering=1, closefd=False)
    __main__.run()


if __name__ == "__main__":
    main(int(sys.argv[1]))
