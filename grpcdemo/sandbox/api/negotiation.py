"""Content negotiation: the first media type of a client's Accept header that can be served."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal

from aiohttp import web

from grpcdemo.resources.objects import Object
from grpcdemo.sandbox.api.status import StatusError

JSON = "application/json"
ANY = ("", "*/*", "application/*")

View = Literal["object", "table", "metadata"]
VIEWS: dict[str, View] = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


def choose_view(accept: str) -> View:
    """What to show of an object: all of it, a row of a table, or its metadata. Raises StatusError (NotAcceptable)."""
    for media_range in (accept or "*/*").split(","):
        media, *texts = (part.strip() for part in media_range.split(";"))
        parameters = dict(text.partition("=")[::2] for text in texts)
        view = VIEWS.get(parameters.get("as", ""))
        if media in (JSON, *ANY) and "as" not in parameters:
            return "object"
        if media == JSON and view and (parameters.get("g"), parameters.get("v")) == ("meta.k8s.io", "v1"):
            return view
    raise StatusError("NotAcceptable", f"406: Not Acceptable\n\nAvailable representations: {JSON}, {JSON};stream=watch")


def answer(body: Any, *, code: int = 200, warnings: Sequence[str] = ()) -> web.Response:
    """An answer that is not streamed."""
    response = web.Response(text=dump(body), status=code, content_type=JSON)
    for warning in warnings:
        add_warning(response, warning)
    return response


def add_warning(response: web.StreamResponse, text: str) -> None:
    """Add a header that kubectl prints."""
    response.headers.add("Warning", f"299 - {json.dumps(text)}")


def dump(body: Any) -> str:
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False)


def metadata_only(obj: Object) -> Object:
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": obj["metadata"]}
