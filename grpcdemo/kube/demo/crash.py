"""Kill a server pod of a cure as SIGKILL would: its clients get no GOAWAY, and the kubelet restarts the container."""

from __future__ import annotations

from grpcdemo.cures.objects import CRASH_PORT
from grpcdemo.kube.client.api import Api
from grpcdemo.model.pods import Pod


async def crash(api: Api, pod: Pod, *, namespace: str) -> None:
    """Returns once *pod* has taken the order. Raises Forbidden if this user may not forward a port of a pod."""
    forward = await api.forward(pod.name, CRASH_PORT, namespace=namespace)
    try:
        await forward.get("/crash")
    finally:
        await forward.close()
