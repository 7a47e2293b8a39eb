"""Which cure is recommended when."""

from dataclasses import replace

from grpcdemo.model.recommendation import recommend
from tests.views.comparisons import COMPARISON, HEADLESS, NONE, SETTING, SIDECAR, course


def test_the_best_cure_of_each_set_of_changes_that_is_worth_it() -> None:
    chosen = recommend(COMPARISON.cures, SETTING.may_change)
    assert [(one.changes, one.cure.name) for one in chosen] == [(("cluster",), "sidecar")]
    better = replace(HEADLESS, course=course(0.05))
    chosen = recommend((NONE, better, SIDECAR), SETTING.may_change)
    assert [(one.changes, one.cure.name) for one in chosen] == [
        (("cluster",), "sidecar"),
        (("client", "cluster"), "headless"),
    ]


def test_what_may_not_be_changed_is_not_recommended() -> None:
    assert recommend(COMPARISON.cures, ("client", "server")) == []


def test_what_is_there_to_be_compared_with_is_not_recommended() -> None:
    contrast = replace(SIDECAR, name="http1", course=course(0.0), contrast=True)
    (chosen,) = recommend((NONE, contrast, SIDECAR), ("cluster",))
    assert [chosen.cure.name, *(one.name for one in chosen.others)] == ["sidecar"]


def test_of_equal_changes_the_one_that_waits_and_fails_less_is_first() -> None:
    cures = [
        replace(SIDECAR, name=name, course=course(first, failed=failed))
        for name, first, failed in (("late", 20.0, 0), ("failing", 0.2, 5), ("good", 5.3, 0))
    ]
    (chosen,) = recommend(cures, ("cluster",))
    assert [chosen.cure.name, *(one.name for one in chosen.others)] == ["good", "failing", "late"]
