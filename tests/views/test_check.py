"""`check` as text and as a document."""

from rich.console import Console

from grpcdemo.errors import Hint, Kubectl
from grpcdemo.model.check import Check, State
from grpcdemo.views.check import check_document, check_view

CHECKS = [
    Check("target", State.OK, "it answers", ("not shown",)),
    Check("rights", State.FAILED, "you may not do it", ("seen",), Hint("ask with ", Kubectl("auth", "can-i", "x"))),
    Check("images", State.UNKNOWN, "not checked"),
]
FLAGS = ("--context", "staging")


def test_advice_stands_below_what_is_not_as_it_should_be() -> None:
    console = Console(width=60, file=None, record=True)
    with console.capture() as capture:
        console.print(check_view(CHECKS, FLAGS))
    assert [line.rstrip() for line in capture.get().splitlines()] == [
        "✓ target it answers",
        "✗ rights you may not do it",
        "         seen",
        "         ask with `kubectl auth can-i x --context staging`",
        "? images not checked",
        "",
        "the demo would fail here: 1 of 3 checks failed",
    ]


def test_the_document_has_it_all() -> None:
    document = check_document(CHECKS, FLAGS)
    assert document["ready"] is False
    assert document["checks"][1] == {
        "id": "rights",
        "severity": "failed",
        "summary": "you may not do it",
        "evidence": ["seen"],
        "advice": "ask with `kubectl auth can-i x --context staging`",
    }
    assert check_document(CHECKS[::2], FLAGS)["ready"] is True
