"""The proxies beside the clients, which know the server pod of each request: how those of one mesh are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic

from grpcdemo.diagnosis.traffic import Counters
from grpcdemo.model.observation import SourceName
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import is_running
from grpcdemo.steps.sources.around import Around, pod_names
from grpcdemo.steps.sources.pages import Page
from grpcdemo.steps.sources.polls import MOST_PODS, Answer, Polls
from grpcdemo.steps.sources.sidecars import WITHOUT
from grpcdemo.steps.sources.source import Reading

ISTIO, LINKERD = "Istio's sidecar", "Linkerd's proxy"
PAST = "its calls bypass its sidecar"
STRANGE = "its sidecar knows no pod of the Service"
"""It may learn of it: that takes a moment after its start."""


@dataclass(frozen=True)
class Proxies(Generic[Answer]):
    """Those of one mesh."""

    source: SourceName
    name: str
    pages: Polls[Page, Answer]
    page_of: Callable[[Object], Page | None]
    """Where one is asked; None for a pod without it."""

    async def read(self, around: Around, count: Callable[[Answer], Counters | None]) -> Reading:
        """*count* is what an answer tells; None if the proxy knows no pod of the Service."""
        names = pod_names(around.clients)
        running = {str(pod["metadata"]["uid"]): pod for pod in around.clients if is_running(pod)}
        pages = {uid: page for uid, pod in running.items() if (page := self.page_of(pod))}
        asked = {uid: page for uid, page in pages.items() if uid not in around.past}
        uncounted = {uid: PAST if uid in pages else WITHOUT for uid in running if uid not in asked}
        answers, failures = await self.pages.ask([(running[uid], page) for uid, page in asked.items()][:MOST_PODS])
        counted = {uid: count(answer) for uid, answer in answers.items()}
        failures |= {uid: STRANGE for uid, counters in counted.items() if counters is None}
        counters = {names[uid]: counters for uid, counters in counted.items() if counters is not None}
        return Reading(
            self.source,
            counters,
            told=[*counters],
            all_pods=len(around.clients),
            failures={names[uid]: why for uid, why in failures.items()},
            is_awaited=self.pages.are_awaited,
            uncounted={names[uid]: why for uid, why in uncounted.items()},
            nobody="" if asked else self._why_nobody(around, pages),
            is_unmeshed=bool(around.clients) and not pages,
        )

    def _why_nobody(self, around: Around, pages: Mapping[str, Page]) -> str:
        if not around.clients:
            return "no client pod is known"
        return f"no client pod calls through {self.name}" if pages else f"no client pod has {self.name}"
