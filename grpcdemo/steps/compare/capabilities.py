"""What the target has that cures need: read before anything is planned."""

from __future__ import annotations

from dataclasses import dataclass

from grpcdemo.cures import CURES
from grpcdemo.cures.cure import Cure, CureValues, Need
from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import injected_image, injected_labels
from grpcdemo.kube.demo.injection import list_webhooks
from grpcdemo.model.progress import unreported
from grpcdemo.resources.injectors import LabelChange, changed
from grpcdemo.resources.istio import INJECT, REVISION_LABEL
from grpcdemo.resources.labels import NAMESPACE_NAME
from grpcdemo.resources.resource import DEPLOYMENTS
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
    """The image of the Envoy that the injector adds; None if it is not known."""

    def missing(self, cure: Cure) -> str | None:
        """Why *cure* cannot run; None if it can."""
        if Need.INJECTION in cure.needs and self.injection is None:
            return self.no_injection
        if Need.PROXY_IMAGE in cure.needs and self.proxy_image is None:
            return "no image of Envoy is known here"
        return None

    def left_out(self, cures: tuple[Cure, ...]) -> dict[str, str]:
        """Which of *cures* cannot run, and why."""
        return {cure.name: reason for cure in cures if (reason := self.missing(cure))}


async def read_capabilities(api: Api, config: CompareConfig) -> Capabilities:
    if not any(cure.needs for cure in config.cures):
        return Capabilities(None)
    if await list_webhooks(api) == []:
        return Capabilities(None, "there is no sidecar injector")
    namespace = {
        "metadata": {"name": config.namespace, "labels": changed({NAMESPACE_NAME: config.namespace}, INJECTION_OFF)}
    }
    deployments = [obj for obj in CURES[0].build(CureValues()) if obj["kind"] == DEPLOYMENTS.kind]
    try:
        labels = await labels_that_inject(api, namespace, injected_labels(deployments), None, unreported)
    except GrpcdemoError as error:
        return Capabilities(None, error.message)
    opting_in = {INJECT: "true", **{key: value for key, value in labels.items() if key == REVISION_LABEL and value}}
    return Capabilities(labels, proxy_image=await injected_image(api, deployments[0], opting_in))
