"""Exercises of notebook 07: Amdahl's law, a schedule, idle workers, and seeds that no two workers share."""

import functools
import heapq
import itertools

import numpy as np

from lib.exercises.core import Exercise, wrong_if
from lib.exercises.old import compare, number, there

# --- q1: Amdahl's law


def _check_q1(speedup):
    cases = [(0.1, 1), (0.0, 8), (0.25, 2), (0.1, 10), (1.0, 8), (0.05, 100), (0.5, 10**6)]
    for serial, workers in cases:
        answer = number(speedup(serial, workers))
        where = f"For a serial share of {serial} and {workers} workers you say {answer:.3g}."
        left = serial + (1 - serial) / workers
        mistakes = [
            (left, f"{where} That is the time that is left. How many times faster is that than 1?"),
            (
                1 / ((1 - serial) + serial / workers),
                f"{where} You have divided the serial part among the workers; it is the other one that can be divided.",
            ),
            (workers, f"{where} That would be so if nothing were serial."),
        ]
        otherwise = f"{where} One worker takes 1 in all: `serial` of it stays, and the rest is divided by the workers."
        compare(answer, 1 / left, mistakes, otherwise, functools.partial(np.isclose, rtol=1e-6))
    return "With a tenth that cannot be divided, not even a million workers are more than ten times as fast as one."


def _speedup(serial, workers):
    return 1 / (serial + (1 - serial) / workers)


q1 = Exercise(
    _check_q1,
    [
        "Let one worker take a time of 1. How long do `workers` workers take for the serial part, and how long for the rest?",
        "The time is serial + (1 - serial) / workers, and the speed-up is 1 divided by it.",
    ],
    _speedup,
)


# --- q2: how long a schedule takes


def _check_q2(makespan):
    rng = np.random.default_rng(2)
    cases = [([3.0, 1.0, 2.0], 1), ([3.0, 1.0, 2.0], 3), ([1.0, 2.0], 5), ([2.0, 2.0, 3.0], 2), ([1.0, 4.0, 2.0, 2.0, 1.0], 2)]
    cases += [(list(rng.exponential(1.0, size=12).round(2)), workers) for workers in (2, 3, 4)]
    for seconds, workers in cases:
        given = list(seconds)
        answer = there(makespan(given, workers))
        wrong_if(given != seconds, "Your function has changed the list that it was given. Work on a copy.")
        wrong_if(np.ndim(answer), f"Your function returns {np.size(answer)} values; the search ends at one moment.")
        where = f"For trials of {seconds} seconds on {workers} workers you say {answer:.3g}."
        mistakes = [
            (
                _makespan(sorted(seconds, reverse=True), workers),
                f"{where} You have put the longest first. A search does not know them beforehand: keep the order given.",
            ),
            (
                sum(seconds) / workers,
                f"{where} That is the share of each if trials could be cut in pieces. A trial stays with one worker.",
            ),
            (
                max(sum(seconds[first::workers]) for first in range(workers)),
                f"{where} You deal the trials out in turns. The next trial goes to the worker that is free first.",
            ),
        ]
        otherwise = f"{where} Keep for each worker when it is free, and give each trial to the one that is free first."
        compare(answer, _makespan(seconds, workers), mistakes, otherwise, np.isclose)
    return "Whoever is free takes the next one: that is all that a scheduler without foresight can do."


def _makespan(seconds, workers):
    free = [0.0] * workers
    for length in seconds:
        heapq.heappush(free, heapq.heappop(free) + length)
    return max(free)


q2 = Exercise(
    _check_q2,
    [
        "Make a list with the moment at which each worker is free: zeros, to begin with.",
        (
            "For each trial, add its length to the smallest number in that list (heapq.heappop, heapq.heappush). "
            "Return the largest at the end."
        ),
    ],
    _makespan,
)


# --- q3: how much of a cluster is idle


def _log(*rows):
    return [{"worker": worker, "start": start, "seconds": seconds} for worker, start, seconds in rows]


def _check_q3(idle):
    cases = [
        (_log((0, 0.0, 4.0), (1, 0.0, 4.0)), 2, 0.0),
        (_log((0, 0.0, 4.0), (1, 0.0, 2.0)), 2, 0.25),
        (_log((0, 0.0, 4.0)), 4, 0.75),
        (_log((0, 100.0, 4.0), (1, 101.0, 3.0), (0, 104.0, 4.0)), 2, 5 / 16),
        (_log((1, 101.0, 3.0), (0, 100.0, 4.0)), 2, 1 / 8),
    ]
    for log, workers, right in cases:
        answer = number(idle(log, workers))
        busy = sum(row["seconds"] for row in log)
        first, last = min(row["start"] for row in log), max(row["start"] + row["seconds"] for row in log)
        seen = len({row["worker"] for row in log})
        where = f"For {log} and {workers} workers you say {answer:.3g}."
        mistakes = [
            (1 - right, f"{where} That is the share in which they worked."),
            (
                workers * (last - first) - busy,
                f"{where} Those are seconds. Divide them by the time that all workers had.",
            ),
            (
                1 - busy / (workers * last),
                f"{where} The log's clock does not begin at 0: the search began with the first trial.",
            ),
            (
                1 - busy / (seen * (last - first)),
                f"{where} A worker that never got a trial is not in the log, and was idle all the time. Use `workers`.",
            ),
        ]
        otherwise = f"{where} All workers had `workers` times the time from the first start to the last end. "
        compare(answer, right, mistakes, otherwise + "How much of it is in the trials?", np.isclose)
    return "What a cluster costs is workers times time; what it is good for stands in the log."


def _idle(log, workers):
    began = min(row["start"] for row in log)
    ended = max(row["start"] + row["seconds"] for row in log)
    return 1 - sum(row["seconds"] for row in log) / (workers * (ended - began))


q3 = Exercise(
    _check_q3,
    [
        "The search lasts from the smallest `start` to the largest `start + seconds`. Multiply that by the number of workers.",
        "The idle share is 1 minus the sum of all `seconds`, divided by that product.",
    ],
    _idle,
)


# --- q4: seeds that no two workers share


def _check_q4(worker_seed):
    asked = list(itertools.product((1, 2), range(8), range(0, 60, 3)))
    asked += [*itertools.product((5, 40), (0, 1, 99), (0, 60, 1000)), (1, 0, 60), (1, 0, 1000), (1, 99, 0)]
    seeds = {key: worker_seed(*key) for key in asked}
    for key, value in seeds.items():
        there(value)
        wrong_if(
            isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not 0 <= value < 2**32,
            f"For {key} you return {value!r}. A sampler takes a whole number from 0 to 2**32 - 1.",
        )
    wrong_if(
        any(worker_seed(*key) != value for key, value in seeds.items()),
        "The same call gives another seed the second time: then no search could ever be repeated.",
    )
    wrong_if(
        seeds[1, 0, 0] == seeds[1, 1, 0],
        "Workers 0 and 1 of one search get the same seed, and will try the same points.",
    )
    wrong_if(
        seeds[1, 0, 0] == seeds[1, 0, 9],
        "A worker that starts again after 9 trials gets the seed that it began with, and tries its first points again.",
    )
    wrong_if(
        seeds[1, 0, 0] == seeds[2, 0, 0],
        "Another seed of the study changes nothing. Somebody who wants a second, independent search cannot have it.",
    )
    known = {}
    for key, value in seeds.items():
        first = known.setdefault(int(value), key)
        wrong_if(
            first != key,
            f"{first} and {key} get the same seed. Adding numbers up does that: "
            "mix them, as zlib.crc32 does with a text.",
        )
    return "The study's seed, the worker and what is finished: each of the three makes another seed."


def _worker_seed(seed, worker, finished):
    import zlib

    return zlib.crc32(f"{seed} {worker} {finished}".encode())


q4 = Exercise(
    _check_q4,
    [
        (
            "The three numbers must all matter, and 1 + 2 must not be the same as 2 + 1. "
            "A function that turns a text into a number helps."
        ),
        'zlib.crc32(f"{seed} {worker} {finished}".encode()) is a whole number below 2**32.',
    ],
    _worker_seed,
)
