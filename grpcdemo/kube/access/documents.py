"""YAML as kubectl reads it, and errors that do not show it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import yaml

TAGS = {
    "null": ("~|null|Null|NULL|", "~nN"),
    "bool": ("yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF", "yYnNtTfFoO"),
    "int": ("[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)", "-+0123456789"),
    "float": (r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+]?[0-9]+)?", "-+.0123456789"),
    "merge": ("<<", "<"),
}
"""What is not text although it has no quotes, and the characters that it begins with. A date is text, as in Go."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the base is chosen at run time
    """The one in C, if PyYAML has it: certificates make a kubeconfig long."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _tag, (_pattern, _first) in TAGS.items():
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"({_pattern})$"), [*_first])
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile("$"), [""])


def parse_yaml(data: bytes) -> Any:
    """The first document. Raises ValueError, which does not say what stands there."""
    try:
        return next(iter(yaml.load_all(data.decode("utf-8-sig"), Loader=_Loader)), None)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ValueError(f"is not YAML{line}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ValueError("is not YAML") from None
