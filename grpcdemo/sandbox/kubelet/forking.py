"""The fork server's process: `python -m grpcdemo.sandbox.kubelet.forking DESCRIPTOR MODULE…`.

It imports the modules, and forks for each program that is to run one. It imports gRPC but never uses it: the threads
that gRPC starts on its first use would not survive a fork.

For each program, one byte comes through the socket DESCRIPTOR with three descriptors: a socket to talk about this
program, its stdout and its stderr. On that socket the program's process writes its id and reads what to run, and the
server writes the exit code.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

from grpcdemo.sandbox.launch import die_with

LONGEST_REQUEST = 1024 * 1024


def main(descriptor: int, modules: Sequence[str]) -> None:
    for module in modules:
        import_module(module)
    gc.freeze()  # a collection would copy the memory that the processes share
    Server(socket.socket(fileno=descriptor)).serve()


class Server:
    """Knows each program by its pidfd, which is readable once the program has ended."""

    def __init__(self, requests: socket.socket) -> None:
        self._requests = requests
        self._programs: dict[int, tuple[int, socket.socket]] = {}

    def serve(self) -> None:
        """Until the kubelet closes the socket. In a program's process, the program runs in here."""
        while True:
            for descriptor in self._wait():
                if descriptor in self._programs:
                    self._report_end(descriptor)
                elif not self._take_request():
                    return

    def _wait(self) -> list[int]:
        waiting = select.poll()
        for descriptor in (self._requests.fileno(), *self._programs):
            waiting.register(descriptor, select.POLLIN)
        return [descriptor for descriptor, _ in waiting.poll()]

    def _take_request(self) -> bool:
        """False if there are no more."""
        request, descriptors, *_ = socket.recv_fds(self._requests, 1, 3)
        if request:
            control, out, err = descriptors
            self._fork(socket.socket(fileno=control), out, err)
        return bool(request)

    def _fork(self, control: socket.socket, out: int, err: int) -> None:
        server = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            pid = None
        if pid == 0:
            self._close()
            run_program(server, control, out, err)
        os.close(out)
        os.close(err)
        if pid is None:
            control.close()  # so the kubelet knows
        else:
            self._programs[os.pidfd_open(pid)] = (pid, control)

    def _report_end(self, descriptor: int) -> None:
        pid, control = self._programs.pop(descriptor)
        os.close(descriptor)
        _, status = os.waitpid(pid, 0)
        with control, suppress(OSError):  # the kubelet may have closed its end
            control.send(str(os.waitstatus_to_exitcode(status)).encode())

    def _close(self) -> None:
        self._requests.close()
        for descriptor, (_, control) in self._programs.items():
            os.close(descriptor)
            control.close()


def run_program(server: int, control: socket.socket, out: int, err: int) -> NoReturn:
    """Become the program's process: with a session of its own, and what the kubelet asks for."""
    os.setsid()
    die_with(server)
    for descriptor, standard in ((out, 1), (err, 2)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    with control:
        control.send(str(os.getpid()).encode())
        request = json.loads(control.recv(LONGEST_REQUEST) or "null")
    if request is None:  # the kubelet changed its mind
        sys.exit()
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["env"])
    program: Any = sys.modules[request["module"]]
    sys.argv = [program.__file__, *request["arguments"]]
    sys.exit(program.main())


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
