"""Exercises of notebook 04: an equal budget, the direction of an objective, and an Oracle that begins with what is known."""

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, there

# --- q1: how many trials an equal budget pays for


def _check_q1(equal_trials):
    cases = [
        ([(9, 0, 1), (3, 1, 3), (1, 3, 9)], 9), ([(12, 0, 2), (4, 2, 4), (2, 4, 10)], 10), ([(5, 0, 4)], 3), ([(4, 0, 9)], 9)
    ]
    for rounds, epochs in cases:
        answer = there(equal_trials(rounds, epochs))
        budget = sum(trials * (last - first) for trials, first, last in rounds)
        again = sum(trials * last for trials, _, last in rounds)
        said = f"For {rounds} you say {answer:g}"
        wrong_if(
            answer != budget // epochs and np.isclose(answer, budget / epochs),
            f"{said}. That is the right share, but nobody trains a part of a trial: round down.",
        )
        anew = f"{said}, as if a promoted trial trained from epoch 0 again. It pays only for its new epochs."
        mistakes = [
            (again // epochs, anew),
            (again / epochs, anew),
            (sum(trials for trials, *_ in rounds), f"{said}: an equal number of trials. What has to be equal is the epochs."),
            (budget, f"{said}: that is the budget in epochs. Each whole trial costs {epochs} of them."),
        ]
        otherwise = f"For {rounds} and {epochs} epochs a trial you say {answer!r}. First add up the epochs of all rounds."
        compare(answer, budget // epochs, mistakes, otherwise)
    return "Now the two searches cost the same, and the race is fair."


def _equal_trials(rounds, epochs):
    budget = sum(trials * (last - first) for trials, first, last in rounds)
    return budget // epochs


q1 = Exercise(
    _check_q1,
    [
        "In the round (3, 1, 3) three trials train from epoch 1 to epoch 3: six epochs in all.",
        "Add up trials * (last - first) over the rounds, and divide by `epochs` with //.",
    ],
    _equal_trials,
)


# --- q2: the best trial, whatever the direction


class _Trial:
    """What the exercise needs of a KerasTuner trial."""

    def __init__(self, trial_id, status, score):
        self.trial_id, self.status, self.score = trial_id, status, score

    def __repr__(self):
        return f"trial {self.trial_id} ({self.status}, {self.score})"


def _check_q2(best_trial):
    import keras_tuner

    trials = [
        _Trial("0", "COMPLETED", 0.5),
        _Trial("1", "FAILED", None),
        _Trial("2", "COMPLETED", 0.9),
        _Trial("3", "COMPLETED", 0.2),
        _Trial("4", "RUNNING", None),
    ]
    cases = [(trials, "max", "2"), (trials, "min", "3")]
    cases += [([trials[i] for i in order], "min", "3") for order in ([3, 2, 1, 0, 4], [1, 4, 2, 3, 0], [4, 0, 3, 1, 2])]
    for shown, direction, right in cases:
        _say_q2(best_trial(shown, keras_tuner.Objective("score", direction)), right, direction)
    wrong_if(
        best_trial([trials[1], trials[4]], keras_tuner.Objective("score", "max")) is not None,
        "Where no trial is COMPLETED there is no best one: return None.",
    )
    return "It finds the lowest loss as well as the highest accuracy, and trips over no failed trial."


def _say_q2(answer, right, direction):
    told = f"With direction {direction!r} your"
    wrong_if(answer is None, f"{told} function returns nothing, though three trials are COMPLETED.")
    wrong_if(not isinstance(answer, _Trial), f"Your function returns {answer!r}; it should return the trial itself.")
    if answer.trial_id == right:
        return
    wrong_if(
        answer.status != "COMPLETED", f"Your best one is {answer}. Only a trial that is COMPLETED has a score to trust."
    )
    wrong_if(
        direction == "min",
        f"{told} best one is {answer}; another has a score of 0.2. Does the objective have a say in what is better?",
    )
    raise Wrong(f"{told} best one is {answer}; another one is better.")


def _best_trial(trials, objective):
    best = None
    for trial in trials:
        if trial.status != "COMPLETED":
            continue
        if best is None or objective.better_than(trial.score, best.score):
            best = trial
    return best


q2 = Exercise(
    _check_q2,
    [
        "`objective.direction` is 'min' or 'max', and `objective.better_than(a, b)` already knows what to make of it.",
        (
            "Go through the trials, skip those whose status is not 'COMPLETED', and keep the one that is better than the best "
            "so far."
        ),
    ],
    _best_trial,
)


# --- q3: an Oracle that begins with what is known


def _oracle(populate_space, known, max_trials=20, seed=1):
    """Make an Oracle of the learner's method, on a plane of 3 x 2 points, that writes no files."""
    import keras_tuner

    class Learners(keras_tuner.Oracle):
        def populate_space(self, trial_id):
            return populate_space(self, trial_id)

        def save(self):
            pass

        def _save_trial(self, trial):
            pass

    hp = keras_tuner.HyperParameters()
    hp.Choice("units", [32, 64, 128])
    hp.Boolean("dropout")
    oracle = Learners(keras_tuner.Objective("score", "max"), max_trials, hyperparameters=hp, seed=seed)
    oracle.known, oracle.verbose = known, 0
    return oracle


def _proposals(oracle, trials):
    """Run up to so many trials with a fake score; return their values as tuples, and the last status."""
    found = []
    for _ in range(trials):
        trial = _next_trial(oracle)
        if trial.status != "RUNNING":
            return found, trial.status
        values = trial.hyperparameters.values
        wrong_if(
            set(values) != {"units", "dropout"},
            f"A trial has the values {values}; it needs one for `units` and one for `dropout`.",
        )
        found.append((values["units"], values["dropout"]))
        oracle.update_trial(trial.trial_id, {"score": values["units"] / 128})
        trial.status = "COMPLETED"
        oracle.end_trial(trial)
    return found, "RUNNING"


def _next_trial(oracle):
    original = oracle.populate_space

    def watched(trial_id):
        answer = original(trial_id)
        wrong_if(
            not isinstance(answer, dict) or "status" not in answer,
            f"populate_space returns a dict with 'status' and 'values'; yours returned a {type(answer).__name__}.",
        )
        return answer

    oracle.populate_space = watched
    try:
        return oracle.create_trial("tuner0")
    finally:
        del oracle.populate_space


def _check_q3(populate_space):
    known = [{"units": 128, "dropout": True}, {"units": 32, "dropout": False}]
    first, _ = _proposals(_oracle(populate_space, list(known)), 5)
    wrong_if(
        first[:2] != [(128, True), (32, False)],
        f"With known points {known} your first two trials are {first[:2]}. The known ones come first, in their order.",
    )
    wrong_if(
        len(first) < 5,
        f"After the known points your Oracle stops, with {len(first)} trials. Then it should draw at random.",
    )
    drawn = {tuple(_proposals(_oracle(populate_space, list(known), seed=seed), 4)[0][2:]) for seed in range(1, 13)}
    wrong_if(
        len(drawn) < 3,
        "After the known points your Oracle proposes the same, whatever its seed. self._random_values() draws at random.",
    )
    _check_duplicates(populate_space, known)
    wrong_if(
        _proposals(_oracle(populate_space, []), 3)[1] != "RUNNING",
        "Without any known point your Oracle stops at once. Then it should just draw at random.",
    )
    return "It begins with what you know, goes on at random, and tries nothing twice."


def _check_duplicates(populate_space, known):
    found, _ = _proposals(_oracle(populate_space, [*known, known[0]]), 4)
    wrong_if(
        len(set(found)) < len(found),
        f"A known point that stands in the list twice is trained twice: {found}. "
        "self._duplicate(values) says what has been tried.",
    )
    for seed in range(1, 6):
        found, status = _proposals(_oracle(populate_space, list(known), seed=seed), 12)
        wrong_if(
            len(set(found)) < len(found),
            f"A random draw repeats a known point: {found}. self._random_values() never does, if you let it draw.",
        )
        wrong_if(
            status != "STOPPED",
            f"The space has six points, and after {len(found)} trials your Oracle says {status}. "
            "When nothing is left, say STOPPED.",
        )


def _populate_space(self, trial_id):
    for values in self.known:
        if not self._duplicate(values):
            return {"status": "RUNNING", "values": dict(values)}
    values = self._random_values()
    if values is None:
        return {"status": "STOPPED"}
    return {"status": "RUNNING", "values": values}


q3 = Exercise(
    _check_q3,
    [
        "Go through self.known, and return the first values for which self._duplicate(values) is False.",
        (
            "After that, self._random_values() draws what has not been tried, or returns None when it finds nothing: "
            "then the status is 'STOPPED'."
        ),
    ],
    _populate_space,
)


# --- q4: how often one search beats another


def _check_q4(wins):
    rng = np.random.default_rng(4)
    high, low = rng.normal(0.85, 0.01, 40), rng.normal(0.84, 0.01, 40)
    share, right = there(wins(high, low)), _wins(high, low)
    wrong_if(np.ndim(share), f"Your function returns {np.size(share)} numbers; it should return one share.")
    wrong_if(
        not 0 <= float(share) <= 1,
        f"Your function returns {float(share):g}. A share lies between 0 and 1: use the mean, not the sum.",
    )
    mistakes = [
        (
            np.mean(high > low),
            "You compare the first search of one with the first of the other, and so on. Any of one may meet any of the other.",
        ),
        (1 - right, "You count how often the second one wins."),
    ]
    otherwise = f"You say {float(share):.3f}, and it is {right:.3f}. Compare every score of one with every score of the other."
    compare(share, right, mistakes, otherwise, np.isclose)
    draw = wins(np.array([0.8, 0.8]), np.array([0.8]))
    wrong_if(not np.isclose(draw, 0.5), f"Two searches with equal scores: you say {float(draw):g}. A draw counts half.")
    wrong_if(
        not np.isclose(wins(np.array([0.9]), rng.normal(0.8, 0.01, 7)), 1),
        "The two may have different numbers of searches.",
    )
    return f"The better one wins {right:.0%} of the time: a difference in the mean is no promise for your one search."


def _wins(first, second):
    difference = np.asarray(first)[:, None] - np.asarray(second)[None, :]
    return np.mean((difference > 0) + 0.5 * (difference == 0))


q4 = Exercise(
    _check_q4,
    [
        (
            "first[:, None] > second[None, :] compares every score of one with every score of the other; "
            "the mean of a bool array is a share."
        ),
        "Draws count half: add 0.5 * (first[:, None] == second[None, :]) before you take the mean.",
    ],
    _wins,
)
