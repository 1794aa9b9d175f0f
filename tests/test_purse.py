"""Minutes to spend: planned, kept, passed on, overdrawn, and told as they were."""

import keras
import numpy as np
import pytest

from lib.errors import CourseError
from lib.purse import Purse


class Hand:
    """A clock that a test moves."""

    def __init__(self):
        self.now = 50.0

    def __call__(self):
        return self.now


@pytest.fixture
def hand():
    return Hand()


def test_a_plan_shares_all_of_it_out(hand):
    purse = Purse(2, {"first": 1, "second": 3}, hand)
    assert purse.planned == {"first": 30, "second": 90}
    assert purse.frame().planned.to_dict() == {"first": 30, "second": 90, "all": 120}
    assert purse.left("first") == 30 and purse.left("second") == 120


def test_what_is_left_is_passed_on_and_what_is_overdrawn_is_lacking(hand):
    purse = Purse(1, {"first": 1, "second": 1, "third": 1}, hand)
    with purse.stage("first"):
        hand.now += 5
        assert purse.left("first") == 15 and purse.left("second") == 35
    hand.now += 1000  # somebody reads
    assert purse.left("second") == 35
    with purse.stage("second"):
        hand.now += 50
    assert purse.left("second") == -15 and purse.left("third") == 5
    assert purse.minutes("first", "second") == pytest.approx(55 / 60) and purse.minutes() == 0
    assert purse.frame().spent.to_dict() == {"first": 5, "second": 50, "third": 0, "all": 55}


def test_a_stage_that_comes_again_or_fails_is_counted(hand):
    purse = Purse(1, {"only": 1}, hand)
    for _ in range(2):
        with pytest.raises(RuntimeError), purse.stage("only"):
            hand.now += 7
            raise RuntimeError
    assert purse.spent["only"] == 14 and purse.left("only") == 46


def test_a_stage_takes_nothing_from_those_before_it_while_it_runs(hand):
    purse = Purse(1, {"first": 1, "second": 1, "third": 1}, hand)
    for name in purse.planned:
        with purse.stage(name):
            hand.now += 7
            during = {each: purse.left(each) for each in purse.planned}
        assert during == {each: purse.left(each) for each in purse.planned}, name
    assert during == {"first": 13, "second": 26, "third": 39}


@pytest.mark.parametrize("inner", ["first", "second"])
def test_a_stage_within_a_stage_is_refused_and_the_outer_one_goes_on(hand, inner):
    purse = Purse(1, {"first": 1, "second": 1}, hand)
    with purse.stage("first"):
        hand.now += 4
        with pytest.raises(CourseError, match=f"{inner!r} cannot begin within 'first': end that one first"), purse.stage(inner):
            hand.now += 100
        hand.now += 5
        assert purse.left("first") == 21
    with purse.stage("second"):
        hand.now += 1
    assert purse.frame().spent.to_dict() == {"first": 9, "second": 1, "all": 10}


@pytest.mark.parametrize("minutes, shares", [(0, {"a": 1}), (-1, {"a": 1}), (1, {"a": 0}), (np.nan, {"a": 1})])
def test_a_budget_of_nothing_is_none(minutes, shares):
    with pytest.raises(CourseError):
        Purse(minutes, shares)


def test_an_unknown_stage_is_told(hand):
    purse = Purse(1, {"search": 1}, hand)
    for ask in (purse.left, purse.ends, purse.minutes, lambda name: purse.stage(name).__enter__()):
        with pytest.raises(CourseError, match=r"no stage 'serach'; there are search\. Did you mean 'search'"):
            ask("serach")


def test_a_training_ends_when_the_time_is_out(hand):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    purse = Purse(1, {"train": 1}, hand)

    class Second(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            hand.now += 1

    with purse.stage("train"):
        history = model.fit(np.ones((100, 2)), np.ones((100, 1)), batch_size=10, epochs=20, verbose=0,
                            callbacks=[Second(), purse.ends("train")])
    assert len(history.epoch) == 6 and purse.spent["train"] == 60 and purse.stopped["train"] == 1
    assert purse.frame()["cut short"].to_dict() == {"train": 1, "all": 1}
