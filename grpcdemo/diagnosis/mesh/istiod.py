"""istiod's settings, as far as its Deployment shows them."""

from __future__ import annotations

from grpcdemo.diagnosis.scene import ROOT_NAMESPACE, Scene
from grpcdemo.resources.resource import DEPLOYMENTS


def has_setting(scene: Scene, variable: str) -> bool:
    """Whether the environment variable is `true` in any istiod. Raises Unreadable."""
    return any(
        entry["name"] == variable and entry.get("value", "").lower() == "true"
        for deployment in scene.inventory.read(DEPLOYMENTS, ROOT_NAMESPACE)
        for container in deployment["spec"]["template"]["spec"]["containers"]
        for entry in container.get("env") or []
    )
