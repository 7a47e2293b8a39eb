"""The images on this node: our own programs. No other image can be pulled."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from grpcdemo.manifests.images import CLIENT_IMAGE, SERVER_IMAGE, image_reference
from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.proxy.sidecar import IMAGE as PROXY


@dataclass(frozen=True)
class Image:
    """What a container of the image runs, and the variables that tell it its addresses."""

    name: str
    module: str | None = None
    """The Python module to run; None for the proxy."""
    others: tuple[str, ...] = ()
    """Modules that run if the container's command names them."""
    ports: Mapping[str, int] = field(default_factory=dict)
    """The variable of each port on which it listens, and the default."""
    targets: Mapping[str, str] = field(default_factory=dict)
    """The variable of each target that it calls, and the default."""

    @property
    def id(self) -> str:
        return f"sha256:{hashlib.sha256(self.name.encode()).hexdigest()}"


IMAGES = {
    image.name: image
    for image in (
        Image(
            image_reference(SERVER_IMAGE),
            "grpcdemo.workload.server",
            ("grpcdemo.workload.cures.server", "grpcdemo.workload.probe"),
            ports={"PORT": 50051, "HEALTH_PORT": 50052, "HTTP_PORT": 50053, "CRASH_PORT": 50054},
        ),
        Image(
            image_reference(CLIENT_IMAGE),
            "grpcdemo.workload.client",
            ("grpcdemo.workload.cures.client",),
            ports={"HEALTH_PORT": 50052},
            targets={"TARGET": "dns:///grpc-server:50051"},
        ),
        Image(PROXY),
    )
}


MODULES = [module for image in IMAGES.values() for module in (image.module, *image.others) if module]
"""Our own programs."""


def is_proxy(container: Object) -> bool:
    """Whether the *container* is a pod's sidecar, and not an Envoy with a command of its own."""
    return container.get("image") == PROXY and not container.get("command")
