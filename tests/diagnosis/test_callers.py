"""Whose pods name the Service."""

from __future__ import annotations

import pytest

from grpcdemo.diagnosis.callers import Callers
from grpcdemo.resources.objects import Object

from .scenes import pod, scene


def callers(*others: Object, **fields: object) -> list[str]:
    subject = scene(caller=None, others=others, service=fields)
    return [str(client.reference.singular) for client in Callers(subject.inventory).of(subject.service, subject.port)]


def naming(text: str, **fields: object) -> Object:
    return pod("web-1", container={"env": [{"name": "ADDRESS", "value": text}]}, **fields)  # type: ignore[arg-type]  # any field


@pytest.mark.parametrize(
    "text",
    ["cart:50051", "cart", "dns:///cart:50051", "http://cart.shop:50051/", "--to=cart", "a=b,cart.shop.svc:50051"],
)
def test_a_pod_names_it(text: str) -> None:
    assert callers(naming(text)) == ["deployment/web"]


@pytest.mark.parametrize(
    "text", ["cart:80", "my-cart:50051", "cart.other:50051", "cart.shop.example.com:50051", "a cart"]
)
def test_a_pod_names_something_else(text: str) -> None:
    assert callers(naming(text)) == []


def test_also_in_arguments_and_from_other_namespaces() -> None:
    started = pod("web-1", container={"command": ["sh", "-c", "exec load cart:50051"]})
    assert callers(started) == ["deployment/web"]
    assert callers(naming("cart.shop:50051", namespace="front")) == ["deployment/web"]
    assert callers(naming("cart:50051", namespace="front")) == []


def test_its_own_pods_and_proxies_do_not_count() -> None:
    assert callers(pod("cart-9", "cart", container={"args": ["cart:50051"]})) == []
    assert callers(pod("web-1", "istio-proxy", container={"args": ["cart:50051"]})) == []
