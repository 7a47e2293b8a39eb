"""What the API server takes for a field's value, and the table of fields."""

from typing import Any

import pytest

from grpcdemo.sandbox.api.fields import TABLE, WrongType, check_fields


@pytest.mark.sandbox
def test_the_table_is_what_the_models_of_the_client_say() -> None:
    """In the slow tier, because their import takes a second."""
    from .field_table import read_table, write_table

    assert TABLE.read_text(encoding="ascii") == write_table(read_table())


def pod(container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "c", **(container or {})}], **spec}}


def probed(port: Any) -> dict[str, Any]:
    return pod({"readinessProbe": {"tcpSocket": {"port": port}}})


def limited(cpu: Any) -> dict[str, Any]:
    return pod({"resources": {"limits": {"cpu": cpu}}})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (pod(hostNetwork=True, priority=3), pod(hostNetwork=True, priority=3)),
        (pod(hostNetwork=None), pod()),
        (pod(nodeSelector={}), pod()),
        (pod(nodeSelector={"a": "b", "c": None}), pod(nodeSelector={"a": "b"})),
        (pod(securityContext={}), pod(securityContext={})),
        (limited(1), limited("1")),
        (limited(0.5), limited("0.5")),
        (probed("grpc"), probed("grpc")),
        (probed(1), probed(1)),
    ],
)
def test_what_is_kept(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    assert check_fields(sent, "Pod") == (kept, [])


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (pod(hostNetwork=1), "spec.hostNetwork: Input should be a valid boolean"),
        (pod(priority=True), "spec.priority: Input should be a valid integer"),
        (pod(priority=1.0), "spec.priority: Input should be a valid integer"),
        (pod(nodeName=1), "spec.nodeName: Input should be a valid string"),
        (pod(nodeSelector=[]), "spec.nodeSelector: Input should be a valid dictionary"),
        (pod(securityContext="x"), "spec.securityContext: Input should be a valid dictionary"),
        (pod(tolerations={}), "spec.tolerations: Input should be a valid list"),
        (pod({"args": ["a", None]}), "spec.containers[0].args[1]: Input should be a valid string"),
        (
            limited(True),
            "spec.containers[0].resources.limits.cpu: Input should be a valid string",
        ),
        (
            probed([]),
            "spec.containers[0].readinessProbe.tcpSocket.port: Input should be a valid integer or string",
        ),
        (
            pod(hostNetwork=1, nodeName=1),
            "spec.hostNetwork: Input should be a valid boolean, spec.nodeName: Input should be a valid string",
        ),
    ],
)
def test_a_value_of_a_wrong_type(sent: dict[str, Any], complaint: str) -> None:
    with pytest.raises(WrongType) as caught:
        check_fields(sent, "Pod")
    assert str(caught.value) == complaint


@pytest.mark.parametrize(("bundle", "is_wrong"), [("", False), ("aGk=", False), ("aGk", True), (1, True)])
def test_bytes_are_in_base64(bundle: Any, is_wrong: bool) -> None:
    sent = {"webhooks": [{"clientConfig": {"caBundle": bundle}}]}
    if is_wrong:
        with pytest.raises(WrongType, match=r"clientConfig\.caBundle: Input should be a valid base64 string$"):
            check_fields(sent, "MutatingWebhookConfiguration")
    else:
        assert check_fields(sent, "MutatingWebhookConfiguration") == (sent, [])
