"""Answers to the exercises of notebook 07: right ones that are not the reference, and likely mistakes."""

import functools
import hashlib
import itertools
import os
import random
import time
from fractions import Fraction

import numpy as np
import pandas as pd

from lib.exercises import e07

# --- q1


def by_time_saved(serial, workers):
    saved = (1 - serial) * (1 - 1 / workers)
    return 1 / (1 - saved)


RIGHT_1 = [
    by_time_saved,
    lambda serial, workers: workers / (serial * workers + 1 - serial),
    lambda serial, workers: np.reciprocal(np.float64(serial + (1 - serial) / workers)),
    lambda serial, workers: Fraction(1) / (Fraction(serial) + (1 - Fraction(serial)) / workers),
    lambda serial, workers, whole=1.0: whole / np.float32(serial * whole + (whole - serial) / workers),
    lambda serial, workers: (serial + (1 - serial) * workers**-1) ** -1,
]
MISTAKES_1 = [
    (lambda s, n: 1 / s if s and n > 1000 else 1 / (s + (1 - s) / n), "the rest is divided by the workers"),
    (lambda serial, workers: print(end=""), r"nothing \(None\) where a number is due"),
    (lambda serial, workers: serial + (1 - serial) / workers, "the time that is left"),
    (lambda serial, workers: 1 / ((1 - serial) + serial / workers), "The serial part is divided"),
    (lambda serial, workers: workers, "nothing were serial"),
    (lambda serial, workers: 1 / serial if serial else workers, "`serial` of it stays"),
    (lambda serial, workers: 1 + (1 - serial) * (workers - 1), "gained the same"),
    (lambda serial, workers: round(by_time_saved(serial, workers), 1), "`serial` of it stays"),
    (lambda serial, workers: int(by_time_saved(serial, workers)), "`serial` of it stays"),
    (lambda serial, workers: min(by_time_saved(serial, workers), 10), "`serial` of it stays"),
    (lambda serial, workers: 1 / (serial + 1 / workers), "`serial` of it stays"),
    (lambda serial, workers: f"{by_time_saved(serial, workers)}x", "the text .* where a number is due"),
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


def by_sorting(seconds, workers):
    free = [0] * workers
    for length in seconds:
        free.sort()
        free[0] += length
    return sorted(free)[-1]


def by_reduce(seconds, workers):
    def step(free, length):
        first, *others = sorted(free)
        return [first + length, *others]

    return max(functools.reduce(step, seconds, [0.0] * workers))


def by_series(seconds, workers):
    free = pd.Series(0.0, index=range(workers))
    for length in seconds:
        free[free.idxmin()] += length
    return np.float32(free.max())


def in_waves(seconds, workers):
    return sum(max(seconds[n : n + workers]) for n in range(0, len(seconds), workers))


RIGHT_2 = [by_list, pops, by_sorting, by_reduce, by_series]
MISTAKES_2 = [
    (lambda seconds, workers: print(end=""), r"nothing \(None\) where a number is due"),
    (lambda seconds, workers: seconds, "a list of length 1 where a number is due"),
    (lambda seconds, workers: by_list(sorted(seconds, reverse=True), workers), "the longest first"),
    (lambda seconds, workers: by_list(sorted(seconds), workers), "the shortest first"),
    (lambda seconds, workers: sum(seconds) / workers, "cut in pieces"),
    (lambda seconds, workers: sum(seconds), "the time of one worker"),
    (lambda seconds, workers: max(sum(seconds[first::workers]) for first in range(workers)), "in turns"),
    (in_waves, "wait for all workers"),
    (lambda seconds, workers: min(by_list(seconds, workers), 2.5), "when it is free"),
    (lambda seconds, workers: by_list(seconds[:-1], workers), "when it is free"),
    (lambda seconds, workers: by_list(seconds, min(workers, 2)), "when it is free"),
    (lambda seconds, workers: max(max(seconds), sum(seconds) / workers), "when it is free"),
]

# --- q3


def step_by_step(log, workers):
    began = min(row["start"] for row in log)
    makespan = max(row["start"] - began + row["seconds"] for row in log)
    spare = [makespan] * workers
    for row in log:
        spare[row["worker"]] -= row["seconds"]
    return np.mean(spare) / makespan


def by_table(log, workers):
    table = pd.DataFrame(log)
    return 1 - table.seconds.sum() / workers / ((table.start + table.seconds).max() - table.start.min())


def by_sorting(log, workers):
    log.sort(key=lambda row: row["start"])
    ends = sorted(row["start"] + row["seconds"] for row in log)
    whole = (ends[-1] - log[0]["start"]) * workers
    return (whole - sum(row["seconds"] for row in log)) / whole


def popped(log, workers):
    busy, first, last = 0, np.inf, -np.inf
    while log:
        row = log.pop()
        busy += row["seconds"]
        first, last = min(first, row["start"]), max(last, row["start"] + row["seconds"])
    return np.float32(1 - busy / (workers * (last - first)))


def by_arrays(log, workers):
    start, seconds = np.array([[row["start"], row["seconds"]] for row in log]).T
    return np.array(1 - seconds.sum() / (np.ptp(np.concatenate([start, start + seconds])) * workers))


def span(log):
    return max(row["start"] + row["seconds"] for row in log) - min(row["start"] for row in log)


def busy(log):
    return sum(row["seconds"] for row in log)


def last_to_begin(log, workers):
    last = max(log, key=lambda row: row["start"])
    return 1 - busy(log) / (workers * (last["start"] + last["seconds"] - min(row["start"] for row in log)))


def in_order(log, workers):
    return 1 - busy(log) / (workers * (log[-1]["start"] + log[-1]["seconds"] - log[0]["start"]))


RIGHT_3 = [step_by_step, by_table, by_sorting, popped, by_arrays]
MISTAKES_3 = [
    (lambda log, workers: print(end=""), r"nothing \(None\) where a number is due"),
    (lambda log, workers: busy(log) / (workers * span(log)), "in which they worked"),
    (lambda log, workers: workers * span(log) - busy(log), "Those are seconds"),
    (lambda log, workers: 1 - busy(log) / (workers * max(r["start"] + r["seconds"] for r in log)), "does not begin at 0"),
    (lambda log, workers: 1 - busy(log) / (len({r["worker"] for r in log}) * span(log)), "was idle all the time"),
    (lambda log, workers: 1 - busy(log) / ((max(r["worker"] for r in log) + 1) * span(log)), "How much of it is in no trial"),
    (lambda log, workers: 1 - busy(log) / span(log), "`workers` times the time"),
    (last_to_begin, "begins last need not"),
    (in_order, "rows come in any order|ZeroDivisionError"),
    (lambda log, workers: 0.0, "How much of it is in no trial"),
    (lambda log, workers: 100 * by_table(log, workers), "How much of it is in no trial"),
    (lambda log, workers: max(0, 1 - len(log) / workers), "How much of it is in no trial"),
]

# --- q4


def by_sequence(seed, worker, finished):
    return int(np.random.SeedSequence([seed, worker, finished]).generate_state(1)[0])


def by_places(seed, worker, finished):
    return seed * 1_000_000 + worker * 10_000 + finished


def by_digest(seed, worker, finished):
    return int(hashlib.sha256(f"{seed},{worker},{finished}".encode()).hexdigest(), 16) % 2**32


def by_generator(seed, worker, finished):
    return np.random.default_rng([seed, worker, finished]).integers(2**32, dtype=np.uint32)


def by_tuple(seed, worker, finished):
    return hash((seed, worker, finished)) % 2**32  # of whole numbers: not salted


def by_bytes(seed, worker, finished):
    return int.from_bytes(hashlib.md5(bytes([seed, worker]) + finished.to_bytes(4, "big")).digest()[:4], "little")


CALLS = itertools.count()
TABLE = {}
RIGHT_4 = [by_sequence, by_places, by_digest, by_generator, by_tuple, by_bytes, lambda s, w, f: (s << 20) + (w << 10 | f)]
MISTAKES_4 = [
    (lambda s, w, f: TABLE.setdefault((s, w, f), len(TABLE)), "In another process"),
    (lambda seed, worker, finished: print(end=""), r"nothing \(None\) where a whole number"),
    (lambda seed, worker, finished: f"{seed}{worker}", "where a whole number is due"),
    (lambda seed, worker, finished: by_places(seed, worker, finished) / 7, "where a whole number is due"),
    (lambda seed, worker, finished: hash((seed, worker, finished)) - 2**62, "A sampler takes a whole number"),
    (lambda seed, worker, finished: by_places(seed, worker, finished) - 5_000_000, "A sampler takes a whole number"),
    (lambda seed, worker, finished: random.randrange(2**32), "the second time"),
    (lambda seed, worker, finished: by_places(seed, worker, finished) + next(CALLS), "the second time"),
    (lambda seed, worker, finished: time.time_ns() % 2**32, "the second time"),
    (lambda seed, worker, finished: seed + finished, "Workers 0 and 1"),
    (lambda seed, worker, finished: seed * 100 + worker, "starts again"),
    (lambda seed, worker, finished: worker * 100 + finished, "Another seed"),
    (lambda seed, worker, finished: seed * 100_000 + worker + finished, "Sums do that"),
    (lambda seed, worker, finished: seed * 480 + worker * 60 + finished, "Sums do that"),
    (lambda seed, worker, finished: int(f"{seed}{worker}{finished}"), "digits written without a gap"),
    (lambda seed, worker, finished: by_sequence(seed, worker, finished) % 1000, "get the same seed"),
    (lambda s, w, f: hash(f"{s} {w} {f}") % 2**32, "hash of a text is another one in each process"),
    (lambda s, w, f: (by_places(s, w, f) + os.getpid()) % 2**32, "In another process"),
]

# --- q5


def halving(scores, running):
    for rung, end in ((3, 9), (1, 3)):
        got = sorted((t for t in scores if len(scores[t]) >= rung), key=lambda trial: -scores[trial][rung - 1])
        for trial in got[: len(got) // 3]:
            if trial not in running and rung <= len(scores[trial]) < end:
                return trial
    for trial, own in scores.items():
        if not own and trial not in running:
            return trial
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    return max(free, key=lambda trial: scores[trial][-1])


def rounds(scores, running):
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    for until, kept in ((1, 100), (3, 25), (9, 8)):
        ranked = sorted(scores, key=lambda trial: max(scores[trial][:until], default=0), reverse=True)
        for trial in ranked[:kept]:
            if trial in free and len(scores[trial]) < until:
                return np.int64(trial)
    return free[0]


def two_looks(scores, running):
    free = [t for t, own in scores.items() if t not in running and len(own) < 9]
    short = [t for t in free if len(scores[t]) < 2]
    return short[0] if short else sorted(free, key=lambda t: np.mean(scores[t][-2:]))[-1]


def half_at_first(scores, running):
    begun = [trial for trial in scores if scores[trial] or trial in running]
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    if len(begun) < len(scores):
        return next(trial for trial in free if trial not in begun)
    return max(free, key=lambda trial: (max(scores[trial]), trial))


def by_series(scores, running):
    last = pd.Series({trial: own[-1] if own else 1.0 for trial, own in scores.items() if len(own) < 9})
    return last.drop(list(running), errors="ignore").idxmax()


def empties(scores, running):
    for trial in list(scores):
        if trial in running or len(scores[trial]) > 8:
            del scores[trial]
    new = [trial for trial in scores if scores.get(trial) == []]
    return new.pop() if new else max(scores.items(), key=lambda item: item[1].pop())[0]


def to_the_end(scores, running):
    return min(trial for trial in scores if trial not in running and len(scores[trial]) < 9)


def in_turns(scores, running):
    return min((trial for trial in scores if trial not in running), key=lambda trial: (len(scores[trial]), trial))


RNG = np.random.default_rng(1)


def by_chance(scores, running):
    return int(RNG.choice([trial for trial in scores if trial not in running and len(scores[trial]) < 9]))


def worst_first(scores, running):
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    return min(free, key=lambda trial: scores[trial][-1] if scores[trial] else 0)


def never_a_new_one(scores, running):
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    return max(free, key=lambda trial: scores[trial][-1] if scores[trial] else 0)


RIGHT_5 = [halving, rounds, half_at_first, by_series, empties]
MISTAKES_5 = [
    (to_the_end, "of 100 trials were begun"),
    (in_turns, "100 of 100 trials were begun, and 0 trained to their end"),
    (two_looks, "100 of 100 trials were begun, and"),
    (by_chance, "searches the best accuracy is at most"),
    (worst_first, "searches the best accuracy is at most"),
    (never_a_new_one, "searches the best accuracy is at most"),
    (lambda scores, running: 0, "which another worker is training just now"),
    (lambda scores, running: min(set(scores) - running), "has trained its 9 epochs"),
    (lambda scores, running: len(scores), "You name trial 100; they are 0 to 99"),
    (lambda scores, running: max(scores, key=lambda trial: scores[trial][-1]), "raised IndexError"),
    (lambda scores, running: scores[0], "a list of length 0 where the number of a trial"),
]


ALL = [
    (e07.q1, RIGHT_1, MISTAKES_1), (e07.q2, RIGHT_2, MISTAKES_2), (e07.q3, RIGHT_3, MISTAKES_3), (e07.q4, RIGHT_4, MISTAKES_4),
    (e07.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e07.q4": {
        "1: def _worker_seed(seed, worker, finished): → def _worker_seed(worker, seed, finished):": "all three still count",
    },
    "e07.q5": {
        "3: 1 → 2": "every accuracy is below 1, so a trial without one goes first either way",
        "3: 1 → 0 #2": "goes on by the first score instead of the last: another strategy that is close enough",
        "2: 9 → 8": "the eighth epoch is nearly as good as the ninth: another strategy that is close enough",
    },
}
DEAR = {"e07.q5"}
