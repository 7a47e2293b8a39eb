"""What `observe` tells to other programs: each form held against a reader of that form that is not ours."""

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from markdown_it.token import Token

from grpcdemo.model.result import DemoResult, Phase
from grpcdemo.views.document import demo_document, observation_document, record_document
from grpcdemo.views.markdown import observation_markdown
from grpcdemo.views.spreadsheet import observation_csv

from .conftest import GoldenText
from .samples import BALANCED, BLIND, HOSTILE, HOSTILE_PROVENANCE, PINNED, PROVENANCE, crowd, observation

SEEN = {
    "nothing": observation(),
    "pinned": PINNED,
    "balanced": BALANCED,
    "blind": BLIND,
    "clients": observation({"b7wzn": 60}, {"2xk4p": 20, "x2x8k": 40}, errors={"UNAVAILABLE": 2}, missed=3),
    "hostile": HOSTILE,
    "crowd": crowd(pinned=True, clients=14),
}


@cache
def schema(part: str) -> Draft202012Validator:
    whole = json.loads(files("grpcdemo.views").joinpath("observation.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator({**whole, "$ref": f"#/$defs/{part}"})


def as_read(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("provenance", [None, PROVENANCE, HOSTILE_PROVENANCE], ids=["none", "some", "hostile"])
def test_json_is_what_its_schema_says(name: str, provenance: Any) -> None:
    schema("observation").validate(as_read(observation_document(SEEN[name], provenance)))


def test_the_schema_takes_nothing_else() -> None:
    document = as_read(observation_document(BALANCED, PROVENANCE))
    strict = schema("observation")
    for name in document:
        assert not strict.is_valid({key: value for key, value in document.items() if key != name}), name
    assert not strict.is_valid({**document, "more": 1})
    assert not strict.is_valid({**document, "verdict": "even"})
    assert not strict.is_valid({**document, "responses": -1})


def test_a_record_is_what_its_schema_says() -> None:
    record = as_read(record_document(BALANCED, datetime(2026, 5, 4, tzinfo=timezone.utc)))
    schema("record").validate(record)
    assert record["time"] == "2026-05-04T00:00:00.000+00:00"
    assert record["source"] == "log"


def test_the_document_of_a_demo_is_what_its_schema_says() -> None:
    result = DemoResult(Phase("Istio off", PINNED), Phase("Istio on", BALANCED), 40.0)
    schema("demo").validate(as_read(demo_document(result, PROVENANCE)))


def test_the_timeline_holds_every_response() -> None:
    slices = observation_document(BALANCED)["timeline"]["slices"]
    assert sum(sum(part["byServer"].values()) for part in slices) == 220


@pytest.mark.parametrize("name", ["pinned", "balanced", "blind", "hostile"])
def test_csv(golden_text: GoldenText, name: str) -> None:
    golden_text(f"observation-{name}.csv", observation_csv(SEEN[name]))


@pytest.mark.parametrize("name", SEEN)
def test_csv_is_read_back(name: str) -> None:
    shown = SEEN[name]
    rows = list(csv.DictReader(io.StringIO(observation_csv(shown)), strict=True))
    assert [row["server_pod"] for row in rows if row["ready"] != "gone"] == sorted(pod.name for pod in shown.servers)
    assert sum(int(row["responses"]) for row in rows) == shown.tally.responses
    assert all(0 <= float(row["share"]) <= 1 and float(row["expected_share"] or 0) <= 1 for row in rows)


@pytest.mark.parametrize("name", ["pinned", "blind", "clients", "hostile"])
def test_markdown(golden_text: GoldenText, name: str) -> None:
    golden_text(f"observation-{name}.md", observation_markdown(SEEN[name], PROVENANCE))


@pytest.mark.parametrize("name", SEEN)
def test_markdown_is_read_as_what_it_means(name: str) -> None:
    shown = SEEN[name]
    tokens = MarkdownIt("commonmark").enable("table").parse(observation_markdown(shown, HOSTILE_PROVENANCE))
    kinds = [token.type for token in tokens]
    several = len(shown.clients) > 1
    assert kinds.count("table_open") == 1 + several
    assert kinds.count("bullet_list_open") == 1
    assert kinds.count("tr_open") == 1 + len(shown.servers) + len(shown.departed) + several * (1 + len(shown.clients))
    inline = {child.type for token in tokens for child in token.children or []}
    assert inline <= {"text", "text_special", "strong_open", "strong_close", "code_inline"}, "nothing steers the page"
    assert text_of(tokens[1]).startswith(f"{shown.verdict.outcome.value}: {shown.verdict.reason}")


def test_a_sandbox_is_not_quoted_as_a_cluster() -> None:
    sandbox = replace(PROVENANCE, kubernetes="v1.36.0+sandbox.0.1.0", istio=(), sandbox=True)
    told = observation_markdown(BALANCED, sandbox).splitlines()[-1]
    assert "the sandbox in place of Kubernetes (v1.36.0+sandbox.0.1.0) and Istio" in told
    assert "no Istio control plane" in observation_markdown(BALANCED, replace(PROVENANCE, istio=()))


def test_a_name_is_whole_in_markdown() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(observation_markdown(HOSTILE, PROVENANCE))
    texts = [text_of(token) for token in tokens if token.type == "inline"]
    assert any(r"<script>alert('&" in text and r"\x1b[31m\u202e" in text for text in texts)


def text_of(token: Token) -> str:
    return "".join(child.content for child in token.children or [])
