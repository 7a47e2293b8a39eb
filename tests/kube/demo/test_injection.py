"""Which label makes an injector act, by the webhooks of each kind of Istio install."""

import pytest

from grpcdemo.kube.client.api import Api
from grpcdemo.kube.demo.injection import has_ready_endpoint
from grpcdemo.model.istio import ServiceReference
from grpcdemo.resources.injectors import changed, injecting, label_choices, read_webhooks, revisions
from grpcdemo.resources.objects import Object
from tests.fakes.script import Script, refuse, reply
from tests.fakes.webhooks import default_install, install_by_default, revisioned_install, tag

ISTIOD = ServiceReference("istio-system", "istiod")
SLICES = "/apis/discovery.k8s.io/v1/namespaces/istio-system/endpointslices"

ON, OFF = {"istio-injection": "enabled"}, {"istio-injection": "disabled"}
REV = "istio.io/rev"
CANARY = [*revisioned_install("1-29-0"), tag("canary", "1-29-0")]
BOTH = [*default_install(), *revisioned_install("1-29-0")]

# What install, which labels on the namespace, and the revision that then injects.
INJECTED_BY: list[tuple[list[Object], dict[str, str], str | None]] = [
    (default_install(), ON, "default"),
    (default_install(), OFF, None),
    (default_install(), {}, None),
    (default_install(), {REV: "default"}, "default"),
    (default_install(), {REV: "1-29-0"}, None),
    (default_install(), {**ON, REV: "1-29-0"}, "default"),  # both labels: istio-injection wins
    (default_install(), {**OFF, REV: "default"}, None),
    (default_install(), {"istio-injection": "enable"}, None),
    (default_install(), {"istio-injection": "Enabled"}, None),
    (default_install(), {"istio-injection": "true"}, None),
    (default_install(), {"istio-injection": "", REV: "default"}, None),  # any value but `enabled` blocks
    (revisioned_install("1-29-0"), ON, None),  # a revision alone does not listen to the usual label
    (revisioned_install("1-29-0"), {REV: "1-29-0"}, "1-29-0"),
    (revisioned_install("1-29-0"), {**ON, REV: "1-29-0"}, None),
    (revisioned_install("1-29-0"), {REV: "default"}, None),
    (CANARY, {REV: "canary"}, "1-29-0"),
    (CANARY, {REV: "1-29-0"}, "1-29-0"),
    (CANARY, ON, None),
    ([*revisioned_install("1-29-0"), tag("default", "1-29-0")], ON, "1-29-0"),
    (BOTH, ON, "default"),
    (BOTH, {REV: "1-29-0"}, "1-29-0"),
    (install_by_default(), {}, "default"),  # here, taking the label away switches injection on
    (install_by_default(), ON, "default"),
    (install_by_default(), OFF, None),
    (install_by_default(), {"kubernetes.io/metadata.name": "kube-system"}, None),
    ([], ON, None),
]


@pytest.mark.parametrize(("install", "namespace", "revision"), INJECTED_BY)
def test_what_injects_into_a_plain_pod(install: list[Object], namespace: dict[str, str], revision: str | None) -> None:
    webhook = injecting(read_webhooks(install), namespace, {"app": "grpc-server"})
    assert (webhook.revision if webhook else None) == revision


@pytest.mark.parametrize(
    ("namespace", "pod", "injected"),
    [
        (ON, {"sidecar.istio.io/inject": "false"}, False),
        (ON, {"sidecar.istio.io/inject": "true"}, True),
        ({}, {"sidecar.istio.io/inject": "true"}, True),
        ({}, {"sidecar.istio.io/inject": "true", REV: "other"}, False),
        ({}, {REV: "default"}, True),
        (OFF, {"sidecar.istio.io/inject": "true"}, False),  # the namespace's no cannot be overridden
    ],
)
def test_a_pod_may_have_a_say(namespace: dict[str, str], pod: dict[str, str], injected: bool) -> None:
    assert bool(injecting(read_webhooks(default_install()), namespace, pod)) is injected


def test_webhooks_of_others_are_no_injectors() -> None:
    others: list[Object] = [
        {"metadata": {"name": "x"}, "webhooks": [{"name": "mutate.example.com", "clientConfig": {"url": "https://x"}}]},
        {"metadata": {"name": "empty"}},
    ]
    assert read_webhooks(others) == []


def test_the_service_of_an_injector() -> None:
    by_url = revisioned_install("remote")
    for entry in by_url[0]["webhooks"]:
        entry["clientConfig"] = {"url": "https://istiod.example.com:15017/inject"}
    assert {webhook.service for webhook in read_webhooks(default_install())} == {
        ServiceReference("istio-system", "istiod")
    }
    assert {webhook.service for webhook in read_webhooks(CANARY)} == {ServiceReference("istio-system", "istiod-1-29-0")}
    assert {webhook.service for webhook in read_webhooks(by_url)} == {None}


def test_the_revisions_are_those_that_can_be_selected() -> None:
    assert revisions(read_webhooks(CANARY)) == ["1-29-0", "canary"]
    assert revisions(read_webhooks(default_install())) == ["default"]


def test_the_usual_label_is_the_first_choice() -> None:
    first, *others = label_choices(read_webhooks(CANARY))
    assert first == {"istio-injection": "enabled", REV: None}
    assert others == [{"istio-injection": None, REV: "1-29-0"}, {"istio-injection": None, REV: "canary"}]


def test_a_change_sets_and_removes_labels() -> None:
    assert changed({"a": "1", "b": "2"}, {"a": None, "c": "3", "d": None}) == {"b": "2", "c": "3"}


@pytest.mark.parametrize(
    ("endpoints", "ready"),
    [
        ([{"conditions": {"ready": True}}], True),
        ([{"conditions": {"ready": False}}], False),
        ([{"conditions": {"ready": False}}, {"conditions": {"ready": True}}], True),
        ([{"conditions": {}}], True),  # an unknown readiness counts as ready
        ([{}], True),
        ([], False),
        (None, False),
    ],
)
async def test_a_ready_endpoint(script: Script, api: Api, endpoints: list[Object] | None, ready: bool) -> None:
    script.on("GET", SLICES, reply({"items": [{"endpoints": endpoints}]}))
    assert await has_ready_endpoint(api, ISTIOD) is ready


async def test_a_missing_service_is_not_ready_and_an_unreadable_one_is_unknown(script: Script, api: Api) -> None:
    script.on("GET", SLICES, refuse(404), refuse(403, 'User "jane" cannot list resource "endpointslices"'))
    assert await has_ready_endpoint(api, ISTIOD) is False
    assert await has_ready_endpoint(api, ISTIOD) is None
    assert await has_ready_endpoint(api, None) is None
