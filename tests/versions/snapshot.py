"""Writes `kubernetes-1.N.json`: what the API of an old Kubernetes has, as its own Python client describes it.

    pip download --no-deps --dest clients kubernetes==18.20.0
    python -m tests.versions.snapshot clients/*.whl

Client 18 is of Kubernetes 1.18, and so on. Its generated code is read, not imported: four of them exclude each other.
Of the operations, those on the resources of our table are kept; of the models, those that such operations take.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from grpcdemo.resources import resource

FOLDER = Path(__file__).parent
PATHS = {
    one.path(namespace, name, subresource)
    for one in vars(resource).values()
    if isinstance(one, resource.Resource)
    for namespace in (None, "{namespace}")
    for name, subresource in ((None, None), ("{name}", None), ("{name}", "log"))
} | {"/api/v1/namespaces/{name}", "/version/"}
OPERATION = re.compile(r"\n    def \w+_with_http_info\(self.*?response_type='(?P<answer>\w+)'", re.DOTALL)
CALL = re.compile(r"call_api\(\s*'(?P<path>[^']+)', '(?P<method>\w+)'")
QUERY = re.compile(r"query_params\.append\(\('(\w+)'")
BODY = re.compile(r":param (\w+) body:")
FIELDS = re.compile(r"(openapi_types|attribute_map) = (\{.*?\})", re.DOTALL)
REQUIRED = re.compile(r"Invalid value for `(\w+)`, must not be `None`")
MODEL = re.compile(r"\bV\d\w*")


def read_snapshot(wheel: Path) -> dict[str, Any]:
    """The operations by method and path, and the models by name."""
    with ZipFile(wheel) as archive:
        sources = {name: archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")}
    operations = {key: operation for name, text in sources.items() for key, operation in _operations(name, text)}
    models = dict(_model(text) for name, text in sources.items() if "/client/models/v" in name)
    kept = _reachable(models, {operation["body"] for operation in operations.values()})
    return {"operations": operations, "models": {name: models[name] for name in sorted(kept)}}


def _operations(name: str, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for match in OPERATION.finditer(text) if "/client/api/" in name else ():
        operation, call = match[0], CALL.search(match[0])
        if call and call["path"] in PATHS:
            body = BODY.search(operation)
            # A patch is of any form: its fields are those of the answer.
            model = match["answer"] if call["method"] == "PATCH" else body and body[1]
            yield f"{call['method']} {call['path']}", {"query": sorted(QUERY.findall(operation)), "body": model}


def _model(text: str) -> tuple[str, dict[str, Any]]:
    """The type of each field by its name in JSON, and the fields that an object must have."""
    parts: dict[str, dict[str, str]] = {name: ast.literal_eval(dictionary) for name, dictionary in FIELDS.findall(text)}
    names = parts["attribute_map"]
    fields = {names[field]: kind for field, kind in parts["openapi_types"].items()}
    return text.split("\nclass ")[1].split("(")[0], {
        "fields": fields,
        "required": sorted({names[field] for field in REQUIRED.findall(text)}),
    }


def _reachable(models: dict[str, dict[str, Any]], roots: set[str | None]) -> set[str]:
    reached: set[str] = set()
    waiting = [name for name in roots if name in models]
    while waiting:
        name = waiting.pop()
        if name and name not in reached:
            reached.add(name)
            waiting += [kind for text in models[name]["fields"].values() for kind in MODEL.findall(text)]
    return reached


def main(wheels: list[str]) -> None:
    for wheel in map(Path, wheels):
        minor = wheel.name.split("-")[1].split(".")[0]
        text = json.dumps(read_snapshot(wheel), sort_keys=True, separators=(",", ":"))
        # One operation or model a line, so that a difference can be read.
        text = re.sub(r',("(?:[A-Z]+ /|[vV]\d)[^"]*":\{"(?:body|fields)")', r",\n\1", text)
        (FOLDER / f"kubernetes-1.{minor}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
