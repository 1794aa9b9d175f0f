"""Exercises of notebook 04: an equal budget, the direction of an objective, and Oracles of one's own."""

import functools
import itertools

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: how many trials an equal budget pays for


def _check_q1(equal_trials):
    rng = np.random.default_rng(4)
    cases = [([(1, 0, 1)], 1), ([(1, 0, 1)], 2), ([(5, 0, 4)], 3), ([(4, 0, 9)], 9)]
    cases += [([(3, 0, 2), (1, 2, 6)], 5), ([(9, 0, 1), (3, 1, 3), (1, 3, 9)], 9), ([(12, 0, 2), (4, 2, 4), (2, 4, 10)], 10)]
    for count in (2, 2, 3, 3, 4, 5):
        trials, ends = sorted(rng.integers(1, 40, count), reverse=True), [0, *np.cumsum(rng.integers(1, 9, count))]
        rounds = [(int(n), int(a), int(b)) for n, (a, b) in zip(trials, itertools.pairwise(ends), strict=True)]
        cases.append((rounds, int(rng.integers(2, 12))))
    anew = "That is as if a promoted trial trained from epoch 0 again. It pays only for its new epochs."
    part = "That is the right share, but nobody trains a part of a trial: round down."
    mistakes = [
        (lambda rounds, epochs: _budget(rounds) / epochs, part),
        (lambda rounds, epochs: -(-_budget(rounds) // epochs), "You round up, and the last trial is not paid for: round down."),
        (lambda rounds, epochs: round(_budget(rounds) / epochs), "You round to the nearest whole number: round down."),
        (lambda rounds, epochs: sum(trials * last for trials, _, last in rounds) // epochs, anew),
        (lambda rounds, epochs: sum(trials * last for trials, _, last in rounds) / epochs, anew),
        (lambda rounds, epochs: len(rounds), "That is the number of rounds."),
        (
            lambda rounds, epochs: sum(trials for trials, *_ in rounds),
            "That is an equal number of trials. What has to be equal is the epochs.",
        ),
        (lambda rounds, epochs: _budget(rounds), "That is the budget in epochs. Each whole trial costs `epochs` of them."),
    ]
    why = "First add up the epochs of all rounds; then see how many trials of `epochs` epochs that pays for."
    over_cases(equal_trials, cases, _equal_trials, why, mistakes)
    return "Now the two searches cost the same, and the race is fair."


def _budget(rounds):
    return sum(trials * (last - first) for trials, first, last in rounds)


def _equal_trials(rounds, epochs):
    budget = 0
    for trials, first, last in rounds:
        budget += trials * (last - first)
    return budget // epochs


q1 = Exercise(
    _check_q1,
    [
        "In the round (3, 1, 3) three trials train from epoch 1 to epoch 3: six epochs in all.",
        "The epochs of all rounds together are the budget, and a part of a trial is no trial: // divides and rounds down.",
        "budget = 0; then for trials, first, last in rounds: budget += ...; at the end return budget // ...",
    ],
    _equal_trials,
    due=kinds.Kind("a whole number", lambda value: int(read) if (read := kinds.number(value)).is_integer() else read),
)


# --- q2: the best trial, whatever the direction


@functools.cache
def _trial_class():
    from keras_tuner.engine.trial import Trial

    class Shown(Trial):
        """A trial that a message can show."""

        def __repr__(self):
            return f"<trial {self.trial_id}: {self.status}, {self.score}>"

    return Shown


def _trials(*ends):
    """Make trials that ended so: pairs (status, score)."""
    import keras_tuner

    made = []
    for number, (status, score) in enumerate(ends):
        trial = _trial_class()(keras_tuner.HyperParameters(), str(number), status)
        trial.score = score
        made.append(trial)
    return made


def _check_q2(best_trial):
    import keras_tuner

    done, rng, nan = "COMPLETED", np.random.default_rng(5), float("nan")
    lists = [
        [], [("FAILED", None)], [("FAILED", nan), ("RUNNING", None)], [(done, 0.5)], [(done, 0.2), (done, 0.9)],
        [(done, 0.9), (done, 0.2)], [(done, 0.0), (done, -1.0)], [(done, 0.0), (done, 3.0)], [(done, -2.0), (done, -3.0)],
        [("FAILED", nan), (done, 0.3)], [(done, 0.3), ("FAILED", nan), (done, 0.4)], [("RUNNING", None), (done, 7.0), (done, 5)],
        [("FAILED", 9.0), ("INVALID", -9.0), (done, 0.1), (done, 0.2)], [(done, 0.7), (done, 0.7)],
        [(done, 0.9002), (done, 0.9003), (done, 0.9001)], [(done, 3e12), (done, 2e12)], [(done, -3e12), (done, -2e12)],
    ]
    bad = [("FAILED", nan), ("FAILED", None), ("RUNNING", None), ("INVALID", 50.0), ("FAILED", -50.0)]
    for size in (5, 6, 7, 8):
        some = [(done, float(score)) for score in rng.normal(0, 2, size).round(2)] + bad[: size - 3]
        lists.append([some[place] for place in rng.permutation(len(some))])
    objectives = ("score", "max"), ("score", "min"), ("loss", "max"), ("accuracy", "min")
    cases = [(_trials(*ends), keras_tuner.Objective(*both)) for ends, both in itertools.product(lists, objectives)]
    given = best_trial(_trials((done, 0.5)), keras_tuner.Objective("score", "max"))
    printed = given is None and best_trial.printed.strip()
    wrong_if(printed, "Your answer returned nothing. It printed something: `print` shows a value, `return` hands it over.")
    over_cases(best_trial, cases, _best_trial, _why_q2, _mistakes_q2(), _as_good)
    return "It finds the lowest loss as well as the highest accuracy, and trips over no failed trial."


def _as_good(answer, right):
    if answer is None or right is None:
        return answer is right
    return answer.status == "COMPLETED" and answer.score == right.score


def _why_q2(trials, objective):
    if all(trial.status != "COMPLETED" for trial in trials):
        return "Where no trial is COMPLETED there is no best one: return None."
    return f"It is the COMPLETED trial with the best score, for the direction {objective.direction!r}; the objective knows it."


def _mistakes_q2():
    def pick(keep, sign):
        def rule(trials, objective):
            return max(filter(keep, trials), key=lambda trial: sign(objective) * trial.score, default=None)

        return rule

    def done(trial):
        return trial.status == "COMPLETED"

    def of_direction(objective):
        return 1 if objective.direction == "max" else -1

    return [
        (pick(done, lambda objective: 1), "You return the largest score. Does the objective have a say in what is better?"),
        (pick(done, lambda objective: -1), "You return the smallest score. Does the objective have a say in what is better?"),
        (pick(done, lambda objective: -of_direction(objective)), "You have the two directions the wrong way round."),
        (
            pick(done, lambda objective: -1 if "loss" in objective.name else 1),
            "You take the direction from the name. The objective says it: objective.direction.",
        ),
        (
            pick(lambda trial: trial.score is not None, of_direction),
            "Only a trial that is COMPLETED has a score to trust; one that is not may have a score, or nan.",
        ),
    ]


def _best_trial(trials, objective):
    best = None
    for trial in trials:
        if trial.status == "COMPLETED" and (best is None or objective.better_than(trial.score, best.score)):
            best = trial
    return best


q2 = Exercise(
    _check_q2,
    [
        "`objective.direction` is 'min' or 'max', and `objective.better_than(a, b)` already knows what to make of it.",
        "Go through the trials, skip those that are not COMPLETED, and keep the one that is better than the best so far.",
        "best = None; then for trial in trials: if trial.status == ... and (best is None or objective.better_than(...)): ...",
    ],
    _best_trial,
    due=kinds.optional(kinds.instance("one of the trials", _trial_class)),
)


# --- q3: an Oracle that begins with what is known


def _oracle(populate_space, hp, direction="max", max_trials=40, seed=1000):
    """Make an Oracle of the learner's method that writes no files; what the method returns is looked at on the way."""
    import keras_tuner

    class Learners(keras_tuner.Oracle):
        def populate_space(self, trial_id):
            told = populate_space(self, trial_id)
            if told["status"] == "RUNNING":
                _in_space(told["values"], hp)
            return told

        def save(self):
            pass

        def _save_trial(self, trial):
            pass

    oracle = Learners(keras_tuner.Objective("score", direction), max_trials, hyperparameters=hp, seed=seed)
    oracle.verbose = 0
    return oracle


def _next(oracle, worker="tuner0"):
    """Return an Oracle's next trial, or None if it is STOPPED, or raise Wrong for a trial that no tuner can run."""
    trial = oracle.create_trial(worker)
    if trial.status == "STOPPED":
        return None
    wrong_if(trial.status != "RUNNING", f"The status of your next trial is {trial.status!r}; 'RUNNING' or 'STOPPED' is due.")
    return trial


def _report(oracle, trial, score):
    oracle.update_trial(trial.trial_id, {"score": score})
    trial.status = "COMPLETED"
    oracle.end_trial(trial)


def _response(value):
    if not isinstance(value, dict) or "status" not in value:
        raise TypeError
    values = value.get("values")
    if value["status"] == "RUNNING" and not isinstance(values, dict):
        raise kinds.Other(f"the status RUNNING with {kinds.described(values)} for values, where a dict of values is due")
    return value


def _in_space(values, hp):
    """Raise Wrong unless there is a value of its range for each hyperparameter of a space."""
    names = [entry.name for entry in hp.space]
    wrong_if(set(values) != set(names), f"A trial is given the values {values}; one is due for each of: {', '.join(names)}.")
    for entry in hp.space:
        value = values[entry.name]
        if hasattr(entry, "min_value"):
            inside, said = entry.min_value <= value <= entry.max_value, f"from {entry.min_value:g} to {entry.max_value:g}"
        else:
            inside, said = value in entry.values, f"one of {list(entry.values)}"
        wrong_if(not inside, f"A trial is given {value!r} for `{entry.name}`, which is {said}.")


response = kinds.Kind("a dict with 'status', and 'values' if it is RUNNING,", _response)
KNOWN = ({"units": 128, "dropout": True}, {"units": 32, "dropout": False})


def _six():
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Choice("units", [32, 64, 128])
    hp.Boolean("dropout")
    return hp


def _proposals(populate_space, known, trials=12, seed=1000, workers=1):
    """Run up to so many trials in the space of six points, some at a time.

    Returns:
        The points as tuples (units, dropout), and whether the Oracle said STOPPED.
    """
    oracle = _oracle(populate_space, _six(), seed=seed)
    oracle.known = [dict(values) for values in known]
    found, running = [], []
    while len(found) < trials:
        trial = _next(oracle, f"tuner{len(found)}")
        if trial is None:
            return found, True
        found.append((trial.hyperparameters.values["units"], trial.hyperparameters.values["dropout"]))
        running.append(trial)
        if len(running) == workers:
            first = running.pop(0)
            _report(oracle, first, first.hyperparameters.values["units"] / 128)
    return found, False


def _check_q3(populate_space):
    for known in (KNOWN[:1], KNOWN, KNOWN[::-1]):
        due = [(values["units"], values["dropout"]) for values in known]
        first, _ = _proposals(populate_space, known, 5)
        said = f"Where the known points are {list(known)}, your first trials are {first[: len(due)]}."
        wrong_if(first[: len(due)] != due, f"{said} The known ones come first, in their order.")
        wrong_if(len(first) < 4, f"Your Oracle stops after {first}. After the known points it should draw at random.")
    without, _ = _proposals(populate_space, [], 3)
    wrong_if(not without, "Without any known point your Oracle stops at once. It should draw at random.")
    drawn = {tuple(_proposals(populate_space, KNOWN, 4, 1000 * seed)[0][2:]) for seed in range(1, 13)}
    wrong_if(
        len(drawn) < 3,
        "After the known points your Oracle proposes the same, whatever its seed. self._random_values() draws at random.",
    )
    _check_twice(populate_space)
    return "It begins with what you know, goes on at random, and tries nothing twice."


def _check_twice(populate_space):
    for known in ([*KNOWN, KNOWN[0]], [KNOWN[0], *KNOWN], [*KNOWN, dict(reversed(KNOWN[0].items()))]):
        found, _ = _proposals(populate_space, known, 4)
        again = f"Where {known[0]} stands in self.known twice, your trials are {found}"
        wrong_if(len(set(found)) < len(found), f"{again}: it is tried twice. self._duplicate(values) says what has been tried.")
        wrong_if(set(found[:2]) != {(128, True), (32, False)}, f"{again}. The known ones come first.")
    for seed, workers in itertools.product(range(1, 9), (1, 3)):
        found, stopped = _proposals(populate_space, KNOWN, 12, 1000 * seed, workers)
        wrong_if(
            len(set(found)) < len(found),
            f"With {workers} trial{'s' * (workers > 1)} at a time a point comes twice: {found}. self._random_values() draws none "
            "that has been tried or still runs, and self._duplicate(values) knows them.",
        )
        wrong_if(not stopped, f"The space has six points, and your Oracle goes on after {found}. Say STOPPED.")


def _populate_space(self, trial_id):
    for values in self.known:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": values}
    values = self._random_values()
    return {"status": "STOPPED" if values is None else "RUNNING", "values": values}


q3 = Exercise(
    _check_q3,
    [
        "Go through self.known, and return the first values for which self._duplicate(values) is False.",
        "After that self._random_values() draws what has not been tried, or returns None when it finds nothing.",
        'for values in self.known: if not ...: return {"status": "RUNNING", "values": ...}; then values = self._random_values(), '
        "and a status that depends on them",
    ],
    _populate_space,
    due=response,
)


# --- q4: how often one search beats another


def _check_q4(wins):
    rng = np.random.default_rng(6)
    cases = [([0.9], [0.8]), ([0.8], [0.9]), ([0.8], [0.8]), ([0.8, 0.8], [0.8]), ([0.0], [-1.0, 1.0]), ([-2.0, -1], [-3.0, -1])]
    cases += [([0.8, 0.9], [0.85, 0.95]), ([0.9, 0.8], [0.8, 0.9]), ([0.9, 0.2, 0.2], [0.3, 0.3])]
    cases += [(rng.integers(0, 4, a) / 4, rng.integers(0, 4, b) / 4) for a, b in ((3, 5), (5, 3), (6, 6), (7, 1), (1, 7))]
    cases += [(rng.normal(0.85, 0.01, a), rng.normal(0.84, 0.01, b)) for a, b in ((5, 5), (12, 4), (40, 40))]
    mistakes = [
        (
            lambda a, b: np.mean(a[: len(b)] > b[: len(a)]) + np.mean(a[: len(b)] == b[: len(a)]) / 2,
            "You compare the first search of one with the first of the other, and so on. Any of one may meet any of the other.",
        ),
        (
            lambda a, b: np.mean(a[: len(b)] > b[: len(a)]),
            "You compare the first search of one with the first of the other, and so on. Any of one may meet any of the other.",
        ),
        (lambda a, b: _wins(b, a), "You count how often the second one wins."),
        (lambda a, b: np.mean(a[:, None] > b), "A draw counts half."),
        (lambda a, b: np.mean(a[:, None] >= b), "You count a draw as won. A draw counts half."),
        (lambda a, b: _wins(a, b) * a.size * b.size, "That is the number of pairs. A share lies between 0 and 1."),
        (lambda a, b: 100 * _wins(a, b), "That is percent. A share lies between 0 and 1."),
    ]
    arrays = [(np.array(first), np.array(second)) for first, second in cases]
    why = "Compare every score of one with every score of the other: a win counts 1, a draw half."
    over_cases(wins, arrays, _wins, why, mistakes)
    return "A better mean is no promise for your one search: it wins only this often."


def _wins(first, second):
    points = [(a > b) + (a == b) / 2 for a in first for b in second]
    return sum(points) / len(points)


q4 = Exercise(
    _check_q4,
    [
        "With five searches of one kind and three of the other there are fifteen pairs.",
        "Two loops, one inside the other, meet every pair; so does an array with a second axis, first[:, None].",
        "points = [... for a in first for b in second]; then return sum(...) / len(...)",
    ],
    _wins,
    due=kinds.number,
)


# --- q5: the open task, a search that learns


def _wide():
    import keras_tuner

    hp = keras_tuner.HyperParameters()
    hp.Int("units", 16, 512, step=16)
    hp.Float("learning_rate", 1e-5, 1e-1, sampling="log")
    hp.Float("dropout", 0.0, 0.8)
    hp.Float("momentum", 0.0, 0.99)
    return hp


def _nearest(populate_space, number, trials=40):
    """Return how near one search comes to its hidden peak: 0 there, about 0.5 at the other end of the space."""
    hp, peak = _wide(), np.random.default_rng(number).uniform(0.1, 0.9, 4)
    direction = ("max", "min")[number % 2]
    oracle, nearest = _oracle(populate_space, hp, direction, trials, 1000 * number), np.inf
    while (trial := _next(oracle)) is not None:
        values = trial.hyperparameters.values
        place = np.array([entry.value_to_prob(values[entry.name]) for entry in hp.space])
        distance = float(np.sqrt(np.mean((place - peak) ** 2)))
        _report(oracle, trial, distance if direction == "min" else 1 - distance)
        nearest = min(nearest, distance)
    return nearest


def _check_q5(populate_space):
    nearest = [_nearest(populate_space, number) for number in range(1, 41)]
    near = np.array(nearest) < 0.1
    most, least = near[1::2].sum(), near[::2].sum()
    wrong_if(near.sum() < 30, (
        f"In {near.sum()} of 40 searches a trial comes near enough to the peak, and 30 are due: {most} of the 20 with the "
        f"direction 'max', {least} of the 20 with 'min'. Draws at random alone come near in about 8."
    ))
    wrong_if(nearest[:3] != [_nearest(populate_space, number) for number in (1, 2, 3)], (
        "It comes near the peak often enough, but a search with the same seed goes another way the second time. Draw from a "
        "generator that you seed with self.seed and the number of trials."
    ))
    return f"In {near.sum()} of 40 searches it comes near the peak, whatever the direction."


def _propose(self, trial_id):
    if len(self.end_order) < 6:
        return {"status": "RUNNING", "values": self._random_values()}
    rng = np.random.default_rng([self.seed, len(self.trials)])
    hp = self.get_best_trials()[0].hyperparameters.copy()
    entry = hp.space[rng.integers(len(hp.space))]
    place = entry.value_to_prob(hp.values[entry.name]) + rng.normal(0, 0.2)
    hp.values[entry.name] = entry.prob_to_value(float(np.clip(place, 0, 0.999)))
    return {"status": "RUNNING", "values": hp.values}


q5 = Exercise(
    _check_q5,
    [
        "Draws at random do not learn. Section 5 has a search that does, and it is not greedy enough for this.",
        "self.get_best_trials()[0] is the best trial so far, whatever the direction. Propose something near it.",
        "After a few random trials: hp = self.get_best_trials()[0].hyperparameters.copy(); entry = one of hp.space; "
        "place = entry.value_to_prob(...) + ...; hp.values[entry.name] = entry.prob_to_value(...)",
    ],
    _propose,
    due=response,
)
