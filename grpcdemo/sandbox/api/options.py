"""Parses and checks the options of a request, from its query or, for a delete, its body."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.status import Cause, StatusError, invalid

VALIDATIONS = ("", "Ignore", "Strict", "Warn")
PROPAGATION = ("Foreground", "Background", "Orphan")
TRUE = ("", "1", "t", "T", "true", "TRUE", "True")
FALSE = ("0", "f", "F", "false", "FALSE", "False")


def parse_bool(query: Mapping[str, str], name: str) -> bool:
    """A flag without a value is set, as in Kubernetes."""
    text = query.get(name, "false")
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise StatusError("BadRequest", f'strconv.ParseBool: parsing "{text}": invalid syntax')


def parse_int(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise StatusError("BadRequest", f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


def parse_version(text: str) -> int | None:
    """A resource version, or None."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        why = f'Invalid value: "{text}": strconv.ParseUint: parsing "{text}": invalid syntax'
        raise StatusError("BadRequest", f"invalid resource version: resourceVersion: {why}")
    return int(text)


def parse_dry_run(values: Sequence[str], what: str) -> bool:
    """Whether it is a dry run. *what* is, for example, `CreateOptions`."""
    if any(value != "All" for value in values):
        raise refuse_option(what, Cause.unsupported("dryRun", list(values), ["All"]))
    return bool(values)


def parse_validation(query: Mapping[str, str], what: str) -> str:
    """`Strict`, `Warn` or `Ignore`; the default is `Warn`."""
    value = query.get("fieldValidation", "")
    if value not in VALIDATIONS:
        raise refuse_option(what, Cause.unsupported("fieldValidation", value, VALIDATIONS))
    return value or "Warn"


def delete_options(query: Mapping[str, str], dry_run: Sequence[str], body: Any) -> Object:
    """The DeleteOptions of a request: from its body if it has one, otherwise from its query, never from both."""
    if body is not None:
        if not isinstance(body, dict):
            raise StatusError("BadRequest", "the body of a delete must be DeleteOptions")
        options: Object = body
    else:
        options = {"dryRun": list(dry_run)}
        if (grace_s := parse_int(query, "gracePeriodSeconds")) is not None:
            options["gracePeriodSeconds"] = grace_s
        if policy := query.get("propagationPolicy"):
            options["propagationPolicy"] = policy
        if "orphanDependents" in query:
            options["orphanDependents"] = parse_bool(query, "orphanDependents")
    policy = options.get("propagationPolicy")
    if policy is not None and policy not in PROPAGATION:
        cause = Cause.unsupported("propagationPolicy", policy, (*PROPAGATION, "nil"))
        raise refuse_option("DeleteOptions", cause)
    if not isinstance(options.get("gracePeriodSeconds", 0), (int, type(None))):
        raise StatusError("BadRequest", "json: cannot unmarshal DeleteOptions.gracePeriodSeconds into int64")
    return options


def refuse_option(what: str, cause: Cause) -> StatusError:
    return invalid(f"{what}.meta.k8s.io", "", [cause])
