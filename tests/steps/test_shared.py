"""Whose consent a relabeling takes: only where it changes injection for workloads that are not ours."""

import pytest

from grpcdemo.errors import GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.ownership import WORKLOADS
from grpcdemo.resources.labels import MANAGED_BY
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import CONFIG_MAPS, SERVICES, Resource
from grpcdemo.steps.shared import require_consent_to_relabel
from tests.fakes.script import Script, reply

THEIRS: Object = {"metadata": {"name": "demo"}}
OURS: Object = {"metadata": {"name": "demo", "labels": {MANAGED_BY: "grpcdemo"}}}
FOREIGN: Object = {"metadata": {"name": "theirs", "namespace": "demo"}}


def holding(script: Script, holder: Resource) -> None:
    """The namespace holds one foreign object, of *holder*."""
    for resource in (*WORKLOADS, SERVICES, CONFIG_MAPS):
        script.on("GET", resource.path("demo"), reply({"items": [FOREIGN] if resource == holder else []}))


@pytest.mark.parametrize("resource", WORKLOADS)
async def test_other_workloads_in_a_shared_namespace_take_consent(script: Script, api: Api, resource: Resource) -> None:
    holding(script, resource)
    with pytest.raises(GrpcdemoError, match=f"{resource.plural}/theirs"):
        await require_consent_to_relabel(api, THEIRS, given=False)
    await require_consent_to_relabel(api, THEIRS, given=True)
    await require_consent_to_relabel(api, OURS, given=False)


@pytest.mark.parametrize("resource", [SERVICES, CONFIG_MAPS])
async def test_what_has_no_pods_takes_no_consent(script: Script, api: Api, resource: Resource) -> None:
    holding(script, resource)
    await require_consent_to_relabel(api, THEIRS, given=False)
