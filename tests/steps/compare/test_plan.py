"""What is measured, in which order."""

import dataclasses
from collections import Counter

import pytest

from grpcdemo.cures import CURES
from grpcdemo.cures.cure import Cure
from grpcdemo.errors import UsageError
from grpcdemo.steps.compare.config import CompareConfig
from grpcdemo.steps.compare.plan import ON_CLUSTER, Plan, make_plan

BASELINE = CURES[0]
CONFIG = CompareConfig(cures=(BASELINE, *(dataclasses.replace(BASELINE, name=name) for name in "abcd")))


def order(plan: Plan) -> list[str]:
    return [slot.cure.name for slot in plan.slots]


def test_each_cure_stands_between_baselines_once_in_each_round() -> None:
    plan = make_plan(CONFIG, {}, ON_CLUSTER)
    assert [slot.number for slot in plan.slots] == [*range(25)]
    assert order(plan)[::2] == ["none"] * 13
    for number in (1, 2, 3):
        others = [slot.cure.name for slot in plan.slots if slot.round == number and slot.cure.name != "none"]
        assert Counter(others) == Counter("abcd")


def test_the_order_differs_from_round_to_round_and_with_the_seed() -> None:
    plan = make_plan(CONFIG, {}, ON_CLUSTER)
    rounds = ["".join(order(plan)[1 + 8 * at : 9 + 8 * at : 2]) for at in range(3)]
    assert len({*rounds}) > 1
    assert order(make_plan(CONFIG, {}, ON_CLUSTER)) == order(plan)
    assert order(make_plan(dataclasses.replace(CONFIG, seed=2), {}, ON_CLUSTER)) != order(plan)


def test_what_cannot_run_is_not_planned() -> None:
    plan = make_plan(CONFIG, {"b": "no sidecars"}, ON_CLUSTER)
    assert "b" not in order(plan)
    assert plan.left_out == {"b": "no sidecars"}


def test_the_baseline_alone_is_measured_in_each_round() -> None:
    assert order(make_plan(dataclasses.replace(CONFIG, cures=(BASELINE,)), {}, ON_CLUSTER)) == ["none"] * 3


@pytest.mark.parametrize(("rate", "sizes"), [(100, [2, 2, 1]), (50, [4, 1]), (500, [1] * 5), (1, [5])])
def test_so_many_cures_change_at_once_as_do_not_disturb_each_other(rate: float, sizes: list[int]) -> None:
    config = dataclasses.replace(CONFIG, rate=rate, rounds=30)
    assert [len(group) for group in make_plan(config, {}, ON_CLUSTER).groups] == sizes


def test_the_expected_time_grows_with_what_is_measured() -> None:
    shorter, longer = (make_plan(dataclasses.replace(CONFIG, rounds=n), {}, ON_CLUSTER).expected_s for n in (1, 2))
    assert longer - shorter == pytest.approx(8 * 12)


def test_what_cannot_be_compared_is_said_before() -> None:
    with pytest.raises(UsageError, match="nothing to balance over"):
        CompareConfig(servers=1)
    with pytest.raises(UsageError, match="8 calls of each cure are too few"):
        CompareConfig(rate=1.0, rounds=1)
    with pytest.raises(UsageError, match="too long"):
        CompareConfig(namespace="n" * 55)


def test_no_two_cures_share_a_namespace() -> None:
    names: list[Cure] = [*CURES]
    assert len({CONFIG.namespace_of(cure) for cure in names}) == len(CURES)
