"""Simulated searches: Amdahl's law and the books of a schedule, held against brute force and against what must hold of any."""

import numpy as np
import pytest

from lib import viz
from lib.errors import CourseError
from lib.tuning import amdahl, simulate, simulate_asking

pytestmark = pytest.mark.lesson("07")


def test_amdahls_law_by_numbers():
    assert amdahl(0.1, 2) == pytest.approx(100 / (10 + 45))
    assert amdahl(0, 8) == 8 and amdahl(1, 8) == 1 and amdahl(0.3, 1) == 1
    assert amdahl(0.1, 10**9) < 10


def by_hand(seconds, workers):
    """Return for each trial its worker and its start: the lowest number among those that are free first."""
    free = [0.0] * workers
    rows = []
    for length in seconds:
        worker = free.index(min(free))
        rows.append((worker, free[worker]))
        free[worker] += length
    return rows


@pytest.mark.parametrize("workers", [1, 2, 3, 7, 40])
def test_a_schedule_is_that_of_a_list_of_free_workers(workers):
    seconds = np.random.default_rng(workers).exponential(1, 30)
    rows = simulate(seconds, workers)
    assert [(row["worker"], row["start"]) for row in rows] == by_hand(seconds, workers)
    assert [row["trial_id"] for row in rows] == list(range(30))
    assert [row["seconds"] for row in rows] == list(seconds)
    assert viz.shifts_data(rows).end.max() >= max(seconds)


@pytest.mark.parametrize("serial, workers, message", [
    (-0.1, 16, "serial: -0.1 found; expected 0 or more"), (2, 4, "serial: 2.0 found; expected a share, 1 at most"),
    (np.nan, 2, "serial: nan"), (0.5, -2, "workers: -2 found; expected 1 or more"), (0.5, 0, "workers: 0"),
    (0.5, np.nan, "workers: nan"), ("a", 2, "serial: 'a'"),
])
def test_the_law_is_of_a_share_and_of_workers(serial, workers, message):
    with pytest.raises(CourseError, match=f"^{message}"):
        amdahl(serial, workers)


@pytest.mark.parametrize("workers", [0, -2, 1.5, True, None])
def test_nobody_runs_no_search(workers):
    for run in (lambda: simulate([1, 2, 3], workers), lambda: simulate_asking(lambda *told: None, workers)):
        with pytest.raises(CourseError, match=r"^workers: .* found; expected 1 or more"):
            run()


@pytest.mark.parametrize("length", [-5, -0.1, np.nan, -np.inf])
def test_no_trial_ends_before_it_begins(length):
    for run in (lambda: simulate([1, length, 1], 1), lambda: simulate_asking(lambda *told: {"seconds": length}, 1, until=9)):
        with pytest.raises(CourseError, match=f"^seconds: {length} found; expected 0 or more"):
            run()
    assert [row["start"] for row in simulate([0, 2, 0], 1)] == [0, 0, 2]


def test_a_search_may_begin_later():
    rows = simulate([2.0, 1.0, 1.0], 2, begin=5.0)
    assert [row["start"] for row in rows] == [5, 5, 6]


def test_who_has_nothing_to_do_is_asked_again_when_another_is_free():
    asked = []

    def give(worker, now, ended):
        asked.append((worker, now))
        if worker == 1 and now < 2:
            return None
        return {"seconds": 2.0, "what": f"{worker} at {now}"} if now < 4 else None

    rows = simulate_asking(give, 2)
    assert [(row["worker"], row["start"], row["what"]) for row in rows] == [
        (0, 0, "0 at 0.0"), (0, 2, "0 at 2.0"), (1, 2, "1 at 2.0"),
    ]
    assert asked == [(0, 0), (1, 0), (0, 2), (1, 2), (0, 4), (1, 4)]


def test_what_a_worker_has_ended_is_told():
    def give(worker, now, ended):
        told.append(ended and (ended["trial_id"], ended["worker"], ended["start"]))
        return {"trial_id": len(told), "seconds": 1.0}

    told = []
    simulate_asking(give, 1, until=3)
    assert told == [None, (1, 0, 0), (2, 0, 1)]


def test_what_runs_at_the_end_is_cut_off():
    rows = simulate_asking(lambda worker, now, ended: {"seconds": 4.0}, 2, until=6)
    assert [(row["start"], row["seconds"]) for row in rows] == [(0, 4), (0, 4), (4, 2), (4, 2)]
    assert viz.busy_data(rows, 2)[1]["idle"] == 0
