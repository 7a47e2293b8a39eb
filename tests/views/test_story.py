"""The words and pictures around the demo's acts."""

from dataclasses import replace

import pytest

from grpcdemo.model.act import Act, Scene
from grpcdemo.views.story import because, flow, heading, introduction
from tests.views.samples import BALANCED, PINNED, clients, crowd, observation, pod, servers

WIDTH = 80
PODS = (*clients(), *servers())
INJECTED = (*clients(proxy="native sidecar"), *servers("native sidecar"))


def lines(scene: Scene, width: int = WIDTH) -> list[str]:
    drawing = flow(scene, width)
    return drawing.plain.splitlines() if drawing else []


def test_acts_are_numbered() -> None:
    assert [heading(act) for act in Act] == [
        "1/4 Deploy",
        "2/4 Without Istio",
        "3/4 Turn Istio on",
        "4/4 With Istio",
    ]


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        (Scene(Act.DEPLOY, 3, 1, PODS), "Why: injection is off, so no pod has a proxy: READY is 1/1, "),
        (
            Scene(Act.OFF, 3, 1, PODS, PINNED),
            "Why: grpc-client-7d4b9c8f6-9qv5m has one HTTP/2 connection, to pod 10.244.1.8. "
            "kube-proxy chose that pod once, when the connection was opened, and the other 2 got nothing.",
        ),
        (
            Scene(Act.OFF, 3, 2, PODS, observation({"b7wzn": 40}, {"x2x8k": 40})),
            "Why: each of the 2 clients has one HTTP/2 connection, for which kube-proxy chose a pod once: "
            "2 of 3 server pods answer.",
        ),
        (
            Scene(Act.SWITCH, 3, 1, INJECTED),
            "Why: all 4 pods are new, and each has an Envoy beside its program: READY is 2/2.",
        ),
        (
            Scene(Act.ON, 3, 1, INJECTED, BALANCED),
            "Why: the Envoy in the client's pod picked a server pod for each of 251 requests: all 3 answer.",
        ),
    ],
    ids=["deploy", "off", "off, two clients", "switch", "on"],
)
def test_why_it_came_out_so(scene: Scene, reason: str) -> None:
    assert because(scene).startswith(reason)


def test_of_two_pods_one_is_left() -> None:
    pods = tuple(one for one in PODS if not one.name.endswith("x2x8k"))
    assert because(Scene(Act.OFF, 2, 1, pods, PINNED)).endswith("opened, and the other got nothing.")


def test_a_pod_whose_ip_is_unknown_is_named() -> None:
    pods = tuple(replace(one, ip=None) for one in PODS)
    assert ", to pod grpc-server-7d4b9c8f6-b7wzn. " in because(Scene(Act.OFF, 3, 1, pods, PINNED))


def test_pods_that_are_not_there_yet_are_numbered() -> None:
    scene = Scene(Act.DEPLOY, 3, 1)
    assert lines(scene) == [
        "  grpc-client ──► Service grpc-server ─┬─► ● grpc-server 1",
        "                                       ├─► ● grpc-server 2",
        "                                       └─► ● grpc-server 3",
    ]
    assert introduction(scene).startswith("A client calls a Service with 3 server pods behind it")
    assert introduction(replace(scene, clients=2)).startswith("2 clients call a Service")


def test_one_connection_leads_to_one_pod_and_envoy_to_each() -> None:
    assert lines(Scene(Act.OFF, 3, 1, PODS)) == [
        "  grpc-client ── one connection ──► kube-proxy ──► one of ● …2xk4p",
        "                                                          ● …b7wzn",
        "                                                          ● …x2x8k",
    ]
    assert lines(Scene(Act.ON, 3, 1, INJECTED)) == [
        "  grpc-client ──► Envoy ── each request ─┬─► Envoy ─► ● …2xk4p",
        "                                         ├─► Envoy ─► ● …b7wzn",
        "                                         └─► Envoy ─► ● …x2x8k",
    ]


def test_many_pods_are_folded() -> None:
    shown = lines(Scene(Act.ON, 100, 1, crowd(pinned=True).servers))
    assert [line.split("─► ")[-1] for line in shown] == ["● …00000", "● …00001", "● …00002", "… and 97 more"]


@pytest.mark.parametrize("act", Act)
def test_it_fits_a_terminal_or_is_left_out(act: Act) -> None:
    several = tuple(pod("grpc-server", f"{number:05d}", number) for number in range(100))
    scene = Scene(act, 100, 99, several)
    assert lines(scene)
    assert max(map(len, lines(scene))) <= WIDTH
    assert flow(scene, 40) is None
