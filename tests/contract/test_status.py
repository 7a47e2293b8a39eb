"""`status` and `istio status` agree with kubectl."""

from tests.contract.tools import SMALL, Demo


def test_status_agrees_with_kubectl(running: Demo) -> None:
    told = running.run("status", "--output", "json").check(0).json
    pods = running.pods()

    assert told["namespace"] == running.namespace
    assert told["owned"] is True
    assert told["labels"] == {"istio-injection": "disabled"}
    assert {pod["name"]: (pod["ip"], pod["node"]) for pod in told["pods"]} == {
        name: (pod["status"]["podIP"], pod["spec"]["nodeName"]) for name, pod in pods.items()
    }
    table = running.run("status").check(0).out
    assert all(name in table for name in pods)


def test_status_of_nothing_is_an_answer(demo: Demo) -> None:
    told = demo.run("status").check(0)
    assert "does not exist" in told.out
    assert "grpcdemo up" in told.out


def test_istio_status_tells_injector_and_effect(running: Demo) -> None:
    told = running.run("istio", "status", "--output", "json").check(0).json
    assert told["injectingRevision"] is None
    assert any(injector["ready"] for injector in told["injectors"])
    assert "a new pod gets no proxy" in running.run("istio", "status").check(0).out


def test_istio_status_sees_what_a_label_would_do(demo: Demo) -> None:
    demo.run("up", *SMALL).check(0)
    demo.kubectl("label", "namespace", demo.namespace, "istio-injection=enabled", "--overwrite")
    told = demo.run("istio", "status", "--output", "json").check(0).json
    assert told["injectingRevision"]
    assert [pod["proxy"] for pod in told["pods"]] == [None, None]


def test_istio_status_without_namespace_is_an_error(demo: Demo) -> None:
    assert "does not exist" in demo.run("istio", "status").check(1).error
