"""Exercises of notebook 07: Amdahl's law, a schedule, idle workers, seeds for all, a search that never waits."""

import heapq
import itertools

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if
from lib.exercises.elsewhere import elsewhere

# --- q1: Amdahl's law


def _check_q1(speedup):
    cases = [(0.0, 1), (0.1, 1), (1.0, 1), (0.0, 8), (0.5, 2), (0.25, 2), (0.1, 10), (1.0, 8), (0.05, 100)]
    cases += [(0.5, 10**6), (1e-4, 10**6)]
    mistakes = [
        (lambda s, n: s + (1 - s) / n, "That is the time that is left. How many times faster is that than 1?"),
        (lambda s, n: 1 / (1 - s + s / n), "The serial part is divided among the workers here; it is the other one that can be."),
        (lambda s, n: n, "That would be so if nothing were serial."),
        (lambda s, n: 1 + (1 - s) * (n - 1), "That would be so if every added worker gained the same."),
        (lambda s, n: 1 / s, "That is the limit for endlessly many workers."),
    ]
    why = "One worker takes 1 in all: `serial` of it stays, and the rest is divided by the workers."
    over_cases(speedup, cases, _speedup, why, mistakes)
    return "With a tenth that cannot be divided, not even a million workers are more than ten times as fast as one."


def _speedup(serial, workers):
    return 1 / (serial + (1 - serial) / workers)


q1 = Exercise(
    _check_q1,
    [
        "Let one worker take a time of 1. How long do `workers` workers take for the serial part, and how long for the rest?",
        "The serial part takes as long as before; the rest, 1 - serial, is divided among the workers.",
        "return 1 / (... + (1 - serial) / ...)",
    ],
    _speedup,
    due=kinds.number,
)


# --- q2: how long a schedule takes


def _check_q2(makespan):
    rng = np.random.default_rng(2)
    cases = [([3.0], 1), ([1.0, 2.0], 1), ([3.0, 1.0, 2.0], 1), ([3.0, 1.0, 2.0], 3), ([1.0, 2.0], 5), ([2.0, 2.0, 3.0], 2)]
    cases += [([1.0, 4.0, 2.0, 2.0, 1.0], 2), ([1.0, 1.0, 1.0, 8.0], 2), ([0.0, 2.0, 1.0, 1.0], 2)]
    cases += [(rng.exponential(1.0, size).round(2).tolist(), workers) for size, workers in ((5, 2), (12, 2), (12, 3), (20, 5))]
    mistakes = [
        (
            lambda seconds, workers: _makespan(sorted(seconds, reverse=True), workers),
            "You put the longest first. A search does not know them beforehand: keep the order given.",
        ),
        (lambda seconds, workers: _makespan(sorted(seconds), workers), "You put the shortest first. Keep the order given."),
        (
            lambda seconds, workers: sum(seconds) / workers,
            "That would be so if trials could be cut in pieces. A trial stays with one worker.",
        ),
        (
            lambda seconds, workers: max(sum(seconds[first::workers]) for first in range(workers)),
            "You deal the trials out in turns. The next trial goes to the worker that is free first.",
        ),
        (
            lambda seconds, workers: sum(max(seconds[n : n + workers]) for n in range(0, len(seconds), workers)),
            "You wait for all workers before the next trials begin. Whoever is free takes the next one at once.",
        ),
        (lambda seconds, workers: sum(seconds), "That is the time of one worker."),
    ]
    why = "Keep for each worker when it is free, and give each trial to the one that is free first. The last one ends it."
    over_cases(makespan, cases, _makespan, why, mistakes)
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
        "For each trial, add its length to the smallest number in that list. The largest number at the end is the answer.",
        "free = [0.0] * workers; for length in seconds: heapq.heappush(free, heapq.heappop(...) + ...); return ...(free)",
    ],
    _makespan,
    due=kinds.number,
)


# --- q3: how much of a cluster is idle


def _log(*rows):
    return [{"worker": worker, "start": start, "seconds": seconds} for worker, start, seconds in rows]


def _near(answer, right):
    """Say whether two numbers are the same to the digits that are left of a float32 after some arithmetic."""
    return bool(np.isclose(answer, right, rtol=1e-5, atol=1e-5))


def _logs():
    cases = [(_log((0, 0.0, 4.0)), 1), (_log((0, 0.0, 4.0), (1, 0.0, 4.0)), 2), (_log((0, 0.0, 4.0), (1, 0.0, 2.0)), 2)]
    cases += [(_log((0, 0.0, 4.0)), 4), (_log((0, 8.0, 4.0)), 4), (_log((1, 101.0, 3.0), (0, 100.0, 4.0)), 2)]
    cases += [(_log((0, 0.0, 2.0), (0, 4.0, 2.0)), 1), (_log((0, 0.0, 6.0), (1, 1.0, 2.0)), 2)]
    cases += [(_log((0, 100.0, 4.0), (1, 101.0, 3.0), (0, 104.0, 4.0)), 2), (_log((2, -4.0, 2.0), (0, -6.0, 1.0)), 3)]
    rng = np.random.default_rng(0)
    for workers in (2, 3, 5):
        rows = []
        for worker in range(workers - workers // 3):
            now = 50.0
            for _ in range(3):
                now += rng.integers(0, 3)
                rows.append((worker, now, float(rng.integers(1, 9))))
                now += rows[-1][2]
        cases.append((_log(*(rows[place] for place in rng.permutation(len(rows)))), workers))
    return cases


def _check_q3(idle):
    def busy(log):
        return sum(row["seconds"] for row in log)

    def began(log):
        return min(row["start"] for row in log)

    def span(log):
        return max(row["start"] + row["seconds"] for row in log) - began(log)

    mistakes = [
        (lambda log, n: busy(log) / (n * span(log)), "That is the share in which they worked."),
        (lambda log, n: n * span(log) - busy(log), "Those are seconds. Divide them by the time that all workers had."),
        (
            lambda log, n: 1 - busy(log) / (n * max(row["start"] + row["seconds"] for row in log)),
            "The log's clock does not begin at 0: the search began with the first trial.",
        ),
        (
            lambda log, n: 1 - busy(log) / (len({row["worker"] for row in log}) * span(log)),
            "A worker that never got a trial is not in the log, and was idle all the time. Use `workers`.",
        ),
        (
            lambda log, n: 1 - busy(log) / (n * (log[-1]["start"] + log[-1]["seconds"] - log[0]["start"])),
            "The rows come in any order: the first one need not be the first to begin, nor the last one the last to end.",
        ),
        (
            lambda log, n: 1 - busy(log) / (n * (max((r["start"], sum(r.values()) - r["worker"]) for r in log)[1] - began(log))),
            "The trial that begins last need not be the last to end.",
        ),
        (lambda log, n: 1 - busy(log) / span(log), "All workers together had `workers` times the time from start to end."),
    ]
    why = "All workers had `workers` times the time from the first start to the last end. How much of it is in no trial?"
    over_cases(idle, _logs(), _idle_share, why, mistakes, _near)
    return "What a cluster costs is workers times time; what you got for it is in the log."


def _idle_share(log, workers):
    began = min(row["start"] for row in log)
    ended = max(row["start"] + row["seconds"] for row in log)
    return 1 - sum(row["seconds"] for row in log) / (workers * (ended - began))


q3 = Exercise(
    _check_q3,
    [
        "The search lasts from the smallest `start` to the largest `start + seconds`. Multiply that by the number of workers.",
        "The idle share is 1 minus the sum of all `seconds`, divided by that product.",
        'ended = max(row["start"] + ... for row in log); return 1 - sum(...) / (workers * (ended - ...))',
    ],
    _idle_share,
    due=kinds.number,
)


# --- q4: seeds that no two workers share


def _keys():
    keys = list(itertools.product((0, 1, 2), range(8), range(0, 60, 3)))
    keys += [*itertools.product((5, 40, 99), (0, 1, 10, 11, 99), (0, 1, 10, 11, 60, 100, 101, 1000))]
    keys += [*itertools.product((1, 11), (1, 11), (1, 11, 111)), (1, 0, 1000), (1, 99, 0)]
    return list(dict.fromkeys(keys))


def _check_q4(worker_seed):
    keys = _keys()
    worker_seed(*keys[0])  # what never ends is stopped here
    asked = keys[39::-1]  # in another order, and before the others: what counts its calls, or keeps a table, is seen
    there = elsewhere(worker_seed.raw, asked)
    seeds = {key: worker_seed(*key) for key in keys}
    for key, value in seeds.items():
        words = f"For {key} you return {value}. A sampler takes a whole number from 0 to 2**32 - 1."
        wrong_if(not 0 <= value < 2**32, words)
    words = "The same call gives another seed the second time: then no search could ever be repeated."
    wrong_if(any(worker_seed(*key) != seeds[key] for key in reversed(seeds)), words)
    words = "Workers 0 and 1 of one search get the same seed, and will try the same points."
    wrong_if(seeds[1, 0, 0] == seeds[1, 1, 0], words)
    words = "A worker that starts again after 9 trials gets the seed that it began with, and tries its first points again."
    wrong_if(seeds[1, 0, 0] == seeds[1, 0, 9], words)
    words = "Another seed of the study changes nothing. Somebody who wants a second, independent search cannot have it."
    wrong_if(seeds[1, 0, 0] == seeds[2, 0, 0], words)
    known = {}
    for key, value in seeds.items():
        first = known.setdefault(value, key)
        words = "Sums do that, and digits written without a gap: mix the three, as zlib.crc32 does with a text."
        wrong_if(first != key, f"{first} and {key} get the same seed, {value}. {words}")
    wrong_if(
        there is not None and [int(value) for value in there] != [seeds[key] for key in asked],
        "In another process the same three numbers give another seed, and there is where the workers are. Python's hash of a "
        "text is another one in each process; zlib.crc32 is not.",
    )
    return "The study's seed, the worker and what is finished: each of the three makes another seed."


def _worker_seed(seed, worker, finished):
    import zlib

    return zlib.crc32(f"{seed} {worker} {finished}".encode())


q4 = Exercise(
    _check_q4,
    [
        "The three numbers must all matter, and 1 + 2 must not be the same as 2 + 1. Give each its own decimal places, or use a "
        "function that turns a text into a number.",
        "zlib.crc32(text.encode()) is a whole number below 2**32, the same in every process; hash(text) is not the same.",
        'return zlib.crc32(f"...".encode()), with something between the three numbers',
    ],
    _worker_seed,
    due=kinds.whole,
)


# --- q5: a search that never waits

TRIALS, WORKERS, EPOCHS, LONGEST, SEARCHES, ENOUGH, CLOSE = 100, 8, 220, 9, 20, 16, 0.02


def _curves(seed):
    """Draw for each trial its accuracy after each epoch, and how long an epoch takes."""
    rng = np.random.default_rng(seed)
    end, slow = rng.normal(0.75, 0.05, (TRIALS, 1)), rng.uniform(1, 1.5, (TRIALS, 1))
    curves = end - (end - 0.1) * np.exp(-np.arange(1, LONGEST + 1) / slow) + rng.normal(0, 0.006, (TRIALS, LONGEST))
    return curves, rng.choice([1.0, 2.0, 6.0], TRIALS)


def _searched(next_trial, seed):
    """Let the answer deal out all epochs; return how far the best accuracy that was reached lies below the best there is."""
    curves, seconds = _curves(seed)
    scores, running, free = {trial: [] for trial in range(TRIALS)}, set(), [(0.0, worker, None) for worker in range(WORKERS)]
    begun = 0
    while free:
        now, worker, trial = heapq.heappop(free)
        if trial is not None:
            running.remove(trial)
            scores[trial].append(float(curves[trial, len(scores[trial])]))
        if begun == EPOCHS:
            continue
        trial, begun = next_trial(scores, running), begun + 1
        wrong_if(trial not in scores, f"You name trial {trial}; they are 0 to {TRIALS - 1}.")
        wrong_if(trial in running, f"You name trial {trial}, which another worker is training just now.")
        wrong_if(len(scores[trial]) == LONGEST, f"You name trial {trial}, which has trained its {LONGEST} epochs already.")
        running.add(trial)
        heapq.heappush(free, (now + seconds[trial], worker, trial))
    return curves[:, -1].max() - max(max(own) for own in scores.values() if own), scores


def _check_q5(next_trial):
    lost = []
    for seed in range(40, 40 + SEARCHES):
        loss, scores = _searched(next_trial, seed)
        lost.append(loss)
    good = int(np.sum(np.array(lost) <= CLOSE))
    if good < ENOUGH:
        begun, ended = sum(map(bool, scores.values())), sum(len(own) == LONGEST for own in scores.values())
        raise Wrong(
            f"In {good} of {SEARCHES} searches the best accuracy is at most {CLOSE} below what the best trial can reach; "
            f"{ENOUGH} are due. In the last one {begun} of {TRIALS} trials were begun, and {ended} trained to their end. It "
            "takes both: a look at many, and enough epochs for the best."
        )
    return f"In {good} of {SEARCHES} searches, with {EPOCHS} of {TRIALS * LONGEST} epochs, and nobody ever waited."


def _next_trial(scores, running):
    free = [trial for trial in scores if trial not in running and len(scores[trial]) < 9]
    return max(free, key=lambda trial: scores[trial][-1] if scores[trial] else 1)


q5 = Exercise(
    _check_q5,
    [
        "220 epochs train 24 of the 100 trials to their end, or all of them for two epochs. What does asynchronous halving do "
        "when a worker is free?",
        "Some trials have no score yet, the others can be ranked by their last one. Those in `running` and those with 9 scores "
        "are not to be had.",
        "free = [trial for trial in scores if ...]; a trial without a score, if there is one; else max(free, key=...)",
    ],
    _next_trial,
    due=kinds.whole.called("the number of a trial, a whole number,"),
    seconds=60,
)
