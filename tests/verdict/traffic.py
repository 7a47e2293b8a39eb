"""Kinds of traffic to be judged: endless responses, each as the number of its client and of the pod that answered."""

import random
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from grpcdemo.verdict import Order, Outcome, Verdict, judge

Responses = Iterator[tuple[int, int]]
Traffic = Callable[[random.Random, int, int], Responses]
"""From a source of chance, how many pods there are, and how many clients, which send equally often."""


def weighted(*first_pods: float) -> Traffic:
    """Each response comes from a pod picked at random; the weights that are not named are 1."""

    def responses(rng: random.Random, pods: int, clients: int) -> Responses:
        weights = [*first_pods, *[1.0] * (pods - len(first_pods))]
        while True:
            for pod in rng.choices(range(pods), weights, k=100):
                yield rng.randrange(clients), pod

    return responses


def pinned(rng: random.Random, pods: int, clients: int) -> Responses:
    """Each client has one pod, as over one connection."""
    pod_of = [rng.randrange(pods) for _ in range(clients)]
    while True:
        client = rng.randrange(clients)
        yield client, pod_of[client]


def sticky(rng: random.Random, pods: int, clients: int) -> Responses:
    """Each client has the pod that its name's hash picks, as with consistent hashing."""
    while True:
        client = rng.randrange(clients)
        yield client, zlib.crc32(f"client-{client}".encode()) % pods


def moving(after: int) -> Traffic:
    """Each client has one pod for its first responses, *after* of them, and another one from then on."""

    def responses(rng: random.Random, pods: int, clients: int) -> Responses:
        first = [rng.randrange(pods) for _ in range(clients)]
        sent = [0] * clients
        while True:
            client = rng.randrange(clients)
            sent[client] += 1
            yield client, (first[client] + (sent[client] > after)) % pods

    return responses


def wandering(after: int) -> Traffic:
    """Each client has one pod for *after* responses, then the next one for as many, and so on."""

    def responses(rng: random.Random, pods: int, clients: int) -> Responses:
        first = [rng.randrange(pods) for _ in range(clients)]
        sent = [0] * clients
        while True:
            client = rng.randrange(clients)
            yield client, (first[client] + sent[client] // after) % pods
            sent[client] += 1

    return responses


def round_robin(rng: random.Random, pods: int, clients: int) -> Responses:
    """Each client takes the pods in turn, from a pod of its own on."""
    turn = [rng.randrange(pods) for _ in range(clients)]
    while True:
        client = rng.randrange(clients)
        turn[client] += 1
        yield client, turn[client] % pods


def least_request(rng: random.Random, pods: int, clients: int) -> Responses:
    """Each client has as many requests in flight as there are pods, and picks the less busy one of two random pods."""
    in_flight: list[list[int]] = [[] for _ in range(clients)]
    busy = [[0] * pods for _ in range(clients)]
    while True:
        client = rng.randrange(clients)
        if len(in_flight[client]) == pods:
            busy[client][in_flight[client].pop(rng.randrange(pods))] -= 1
        pod = min(rng.randrange(pods), rng.randrange(pods), key=busy[client].__getitem__)
        in_flight[client].append(pod)
        busy[client][pod] += 1
        yield client, pod


EVEN = weighted()
HALF = weighted(0.5)
DEAD = weighted(0.0)
DOUBLE = weighted(2.0)


@dataclass(frozen=True)
class End:
    """The first verdict, and when it came."""

    outcome: Outcome
    responses: int
    counts: tuple[int, ...]
    """Responses by pod."""


class Judged:
    """Counts responses, and judges them."""

    def __init__(self, pods: int) -> None:
        self._servers = [f"pod-{pod}" for pod in range(pods)]
        self._by_client: dict[str, dict[str, int]] = {}
        self._last: dict[int, int] = {}
        self._order = Order()
        self.counts = [0] * pods

    def add(self, client: int, pod: int) -> None:
        self.counts[pod] += 1
        answered = self._by_client.setdefault(f"client-{client}", {})
        answered[self._servers[pod]] = answered.get(self._servers[pod], 0) + 1
        if client in self._last:
            again = self._last[client] == pod
            self._order = Order(self._order.followed + 1, self._order.repeated + again)
        self._last[client] = pod

    def verdict(self) -> Verdict:
        return judge(self._by_client, self._servers, order=self._order)


def first_verdict(traffic: Traffic, pods: int, clients: int = 1, *, seed: int, looks: int | None = None) -> End:
    """Judge until there is a verdict: after every response, or *looks* times until there are twice as many responses.

    A look that is left out can only make the verdict later, never an error more frequent.
    """
    rng = random.Random(seed)
    judged = Judged(pods)
    next_look = 1
    for total, (client, pod) in enumerate(traffic(rng, pods, clients), 1):
        judged.add(client, pod)
        if total < next_look:
            continue
        next_look = total + 1 if looks is None else total + 1 + total // looks
        outcome = judged.verdict().outcome
        if outcome is not Outcome.INCONCLUSIVE:
            return End(outcome, total, tuple(judged.counts))
    raise AssertionError("traffic never ends")
