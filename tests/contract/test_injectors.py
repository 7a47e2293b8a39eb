"""Other installations of Istio: by revision, by tag, with a proxy that is no native sidecar."""

import json
from collections.abc import Iterator

import pytest

from tests.contract.injectors import one_more_injector
from tests.contract.tools import SMALL, Demo, kubectl


@pytest.fixture
def tag(demo: Demo) -> Iterator[str]:
    """A revision tag: one more injector before the same Service."""
    with one_more_injector(demo.namespace) as found:
        yield found


def test_injection_by_revision(demo: Demo, tag: str) -> None:
    demo.run("up", *SMALL).check(0)
    demo.run("istio", "on", "--revision", tag).check(0)
    assert demo.labels()["istio.io/rev"] == tag
    assert "istio-injection" not in demo.labels()
    assert demo.ready_column() == {"2/2"}

    assert "nothing to restart" in demo.run("istio", "on").check(0).err, "what works already is left"
    demo.run("istio", "off").check(0)
    assert demo.labels()["istio-injection"] == "disabled"
    assert "istio.io/rev" not in demo.labels()
    assert demo.ready_column() == {"1/1"}


def test_a_proxy_in_an_ordinary_container_counts_as_well(demo: Demo) -> None:
    demo.run("up", "--servers", "2").check(0)
    for name in ("grpc-server", "grpc-client"):
        demo.patch_template(name, metadata={"annotations": {"sidecar.istio.io/nativeSidecar": "false"}})
    told = demo.run("istio", "on", "--output", "json").check(0).json
    assert {pod["proxy"] for pod in told["pods"]} == {"container"}
    assert demo.ready_column() == {"2/2"}
    demo.run("observe", "--expect", "balanced").check(0)
    demo.run("istio", "off").check(0)
    assert demo.ready_column() == {"1/1"}


def test_a_pod_that_opts_out_is_reported(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    demo.patch_template("grpc-client", metadata={"labels": {"sidecar.istio.io/inject": "false"}})
    told = demo.run("istio", "on").check(1)
    assert "Deployment grpc-client opts out of injection" in told.error
    assert demo.labels()["istio-injection"] == "disabled"


@pytest.mark.parametrize(
    ("labels", "proxies"),
    [({}, []), ({"sidecar.istio.io/inject": "true"}, ["istio-proxy"]), ({"sidecar.istio.io/inject": "false"}, [])],
)
def test_in_a_namespace_without_a_label_a_pod_decides(demo: Demo, labels: dict[str, str], proxies: list[str]) -> None:
    kubectl("create", "namespace", demo.namespace)
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "labels": labels},
        "spec": {"containers": [{"name": "one", "image": "localhost/none:1"}]},
    }
    made = json.loads(demo.kubectl("create", "-f", "-", "--dry-run=server", "-o", "json", stdin=json.dumps(pod)))
    containers = [*made["spec"].get("initContainers", []), *made["spec"]["containers"]]
    assert [found["name"] for found in containers if found["name"] == "istio-proxy"] == proxies
