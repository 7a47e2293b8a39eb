"""Content negotiation: the first media type of a client's Accept header that can be served."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from aiohttp import web

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.status import StatusError

JSON = "application/json"
YAML = "application/yaml"
ANY = ("", "*/*", "application/*")
DISCOVERY = f"{JSON};g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

View = Literal["object", "table", "metadata"]
VIEWS: dict[str, View] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


@dataclass(frozen=True)
class Form:
    """*view*: a whole object, a row of a table, or only the metadata."""

    media: str = JSON
    view: View = "object"


def choose_form(accept: str) -> Form:
    """Raises StatusError (NotAcceptable). The default is JSON."""
    for media, parameters in _accepted(accept):
        view = VIEWS.get(parameters.get("as", ""))
        if media in (JSON, *ANY) and "as" not in parameters:
            return Form()
        if media == YAML and "as" not in parameters:
            return Form(media=YAML)
        if media == JSON and view and (parameters.get("g"), parameters.get("v")) == ("meta.k8s.io", "v1"):
            return Form(view=view)
    message = f"406: Not Acceptable\n\nAvailable representations: {JSON}, {YAML}, {JSON};stream=watch"
    raise StatusError("NotAcceptable", message)


def wants_discovery(accept: str) -> bool:
    """Whether the client asks for all groups in one answer, as new ones do first."""
    for media, parameters in _accepted(accept):
        if parameters.get("as") == "APIGroupDiscoveryList" and parameters.get("v") == "v2":
            return True
        if media in (JSON, *ANY) and not parameters.get("as"):
            return False
    return False


def answer(body: Any, *, code: int = 200, form: Form | None = None, warnings: list[str] | None = None) -> web.Response:
    """An answer that is not streamed."""
    form = form or Form()
    text = yaml.safe_dump(body, sort_keys=False) if form.media == YAML else dump(body)
    response = web.Response(text=text, status=code, content_type=form.media)
    for warning in warnings or []:
        add_warning(response, warning)
    return response


def add_warning(response: web.StreamResponse, text: str) -> None:
    """Add a header that kubectl prints."""
    response.headers.add("Warning", f"299 - {json.dumps(text)}")


def dump(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def metadata_only(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}


def _accepted(accept: str) -> list[tuple[str, dict[str, str]]]:
    accepted = []
    for media_range in (accept or "*/*").split(","):
        media, *parameters = (part.strip() for part in media_range.split(";"))
        accepted.append((media, dict(part.partition("=")[::2] for part in parameters)))
    return accepted
