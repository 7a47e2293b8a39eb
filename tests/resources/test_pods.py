"""What is read of a pod beside what `kubectl get pods` prints: the proxy in it, and whether it counts."""

import pytest

from grpcdemo.resources.objects import Object
from grpcdemo.resources.pods import has_xds, is_active, is_ready, proxy_image, read_pod

from .samples import HASH, pod, running, terminated

SERVER = "grpc-server"
PROXY = running("istio-proxy")


def test_the_proxy_is_looked_for_in_both_lists() -> None:
    assert read_pod(pod(inits=[PROXY], sidecars=["istio-proxy"])).proxy == "native sidecar"
    assert read_pod(pod(containers=[running(SERVER), PROXY])).proxy == "container"
    assert read_pod(pod(inits=[running("istio-init")])).proxy is None


def test_an_init_container_that_ends_is_no_proxy() -> None:
    assert read_pod(pod(inits=[terminated("istio-proxy")])).proxy is None


def test_a_pod_as_a_value() -> None:
    value = read_pod(pod(containers=[running(SERVER, ready=False, restarts=2)], ready=False))
    assert (value.name, value.app, value.uid) == (
        f"grpc-server-{HASH}-x2x8k",
        SERVER,
        f"uid-of-grpc-server-{HASH}-x2x8k",
    )
    assert (value.ready_text, value.status, value.restarts, value.ready) == ("0/1", "Running", 2, False)
    assert (value.ip, value.node) == ("10.244.0.7", "kind-worker")


def test_a_pod_that_is_not_scheduled() -> None:
    unscheduled = pod()
    unscheduled["status"] = {"phase": "Pending"}
    del unscheduled["spec"]["nodeName"]
    value = read_pod(unscheduled)
    assert (value.ready_text, value.status, value.ip, value.node, value.ready) == ("0/1", "Pending", None, None, False)


@pytest.mark.parametrize(
    ("obj", "active"),
    [
        (pod(), True),
        (pod(phase="Pending"), True),
        (pod(metadata={"deletionTimestamp": "2026-05-04T11:00:00Z"}), False),
        (pod(phase="Succeeded"), False),
        (pod(phase="Failed"), False),
    ],
)
def test_a_pod_is_active_until_it_finishes_or_is_deleted(obj: Object, active: bool) -> None:
    assert is_active(obj) is active
    assert read_pod(obj).live is active


def test_a_pod_is_ready_by_its_condition() -> None:
    assert is_ready(pod(containers=[running(SERVER, ready=False)]))
    assert not is_ready(pod(ready=False))


def test_the_proxys_image_and_its_xds_are_read_wherever_they_are() -> None:
    app = {"name": SERVER, "image": "app:1", "env": [{"name": "GRPC_XDS_BOOTSTRAP", "value": "/etc/bootstrap.json"}]}
    proxy = {"name": "istio-proxy", "image": "proxyv2:1"}
    native = {"initContainers": [{**proxy, "restartPolicy": "Always"}], "containers": [{"name": SERVER, "image": "a"}]}
    assert proxy_image({"spec": native}) == proxy_image({"spec": {"containers": [app, proxy]}}) == "proxyv2:1"
    assert proxy_image({"spec": {"containers": [app]}}) is None
    assert (has_xds({"spec": {"containers": [app]}}), has_xds({"spec": native})) == (True, False)
