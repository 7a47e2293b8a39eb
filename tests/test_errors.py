"""Errors and hints are values: what they say is given once, and a kubectl command reaches the target it is for."""

import pytest

from grpcdemo.errors import ExitCode, GrpcdemoError, Hint, Interrupted, Kubectl, UsageError

PODS = Kubectl("get", "pods", "-l", "a in (b, c)", namespace="demo")


def test_a_kubectl_command_gets_the_flags_of_the_target() -> None:
    hint = Hint("see ", PODS, ", or wait")
    assert str(hint) == "see `kubectl get pods -l 'a in (b, c)' --namespace demo`, or wait"
    assert hint.text(["--context", "my kind"]) == (
        "see `kubectl get pods -l 'a in (b, c)' --namespace demo --context 'my kind'`, or wait"
    )


def test_words_alone_are_a_hint() -> None:
    assert GrpcdemoError("no", hint="wait").hint == Hint("wait")
    assert GrpcdemoError("no").hint is None


@pytest.mark.parametrize("name", ["message", "hint", "exit_code"])
def test_an_error_is_frozen(name: str) -> None:
    with pytest.raises(AttributeError):
        setattr(GrpcdemoError("no", hint="wait"), name, "other")


def test_the_exit_code_is_that_of_the_class_or_the_signal() -> None:
    assert [error.exit_code for error in (GrpcdemoError("no"), UsageError("no"), Interrupted(ExitCode.HUNG_UP))] == [
        1,
        2,
        129,
    ]
