"""What `diagnose` prints: one Service, many of them, and the document for scripts."""

import json
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from grpcdemo.diagnosis.examination import Diagnosis, examine_clients
from grpcdemo.diagnosis.failures import Failures
from grpcdemo.diagnosis.traffic import Measurement, NotMeasured
from grpcdemo.model.observation import CountedBy
from grpcdemo.resources.resource import DESTINATION_RULES, PEER_AUTHENTICATIONS, PODS
from grpcdemo.resources.rights import Right
from grpcdemo.verdict import judge
from grpcdemo.views.diagnosis import NONE, answer, counts, diagnoses_view, diagnosis_view, not_measured, subject
from grpcdemo.views.diagnosis_document import (
    diagnoses_document,
    diagnoses_markdown,
    diagnosis_document,
    diagnosis_markdown,
)
from grpcdemo.views.diagnosis_report import diagnosis_report
from grpcdemo.views.words import printable
from tests.diagnosis.scenes import HASH, SHOP, client, examine, may_not, named, outside, scene, servers

from .conftest import Golden, GoldenText, draw
from .samples import HOSTILE_PROVENANCE, PROVENANCE
from .test_report import parse

FLAGS = ("--context", "prod")
PORT_FORWARD = Right("create", PODS, SHOP, subresource="portforward")
WELL = examine(scene())
PINNED = examine(
    scene(
        caller=outside(),
        namespaces={SHOP: {}},
        port={"name": "tcp-cart"},
        service={"publishNotReadyAddresses": True},
        missing=[may_not(DESTINATION_RULES)],
    )
)
OPEN = examine_clients(
    scene(caller=None, service={"clusterIP": "None"}),
    [client(namespace=name) for name in ("front", "back", "batch", SHOP)],
    named=False,
)
HOSTILE = examine(scene(annotations={"networking.istio.io/exportTo": "\x1b[31m`|\n"}))
TRAFFIC = {
    "web-7d4b9c8f6-1": {"cart-7d4b9c8f6-0": 53},
    "web-7d4b9c8f6-2": {"cart-7d4b9c8f6-2": 48},
    "web-7d4b9c8f6-3": {},
}
SERVERS = tuple(f"cart-{HASH}-{number}" for number in range(3))
COUNTED = Measurement(judge(TRAFFIC, SERVERS), 1.234, TRAFFIC, SERVERS, CountedBy("envoy", 3, 4))
MEASURED = replace(WELL, traffic=COUNTED)
UNMEASURED = replace(WELL, traffic=NotMeasured(f"this user may not {PORT_FORWARD}"))
DIAGNOSES: dict[str, Diagnosis] = {
    "well": WELL,
    "pinned": PINNED,
    "open": OPEN,
    "hostile": HOSTILE,
    "measured": MEASURED,
}


@cache
def schema() -> Draft202012Validator:
    whole = json.loads(files("grpcdemo.views").joinpath("diagnosis.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(whole)
    return Draft202012Validator(whole)


def as_read(document: Any) -> Any:
    return json.loads(json.dumps(document))


@pytest.mark.parametrize("name", ["well", "pinned", "open", "measured"])
def test_one(name: str, golden: Golden) -> None:
    golden(
        f"diagnosis-{name}",
        lambda width: diagnosis_view(DIAGNOSES[name], FLAGS, width),
        diagnosis_document(DIAGNOSES[name], FLAGS),
    )


def test_many(golden: Golden) -> None:
    golden("diagnoses", lambda width: diagnoses_view([WELL, PINNED, OPEN, HOSTILE], width), None)


@pytest.mark.parametrize("name", DIAGNOSES)
def test_json_is_what_its_schema_says(name: str) -> None:
    schema().validate(as_read(diagnosis_document(DIAGNOSES[name])))


def test_the_schema_takes_nothing_else() -> None:
    strict, document = schema(), as_read(diagnosis_document(PINNED))
    strict.validate(as_read(diagnoses_document([*DIAGNOSES.values()])))
    for name in document:
        assert not strict.is_valid({key: value for key, value in document.items() if key != name}), name
    for name in document["findings"][0]:
        lacking = {key: value for key, value in document["findings"][0].items() if key != name}
        assert not strict.is_valid({**document, "findings": [lacking]}), name
    assert not strict.is_valid({**document, "more": 1})
    assert not strict.is_valid({**document, "conclusion": "ok"})


def test_the_worst_comes_first() -> None:
    assert [one["conclusion"] for one in diagnoses_document([WELL, OPEN, PINNED])] == ["caused", "open", "clear"]


def test_why_nothing_was_measured() -> None:
    why = "by configuration only; traffic was not measured: this user may not create pods/portforward in namespace shop"
    assert " ".join(draw(diagnosis_view(UNMEASURED), 100).splitlines()).endswith(why)
    assert diagnosis_document(UNMEASURED)["reason"] == why
    assert diagnosis_markdown(UNMEASURED).rstrip().endswith(why)


def test_who_calls_is_asked_for_where_nobody_is_known() -> None:
    nobody = replace(examine(scene(caller=None)), traffic=NotMeasured("no client pod is known"))
    assert diagnosis_document(nobody)["reason"].endswith("no client pod is known; name the client with --client")
    assert PORT_FORWARD.can_i.text() == "kubectl auth can-i create pods --subresource=portforward --namespace shop"


def test_what_the_servers_sidecars_counted() -> None:
    counted_by = CountedBy("istio", 3, 3, "no client pod has Istio's sidecar")
    diagnosis = replace(WELL, traffic=replace(COUNTED, counted_by=counted_by))
    text = " ".join(draw(diagnosis_view(diagnosis), 100).split())
    assert "; counted by the sidecars of 3 server pods in 1.2 s (no client pod has Istio's sidecar) CALLER" in text
    document = diagnosis_document(diagnosis)
    assert (document["source"], document["sourceReason"]) == ("istio", counted_by.why)


def test_connections_are_told_beside_the_requests_and_alone() -> None:
    client, server, *_ = "web-1", *SERVERS
    counted_by = CountedBy("app", 3, 3, with_connections=True)
    both = replace(COUNTED, counted_by=counted_by, connections={client: {server: 2}})
    text = " ".join(draw(diagnosis_view(replace(WELL, traffic=both)), 100).split())
    assert "; counted by the applications and seen in the connections of 3 server pods in 1.2 s CALLER" in text
    assert " CONNECTIONS OF " in text
    alone = replace(WELL, traffic=replace(both, by_client={}, counted_by=CountedBy("connections", 3, 3)))
    text = " ".join(draw(diagnosis_view(alone), 100).split())
    assert "; seen in the connections of 3 server pods in 1.2 s CONNECTIONS OF" in text
    document = diagnosis_document(alone)
    assert (document["source"], document["connections"]) == ("connections", {client: {server: 2}})
    schema().validate(as_read(document))
    page = diagnosis_report([replace(WELL, traffic=both)], PROVENANCE)
    assert page.index("Which client called which pod") < page.index("Which client is connected to which pod")
    assert "Which client called which pod" not in diagnosis_report([alone], PROVENANCE)


def test_what_the_servers_themselves_counted() -> None:
    counted_by = CountedBy("app", 2, 3, "no client pod has Istio's sidecar")
    diagnosis = replace(WELL, traffic=replace(COUNTED, counted_by=counted_by))
    text = " ".join(draw(diagnosis_view(diagnosis), 100).split())
    assert "; counted by the applications of 2 of 3 server pods in 1.2 s (no client pod has Istio's sidecar)" in text
    assert " CALLER " in text
    schema().validate(as_read(diagnosis_document(diagnosis)))


def test_what_linkerds_proxies_counted() -> None:
    diagnosis = replace(WELL, traffic=replace(COUNTED, counted_by=CountedBy("linkerd", 1, 1)))
    text = " ".join(draw(diagnosis_view(diagnosis), 100).split())
    assert "; counted by the Linkerd proxies of 1 client pod in 1.2 s CLIENT POD" in text
    schema().validate(as_read(diagnosis_document(diagnosis)))


def test_of_many_clients_some_stand_for_all() -> None:
    clients = [outside(namespace=f"team-{number}") for number in range(20)]
    diagnosis = examine_clients(scene(caller=None), clients, named=False)
    text = draw(diagnosis_view(diagnosis), 100)
    assert text.count("has no sidecar") == 3
    assert "and 17 more client-without-sidecar; `-o json` has them all" in text
    assert len(diagnosis_document(diagnosis)["findings"]) == 20


def test_markdown(golden_text: GoldenText) -> None:
    golden_text("diagnosis.md", diagnosis_markdown(PINNED, FLAGS))
    golden_text("diagnoses.md", diagnoses_markdown([WELL, PINNED, OPEN, HOSTILE]))


def test_nothing_that_a_terminal_obeys_is_printed() -> None:
    for text in (diagnosis_markdown(HOSTILE), diagnoses_markdown([HOSTILE])):
        assert "\x1b" not in text


def test_the_answer_where_calls_fail() -> None:
    strict = {PEER_AUTHENTICATIONS: [named("default", spec={"mtls": {"mode": "STRICT"}})]}
    without_sidecar = scene(strict, caller=outside(), pods=servers(sidecar="native"), namespaces={SHOP: {}})
    assert answer(examine(without_sidecar)) == "calls fail, or stay on one pod"
    assert answer(examine(scene(pods=[]))) == "calls fail"
    assert answer(PINNED).startswith("pinned: ")


@pytest.mark.parametrize("name", DIAGNOSES)
def test_the_report_is_valid_and_says_everything(name: str) -> None:
    diagnosis = DIAGNOSES[name]
    report = diagnosis_report([diagnosis], HOSTILE_PROVENANCE, FLAGS)
    page = parse(report)
    text = "".join(page.itertext())
    assert {element.tag for element in page.iter()}.isdisjoint({"script", "link", "img"})
    assert "\x1b" not in report
    for words in (subject(diagnosis), answer(diagnosis), counts(diagnosis), not_measured(diagnosis)):
        assert words in text
    for finding in diagnosis.findings:
        assert finding.id in text
        for line in finding.remedy.lines(FLAGS):
            assert printable(line) in text
    assert len([*page.iter("article")]) == 1


def test_the_report_of_traffic_has_who_called_whom_and_what_failed() -> None:
    failing = replace(COUNTED, failures=Failures({SERVERS[0]: 7}, {SERVERS[0]: 101}))
    page = parse(diagnosis_report([replace(WELL, traffic=failing)], PROVENANCE))
    assert page.find(".//p[@class='verdict skewed']") is None
    rows = [["".join(cell.itertext()) for cell in row] for row in page.iter("tr")]
    assert rows[0] == ["CLIENT POD", "…0", "…1", "…2"]
    assert rows[1] == ["web-7d4b9c8f6-1", "53", "0", "0"]
    assert rows[-1] == ["failed", "7", "0", "0"]


def test_the_report_of_many_has_a_line_for_each_and_says_more_of_those_with_findings() -> None:
    page = parse(diagnosis_report([WELL, OPEN, PINNED], PROVENANCE))
    assert [row.findtext("td[3]") for row in page.iter("tr")][1:] == ["pins", "may pin", "no"]
    assert len([*page.iter("article")]) == 3
    assert NONE in "".join(parse(diagnosis_report([], PROVENANCE)).itertext())
