"""Drawing a hundred pods must not hold up the log."""

import io

import pytest
from rich.console import Console, RenderableType

from grpcdemo.views.observation import observation_view
from grpcdemo.views.table import plain_table
from tests.bench.ratio import median_ratio, report, timed
from tests.views.samples import crowd

WIDTH, HEIGHT = 200, 50
ROUNDS = 31


def drawn(picture: RenderableType) -> None:
    Console(file=io.StringIO(), width=WIDTH, force_terminal=True, highlight=False).print(picture)


@pytest.mark.bench
def test_a_frame_of_a_hundred_pods_against_a_table_of_as_many_cells() -> None:
    seen = crowd(pinned=False, clients=5)

    def table() -> None:
        found = plain_table(*map(str, range(9)))
        for _ in range(HEIGHT):
            found.add_row(*["x" * 12] * 9)
        drawn(found)

    def ours() -> None:
        drawn(observation_view(seen, WIDTH, HEIGHT))

    timed(ours), timed(table)
    ratio = median_ratio(lambda: timed(ours), lambda: timed(table), rounds=ROUNDS)
    report("a frame of 100 pods / a table of as many cells", ratio, 2.0)
