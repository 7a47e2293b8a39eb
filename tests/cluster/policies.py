"""Admission policies for the namespace of a single test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.contract.tools import Demo, kubectl

from .admission import wait_for_admission

PODS = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
ASSIGNED = 1000660000
"""A user such as OpenShift assigns to a namespace."""
ASSIGN = f"""Object{{spec: Object.spec{{securityContext: Object.spec.securityContext{{
    runAsUser: {ASSIGNED}, runAsGroup: 0, fsGroup: {ASSIGNED}}}}}}}"""


@contextmanager
def denying_policy(demo: Demo, message: str) -> Iterator[str]:
    """The name of a ValidatingAdmissionPolicy that denies every new pod."""
    spec = {"validations": [{"expression": "false", "message": message}]}
    with _policy(demo, "ValidatingAdmissionPolicy", spec, {"validationActions": ["Deny"]}) as name:
        wait_for_admission(demo.namespace, message)
        yield name


@contextmanager
def assigning_policy(demo: Demo) -> Iterator[None]:
    """Every new pod runs as a user that the cluster assigns, as under OpenShift's restricted-v2."""
    patch = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": ASSIGN}}
    spec = {"reinvocationPolicy": "IfNeeded", "mutations": [patch]}
    with _policy(demo, "MutatingAdmissionPolicy", spec, {}):
        wait_for_admission(demo.namespace, f'"runAsUser": {ASSIGNED}')
        yield


@contextmanager
def _policy(demo: Demo, kind: str, spec: Mapping[str, object], binding: Mapping[str, object]) -> Iterator[str]:
    name = demo.namespace
    selector = {"matchLabels": {"kubernetes.io/metadata.name": name}}
    constraints = {"resourceRules": [PODS], "namespaceSelector": selector}
    bodies = [
        {"kind": kind, "spec": {**spec, "failurePolicy": "Fail", "matchConstraints": constraints}},
        {"kind": f"{kind}Binding", "spec": {**binding, "policyName": name}},
    ]
    objects = [{"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": name}, **body} for body in bodies]
    kubectl("create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    try:
        yield name
    finally:
        for obj in objects:
            kubectl("delete", f"{obj['kind']}.admissionregistration.k8s.io", name)
