"""Answers to the exercises of notebook 07: right ones that are not the reference, and likely mistakes."""

import random

import numpy as np

from lib.exercises import e07

# --- q1


def by_time_saved(serial, workers):
    saved = (1 - serial) * (1 - 1 / workers)
    return 1 / (1 - saved)


MISTAKES_1 = [
    (lambda serial, workers: print(end=""), "returns nothing"),
    (lambda serial, workers: serial + (1 - serial) / workers, "the time that is left"),
    (lambda serial, workers: 1 / ((1 - serial) + serial / workers), "divided the serial part"),
    (lambda serial, workers: workers, "nothing were serial"),
    (lambda serial, workers: 1 / serial if serial else workers, "`serial` of it stays"),
]

# --- q2


def by_list(seconds, workers):
    free = np.zeros(workers)
    for length in seconds:
        free[free.argmin()] += length
    return free.max()


def pops(seconds, workers):
    free = [0.0] * workers
    while seconds:
        free[free.index(min(free))] += seconds.pop(0)
    return max(free)


MISTAKES_2 = [
    (lambda seconds, workers: print(end=""), "returns nothing"),
    (pops, "changed the list"),
    (lambda seconds, workers: seconds, "returns 3 values"),
    (lambda seconds, workers: by_list(sorted(seconds, reverse=True), workers), "the longest first"),
    (lambda seconds, workers: sum(seconds) / workers, "cut in pieces"),
    (lambda seconds, workers: max(sum(seconds[first::workers]) for first in range(workers)), "in turns"),
    (lambda seconds, workers: min(by_list(seconds, workers), 2.5), "when it is free"),
]

# --- q3


def step_by_step(log, workers):
    began = min(row["start"] for row in log)
    makespan = max(row["start"] - began + row["seconds"] for row in log)
    spare = [makespan] * workers
    for row in log:
        spare[row["worker"]] -= row["seconds"]
    return np.mean(spare) / makespan


def span(log):
    return max(row["start"] + row["seconds"] for row in log) - min(row["start"] for row in log)


def busy(log):
    return sum(row["seconds"] for row in log)


MISTAKES_3 = [
    (lambda log, workers: print(end=""), "returns nothing"),
    (lambda log, workers: busy(log) / (workers * span(log)), "in which they worked"),
    (lambda log, workers: workers * span(log) - busy(log), "Those are seconds"),
    (lambda log, workers: 1 - busy(log) / (workers * max(r["start"] + r["seconds"] for r in log)), "does not begin at 0"),
    (lambda log, workers: 1 - busy(log) / (len({r["worker"] for r in log}) * span(log)), "was idle all the time"),
    (lambda log, workers: 0.0, "How much of it is in the trials"),
]

# --- q4


def by_sequence(seed, worker, finished):
    return int(np.random.SeedSequence([seed, worker, finished]).generate_state(1)[0])


def by_places(seed, worker, finished):
    return seed * 1_000_000 + worker * 10_000 + finished


MISTAKES_4 = [
    (lambda seed, worker, finished: print(end=""), "returns nothing"),
    (lambda seed, worker, finished: f"{seed}{worker}", "a whole number"),
    (lambda seed, worker, finished: hash((seed, worker, finished)) - 2**62, "a whole number"),
    (lambda seed, worker, finished: random.randrange(2**32), "the second time"),
    (lambda seed, worker, finished: seed + finished, "Workers 0 and 1"),
    (lambda seed, worker, finished: seed * 100 + worker, "starts again"),
    (lambda seed, worker, finished: worker * 100 + finished, "Another seed"),
    (lambda seed, worker, finished: seed * 100_000 + worker + finished, "Adding numbers up"),
    (lambda seed, worker, finished: seed * 480 + worker * 60 + finished, "Adding numbers up"),
]


RIGHT = [
    (e07.q1, by_time_saved),
    (e07.q2, by_list),
    (e07.q3, step_by_step),
    (e07.q4, by_sequence),
    (e07.q4, by_places),
]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e07.q1, MISTAKES_1), (e07.q2, MISTAKES_2), (e07.q3, MISTAKES_3), (e07.q4, MISTAKES_4))
    for answer, message in mistakes
]
