"""What the target has that cures need: read before anything is planned."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from grpcdemo.cures import CURES
from grpcdemo.cures.cure import Cure, CureValues, Need
from grpcdemo.cures.proxyless import CURE as PROXYLESS
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import injected_labels, injected_pod
from grpcdemo.kube.demo.injection import list_webhooks
from grpcdemo.model.pods import CLIENT_APP
from grpcdemo.model.progress import unreported
from grpcdemo.resources.injectors import LabelChange, changed
from grpcdemo.resources.istio import INJECT, REVISION_LABEL
from grpcdemo.resources.labels import NAMESPACE_NAME
from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import has_xds, proxy_image
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.steps.istio.label import INJECTION_OFF, labels_that_inject


@dataclass(frozen=True)
class Capabilities:
    """Of the target."""

    injection: LabelChange | None
    """The labels of a namespace in which pods get a sidecar; None if they get none."""
    no_injection: str = ""
    """Why not."""
    proxy_image: str | None = None
    """The image of Envoy that the user names, or else that the injector adds; None if it is not known."""
    grpc_agent: bool = False

    def missing(self, cure: Cure) -> str | None:
        """Why *cure* cannot run; None if it can."""
        if Need.INJECTION in cure.needs and self.injection is None:
            return self.no_injection
        if Need.GRPC_AGENT in cure.needs and not self.grpc_agent:
            return "the injector has no template for gRPC without a proxy"
        if Need.PROXY_IMAGE in cure.needs and self.proxy_image is None:
            return "no Envoy image is known here: set one with --envoy-image"
        return None

    def left_out(self, cures: tuple[Cure, ...]) -> dict[str, str]:
        """Which of *cures* cannot run, and why."""
        return {cure.name: reason for cure in cures if (reason := self.missing(cure))}


async def read_capabilities(api: Api, config: CompareConfig) -> Capabilities:
    if not any(cure.needs for cure in config.cures):
        return Capabilities(None)
    plain, proxyless = (_client(cure) for cure in (CURES[0], PROXYLESS))
    try:
        labels = await _injecting_labels(api, config, plain)
    except GrpcdemoError as error:
        return Capabilities(None, error.message, config.envoy_image)
    opting_in = {INJECT: "true", **{key: value for key, value in labels.items() if key == REVISION_LABEL and value}}
    meshed, agent = await asyncio.gather(*(injected_pod(api, client, opting_in) for client in (plain, proxyless)))
    image = config.envoy_image or (proxy_image(meshed) if meshed else None)
    return Capabilities(labels, proxy_image=image, grpc_agent=agent is not None and has_xds(agent))


def _client(cure: Cure) -> Object:
    """The Deployment of the clients."""
    return next(obj for obj in cure.build(CureValues()) if obj["metadata"]["name"] == CLIENT_APP)


async def _injecting_labels(api: Api, config: CompareConfig, client: Object) -> LabelChange:
    """The labels of a namespace in which pods get a sidecar. Raises GrpcdemoError if they would get none."""
    if await list_webhooks(api) == []:
        raise GrpcdemoError("there is no sidecar injector")
    labels = changed({NAMESPACE_NAME: config.namespace}, INJECTION_OFF)
    namespace = {"metadata": {"name": config.namespace, "labels": labels}}
    return await labels_that_inject(api, namespace, injected_labels([client]), None, unreported)
