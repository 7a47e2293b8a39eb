"""Which labels a selector selects, and how a ReplicaSet's template is told."""

from __future__ import annotations

from typing import Any

import pytest

from grpcdemo.resources.selectors import deployed_template, selects


@pytest.mark.parametrize(
    ("selector", "having", "selected"),
    [
        ({}, {"a": "1"}, True),
        ({"matchLabels": {"a": "1", "b": "2"}}, {"a": "1"}, False),
        ({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]}, {"a": "1"}, False),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, {"a": ""}, True),
        ({"matchExpressions": [{"key": "a", "operator": "DoesNotExist"}]}, {"a": ""}, False),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, {}, True),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, {}, False),
        ({"matchLabels": None, "matchExpressions": None}, {}, True),
    ],
)
def test_a_selector_selects_as_the_api_server_does(
    selector: dict[str, Any], having: dict[str, str], selected: bool
) -> None:
    assert selects(selector, having) is selected


def test_a_replica_set_has_the_template_of_its_deployment_and_one_label_more() -> None:
    template: dict[str, Any] = {
        "metadata": {"labels": {"app": "server"}, "annotations": {"a": "b"}},
        "spec": {"containers": []},
    }
    labels = {"app": "server", "pod-template-hash": "5cf9f8547"}
    replica_set = {"spec": {"template": {**template, "metadata": {**template["metadata"], "labels": labels}}}}
    assert deployed_template(replica_set) == template
    other = {**template, "metadata": {"labels": {"app": "client"}}}
    assert deployed_template({"spec": {"template": other}}) == other
