"""Which monitors are read: those of all namespaces, or of one, or none."""

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.survey.monitors import survey_monitors
from grpcdemo.resources.resource import POD_MONITORS, SERVICE_MONITORS, SERVICES
from grpcdemo.resources.rights import Right
from tests.fakes.script import Script, refuse, reply

MONITOR = {"metadata": {"name": "cart", "namespace": "monitoring"}, "spec": {}}
FORBIDDEN, ABSENT = refuse(403, reason="Forbidden"), refuse(404, reason="NotFound")


async def test_those_of_all_namespaces(script: Script, api: Api) -> None:
    script.on("GET", POD_MONITORS.path(), reply({"items": [MONITOR]}))
    script.on("GET", SERVICE_MONITORS.path(), reply({"items": [MONITOR]}))
    script.on("GET", SERVICES.path("shop"), reply({"items": [{"metadata": {"name": "cart", "namespace": "shop"}}]}))
    survey = await survey_monitors(api, "shop")
    monitors = survey.monitors
    assert [len(found) for found in (monitors.pod_monitors, monitors.service_monitors, monitors.services)] == [1, 1, 1]
    assert survey.unseen is None


async def test_without_the_operator_nothing_more_is_asked(script: Script, api: Api) -> None:
    for resource in (POD_MONITORS, SERVICE_MONITORS):
        script.on("GET", resource.path(), ABSENT)
    survey = await survey_monitors(api, "shop")
    assert (survey.monitors.are_there, survey.unseen, len(script.asked)) == (False, None, 2)


async def test_who_may_not_look_everywhere_sees_one_namespace(script: Script, api: Api) -> None:
    for resource in (POD_MONITORS, SERVICE_MONITORS):
        script.on("GET", resource.path(), FORBIDDEN)
    script.on("GET", POD_MONITORS.path("shop"), reply({"items": [MONITOR]}))
    script.on("GET", SERVICE_MONITORS.path("shop"), FORBIDDEN)
    survey = await survey_monitors(api, "shop")
    assert (survey.monitors.are_there, survey.unseen) == (True, Right("list", SERVICE_MONITORS, "shop"))
