"""The words and small pictures around the acts of `demo`: what will happen, and why it happened."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from grpcdemo.model.act import Act, Scene
from grpcdemo.model.pods import CLIENT_APP, SERVER_APP, Pod
from grpcdemo.views.palette import pod_colors
from grpcdemo.views.pods import short_names

TITLES = {
    Act.DEPLOY: "Deploy",
    Act.OFF: "Without Istio",
    Act.SWITCH: "Turn Istio on",
    Act.ON: "With Istio",
}
MOST_ROWS = 4
"""How many server pods a picture has room for."""
MARK = "● "
RESTART = [
    Text(f"  {app}  READY 1/1 [ program ] ── restart ─► READY 2/2 [ program │ Envoy ]")
    for app in (CLIENT_APP, SERVER_APP)
]
"""Each kind of pod before and after."""


def heading(act: Act) -> str:
    acts = [*Act]
    return f"{acts.index(act) + 1}/{len(acts)} {TITLES[act]}"


def introduction(scene: Scene) -> str:
    """What the act is about, in a sentence or two."""
    return {
        Act.DEPLOY: (
            f"{_clients(scene)} a Service with {scene.servers} server pods behind it, over gRPC. "
            "The namespace's label keeps Istio out."
        ),
        Act.OFF: (
            "gRPC sends every request over one long-lived HTTP/2 connection. "
            "kube-proxy balances connections, not requests."
        ),
        Act.SWITCH: (
            "A label on the namespace makes Istio's injector add a proxy, Envoy, to each new pod. "
            "Running pods stay as they are, so both Deployments restart."
        ),
        Act.ON: (
            "The client still has one connection, now to the Envoy in its own pod. "
            "This Envoy picks a server pod for each request."
        ),
    }[scene.act]


def because(scene: Scene) -> str:
    """Why the act ended as it did, from what was measured."""
    return "Why: " + {Act.DEPLOY: _deployed, Act.OFF: _pinned, Act.SWITCH: _switched, Act.ON: _balanced}[scene.act](
        scene
    )


def flow(scene: Scene, width: int) -> Text | None:
    """Clients, connections and server pods; None if *width* cells are too few."""
    lines = RESTART if scene.act is Act.SWITCH else _paths(scene)
    return Text("\n").join(lines) if max(line.cell_len for line in lines) <= width else None


def _clients(scene: Scene) -> str:
    return "A client calls" if scene.clients == 1 else f"{scene.clients} clients call"


def _deployed(scene: Scene) -> str:
    return f"injection is off, so no pod has a proxy: READY is {_ready(scene.pods)}, the program alone."


def _pinned(scene: Scene) -> str:
    ips = {pod.name: pod.ip for pod in scene.named(SERVER_APP)}
    answered = scene.observation.tally.by_client if scene.observation else {}
    chosen = sorted({server for counts in answered.values() for server in counts})
    idle = "the other" if len(ips) == 2 else f"the other {len(ips) - 1}"
    if len(answered) == 1 and len(chosen) == 1:
        (client,) = answered
        return (
            f"{client} has one HTTP/2 connection, to pod {ips.get(chosen[0]) or chosen[0]}. kube-proxy chose that pod "
            f"once, when the connection was opened, and {idle} got nothing."
        )
    return (
        f"each of the {len(answered)} clients has one HTTP/2 connection, for which kube-proxy chose a pod once: "
        f"{len(chosen)} of {len(ips)} server pods {'answers' if len(chosen) == 1 else 'answer'}."
    )


def _switched(scene: Scene) -> str:
    return (
        f"all {len(scene.pods)} pods are new, and each has an Envoy beside its program: READY is {_ready(scene.pods)}."
    )


def _balanced(scene: Scene) -> str:
    responses = scene.observation.tally.responses if scene.observation else 0
    where = "the client's pod" if scene.clients == 1 else "each client's pod"
    pods = len(scene.named(SERVER_APP))
    return f"the Envoy in {where} picked a server pod for each of {responses} requests: all {pods} answer."


def _ready(pods: Sequence[Pod]) -> str:
    return ", ".join(sorted({pod.ready_text for pod in pods}))


def _paths(scene: Scene) -> list[Text]:
    """From the clients to each server pod that may answer."""
    clients, link = CLIENT_APP, "one connection"
    if scene.clients > 1:
        clients, link = f"{scene.clients} × {CLIENT_APP}", "1 connection each"
    left, proxy, fans = {
        Act.DEPLOY: (f"{clients} ──► Service {SERVER_APP} ", "", True),
        Act.OFF: (f"{clients} ── {link} ──► kube-proxy ──► one of ", "", False),
        Act.ON: (f"{clients} ──► Envoy ── each request ", "Envoy ─► ", True),
    }[scene.act]
    servers = _servers(scene)
    forks = _forks(len(servers)) if fans else [""] * len(servers)
    return [
        Text.assemble(f"  {left if at == 0 else ' ' * len(left)}{fork}{proxy}", server)
        for at, (server, fork) in enumerate(zip(servers, forks, strict=True))
    ]


def _servers(scene: Scene) -> list[Text]:
    """The server pods that a picture shows, and what stands for the others."""
    pods = scene.named(SERVER_APP)
    names = [pod.name for pod in pods] or [f"{SERVER_APP} {number + 1}" for number in range(scene.servers)]
    colors, short = pod_colors((), appeared=names), short_names(pod.name for pod in pods)
    most = MOST_ROWS if len(names) <= MOST_ROWS else MOST_ROWS - 1
    shown = [Text.assemble((MARK, colors[name].terminal), short.get(name, name)) for name in names[:most]]
    return shown + [Text(f"… and {len(names) - most} more")] * (most < len(names))


def _forks(number: int) -> list[str]:
    if number == 1:
        return ["──► "]
    return ["─┬─► ", *[" ├─► "] * (number - 2), " └─► "]
