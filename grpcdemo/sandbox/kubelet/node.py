"""The Node object, for `kubectl get nodes` and `kubectl describe node`."""

from __future__ import annotations

import os
import platform

from grpcdemo import __version__
from grpcdemo.resources.objects import Object
from grpcdemo.resources.times import write_now
from grpcdemo.sandbox.kubelet.host import NODE
from grpcdemo.sandbox.kubelet.images import IMAGES
from grpcdemo.sandbox.network import HOST_IP

PODS_LIMIT = 110  # a kubelet's default
OS = "linux"
"""Also on macOS: a Kubernetes node has Linux or Windows, and a manifest selects by that."""
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def build_node() -> Object:
    architecture = ARCHITECTURES.get(platform.machine(), platform.machine())
    capacity = {"cpu": str(os.cpu_count() or 1), "memory": f"{_memory_kib()}Ki", "pods": str(PODS_LIMIT)}
    now = write_now()
    ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the sandbox runs pods"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {"kubernetes.io/arch": architecture, "kubernetes.io/hostname": NODE, "kubernetes.io/os": OS},
        },
        "spec": {},
        "status": {
            "addresses": [{"type": "InternalIP", "address": HOST_IP}, {"type": "Hostname", "address": NODE}],
            "capacity": capacity,
            "allocatable": capacity,
            "conditions": [{**ready, "lastHeartbeatTime": now, "lastTransitionTime": now}],
            "images": [{"names": [name], "sizeBytes": 0} for name in sorted(IMAGES)],
            "nodeInfo": {
                "architecture": architecture,
                "bootID": "",
                "containerRuntimeVersion": f"grpcdemo://{__version__}",
                "kernelVersion": platform.release(),
                "kubeProxyVersion": "",
                "kubeletVersion": f"v{__version__}+grpcdemo-sandbox",
                "machineID": "",
                "operatingSystem": OS,
                "osImage": f"grpcdemo sandbox {__version__}",
                "systemUUID": "",
            },
        },
    }


def _memory_kib() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1024
