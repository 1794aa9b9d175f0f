"""Answers to the exercises of notebook 04: right ones that are not the reference, and likely mistakes."""

import numpy as np

from lib.exercises import e04

# --- q1


def step_by_step(rounds, epochs):
    budget = 0
    for trials, first, last in rounds:
        for _ in range(trials):
            budget += len(range(first, last))
    return int(budget / epochs)


MISTAKES_1 = [
    (lambda rounds, epochs: sum(t * last for t, _, last in rounds) // epochs, "pays only for its new epochs"),
    (lambda rounds, epochs: sum(t * (b - a) for t, a, b in rounds) / epochs, "round down"),
    (lambda rounds, epochs: sum(t for t, *_ in rounds), "What has to be equal is the epochs"),
    (lambda rounds, epochs: sum(t * (b - a) for t, a, b in rounds), "the budget in epochs"),
    (lambda rounds, epochs: 2, "add up the epochs"),
    (lambda rounds, epochs: print(end=""), "returns nothing"),
]

# --- q2


def by_sign(trials, objective):
    sign = {"max": 1, "min": -1}[objective.direction]
    return max((t for t in trials if t.score is not None), key=lambda t: sign * t.score, default=None)


def always_max(trials, objective):
    return max((t for t in trials if t.status == "COMPLETED"), key=lambda t: t.score, default=None)


def with_zeros(trials, objective):
    pick = max if objective.direction == "max" else min
    return pick(trials, key=lambda t: t.score or 0)


def with_failures(trials, objective):
    pick = max if objective.direction == "max" else min
    return pick(trials, key=lambda t: t.score)


def of_nothing(trials, objective):
    done = [t for t in trials if t.status == "COMPLETED"] or trials
    return by_sign(done, objective) or trials[0]


MISTAKES_2 = [
    (always_max, "Does the objective have a say"),
    (with_zeros, "COMPLETED has a score to trust"),
    (with_failures, "stopped with TypeError"),
    (of_nothing, "no best one"),
    (lambda trials, objective: max(t.score or 0 for t in trials), "return the trial itself"),
    (lambda trials, objective: trials[0], "another one is better"),
    (lambda trials, objective: print(end=""), "returns nothing"),
]

# --- q3


def pops(self, trial_id):
    while self.known:
        values = self.known.pop(0)
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    values = self._random_values()
    return {"status": "STOPPED" if values is None else "RUNNING", "values": values}


def by_number(self, trial_id):
    if int(trial_id) < len(self.known):
        return {"status": "RUNNING", "values": self.known[int(trial_id)]}
    values = self._random_values()
    return {"status": "RUNNING" if values else "STOPPED", "values": values}


def only_known(self, trial_id):
    for values in self.known:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    return {"status": "STOPPED"}


def only_random(self, trial_id):
    values = self._random_values()
    return {"status": "RUNNING" if values else "STOPPED", "values": values}


def same_draw(self, trial_id):
    for values in [*self.known, *({"units": u, "dropout": d} for u in (32, 64, 128) for d in (False, True))]:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    return {"status": "STOPPED"}


def never_ends(self, trial_id):
    for values in self.known:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    return {"status": "RUNNING", "values": self._random_values() or dict(self.known[0] if self.known else {})}


def only_values(self, trial_id):
    return self._random_values()


MISTAKES_3 = [
    (by_number, "stands in the list twice"),
    (only_known, "Then it should draw at random"),
    (only_random, "The known ones come first"),
    (same_draw, "whatever its seed"),
    (never_ends, "repeats a known point"),
    (only_values, "returns a dict with 'status'"),
]

# --- q4


def one_by_one(first, second):
    points = [1.0 if a > b else 0.5 if a == b else 0.0 for a in first for b in second]
    return sum(points) / len(points)


MISTAKES_4 = [
    (lambda first, second: np.mean(first[: len(second)] > second[: len(first)]), "Any of one may meet any"),
    (lambda first, second: np.sum(first[:, None] > second), "A share lies between 0 and 1"),
    (lambda first, second: one_by_one(second, first), "the second one wins"),
    (lambda first, second: np.mean(first[:, None] > second), "A draw counts half"),
    (lambda first, second: first > np.mean(second), "one share"),
    (lambda first, second: float(np.mean(first) > np.mean(second)), "Compare every score"),
    (lambda first, second: print(end=""), "returns nothing"),
]


RIGHT = [
    (e04.q1, step_by_step),
    (e04.q2, by_sign),
    (e04.q3, pops),
    (e04.q4, one_by_one),
]

MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e04.q1, MISTAKES_1), (e04.q2, MISTAKES_2), (e04.q3, MISTAKES_3), (e04.q4, MISTAKES_4))
    for answer, message in mistakes
]
