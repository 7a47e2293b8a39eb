"""The sidecar injector's webhooks, with the selectors that Istio's charts write, by kind of install."""

from __future__ import annotations

import copy
import functools
from typing import Any

import yaml

Object = dict[str, Any]

BY_REVISION = """
- name: rev.namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: ISTIOD, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [
    {key: istio.io/rev, operator: In, values: [REVISION]}, {key: istio-injection, operator: DoesNotExist}]}
  objectSelector: {matchExpressions: [{key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]}]}
- name: rev.object.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: ISTIOD, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [
    {key: istio.io/rev, operator: DoesNotExist}, {key: istio-injection, operator: DoesNotExist}]}
  objectSelector: {matchExpressions: [
    {key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]},
    {key: istio.io/rev, operator: In, values: [REVISION]}]}
"""
BY_USUAL_LABEL = """
- name: namespace.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: ISTIOD, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [{key: istio-injection, operator: In, values: [enabled]}]}
  objectSelector: {matchExpressions: [{key: sidecar.istio.io/inject, operator: NotIn, values: ["false"]}]}
- name: object.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: ISTIOD, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [
    {key: istio-injection, operator: DoesNotExist}, {key: istio.io/rev, operator: DoesNotExist}]}
  objectSelector: {matchExpressions: [
    {key: sidecar.istio.io/inject, operator: In, values: ["true"]}, {key: istio.io/rev, operator: DoesNotExist}]}
"""
BY_DEFAULT = """
- name: auto.sidecar-injector.istio.io
  clientConfig: {service: {namespace: istio-system, name: ISTIOD, path: /inject, port: 443}}
  namespaceSelector: {matchExpressions: [
    {key: istio-injection, operator: DoesNotExist}, {key: istio.io/rev, operator: DoesNotExist},
    {key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kube-public, kube-node-lease]}]}
  objectSelector: {matchExpressions: [
    {key: sidecar.istio.io/inject, operator: DoesNotExist}, {key: istio.io/rev, operator: DoesNotExist}]}
"""
NEVER = {"matchLabels": {"istio.io/deactivated": "never-match"}}
"""What an install writes into its own webhooks while a default tag stands in for them."""


def configuration(name: str, revision: str, *parts: str, selects: str, istiod: str) -> Object:
    entries = copy.deepcopy(_parsed("".join(parts).replace("REVISION", selects).replace("ISTIOD", istiod)))
    metadata = {"name": name, "labels": {"istio.io/rev": revision, "app": "sidecar-injector"}}
    return {"kind": "MutatingWebhookConfiguration", "metadata": metadata, "webhooks": entries}


@functools.cache
def _parsed(text: str) -> list[Object]:
    found: list[Object] = yaml.safe_load(text)
    return found


def default_install() -> list[Object]:
    """`istioctl install`: the tag `default` works, and the install's own webhooks are switched off."""
    own = configuration(
        "istio-sidecar-injector", "default", BY_REVISION, BY_USUAL_LABEL, selects="default", istiod="istiod"
    )
    for entry in own["webhooks"]:
        entry.update(namespaceSelector=NEVER, objectSelector=NEVER)
    return [own, tag("default", "default", istiod="istiod")]


def tag(name: str, revision: str, *, istiod: str | None = None) -> Object:
    """`istioctl tag set NAME --revision REVISION`."""
    parts = (BY_REVISION, BY_USUAL_LABEL) if name == "default" else (BY_REVISION,)
    istiod = istiod or f"istiod-{revision}"
    return configuration(f"istio-revision-tag-{name}", revision, *parts, selects=name, istiod=istiod)


def revisioned_install(revision: str) -> list[Object]:
    """`istioctl install --revision REVISION`, beside which nobody has set a default tag."""
    istiod = f"istiod-{revision}"
    name = f"istio-sidecar-injector-{revision}"
    return [configuration(name, revision, BY_REVISION, selects=revision, istiod=istiod)]


def install_by_default() -> list[Object]:
    """`--set values.sidecarInjectorWebhook.enableNamespacesByDefault=true`, installed by Helm."""
    parts = (BY_REVISION, BY_USUAL_LABEL, BY_DEFAULT)
    return [configuration("istio-sidecar-injector", "default", *parts, selects="default", istiod="istiod")]
