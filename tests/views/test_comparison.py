"""What `compare` prints: the table, the judgements, which to take when, the documents and the report."""

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from grpcdemo.model.comparison import CureResult
from grpcdemo.views.comparison import comparison_view, judgement, recommendations
from grpcdemo.views.comparison_document import comparison_document, comparison_markdown
from grpcdemo.views.comparison_report import comparison_report

from .comparisons import (
    AGE,
    COMPARISON,
    COMPARISONS,
    HEADLESS,
    NONE,
    SETTING,
    SIDECAR,
    UNABLE,
    course,
    traffic,
)
from .conftest import Golden, GoldenText, draw
from .samples import EVIL, HOSTILE_PROVENANCE, PROVENANCE
from .test_report import parse


def document(name: str) -> Any:
    return json.loads(json.dumps(comparison_document(COMPARISONS[name], PROVENANCE)))


@cache
def schema() -> Draft202012Validator:
    whole = json.loads(files("grpcdemo.views").joinpath("comparison.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole)


@pytest.mark.parametrize("name", COMPARISONS)
def test_golden(golden: Golden, golden_text: GoldenText, name: str) -> None:
    comparison = COMPARISONS[name]
    golden(f"comparison-{name}", lambda width: comparison_view(comparison, width, sandbox=True), None)
    golden_text(f"comparison-{name}.md", comparison_markdown(comparison, PROVENANCE))


def test_the_table_fits_80_columns() -> None:
    assert all(len(line) <= 80 for line in draw(comparison_view(COMPARISON), 200).splitlines())


@pytest.mark.parametrize("name", COMPARISONS)
def test_json_is_what_its_schema_says(name: str) -> None:
    schema().validate(document(name))


def test_the_schema_takes_nothing_else() -> None:
    whole = document("whole")
    whole["cures"][0]["new"] = 1
    with pytest.raises(ValidationError):
        schema().validate(whole)


@pytest.mark.parametrize(
    ("cure", "words"),
    [
        (NONE, "pinned: each client stays on one pod, and a new pod got no call in 40 s"),
        (
            HEADLESS,
            "balanced, but a new pod waited 31 s for its first call, 12 calls failed in the crash and "
            "the crash left 2.1 s without an answer",
        ),
        (
            AGE,
            "pinned at every moment: a client stays on one pod, and changes it about every 5 s, and a new pod waited "
            "2 s for its first call and the crash could not be tested: may not",
        ),
        (replace(SIDECAR, course=course(0.1)), "balanced"),
        (replace(SIDECAR, course=None), "balanced"),
        (UNABLE, "not measured: no Envoy image is known here"),
        (replace(UNABLE, failure=""), "not measured: the comparison ended before"),
        (
            replace(SIDECAR, course=None, traffic=traffic(9, 9, 9, errors=1)),
            "balanced, but 1 call failed in steady state",
        ),
    ],
)
def test_the_judgement_says_what_the_numbers_say(cure: CureResult, words: str) -> None:
    assert judgement(cure) == words


def test_what_may_not_be_changed_is_not_recommended() -> None:
    nothing = recommendations(replace(COMPARISON, setting=replace(SETTING, may_change=("client",))))
    assert nothing == ["no measured cure balances and changes only the client's code"]


@pytest.mark.parametrize("name", COMPARISONS)
def test_the_report_is_valid_and_says_everything(name: str) -> None:
    comparison = COMPARISONS[name]
    report = comparison_report(comparison, HOSTILE_PROVENANCE, EVIL)
    text = "".join(parse(report).itertext())
    assert "<script" not in report
    assert "\x1b" not in report
    for cure in comparison.cures:
        if cure.name != EVIL:
            assert cure.name in text
    assert report.count("<svg") == sum(cure.course is not None for cure in comparison.cures)
