"""All rules together: their ids, and the order of what they find."""

from __future__ import annotations

import re

from grpcdemo.diagnosis import failures, streams
from grpcdemo.diagnosis.examination import Conclusion, examine_clients
from grpcdemo.diagnosis.finding import Severity
from grpcdemo.diagnosis.rules import RULES
from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import DESTINATION_RULES, NAMESPACES, Resource
from tests.readme import README

from .scenes import RESTART, SHOP, client, examine, found, may_not, outside, scene


def test_each_cause_has_its_paragraph() -> None:
    paragraphs = re.findall(r'^- <a name="([a-z-]+)"></a>`([a-z-]+)`: ', README.read_text(encoding="utf-8"), re.M)
    assert paragraphs == [(name, name) for name in (*RULES, streams.ID, failures.ID)]


def test_what_explains_pinning_comes_first() -> None:
    subject = scene(
        caller=outside(),
        namespaces={SHOP: {}},
        port={"name": "tcp-grpc"},
        service={"sessionAffinity": "ClientIP"},
        missing=[may_not(DESTINATION_RULES)],
    )
    diagnosis = examine(subject)
    names = [finding.id for finding in diagnosis.findings]
    assert names[:3] == ["client-without-sidecar", "port-declared-as-tcp", "session-affinity"]
    assert {finding.severity for finding in diagnosis.findings[3:]} == {Severity.UNKNOWN}
    assert diagnosis.conclusion is Conclusion.CAUSED
    assert diagnosis.looked_at == len(RULES)


def test_the_cure_of_what_several_clients_meet_is_for_all_of_them() -> None:
    clients = [client(), client(namespace="front")]
    (finding,) = examine_clients(scene(port={"name": "tcp-grpc"}), clients, named=False).findings
    patch, *restarts = finding.remedy.lines()
    assert patch.startswith("kubectl patch service cart ")
    assert restarts == [*RESTART, *(line.replace("shop", "front") for line in RESTART)]


def test_annotations_of_a_namespace_may_be_unknown() -> None:
    hidden: dict[Resource, list[Object]] = {NAMESPACES: []}
    assert found(scene(hidden, missing=[may_not(NAMESPACES)])) == {"traffic-distribution": Severity.UNKNOWN}
    linkerd = client(sidecar="linkerd-proxy")
    subject = scene(hidden, caller=linkerd, webhooks=[], groups=("policy.linkerd.io",), missing=[may_not(NAMESPACES)])
    assert found(subject) == {"linkerd-port-opaque": Severity.UNKNOWN, "linkerd-port-skipped": Severity.UNKNOWN}


def test_what_is_unknown_is_not_well() -> None:
    diagnosis = examine(scene(missing=[may_not(DESTINATION_RULES)]))
    assert diagnosis.conclusion is Conclusion.OPEN
