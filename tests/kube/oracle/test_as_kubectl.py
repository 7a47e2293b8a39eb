"""What kubectl reaches, and as whom, ours reaches too: with the same kubeconfig and the same environment."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from .cases import CASES, DOCUMENTED, Case
from .programs import Place, Programs
from .recorder import Recorder, listening


@pytest.fixture
async def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Programs]:
    recorder = Recorder()
    async with listening(recorder) as ports:
        yield Programs(Place(tmp_path, ports), recorder, monkeypatch)


@pytest.mark.sandbox
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_the_same_arrives(programs: Programs, case: Case) -> None:
    theirs, ours = await programs.kubectl(case), await programs.ours(case)
    said = f"ours: {ours.said}\nkubectl: {theirs.said}"
    assert theirs.works is not (case.fails or bool(case.more)), said
    if case.refused:
        assert (ours.works, len(ours.arrived), ours.tunnels, ours.plugin) == (False, case.after, [], []), said
    elif case.more:
        assert ours.works, said
    else:
        assert ours.deeds(case.runs) == theirs.deeds(case.runs), said
        assert case.runs in (None, len(ours.plugin)), said


def test_the_table_has_every_documented_field() -> None:
    assert {name for case in CASES.values() for name in field_names(case)} >= DOCUMENTED


def field_names(value: object) -> set[str]:
    """The names of all fields in *value*."""
    if isinstance(value, Case):
        files = list((value.files or {}).values())
        return field_names([value.user, value.cluster, value.context, *files])
    if isinstance(value, Mapping):
        return {*value, *field_names(list(value.values()))}
    return {name for part in value for name in field_names(part)} if isinstance(value, list) else set()
