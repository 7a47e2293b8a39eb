"""The files of a kubeconfig: found, read and merged as kubectl does it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grpcdemo.errors import UsageError
from grpcdemo.kube.access.documents import parse_yaml
from grpcdemo.kube.access.fields import Fields, Place, printable

LISTS = {"contexts": "context", "clusters": "cluster", "users": "user"}
"""The lists of a kubeconfig, and the key of the content of each entry."""
KIND, VERSION = "Config", "v1"


@dataclass(frozen=True)
class Kubeconfig:
    """The files that together are the kubeconfig: --kubeconfig, else the list in KUBECONFIG, else ~/.kube/config."""

    paths: tuple[Path, ...]
    option: str | None = None
    implied: bool = False
    """It is the default file: no option or variable names it."""

    @property
    def exists(self) -> bool:
        """Whether there is one of its files; one that may not be looked for counts, because reading it says why not."""
        return any(_exists(path) for path in self.paths)

    def __str__(self) -> str:
        return printable(os.pathsep.join(map(str, self.paths)))


@dataclass(frozen=True)
class Entries:
    """What the files say together: of two entries with one name, that of the first file counts."""

    current_context: str
    contexts: Mapping[str, Fields]
    clusters: Mapping[str, Fields]
    users: Mapping[str, Fields]

    @property
    def is_empty(self) -> bool:
        return not (self.current_context or self.contexts or self.clusters or self.users)


def find_kubeconfig(option: str | None = None, environment: Mapping[str, str] = os.environ) -> Kubeconfig:
    """The kubeconfig of a command with the *option* --kubeconfig. An empty option or variable names nothing."""
    if option:
        return Kubeconfig((Path(option),), option=option)
    if listed := environment.get("KUBECONFIG"):
        return Kubeconfig(tuple(dict.fromkeys(Path(part) for part in listed.split(os.pathsep) if part)))
    return Kubeconfig((Path(environment.get("HOME", ""), ".kube", "config"),), implied=True)


def read_entries(kubeconfig: Kubeconfig) -> Entries:
    """Read each file once, because it may be a pipe. Those that are missing are left out."""
    files = [fields for path in kubeconfig.paths if (fields := _read_file(path)) is not None]
    contexts, clusters, users = (_merge(files, name, key) for name, key in LISTS.items())
    current = next((name for file in files if (name := file.text("current-context"))), "")
    return Entries(current, contexts, clusters, users)


def _exists(path: Path) -> bool:
    try:
        path.stat()
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return True
    return True


def _read_file(path: Path) -> Fields | None:
    """The fields of a file: none if it is empty. None if there is no such file."""
    place = Place(path, "")
    try:
        content = parse_yaml(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"cannot read kubeconfig {place}: {error.strerror or error}", hint=_readable(path)) from error
    except ValueError as error:
        raise place.error(str(error)) from None
    if not isinstance(content, dict | None):
        raise place.error("is not a kubeconfig")
    fields = Fields(path, "", content or {})
    if (fields.text("kind") or KIND, fields.text("apiVersion") or VERSION) != (KIND, VERSION):
        raise place.error("is another kind of object: a kubeconfig has kind Config and apiVersion v1")
    fields.refuse_misspelled((*LISTS, "kind", "apiVersion", "current-context", "preferences", "extensions"))
    return fields


def _readable(path: Path) -> str:
    return f"see `ls -ld {printable(str(path))}`, name another with --kubeconfig, or use --sandbox"


def entry_name(key: str, name: str) -> str:
    """What messages call an entry, such as `user jane`."""
    return f"{key} {printable(name)}"


def _merge(files: list[Fields], name: str, key: str) -> dict[str, Fields]:
    """The entries of a list by name."""
    merged: dict[str, Fields] = {}
    for file in files:
        entries: dict[str, Fields] = {}
        for number, item in enumerate(file.list(name), 1):
            item_place = file.place(f"{name}, entry {number}")
            if not isinstance(item, dict):
                raise item_place.error("must be a mapping")
            entry = Fields(file.file, item_place.name, item)
            entry.refuse_misspelled(("name", key))
            named = printable(entry.text("name"))
            if named in entries:
                raise item_place.error(f"is a second {key} with the name {named}")
            content = entry.fields(key)
            entries[named] = Fields(file.file, entry_name(key, named), content.content if content else {})
        merged = {**entries, **merged}
    return merged
