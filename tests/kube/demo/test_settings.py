"""What a demo was deployed with is read from its Deployments, also after somebody has edited them."""

from copy import deepcopy
from typing import Any

import pytest

from grpcdemo.kube.demo.settings import UNKNOWN, Settings, read_settings
from grpcdemo.manifests.render import ManifestValues, build_objects

RESOURCES = {"limits.cpu": "1", "requests.example.com/gpu": "1"}
VALUES = ManifestValues(servers=5, clients=2, rate=0.5, image_prefix="registry.example:5000/team", resources=RESOURCES)


def deployments(values: ManifestValues = VALUES) -> dict[str, Any]:
    """Both Deployments by name."""
    objects = {obj["metadata"]["name"]: obj for obj in build_objects(values) if obj["kind"] == "Deployment"}
    return deepcopy(objects)


def test_what_was_rendered_is_read() -> None:
    settings = read_settings(deployments().values())
    assert (settings.servers, settings.clients, settings.rate) == (5, 2, 0.5)
    assert settings.image_prefix == "registry.example:5000/team"
    assert settings.resources.items() >= RESOURCES.items()
    again = ManifestValues(
        servers=5, clients=2, rate=0.5, image_prefix=settings.image_prefix, resources=settings.resources
    )
    assert build_objects(again) == build_objects(VALUES)


def test_images_without_a_registry_have_no_prefix() -> None:
    assert read_settings(deployments(ManifestValues()).values()).image_prefix is None


def test_nothing_is_known_of_no_demo() -> None:
    assert read_settings([]) == UNKNOWN == Settings()


@pytest.mark.parametrize(
    ("missing", "servers", "clients", "rate"), [("grpc-server", None, 2, 0.5), ("grpc-client", 5, None, None)]
)
def test_half_a_demo_tells_its_half(missing: str, servers: int | None, clients: int | None, rate: float | None) -> None:
    half = deployments()
    del half[missing]
    settings = read_settings(half.values())
    assert (settings.servers, settings.clients, settings.rate) == (servers, clients, rate)
    assert settings.image_prefix == "registry.example:5000/team", "both have the same"


@pytest.mark.parametrize(
    ("field", "value"),
    [("env", [{"name": "RATE", "value": "fast"}]), ("env", [{"name": "RATE"}]), ("env", None), ("name", "other")],
    ids=["no-number", "no-value", "no-env", "no-container"],
)
def test_a_rate_that_was_edited_away_is_unknown(field: str, value: object) -> None:
    edited = deployments()
    edited["grpc-client"]["spec"]["template"]["spec"]["containers"][0][field] = value
    assert read_settings(edited.values()).rate is None


@pytest.mark.parametrize("image", ["", "nginx", "registry.example/team/other:1", "grpc-client@sha256:00"])
def test_another_image_has_no_prefix_of_ours(image: str) -> None:
    edited = deployments()
    edited["grpc-client"]["spec"]["template"]["spec"]["containers"][0]["image"] = image
    assert read_settings(edited.values()).image_prefix is None


def test_a_demo_that_is_scaled_to_0_gets_the_default() -> None:
    scaled = deployments()
    scaled["grpc-server"]["spec"]["replicas"] = 0
    assert read_settings(scaled.values()).servers is None
