"""Answers to the exercises of notebook 04: right ones that are not the reference, and likely mistakes."""

import bisect
import itertools
import math

import numpy as np
import pandas as pd
from scipy.stats import mannwhitneyu

from lib.exercises import e04

# --- q1


def step_by_step(rounds, epochs):
    budget = 0
    for trials, first, last in rounds:
        for _ in range(trials):
            budget += len(range(first, last))
    return int(budget / epochs)


def with_arrays(rounds, epochs):
    trials, first, last = np.array(rounds).T
    return trials @ (last - first) // epochs


def emptied(rounds, epochs):
    count, left = 0, 0
    while rounds:
        trials, first, last = rounds.pop()
        left += trials * (last - first)
    while left >= epochs:
        count, left = count + 1, left - epochs
    return count


def in_a_frame(rounds, epochs):
    table = pd.DataFrame(rounds, columns=["trials", "first", "last"])
    return math.floor((table.trials * (table["last"] - table["first"])).sum() / epochs)


RIGHT_1 = [step_by_step, with_arrays, emptied, in_a_frame, lambda rounds, e: divmod(sum(t * (b - a) for t, a, b in rounds), e)[0]]
MISTAKES_1 = [
    (lambda rounds, epochs: sum(t * last for t, _, last in rounds) // epochs, "pays only for its new epochs"),
    (lambda rounds, epochs: sum(t * (b - a) for t, a, b in rounds) / epochs, "nobody trains a part of a trial"),
    (lambda rounds, epochs: math.ceil(sum(t * (b - a) for t, a, b in rounds) / epochs), "You round up"),
    (lambda rounds, epochs: round(sum(t * (b - a) for t, a, b in rounds) / epochs), "You round to the nearest"),
    (lambda rounds, epochs: len(rounds), "the number of rounds"),
    (lambda rounds, epochs: sum(t for t, *_ in rounds), "What has to be equal is the epochs"),
    (lambda rounds, epochs: sum(t * (b - a) for t, a, b in rounds), "the budget in epochs"),
    (lambda rounds, epochs: sum(t * (b - a) // epochs for t, a, b in rounds), "First add up the epochs"),
    (lambda rounds, epochs: sum(b - a for _, a, b in rounds) // epochs, "First add up the epochs"),
    (lambda rounds, epochs: max(1, sum(t * (b - a) for t, a, b in rounds) // epochs), "it gives 1, and 0 is due"),
    (lambda rounds, epochs: 2, "First add up the epochs"),
    (lambda rounds, epochs: print(end=""), "returned nothing"),
]

# --- q2


def by_sign(trials, objective):
    sign = {"max": 1, "min": -1}[objective.direction]
    return max((t for t in trials if t.status == "COMPLETED"), key=lambda t: sign * t.score, default=None)


def by_sorting(trials, objective):
    done = sorted((t for t in trials if t.status == "COMPLETED"), key=lambda t: t.score)
    if not done:
        return None
    return done[-1] if objective.direction == "max" else done[0]


def by_comparing(trials, objective, best=None):
    while trials:
        trial = trials.pop()
        if trial.status != "COMPLETED":
            continue
        best = trial if not best or not objective.better_than(best.score, trial.score) else best
    return best


def by_position(trials, objective):
    done = [t for t in trials if t.status == "COMPLETED"]
    scores = np.array([t.score for t in done])
    return done[(np.argmax if objective.direction == "max" else np.argmin)(scores)] if done else None


def by_a_series(trials, objective):
    scores = pd.Series({place: t.score for place, t in enumerate(trials) if t.status == "COMPLETED"}, dtype=float)
    return None if scores.empty else trials[scores.idxmax() if objective.direction == "max" else scores.idxmin()]


def the_worst(trials, objective):
    return by_sign(trials, type(objective)("", "min" if objective.direction == "max" else "max"))


def scored(trials, objective):
    sign = {"max": 1, "min": -1}[objective.direction]
    return max((t for t in trials if t.score is not None), key=lambda t: sign * t.score, default=None)


def not_nan(trials, objective):
    return by_sign([t for t in trials if t.score is not None and t.score == t.score], objective) or trials[0]


def always_max(trials, objective):
    return max((t for t in trials if t.status == "COMPLETED"), key=lambda t: t.score, default=None)


def of_the_name(trials, objective):
    pick = min if "loss" in objective.name else max
    return pick((t for t in trials if t.status == "COMPLETED"), key=lambda t: t.score, default=None)


def with_zeros(trials, objective):
    pick = max if objective.direction == "max" else min
    return pick(trials, key=lambda t: t.score or 0, default=None)


def with_failures(trials, objective):
    pick = max if objective.direction == "max" else min
    return pick(trials, key=lambda t: t.score, default=None)


def from_zero(trials, objective):
    best, score = None, 0 if objective.direction == "max" else 1e9
    for t in trials:
        if t.status == "COMPLETED" and objective.better_than(t.score, score):
            best, score = t, t.score
    return best


def truthy(trials, objective):
    return by_sign([t for t in trials if t.status == "COMPLETED" and t.score], objective)


def not_failed(trials, objective):
    some = [t for t in trials if t.status != "FAILED" and t.score is not None]
    return (max if objective.direction == "max" else min)(some, key=lambda t: t.score, default=None)


def from_a_number(trials, objective):
    best, score = None, -1e9 if objective.direction == "max" else 1e9
    for trial in trials:
        if trial.status == "COMPLETED" and objective.better_than(trial.score, score):
            best, score = trial, trial.score
    return best


def by_tenths(trials, objective):
    done = [trial for trial in trials if trial.status == "COMPLETED"]
    sign = 1 if objective.direction == "max" else -1
    return max(done, key=lambda trial: sign * round(trial.score, 1), default=None)


RIGHT_2 = [by_sign, by_sorting, by_comparing, by_position, by_a_series]
MISTAKES_2 = [
    (scored, "Only a trial that is COMPLETED|return None"),
    (not_nan, "IndexError"),
    (always_max, "the largest score. Does the objective have a say"),
    (the_worst, "the wrong way round"),
    (of_the_name, "from the name"),
    (with_zeros, "return None"),
    (with_failures, "TypeError: bad operand|return None"),
    (from_zero, "It is the COMPLETED trial with the best score"),
    (truthy, "It is the COMPLETED trial with the best score"),
    (not_failed, "It is the COMPLETED trial|Only a trial that is COMPLETED"),
    (lambda trials, objective: max((t.score or 0 for t in trials), default=None), "where one of the trials is due"),
    (lambda trials, objective: trials[0] if trials else None, "return None"),
    (lambda trials, objective: trials[0].trial_id if trials else None, "the text '0' where one of the trials"),
    (lambda trials, objective: print(end=""), "the COMPLETED trial with the best score"),
    (from_a_number, "the COMPLETED trial with the best score"),
    (by_tenths, "the COMPLETED trial with the best score"),
]

# --- q3


def pops(self, trial_id):
    while self.known:
        values = self.known.pop(0)
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    values = self._random_values()
    return {"status": "STOPPED" if values is None else "RUNNING", "values": values}


def compares(self, trial_id):
    tried = [trial.hyperparameters.values for trial in self.trials.values()]
    for values in self.known:
        if values not in tried:
            return {"values": dict(values), "status": "RUNNING"}
    if (drawn := self._random_values()) is None:
        return {"status": "STOPPED"}
    return {"status": "RUNNING", "values": drawn}


def counts(self, trial_id, *more):
    if not hasattr(self, "queue"):
        self.queue = [v for place, v in enumerate(self.known) if v not in self.known[:place]]
    values = self.queue[int(trial_id)] if int(trial_id) < len(self.queue) else self._random_values()
    return dict(status="RUNNING" if values else "STOPPED", values=values)


def recursive(self, trial_id):
    if not self.known:
        values = self._random_values()
        return {"status": "RUNNING", "values": values} if values else {"status": "STOPPED", "values": {}}
    first, *self.known = self.known
    return recursive(self, trial_id) if self._duplicate(first) else {"status": "RUNNING", "values": first}


def shuffled(self, trial_id):
    points = [{"units": u, "dropout": d} for u, d in itertools.product((32, 64, 128), (False, True))]
    points = self.known + [points[i] for i in np.random.default_rng(self.seed).permutation(6)]
    for values in points:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    return {"status": "STOPPED"}


def by_number(self, trial_id):
    if int(trial_id) < len(self.known):
        return {"status": "RUNNING", "values": self.known[int(trial_id)]}
    values = self._random_values()
    return {"status": "RUNNING" if values else "STOPPED", "values": values}


def after_those_that_ended(self, trial_id):
    tried = [self.trials[name].hyperparameters.values for name in self.end_order]
    for values in self.known:
        if values not in tried:
            return {"status": "RUNNING", "values": values}
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


def backwards(self, trial_id):
    while self.known:
        values = self.known.pop()
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    return only_random(self, trial_id)


def by_its_text(self, trial_id):
    tried = {str(trial.hyperparameters.values) for trial in self.trials.values()}
    for values in self.known:
        if str(values) not in tried:
            return {"status": "RUNNING", "values": values}
    return only_random(self, trial_id)


def repeats(self, trial_id):
    for values in self.known:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    rng = np.random.default_rng(self.seed + len(self.trials))
    values = {"units": int(rng.choice([32, 64, 128])), "dropout": bool(rng.integers(2))}
    return {"status": "RUNNING" if len(self.trials) < 6 else "STOPPED", "values": values}


def no_status(self, trial_id):
    return {"values": self._random_values()}


def no_values(self, trial_id):
    return {"status": "RUNNING", "values": self._random_values()}


def idle(self, trial_id):
    return pops(self, trial_id) if self.known else {"status": "IDLE"}


RIGHT_3 = [pops, compares, counts, recursive, shuffled]
MISTAKES_3 = [
    (by_number, "stands in self.known twice.*it is tried twice"),
    (after_those_that_ended, "With 3 trials at a time a point comes twice"),
    (only_known, "After the known points it should draw at random"),
    (only_random, "The known ones come first"),
    (backwards, "in their order"),
    (same_draw, "whatever its seed"),
    (never_ends, "a point comes twice"),
    (by_its_text, "stands in self.known twice.*it is tried twice"),
    (repeats, "a point comes twice|it is tried twice"),
    (no_status, "a dict of length 1 where a dict with 'status'"),
    (no_values, "The known ones come first"),
    (idle, "'IDLE'; 'RUNNING' or 'STOPPED' is due"),
    (lambda self, trial_id: self._random_values(), "where a dict with 'status'"),
    (lambda self, trial_id: {"status": "RUNNING", "values": self.known}, "RUNNING with a list of length 1 for values"),
    (lambda self, trial_id: {"status": "RUNNING", "values": {"units": 32}}, "one is due for each of: units, dropout"),
    (lambda self, trial_id: self.known[0], "where a dict with 'status'"),
]

# --- q4


def one_by_one(first, second):
    points = [1.0 if a > b else 0.5 if a == b else 0.0 for a in first for b in second]
    return sum(points) / len(points)


def broadcast(first, second):
    difference = first[:, None] - second
    return np.float32(np.mean((difference > 0) + 0.5 * (difference == 0)))


def by_ranks(first, second):
    return mannwhitneyu(first, second).statistic / (len(first) * len(second))


def by_bisection(first, second):
    ordered = sorted(second)
    return np.mean([bisect.bisect_left(ordered, a) + bisect.bisect_right(ordered, a) for a in first]) / 2 / len(second)


def by_signs(first, second):
    return (np.sign(np.subtract.outer(first, second)).mean() + 1) / 2


def of_means(first, second):
    return float(np.mean(first) > np.mean(second)) + 0.5 * float(np.mean(first) == np.mean(second))


RIGHT_4 = [one_by_one, broadcast, by_ranks, by_bisection, by_signs, lambda a, b: np.array(by_signs(a, b))]
MISTAKES_4 = [
    (lambda a, b: np.mean(a[: len(b)] > b[: len(a)]), "Any of one may meet any"),
    (lambda a, b: np.mean(a[: len(b)] > b[: len(a)]) + np.mean(a[: len(b)] == b[: len(a)]) / 2, "Any of one may meet any"),
    (lambda a, b: one_by_one(a, b) * len(a) * len(b), "A share lies between 0 and 1"),
    (lambda a, b: 100 * one_by_one(a, b), "That is percent"),
    (lambda a, b: one_by_one(b, a), "the second one wins"),
    (lambda a, b: np.mean(a[:, None] > b), r"wins\(\[0.8\], \[0.8\]\): it gives 0.0, and 0.5 is due. A draw counts half"),
    (lambda a, b: np.mean(a[:, None] >= b), "count a draw as won"),
    (lambda a, b: a > np.mean(b), "shape"),
    (of_means, "Compare every score"),
    (lambda a, b: np.mean(a > np.mean(b)), "Compare every score"),
    (lambda a, b: one_by_one(a, b) if len(a) == len(b) else 0.5, "Compare every score"),
    (lambda a, b: np.mean(a > b), "ValueError|Compare every score"),
    (lambda a, b: one_by_one(np.unique(a), np.unique(b)), "Compare every score"),
    (lambda a, b: print(end=""), "returned nothing"),
]

# --- q5


def climbing(step, first=6, count=1, of=None):
    """Make a search that changes `count` values of the best of `of` finished trials by about `step`, after `first` at random."""

    def populate_space(self, trial_id):
        if len(self.end_order) < first:
            return {"status": "RUNNING", "values": self._random_values()}
        rng = np.random.default_rng(self.seed + 7 * len(self.trials))
        names = self.end_order if of is None else rng.choice(self.end_order, min(of, len(self.end_order)), replace=False)
        sign = 1 if self.objective.direction == "max" else -1
        parent = max((self.trials[name] for name in names), key=lambda trial: sign * trial.score)
        values = dict(parent.hyperparameters.values)
        for place in rng.choice(4, count, replace=False):
            entry = self.hyperparameters.space[place]
            prob = entry.value_to_prob(values[entry.name]) + rng.normal(0, step(len(self.trials)))
            values[entry.name] = entry.prob_to_value(float(np.clip(prob, 0, 0.999)))
        return {"status": "RUNNING", "values": values}

    return populate_space


def one_after_the_other(self, trial_id):
    """Go along one axis at a time, by steps that become smaller, from the middle."""
    space = self.hyperparameters.space
    best = self.get_best_trials()[0].hyperparameters.values if self.trials else {e.name: e.prob_to_value(0.5) for e in space}
    number = len(self.trials) - 1
    if number < 0:
        return {"status": "RUNNING", "values": best}
    entry, sign, step = space[number // 2 % 4], 2 * (number % 2) - 1, 0.25 / 1.4 ** (number // 8)
    place = np.clip(entry.value_to_prob(best[entry.name]) + sign * step, 0, 0.999)
    return {"status": "RUNNING", "values": best | {entry.name: entry.prob_to_value(float(place))}}


def only_for_max(self, trial_id):
    if len(self.end_order) < 6:
        return only_random(self, trial_id)
    best = max(self.trials.values(), key=lambda trial: trial.score)
    rng, values = np.random.default_rng(len(self.trials)), dict(best.hyperparameters.values)
    entry = self.hyperparameters.space[rng.integers(4)]
    prob = entry.value_to_prob(values[entry.name]) + rng.normal(0, 0.2)
    return {"status": "RUNNING", "values": values | {entry.name: entry.prob_to_value(float(np.clip(prob, 0, 0.999)))}}


def out_of_range(self, trial_id):
    return {"status": "RUNNING", "values": {"units": 64, "learning_rate": 0.01, "dropout": -0.1, "momentum": 0.5}}


def the_middle(self, trial_id):
    return {"status": "RUNNING", "values": {entry.name: entry.prob_to_value(0.5) for entry in self.hyperparameters.space}}


def stops_early(self, trial_id):
    return only_random(self, trial_id) if len(self.trials) < 10 else {"status": "STOPPED"}


def never_the_same(self, trial_id):
    if len(self.end_order) < 8:
        return {"status": "RUNNING", "values": self._random_values()}
    best, rng = self.get_best_trials()[0].hyperparameters, np.random.default_rng()
    near = {e.name: e.value_to_prob(best.values[e.name]) + rng.normal(0, 0.08) for e in self.hyperparameters.space}
    values = {e.name: e.prob_to_value(float(np.clip(near[e.name], 0, 0.999))) for e in self.hyperparameters.space}
    return {"status": "RUNNING", "values": values}


RIGHT_5 = [
    climbing(lambda n: 0.15), climbing(lambda n: 0.2, first=10), climbing(lambda n: 0.3 * 0.95**n, count=4),
    climbing(lambda n: 0.2, count=2), one_after_the_other,
]
MISTAKES_5 = [
    (only_random, "of 40 searches.*Draws at random alone"),
    (climbing(lambda n: 0.2, of=4), "30 are due"),
    (climbing(lambda n: 0.0), "30 are due"),
    (climbing(lambda n: 1.0, count=4), "30 are due"),
    (only_for_max, "of the 20 with 'min'"),
    (the_middle, "30 are due"),
    (stops_early, "30 are due"),
    (lambda self, trial_id: self._random_values(), "where a dict with 'status'"),
    (lambda self, trial_id: {"status": "RUNNING", "values": {"x": 1}}, "one is due for each of"),
    (out_of_range, "for `dropout`, which is from 0 to 0.8"),
    (lambda self, trial_id: {"status": "STOPPED"}, "In 0 of 40"),
    (never_the_same, "goes another way the second time"),
]

ALL = [
    (e04.q1, RIGHT_1, MISTAKES_1), (e04.q2, RIGHT_2, MISTAKES_2), (e04.q3, RIGHT_3, MISTAKES_3), (e04.q4, RIGHT_4, MISTAKES_4),
    (e04.q5, RIGHT_5, MISTAKES_5),
]
DEAR = {"e04.q5"}  # forty searches for each mutant
EQUIVALENT = {
    "e04.q5": {
        "2: len(self.end_order) < 6 → len(self.end_order) <= 6": "any few trials at random will do to begin with",
        "2: 6 → 7": "any few trials at random will do to begin with",
        "2: 6 → 5": "any few trials at random will do to begin with",
        "4: len(self.trials) → self.trials": "NumPy takes the names of the trials, numbers in texts, for a seed too",
        "5: 0 → -1": "get_best_trials returns one trial, the first and the last",
        "7: entry.value_to_prob(hp.values[entry.name]) + rng.normal(0, 0 → entry.value_to_prob(hp.values[entry.name]) - "
        "rng.normal(0, 0": "a normal distribution around 0 is symmetric",
        "7: 0.2 → 0.30000000000000004": "a somewhat longer step reaches the goal too",
        "8: float(np.clip(place, 0, 0.999)) → np.clip(place, 0, 0.999)": "a NumPy float is a float",
        "8: np.clip(place, 0, 0.999) → np.clip(0, place, 0.999)": "the larger of place and 0, and at most 0.999: the same",
    },
}
