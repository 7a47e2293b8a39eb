"""Where a port of a pod is to be reached."""

from __future__ import annotations

from typing import Protocol

Address = tuple[str, int]


class PodPorts(Protocol):
    """What knows where the ports of pods are: the kubelet."""

    def find_port(self, namespace: str, pod: str, port: int) -> Address:
        """What leads to *port* of the pod's own loopback interface, whether or not anything listens there.

        Raises StatusError for a pod that does not run, and OSError if the port is known to be closed.
        """
