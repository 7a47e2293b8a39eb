"""Which labels a selector selects, as the API server decides it, and how the text of one is read and written."""

from typing import Any

import pytest

from grpcdemo.resources.selectors import format_selector, parse_selector, selects


@pytest.mark.parametrize(
    ("selector", "labels", "selected"),
    [
        ({}, {"a": "1"}, True),
        ({"matchLabels": {"a": "1", "b": "2"}}, {"a": "1"}, False),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["9"]}]}, {"a": "10"}, True),
        ({"matchExpressions": [{"key": "a", "operator": "Lt", "values": ["9"]}]}, {"a": "none"}, False),
        ({"matchLabels": None, "matchExpressions": None}, {}, True),
    ],
)
def test_a_selector_selects(selector: dict[str, Any], labels: dict[str, str], selected: bool) -> None:
    assert selects(selector, labels) is selected


OBJECTS: dict[str, dict[str, str]] = {
    "a": {"color": "red", "size": "1"},
    "b": {"color": "blue", "size": "2"},
    "c": {"color": "red-ish", "size": "10"},
    "d": {},
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("", "abcd"),
        ("color=red", "a"),
        ("color == red", "a"),
        ("color!=red", "bcd"),
        ("color", "abc"),
        ("!color", "d"),
        ("color in (red, blue)", "ab"),
        ("color notin (red,blue)", "cd"),
        ("color in (red,blue),size=1", "a"),
        ("size>1", "bc"),
        ("size < 2", "a"),
        ("color=", ""),
    ],
)
def test_the_text_of_a_selector(text: str, selected: str) -> None:
    selector = parse_selector(text)
    assert "".join(name for name, labels in OBJECTS.items() if selects(selector, labels)) == selected


@pytest.mark.parametrize("text", ["a=b=c", "=b", "a in", "a in b", "a in (", "a===b", "a,", "a,,b", "a b", "-"])
def test_a_text_that_is_no_selector(text: str) -> None:
    with pytest.raises(ValueError, match="unable to parse requirement"):
        parse_selector(text)


def test_only_an_integer_can_be_compared() -> None:
    with pytest.raises(ValueError, match="for '>' operator, the value must be an integer: x"):
        parse_selector("a>x")


def test_a_selector_as_text() -> None:
    expressions = [
        {"key": "c", "operator": "In", "values": ["y", "x"]},
        {"key": "d", "operator": "NotIn", "values": ["z"]},
        {"key": "e", "operator": "Exists"},
        {"key": "f", "operator": "DoesNotExist"},
    ]
    text = format_selector({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": expressions})
    assert text == "a=1,b=2,c in (x,y),d notin (z),e,!f"
    assert format_selector({}) == ""
