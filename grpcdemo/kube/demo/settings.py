"""The settings of the demo that is already deployed: a second `up` keeps what it is not asked to change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from grpcdemo.manifests.compute import Resources
from grpcdemo.manifests.images import read_prefix
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP
from grpcdemo.resources.objects import Object


@dataclass(frozen=True)
class Settings:
    """What `up` can set. None is left open or, of a demo that is there, unknown.

    It is unknown where the Deployment is missing, scaled to 0, or edited by hand.
    """

    servers: int | None = None
    clients: int | None = None
    rate: float | None = None
    image_prefix: str | None = None
    resources: Resources = field(default_factory=dict)


UNKNOWN = Settings()


def read_settings(deployments: Iterable[Object]) -> Settings:
    """Those of a demo's Deployments; what both containers share is the client's."""
    specs = {deployment["metadata"]["name"]: deployment["spec"] for deployment in deployments}
    server, client = specs.get(SERVER_APP, {}), specs.get(CLIENT_APP, {})
    container = _container(client, CLIENT_APP) or _container(server, SERVER_APP)
    return Settings(
        servers=server.get("replicas") or None,
        clients=client.get("replicas") or None,
        rate=_read_rate(container),
        image_prefix=read_prefix(container.get("image", "")),
        resources=_flatten(container.get("resources") or {}),
    )


def _container(spec: Object, name: str) -> Object:
    """The container of that name; empty if there is none."""
    containers = spec["template"]["spec"]["containers"] if spec else []
    return next((one for one in containers if one["name"] == name), {})


def _read_rate(container: Object) -> float | None:
    rate = next((one.get("value") for one in container.get("env") or [] if one["name"] == "RATE"), None)
    try:
        return float(rate or "") or None
    except ValueError:
        return None


def _flatten(resources: Mapping[str, Mapping[str, str]]) -> Resources:
    fields = {field: resources.get(field) or {} for field in ("requests", "limits")}
    return {f"{field}.{name}": str(quantity) for field, values in fields.items() for name, quantity in values.items()}
