"""Do the nodes have the demo's images? No registry is asked: only a kubelet knows whether it may pull from there."""

from __future__ import annotations

from collections.abc import Iterable

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.deployed import our_deployments
from grpcdemo.kube.demo.settings import read_settings
from grpcdemo.kube.local_cluster import find_local_cluster
from grpcdemo.manifests.images import IMAGES, image_reference, pull_hint
from grpcdemo.model.check import Check, State, failed
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import NODES
from grpcdemo.steps.up import UpConfig

LISTED = 50
"""A node tells no more than its largest images: `nodeStatusMaxImages` of the kubelet."""


async def check_images(api: Api, config: UpConfig) -> Check:
    if api.target.sandbox:
        return Check("images", State.OK, "the sandbox needs none")
    prefix = config.wanted.image_prefix or read_settings(await our_deployments(api, config.namespace)).image_prefix
    references = [image_reference(name, prefix) for name in IMAGES]
    nodes = [node for node in (await api.list(NODES))["items"] if not node.get("spec", {}).get("unschedulable")]
    lacking = {ref: names for ref in references if (names := [_name(node) for node in nodes if not _has(node, ref)])}
    if not lacking:
        return Check("images", State.OK, f"every schedulable node has {' and '.join(references)}")
    reference, names = next(iter(lacking.items()))
    summary = f"{len(names)} of {len(nodes)} nodes do not have {reference}"
    if prefix:
        return Check("images", State.UNKNOWN, f"{summary}; whether they can pull it is not known")
    if any(len(node.get("status", {}).get("images") or []) >= LISTED for node in nodes if _name(node) in names):
        return Check("images", State.UNKNOWN, f"{summary}, by the images that they list")
    return failed("images", summary, pull_hint(reference, await find_local_cluster(api)), f"nodes: {', '.join(names)}")


def _name(node: Object) -> str:
    name: str = node["metadata"]["name"]
    return name


def _has(node: Object, reference: str) -> bool:
    return reference in _names(node.get("status", {}).get("images") or ())


def _names(images: Iterable[Object]) -> set[str]:
    return {name for image in images for name in image.get("names") or ()}
