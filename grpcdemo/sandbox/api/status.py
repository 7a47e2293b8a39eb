"""The `Status` of every refusal, and the exception that carries it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import Resource

CODES = {
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "NotFound": 404,
    "MethodNotAllowed": 405,
    "NotAcceptable": 406,
    "AlreadyExists": 409,
    "Conflict": 409,
    "Expired": 410,
    "RequestEntityTooLarge": 413,
    "UnsupportedMediaType": 415,
    "Invalid": 422,
    "InternalError": 500,
    "ServiceUnavailable": 503,
    "Timeout": 504,
}


class StatusError(Exception):
    """A refusal; *reason* is one of CODES."""

    def __init__(self, reason: str, message: str, *, details: Object | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.code = CODES[reason]
        self.details = details

    def body(self) -> Object:
        status: Object = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": str(self),
            "reason": self.reason,
            "code": self.code,
        }
        return status if self.details is None else {**status, "details": self.details}


def not_found(resource: Resource, name: str) -> StatusError:
    return _refusal("NotFound", resource, name, "not found")


def already_exists(resource: Resource, name: str) -> StatusError:
    return _refusal("AlreadyExists", resource, name, "already exists")


def forbidden(resource: Resource, name: str, why: str) -> StatusError:
    return _refusal("Forbidden", resource, name, f"is forbidden: {why}")


def conflict(resource: Resource, name: str, why: str) -> StatusError:
    message = f'Operation cannot be fulfilled on {resource.qualified} "{name}": {why}'
    return StatusError("Conflict", message, details=_details(resource, name))


def _refusal(reason: str, resource: Resource, name: str, why: str) -> StatusError:
    return StatusError(reason, f'{resource.qualified} "{name}" {why}', details=_details(resource, name))


@dataclass(frozen=True)
class Cause:
    """What is wrong with one field, such as `spec.replicas`."""

    field: str
    message: str
    reason: str = "FieldValueInvalid"

    @staticmethod
    def required(field: str, why: str = "") -> Cause:
        return Cause(field, f"Required value: {why}" if why else "Required value", "FieldValueRequired")

    @staticmethod
    def unsupported(field: str, value: Any, supported: Iterable[str]) -> Cause:
        values = ", ".join(json.dumps(text) for text in supported)
        message = f"Unsupported value: {json.dumps(value)}: supported values: {values}"
        return Cause(field, message, "FieldValueNotSupported")

    @staticmethod
    def wrong(field: str, value: Any, why: str) -> Cause:
        return Cause(field, f"Invalid value: {json.dumps(value, separators=(',', ':'))}: {why}")

    @staticmethod
    def forbidden(field: str, why: str) -> Cause:
        return Cause(field, f"Forbidden: {why}", "FieldValueForbidden")

    @staticmethod
    def duplicate(field: str, value: Any) -> Cause:
        return Cause(field, f"Duplicate value: {json.dumps(value)}", "FieldValueDuplicate")


def invalid(what: str, name: str, causes: Sequence[Cause]) -> StatusError:
    """*what* is a qualified kind, such as `Deployment.apps`."""
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    message = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    kind, _, group = what.partition(".")
    named = {"name": name} if name else {}
    grouped = {"group": group} if group else {}
    listed = [{"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in causes]
    details = {**named, **grouped, "kind": kind, "causes": listed}
    return StatusError("Invalid", f'{what} "{name}" is invalid: {message}', details=details)


def no_such_path() -> StatusError:
    """With empty details, because kubectl reads them."""
    return StatusError("NotFound", "the server could not find the requested resource", details={})


def no_such_method() -> StatusError:
    return StatusError("MethodNotAllowed", "the server does not allow this method on the requested resource")


def expired(version: int, oldest: int) -> StatusError:
    return StatusError("Expired", f"too old resource version: {version} ({oldest})")


def _details(resource: Resource, name: str) -> Object:
    details: Object = {"name": name, "kind": resource.plural}
    return {**details, "group": resource.group} if resource.group else details
