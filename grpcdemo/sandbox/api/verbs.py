"""The verbs of the API on stored objects: from a request to the registry, and back to an answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from aiohttp import web

from grpcdemo.resources.objects import Object
from grpcdemo.resources.resource import ENDPOINTS, PODS, SERVICE_ACCOUNTS, SERVICES, Resource
from grpcdemo.sandbox.api.bodies import check, parse
from grpcdemo.sandbox.api.endpoints import get_endpoints
from grpcdemo.sandbox.api.fields import WrongType, check_fields
from grpcdemo.sandbox.api.lists import Listing, build_list, list_objects
from grpcdemo.sandbox.api.negotiation import View, answer, choose_view, metadata_only
from grpcdemo.sandbox.api.options import delete_options, parse_bool, parse_dry_run, parse_validation
from grpcdemo.sandbox.api.patches import Patch, read_patch
from grpcdemo.sandbox.api.paths import Place
from grpcdemo.sandbox.api.registry import Deletion, Registry
from grpcdemo.sandbox.api.reviews import REVIEWS
from grpcdemo.sandbox.api.scale import API_VERSION as SCALE_VERSION
from grpcdemo.sandbox.api.scale import KIND as SCALE
from grpcdemo.sandbox.api.scale import read_scale, write_scale
from grpcdemo.sandbox.api.served import READ, verbs_of
from grpcdemo.sandbox.api.status import Cause, StatusError, invalid, no_such_method
from grpcdemo.sandbox.api.tables import build_table

RETURNED = (PODS, SERVICES, SERVICE_ACCOUNTS)
"""The resources for which a delete answers with the object; others answer with a Status."""
OBJECT_VERBS = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
COLLECTION_VERBS = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
CONNECT_VERBS = {**OBJECT_VERBS, "HEAD": "get", "POST": "create"}
"""The verb of each HTTP method, on one object, on a collection, and on what connects to an object."""
HANDLED_APART = ("exec", "log", "portforward", "proxy")
"""Subresources that are not an object."""


@dataclass(frozen=True)
class Call:
    """A request and its parsed path."""

    request: web.Request
    place: Place

    @property
    def namespace(self) -> str:
        return self.place.namespace or ""

    @property
    def name(self) -> str:
        return self.place.name or ""

    @property
    def dry_run_values(self) -> list[str]:
        return self.request.query.getall("dryRun", [])


class Verbs:
    """One method for each verb, from a call to the answer. Each raises StatusError to refuse the request."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._store = registry.store

    async def get(self, call: Call) -> web.StreamResponse:
        if call.place.resource is ENDPOINTS:
            return self._show(call, get_endpoints(self._store, call.namespace, call.name))
        obj = self._store.get(call.place.resource, call.namespace, call.name)
        return answer(read_scale(obj)) if call.place.subresource == "scale" else self._show(call, obj)

    async def list_kind(self, call: Call) -> web.StreamResponse:
        view, resource = _view(call), call.place.resource
        listing = list_objects(self._store, resource, call.place.namespace, call.request.query)
        if view == "table":
            include = call.request.query.get("includeObject", "")
            return answer(build_table(resource, listing.items, listing.metadata, include=include))
        if view == "metadata":
            items = [metadata_only(item) for item in listing.items]
            kinds = {"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}
            return answer({**kinds, "metadata": listing.metadata, "items": items})
        return answer(build_list(resource, listing))

    async def create(self, call: Call) -> web.StreamResponse:
        resource, query = call.place.resource, call.request.query
        dry_run = parse_dry_run(call.dry_run_values, "CreateOptions")
        obj, warnings = await self._read(
            call, resource.api_version, resource.kind, parse_validation(query, "CreateOptions")
        )
        if review := REVIEWS.get(resource):
            return answer({**obj, "status": review(obj)}, code=201)
        created = self._registry.create(resource, call.namespace, obj, dry_run=dry_run)
        return self._show(call, created, code=201, warnings=warnings)

    async def update(self, call: Call) -> web.StreamResponse:
        resource, part = call.place.resource, call.place.subresource
        dry_run = parse_dry_run(call.dry_run_values, "UpdateOptions")
        validation = parse_validation(call.request.query, "UpdateOptions")
        expected = (SCALE_VERSION, SCALE) if part == "scale" else (resource.api_version, resource.kind)
        obj, warnings = await self._read(call, *expected, validation)
        _check_names(call, obj)
        return self._write(call, obj, warnings, dry_run=dry_run)

    async def patch(self, call: Call) -> web.StreamResponse:
        data = await call.request.read()
        patch = read_patch(call.request.content_type, data)
        dry_run = parse_dry_run(call.dry_run_values, "PatchOptions")
        validation = parse_validation(call.request.query, "PatchOptions")
        present = self._store.get(call.place.resource, call.namespace, call.name)
        shown = read_scale(present) if call.place.subresource == "scale" else present
        obj, warnings = self._patched(call, shown, patch, validation)
        _check_names(call, obj)
        return self._write(call, obj, warnings, dry_run=dry_run)

    async def delete(self, call: Call) -> web.StreamResponse:
        resource, options, dry_run = call.place.resource, *await self._delete_options(call)
        deletion = self._registry.delete(resource, call.namespace, call.name, options=options, dry_run=dry_run)
        if deletion.gone and (resource not in RETURNED):
            return answer(_success(resource, deletion))
        return self._show(call, deletion.object)

    async def delete_collection(self, call: Call) -> web.StreamResponse:
        resource, options, dry_run = call.place.resource, *await self._delete_options(call)
        listing = list_objects(self._store, resource, call.place.namespace, call.request.query)
        gone = [
            self._registry.delete(resource, call.namespace, obj["metadata"]["name"], options=options, dry_run=dry_run)
            for obj in listing.items
        ]
        return answer(build_list(resource, Listing([deletion.object for deletion in gone], listing.metadata)))

    async def _read(self, call: Call, api_version: str, kind: str, validation: str) -> tuple[Object, list[str]]:
        content_type = call.request.content_type if "Content-Type" in call.request.headers else ""
        body = parse(await call.request.read(), content_type, kind)
        return check(body, api_version, kind, validation)

    async def _delete_options(self, call: Call) -> tuple[Object, bool]:
        data = await call.request.read()
        body = parse(data, call.request.content_type, "DeleteOptions").content if data else None
        options = delete_options(call.request.query, call.dry_run_values, body)
        return options, parse_dry_run(options.get("dryRun") or [], "DeleteOptions")

    def _patched(self, call: Call, present: Object, patch: Patch, validation: str) -> tuple[Object, list[str]]:
        """The patched object, checked like one in a body. Raises StatusError (Invalid)."""
        patched = patch(present)
        api_version, kind = present["apiVersion"], present["kind"]
        if (patched.get("apiVersion"), patched.get("kind")) != (api_version, kind):
            raise StatusError("BadRequest", "the patch changes the apiVersion or kind of the object")
        try:
            known, problems = check_fields(patched, kind)
        except WrongType as error:
            raise invalid("", "", [Cause("patch", f"Invalid value: {error}")]) from error
        if problems and validation == "Strict":
            message = f"Invalid value: strict decoding error: {', '.join(problems)}"
            raise invalid("", "", [Cause("patch", message)])
        metadata, present_uid = known.setdefault("metadata", {}), present["metadata"]["uid"]
        if (uid := metadata.setdefault("uid", present_uid)) != present_uid:
            cause = Cause.wrong("metadata.uid", uid, "field is immutable")
            raise invalid(call.place.resource.qualified_kind, call.name, [cause])
        return known, problems if validation == "Warn" else []

    def _write(self, call: Call, obj: Object, warnings: list[str], *, dry_run: bool) -> web.Response:
        resource, part = call.place.resource, call.place.subresource
        if part == "scale":
            present = self._store.get(resource, call.namespace, call.name)
            updated = self._registry.update(resource, write_scale(present, obj), dry_run=dry_run)
            return answer(read_scale(updated), warnings=warnings)
        updated = self._registry.update(resource, obj, subresource=part, dry_run=dry_run)
        return self._show(call, updated, warnings=warnings)

    def _show(self, call: Call, obj: Object, *, code: int = 200, warnings: Sequence[str] = ()) -> web.Response:
        view = _view(call)
        if view == "table":
            metadata = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            include = call.request.query.get("includeObject", "")
            shown = build_table(call.place.resource, [obj], metadata, include=include)
        else:
            shown = metadata_only(obj) if view == "metadata" else obj
        return answer(shown, code=code, warnings=warnings)


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


def _view(call: Call) -> View:
    return choose_view(call.request.headers.get("Accept", ""))


def _check_names(call: Call, obj: Object) -> None:
    """Fill in missing names. Raises StatusError (BadRequest) if the object is not the path's."""
    metadata = obj["metadata"]
    name = metadata.setdefault("name", call.name)
    if name != call.name:
        message = f"the name of the object ({name}) does not match the name on the URL ({call.name})"
        raise StatusError("BadRequest", message)
    if call.place.resource.namespaced and metadata.setdefault("namespace", call.namespace) != call.namespace:
        message = "the namespace of the object ({}) does not match the namespace on the URL ({})"
        raise StatusError("BadRequest", message.format(metadata["namespace"], call.namespace))


def _success(resource: Resource, deletion: Deletion) -> Object:
    metadata = deletion.object["metadata"]
    group = {"group": resource.group} if resource.group else {}
    details = {"name": metadata["name"], **group, "kind": resource.plural, "uid": metadata["uid"]}
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def choose_verb(call: Call) -> str:
    """The Kubernetes verb of a request. Raises StatusError (MethodNotAllowed)."""
    place, whole = call.place, call.place.name is None
    verb = _verbs_by_method(place).get(call.request.method, "")
    if verb == "list" and parse_bool(call.request.query, "watch"):
        verb = "watch"
    in_no_namespace = whole and place.resource.namespaced and place.namespace is None
    if verb not in verbs_of(place.resource, place.subresource) or (in_no_namespace and verb not in READ):
        raise no_such_method()
    return place.subresource if place.subresource in HANDLED_APART else verb


def _verbs_by_method(place: Place) -> dict[str, str]:
    if place.subresource in ("exec", "portforward", "proxy"):
        return CONNECT_VERBS
    return COLLECTION_VERBS if place.name is None else OBJECT_VERBS
