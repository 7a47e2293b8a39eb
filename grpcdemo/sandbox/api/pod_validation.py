"""Validates the spec of a pod, or of a pod template, and its changes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from grpcdemo.resources.objects import Object, copy_json
from grpcdemo.sandbox.api.names import LABEL, LABEL_RULE
from grpcdemo.sandbox.api.status import Cause

HIGHEST_PORT = 65535
PORT_RULE = f"must be between 1 and {HIGHEST_PORT}, inclusive"
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
RESTART_POLICIES = ("Always", "OnFailure", "Never")
HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
UPDATE_RULE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def check_pod_spec(spec: Object, field: str, *, restart: Sequence[str] = RESTART_POLICIES) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield Cause.required(f"{field}.containers")
    names: set[str] = set()
    for part in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(part, [])):
            yield from check_container(container, f"{field}.{part}[{number}]", names)
    if spec.get("restartPolicy") not in restart:
        yield Cause.unsupported(f"{field}.restartPolicy", spec.get("restartPolicy"), restart)
    yield from _check_mounts(spec, field)


def check_container(container: Object, field: str, names: set[str]) -> Iterator[Cause]:
    name = container.get("name", "")
    if not name:
        yield Cause.required(f"{field}.name")
    elif len(name) > 63 or not re.fullmatch(LABEL, name):
        yield Cause.wrong(f"{field}.name", name, LABEL_RULE)
    if not container.get("image"):
        yield Cause.required(f"{field}.image")
    yield from _check_ports(container.get("ports", []), f"{field}.ports")
    yield from _check_resources(container.get("resources", {}), f"{field}.resources")
    for number, variable in enumerate(container.get("env", [])):
        if not variable.get("name"):
            yield Cause.required(f"{field}.env[{number}].name")
    if container.get("imagePullPolicy") not in PULL_POLICIES:
        yield Cause.unsupported(f"{field}.imagePullPolicy", container.get("imagePullPolicy"), PULL_POLICIES)
    for probe in ("readinessProbe", "livenessProbe", "startupProbe"):
        if probe in container and not any(handler in container[probe] for handler in HANDLERS):
            yield Cause.required(f"{field}.{probe}", "must specify a handler type")
    if name and name in names:
        yield Cause.duplicate(f"{field}.name", name)
    names.add(name)


def _check_ports(ports: list[Object], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for number, port in enumerate(ports):
        value, name = port.get("containerPort"), port.get("name")
        if not value:
            yield Cause.required(f"{field}[{number}].containerPort")
        elif not is_port(value):
            yield Cause.wrong(f"{field}[{number}].containerPort", value, PORT_RULE)
        if name and name in names:
            yield Cause.duplicate(f"{field}[{number}].name", name)
        names.add(name or "")


def _check_resources(resources: Object, field: str) -> Iterator[Cause]:
    for part in ("limits", "requests"):
        for name, quantity in resources.get(part, {}).items():
            try:
                parse_quantity(quantity)
            except ValueError:
                yield Cause.wrong(f"{field}.{part}[{name}]", quantity, "must be a quantity, such as 500m or 64Mi")


def _check_mounts(spec: Object, field: str) -> Iterator[Cause]:
    volumes = {volume.get("name") for volume in spec.get("volumes", [])}
    for part in ("initContainers", "containers"):
        for number, container in enumerate(spec.get(part, [])):
            for place, mount in enumerate(container.get("volumeMounts", [])):
                if mount.get("name") not in volumes:
                    name = f"{field}.{part}[{number}].volumeMounts[{place}].name"
                    message = f'Not found: "{mount.get("name", "")}"'
                    yield Cause(name, message, "FieldValueNotFound")


def check_pod_update(new: Object, old: Object) -> Iterator[Cause]:
    changed, before = _without_mutable(new["spec"]), _without_mutable(old["spec"])
    fields = sorted(name for name in {*changed, *before} if changed.get(name) != before.get(name))
    if fields:
        yield Cause.forbidden("spec", f"{UPDATE_RULE}; it would change {', '.join(fields)}")


def is_port(value: Any) -> bool:
    return isinstance(value, int) and 1 <= value <= HIGHEST_PORT


def _without_mutable(spec: Object) -> Object:
    copied = copy_json(spec)
    for name in ("activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"):
        copied.pop(name, None)
    for container in [*copied.get("initContainers", []), *copied.get("containers", [])]:
        container.pop("image", None)
    return copied
