"""Where a result comes from: what a report must say beside the numbers."""

from __future__ import annotations

import asyncio
from datetime import datetime, timezone

from grpcdemo import __version__
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.injection import control_plane_versions
from grpcdemo.manifests.defaults import NAMESPACE
from grpcdemo.model.result import Provenance


async def read_provenance(api: Api, namespace: str, command: str) -> Provenance:
    """What the cluster runs; *command* begins now."""
    began = datetime.now(timezone.utc).replace(microsecond=0)
    kubernetes, istio = await asyncio.gather(api.git_version(), control_plane_versions(api))
    return Provenance(
        command=command,
        began=began,
        grpcdemo=__version__,
        kubernetes=kubernetes,
        istio=istio,
        context=api.target.context,
        namespace=namespace,
        sandbox=api.target.sandbox,
        flags=(*api.target.flags, *(("--namespace", namespace) if namespace != NAMESPACE else ())),
    )
