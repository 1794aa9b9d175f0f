"""What the checks of notebooks 05 to 07 judge by, held against another way to the same: draws, a clock that ticks."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.exercises import e05, e06, e07
from lib.exercises.elsewhere import elsewhere

pytestmark = [pytest.mark.lesson(number) for number in ("05", "06", "07")]
LENGTHS = some.lists(some.integers(1, 9).map(float), min_size=1, max_size=9)


def test_an_entry_has_as_many_values_as_can_be_drawn():
    entries = {entry.name: entry for (space,) in e05._spaces() for entry in space}
    assert len(entries) == 15
    for entry in entries.values():
        draws = 20_000 if getattr(entry, "step", 1) is None else 500
        drawn = {entry.random_sample(seed) for seed in range(draws)}
        assert e05._size(entry) == (math.inf if len(drawn) > 10_000 else len(drawn)), entry.name


@given(LENGTHS, some.integers(1, 4))
def test_a_schedule_is_that_of_a_clock_that_ticks(seconds, workers):
    waiting, left, now = list(seconds), [0.0] * workers, 0.0
    while waiting or any(left):
        left = [time or (waiting.pop(0) if waiting else 0.0) for time in left]
        left = [max(0.0, time - 1) for time in left]
        now += 1
    assert e07._makespan(seconds, workers) == now


@given(some.lists(some.integers(-3, 3), max_size=8))
def test_a_trial_is_given_up_at_its_first_fault(values):
    found = e06._given_up_after("maximize", values, None)
    stuck = [count for count in range(3, len(values) + 1) if not values[count - 1] > values[count - 3]]
    assert found == (stuck[0] if stuck else None)
    assert found == e06._given_up_after("minimize", [-value for value in values], None)


def test_a_log_without_a_gap_is_not_idle():
    rows = [{"worker": worker, "start": 7.0, "seconds": 4.0} for worker in range(3)]
    assert e07._idle_share(rows, 3) == 0
    assert e07._idle_share(rows, 4) == pytest.approx(1 / 4)
    assert e07._idle_share([*rows, {"worker": 0, "start": 11.0, "seconds": 4.0}], 3) == pytest.approx(8 / 24)


def test_texts_have_other_hashes_elsewhere_and_the_rest_is_the_same():
    there = elsewhere(lambda text: (hash(text), len(text)), [("abc",), ("de",)])
    assert [length for _, length in there] == [3, 2]
    assert [value for value, _ in there] != [hash("abc"), hash("de")]


def test_what_cannot_be_sent_or_fails_elsewhere_is_not_judged():
    lock = __import__("threading").Lock()
    assert elsewhere(lambda: lock.locked(), [()]) is None
    assert elsewhere(lambda: 1 / 0, [()]) is None
