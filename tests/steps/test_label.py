"""Which label turns injection on, by how Istio was installed."""

import pytest

from grpcdemo.errors import ApiError, GrpcdemoError
from grpcdemo.kube.client.api import Api
from grpcdemo.model.progress import Warned
from grpcdemo.resources.injectors import read_webhooks
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINT_SLICES, MUTATING_WEBHOOKS
from grpcdemo.steps.istio.label import choose, labels_that_inject
from tests.fakes.hollow_cluster import HollowCluster
from tests.fakes.script import refuse, reply
from tests.fakes.webhooks import default_install, install_by_default, revisioned_install, tag

from .events import Events

REV = "istio.io/rev"
Labels = dict[str, str]
USUAL = {"istio-injection": "enabled", REV: None}
POD = {"app": "grpc-server"}


def by_revision(revision: str) -> dict[str, str | None]:
    return {"istio-injection": None, REV: revision}


TWO = [*revisioned_install("1-28-0"), *revisioned_install("1-29-0")]
# The install, the namespace's labels, the revision asked for, the labels to set, and the revision that injects.
CHOICES: list[tuple[list[Object], Labels, str | None, dict[str, str | None], str]] = [
    (default_install(), {"istio-injection": "disabled"}, None, USUAL, "default"),
    (default_install(), {}, None, USUAL, "default"),
    (default_install(), {"istio-injection": "enabled"}, None, USUAL, "default"),
    (default_install(), {REV: "default"}, None, by_revision("default"), "default"),  # works already: left alone
    (default_install(), {"istio-injection": "disabled", REV: "default"}, None, USUAL, "default"),
    (default_install(), {"istio-injection": "enabled"}, "default", by_revision("default"), "default"),
    (revisioned_install("1-29-0"), {"istio-injection": "disabled"}, None, by_revision("1-29-0"), "1-29-0"),
    (revisioned_install("1-29-0"), {"istio-injection": "enabled"}, None, by_revision("1-29-0"), "1-29-0"),
    ([*revisioned_install("1-29-0"), tag("canary", "1-29-0")], {}, "canary", by_revision("canary"), "1-29-0"),
    ([*revisioned_install("1-29-0"), tag("canary", "1-29-0")], {}, None, by_revision("1-29-0"), "1-29-0"),
    ([*TWO, tag("default", "1-28-0")], {}, None, USUAL, "1-28-0"),
    (TWO, {}, "1-28-0", by_revision("1-28-0"), "1-28-0"),
    ([*default_install(), *revisioned_install("1-29-0")], {}, None, USUAL, "default"),
    (install_by_default(), {"istio-injection": "disabled"}, None, USUAL, "default"),
    (install_by_default(), {}, None, {"istio-injection": None, REV: None}, "default"),
]


@pytest.mark.parametrize(("install", "labels", "revision", "change", "injector"), CHOICES)
def test_the_label_that_injects_is_chosen(
    install: list[Object], labels: Labels, revision: str | None, change: dict[str, str | None], injector: str
) -> None:
    chosen, webhook = choose(labels, POD, read_webhooks(install), revision)
    assert (chosen, webhook.revision) == (change, injector)


@pytest.mark.parametrize(
    ("install", "revision", "pod", "message"),
    [
        ([], None, POD, "no Istio sidecar injector"),
        (default_install(), "1-30-0", POD, "selects label istio.io/rev=1-30-0; its revisions and tags: default"),
        (TWO, None, POD, "several revisions of Istio can inject, and none is the default: 1-28-0, 1-29-0"),
        (default_install(), None, {"sidecar.istio.io/inject": "false"}, "selects any label"),
    ],
)
def test_no_label_is_guessed(install: list[Object], revision: str | None, pod: dict[str, str], message: str) -> None:
    with pytest.raises(GrpcdemoError, match=message) as caught:
        choose({}, pod, read_webhooks(install), revision)
    assert caught.value.hint


NAMESPACE: Object = {"metadata": {"name": "demo", "labels": {"istio-injection": "disabled"}}}


async def test_an_injector_with_endpoints_is_used(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    assert await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append) == USUAL
    assert events == []


@pytest.mark.parametrize("endpoints", [None, [], [{"addresses": ["10.0.0.1"], "conditions": {"ready": False}}]])
async def test_an_injector_without_endpoints_is_refused(
    cluster: HollowCluster, cluster_api: Api, events: Events, endpoints: list[Object] | None
) -> None:
    cluster.stop_istiod()
    if endpoints is not None:
        labels = {"labels": {"kubernetes.io/service-name": "istiod"}}
        cluster.create(
            ENDPOINT_SLICES, "istio-system", "istiod-2", metadata=labels, addressType="IPv4", endpoints=endpoints
        )
    with pytest.raises(GrpcdemoError, match=r"has no ready endpoints .*istio-system/istiod.*nothing was changed"):
        await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append)


async def test_unreadable_endpoints_are_trusted(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.stop_istiod()
    path = ENDPOINT_SLICES.path("istio-system")
    cluster.faults.on("GET", path, refuse(403, 'User "jane" cannot list resource "endpointslices"'))
    assert await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append) == USUAL


async def test_an_api_that_does_not_tell_is_no_injector_without_endpoints(
    cluster: HollowCluster, cluster_api: Api, events: Events
) -> None:
    cluster.faults.on("GET", ENDPOINT_SLICES.path("istio-system"), refuse(500, "etcd is gone"))
    with pytest.raises(ApiError, match="etcd is gone"):
        await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append)


async def test_unreadable_webhooks_are_a_warning(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    message = 'User "jane" cannot list resource "mutatingwebhookconfigurations"'
    cluster.faults.on("GET", MUTATING_WEBHOOKS.path(), refuse(403, message))
    assert await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append) == USUAL
    assert await labels_that_inject(cluster_api, NAMESPACE, POD, "canary", events.append) == by_revision("canary")
    assert all(isinstance(event, Warned) and "could not check" in event.text for event in events)


async def test_an_old_cluster_has_no_endpoint_slices(cluster: HollowCluster, cluster_api: Api, events: Events) -> None:
    cluster.faults.on("GET", "/version", reply({"major": "1", "minor": "18+"}))
    cluster.faults.on("GET", ENDPOINT_SLICES.path("istio-system"), refuse(404, "there are none yet"))
    assert await labels_that_inject(cluster_api, NAMESPACE, POD, None, events.append) == USUAL


async def test_ambient_mode_is_a_warning(cluster_api: Api, events: Events) -> None:
    ambient: Object = {"metadata": {"name": "demo", "labels": {"istio.io/dataplane-mode": "ambient"}}}
    await labels_that_inject(cluster_api, ambient, POD, None, events.append)
    assert [type(event) for event in events] == [Warned]
