"""Whether a proxy carries the client's calls, and what brings one in."""

from __future__ import annotations

import pytest

from grpcdemo.diagnosis.finding import Severity
from grpcdemo.resources.resource import MUTATING_WEBHOOKS, NAMESPACES, PODS
from tests.diagnosis.scenes import (
    ENABLED,
    RESTART,
    SHOP,
    client,
    commands,
    finding,
    found,
    may_not,
    named,
    outside,
    pod,
    scene,
)
from tests.fakes.webhooks import revisioned_install


def test_the_namespace_asks_for_no_sidecar() -> None:
    subject = scene(caller=outside(), namespaces={SHOP: {}})
    assert found(subject) == {"client-without-sidecar": Severity.PINS}
    label = "kubectl label namespace shop istio-injection=enabled --overwrite"
    assert commands(subject, "client-without-sidecar") == [label, *RESTART]
    (evidence,) = finding(subject, "client-without-sidecar").evidence
    assert (evidence.path, evidence.value) == ("metadata.labels.istio-injection", None)


def test_the_label_is_the_one_that_an_injector_selects() -> None:
    subject = scene(
        caller=outside(), namespaces={SHOP: {"istio-injection": "disabled"}}, webhooks=revisioned_install("1-30")
    )
    label = "kubectl label namespace shop istio-injection- istio.io/rev=1-30 --overwrite"
    assert commands(subject, "client-without-sidecar")[0] == label


def test_the_client_decides_not_the_servers() -> None:
    caller = outside(namespace="front")
    subject = scene(caller=caller, namespaces={"front": {}})
    assert list(found(subject)) == ["client-without-sidecar"]
    assert commands(subject, "client-without-sidecar")[0].startswith("kubectl label namespace front ")


def test_some_pods_of_the_client() -> None:
    subject = scene(caller=client(pod("web-1", sidecar="native"), pod("web-2")), namespaces={SHOP: {}})
    assert finding(subject, "client-without-sidecar").summary.startswith("1 of 2 pods of deployment/web have no")


def test_a_client_that_only_lacks_a_restart() -> None:
    subject = scene(caller=outside())
    assert found(subject) == {"client-older-than-injection": Severity.PINS}
    assert commands(subject, "client-older-than-injection") == RESTART


def test_a_client_that_cannot_be_restarted() -> None:
    subject = scene(caller=outside(resource=PODS))
    assert commands(subject, "client-older-than-injection") == []
    assert finding(subject, "client-older-than-injection").remedy.note == "recreate pod/web"


@pytest.mark.parametrize("kind", ["labels", "annotations"])
def test_a_client_that_opts_out(kind: str) -> None:
    subject = scene(caller=outside(**{kind: {"sidecar.istio.io/inject": "false"}}))
    assert found(subject) == {"client-opts-out-of-injection": Severity.PINS}
    assert finding(subject, "client-opts-out-of-injection").evidence[0].path.startswith(f"metadata.{kind}.")
    patch, status = commands(subject, "client-opts-out-of-injection")
    assert '"labels":{"sidecar.istio.io/inject":"true"}' in patch
    assert ("null" in patch) == (kind == "annotations")
    assert status == RESTART[1]


def test_a_namespace_that_forbids_wins_over_the_pod() -> None:
    subject = scene(
        caller=outside(labels={"sidecar.istio.io/inject": "false"}), namespaces={SHOP: {"istio-injection": "disabled"}}
    )
    label, patch, _ = commands(subject, "client-opts-out-of-injection")
    assert label == "kubectl label namespace shop istio-injection=enabled --overwrite"
    assert patch.startswith("kubectl patch deployment web ")


def test_a_client_on_the_hosts_network() -> None:
    subject = scene(caller=outside(hostNetwork=True))
    assert found(subject) == {"client-on-host-network": Severity.PINS}
    assert '"hostNetwork":false' in commands(subject, "client-on-host-network")[0]


def test_an_injector_that_nobody_installed() -> None:
    subject = scene(caller=outside(), namespaces={SHOP: {"istio.io/rev": "1-29"}}, webhooks=revisioned_install("1-30"))
    assert found(subject) == {"no-injector-for-client": Severity.PINS}
    label = "kubectl label namespace shop istio.io/rev=1-30 --overwrite"
    assert commands(subject, "no-injector-for-client")[0] == label


def test_without_a_right_to_the_webhooks_the_pod_still_tells() -> None:
    subject = scene(caller=outside(), missing=[may_not(MUTATING_WEBHOOKS)])
    assert found(subject)["client-older-than-injection"] is Severity.PINS
    subject = scene(caller=outside(), missing=[may_not(MUTATING_WEBHOOKS), may_not(NAMESPACES)], namespaces={SHOP: {}})
    assert found(subject)["client-without-sidecar"] is Severity.PINS


def test_without_a_mesh_kube_proxy_decides() -> None:
    subject = scene(caller=outside(), namespaces={SHOP: {}}, webhooks=[], groups=())
    assert found(subject) == {"kube-proxy-balances-connections": Severity.PINS}
    expose = "kubectl expose service cart --name=cart-headless --cluster-ip=None --namespace shop"
    assert commands(subject, "kube-proxy-balances-connections") == [expose]
    assert "dns:///cart-headless.shop:50051" in finding(subject, "kube-proxy-balances-connections").remedy.note
    assert list(found(scene(caller=None, namespaces={SHOP: {}}, webhooks=[], groups=()))) == [
        "kube-proxy-balances-connections"
    ]


def test_whether_there_is_a_mesh_may_be_unknown() -> None:
    subject = scene(caller=None, namespaces={SHOP: {}}, groups=(), missing=[may_not(MUTATING_WEBHOOKS)], webhooks=[])
    assert found(subject) == {"kube-proxy-balances-connections": Severity.UNKNOWN}


def test_linkerd_where_there_is_no_istio() -> None:
    subject = scene(caller=outside(), namespaces={SHOP: {}}, webhooks=[], groups=("policy.linkerd.io",))
    annotate = "kubectl annotate namespace shop linkerd.io/inject=enabled --overwrite"
    assert commands(subject, "client-without-sidecar") == [annotate, *RESTART]


def test_a_client_that_nobody_named() -> None:
    subject = scene(caller=None, others=[pod("web-1"), pod("batch-1", "batch", sidecar="native")])
    assert found(subject) == {"client-not-named": Severity.MAY_PIN}
    assert finding(subject, "client-not-named").remedy.note == "name the client: --client deployment/web"
    assert list(found(scene(caller=None))) == ["client-not-named"]


def test_a_client_that_nobody_named_among_pods_that_may_not_be_read() -> None:
    subject = scene(caller=None, missing=[may_not(PODS, SHOP)])
    assert found(subject)["client-not-named"] is Severity.UNKNOWN


def test_both_a_sidecar_and_ambient_mode() -> None:
    subject = scene(namespaces={SHOP: {**ENABLED, "istio.io/dataplane-mode": "ambient"}})
    assert found(subject) == {"client-in-sidecar-and-ambient": Severity.MAY_PIN}
    assert commands(subject, "client-in-sidecar-and-ambient") == [
        "kubectl label namespace shop istio.io/dataplane-mode-"
    ]


def test_an_unready_neighbor_without_owner_is_no_workload() -> None:
    lone = pod("lone")
    del lone["metadata"]["ownerReferences"]
    subject = scene(caller=None, others=[lone, named("x", "elsewhere")])
    assert "no other pod" in finding(subject, "client-not-named").summary
