"""Answers to the exercises of notebook 06: right ones that are not the reference, and likely mistakes."""

import itertools
import random

import keras
import numpy as np
import optuna
from optuna.trial import TrialState

from lib.exercises import e06

# --- q1


def keywords(trial):
    rate = trial.suggest_float("learning_rate", low=0.0001, high=0.1, log=True)
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam}
    name = trial.suggest_categorical("optimizer", ["sgd", "adam"])
    more = {"momentum": trial.suggest_float("momentum", 0.0, 0.95)} if name == "sgd" else {}
    return kinds[name](learning_rate=rate, **more)


def optimizer(low=1e-4, high=0.1, log=True, most=0.95, always=False, result=None, rate=None, names=("adam", "sgd")):
    def ask(trial):
        name = trial.suggest_categorical("optimizer", names)
        learning_rate = trial.suggest_float("learning_rate", low, high, log=log)
        if always or name == "sgd":
            momentum = trial.suggest_float("momentum", 0, most)
        if result is not None:
            return result(name, learning_rate)
        if name == "sgd":
            return keras.optimizers.SGD(rate or learning_rate, momentum=momentum)
        return keras.optimizers.Adam(rate or learning_rate)

    return ask


def by_config(trial):
    name = trial.suggest_categorical("optimizer", ("adam", "sgd"))
    config = {"learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)}
    if name == "sgd":
        config["momentum"] = trial.suggest_float("momentum", 0, 0.95)
    return keras.optimizers.get({"class_name": name, "config": config})


def by_match(trial):
    match trial.suggest_categorical("optimizer", choices=["adam", "sgd"]):
        case "sgd":
            momentum = trial.suggest_float("momentum", 0, 0.95, log=False)
            made = keras.optimizers.SGD(momentum=momentum, nesterov=True)
        case "adam":
            made = keras.optimizers.Adam()
    made.learning_rate = trial.suggest_float("learning_rate", 10**-4, 10**-1, log=True)
    return made


def returns_early(trial):
    if trial.suggest_categorical("optimizer", ["sgd", "adam"]) == "sgd":
        return keras.optimizers.SGD(
            momentum=trial.suggest_float("momentum", 0.0, 0.95),
            learning_rate=trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        )
    return keras.optimizers.Adam(trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True))


def stepped(trial):
    made = {"adam": keras.optimizers.Adam, "sgd": keras.optimizers.SGD}
    name, rate = trial.suggest_categorical("optimizer", [*made]), trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    return made[name](rate, **({"momentum": trial.suggest_float("momentum", 0, 0.95, step=0.475)} if name == "sgd" else {}))


def misspells(trial):
    return keras.optimizers.Adam(trial.suggest_float("larning_rate", 1e-4, 0.1, log=True))


def by_choices(trial):
    rate = trial.suggest_categorical("learning_rate", [1e-4, 1e-3, 1e-2, 1e-1, 0.02])
    momentum = trial.suggest_float("momentum", 0, 0.95)
    return keras.optimizers.SGD(rate, momentum) if trial.suggest_categorical("optimizer", ["adam", "sgd"]) == "sgd" else None


def swapped(trial):
    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    if name == "adam":
        return keras.optimizers.SGD(rate, momentum=trial.suggest_float("momentum", 0, 0.95))
    return keras.optimizers.Adam(rate)


def rounds_the_rate(trial):
    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    rate = trial.suggest_float("learning_rate", 1e-4, 0.1, log=True)
    if name == "adam":
        return keras.optimizers.Adam(round(rate, 3))
    return keras.optimizers.SGD(rate, momentum=trial.suggest_float("momentum", 0, 0.95))


RIGHT_1 = [keywords, optimizer(), by_config, by_match, returns_early]
MISTAKES_1 = [
    (rounds_the_rate, "but your optimizer learns with 0.012"),
    (optimizer(always=True), "inside an `if`"),
    (optimizer(log=False), "logarithmic"),
    (optimizer(low=1e-5), "runs from 1e-05"),
    (optimizer(most=0.9), "runs from 0 to 0.9"),
    (optimizer(names=("adam", "sgd", "rmsprop")), "a choice of"),
    (optimizer(rate=0.001), "your optimizer learns with 0.001"),
    (optimizer(result=lambda name, rate: keras.optimizers.SGD(rate)), "your SGD has 0"),
    (optimizer(result=lambda name, rate: keras.optimizers.SGD(rate, momentum=0.7)), "your SGD has 0.7"),
    (optimizer(result=lambda name, rate: name), "the text 'sgd' where a Keras optimizer"),
    (optimizer(result=lambda name, rate: keras.optimizers.SGD), "class SGD where a Keras optimizer"),
    (stepped, "yours goes in steps of 0.475"),
    (by_choices, "`learning_rate` can be any number"),
    (swapped, "never ask the trial for: momentum"),
    (misspells, "You ask for larning_rate"),
    (lambda trial: keras.optimizers.Adam(trial.suggest_float("learning_rate", 1e-4, 0.1)), "for: momentum, optimizer"),
    (lambda trial: print(end=""), r"returned nothing \(None\)"),
]

# --- q2


class ByLastStep(optuna.pruners.BasePruner):
    def prune(self, study, trial):
        steps = sorted(trial.intermediate_values)
        if len(steps) < 3:
            return False
        sign = 1 if study.direction.name == "MAXIMIZE" else -1
        return sign * trial.intermediate_values[steps[-1]] <= sign * trial.intermediate_values[steps[-3]]


def pruner(rule):
    """A pruner class whose rule gets the values in order, the direction's name and the dict from step to value."""

    class Answer(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            values = [value for _, value in sorted(trial.intermediate_values.items())]
            return rule(values, study.direction.name, trial.intermediate_values)

    return Answer


def by_number(values, direction, at):
    last = max(at)
    better = (lambda a, b: a > b) if direction == "MAXIMIZE" else (lambda a, b: a < b)
    return last >= 3 and not better(at[last], at[last - 2]) if last < 10 else False


def up(values, direction, at):
    return len(values) >= 3 and values[-1] <= values[-3]


class Blank(optuna.pruners.BasePruner):
    def prune(self, study, trial): ...


class ByList(optuna.pruners.BasePruner):
    def __init__(self, back=2):
        self.back = back

    def prune(self, study, trial):
        steps = sorted(trial.intermediate_values)[-1 - self.back :]
        if len(steps) <= self.back:
            return False
        first, last = trial.intermediate_values[steps[0]], trial.intermediate_values[steps[-1]]
        return np.bool_(last <= first if study.direction == optuna.study.StudyDirection.MAXIMIZE else last >= first)


def signed(values, direction, at):
    sign = {"MAXIMIZE": 1, "MINIMIZE": -1}[direction]
    return len(values) > 2 and not sign * (values[-1] - values[-3]) > 0


class Remembers(optuna.pruners.BasePruner):
    """It keeps the reports itself, those of all trials in one list."""

    def __init__(self):
        self.values = []

    def prune(self, study, trial):
        self.values.append(trial.intermediate_values[trial.last_step])
        return len(self.values) >= 3 and signed(self.values, study.direction.name, None)


def by_text(values, direction, at):
    up = direction == "maximize"
    return len(values) >= 3 and (values[-1] <= values[-3] if up else values[-1] >= values[-3])


def by_keys(values, direction, at):
    return signed(values, direction, at) if len(at) < 3 else at[len(at)] <= at[len(at) - 2]


def best_so_far(values, direction, at):
    return len(values) >= 3 and (values[-1] <= max(values[:-1]) if direction == "MAXIMIZE" else values[-1] >= min(values[:-1]))


def factory():
    return ByList(back=2)


class WantsMore(optuna.pruners.BasePruner):
    def __init__(self, reports):
        self.reports = reports

    def prune(self, study, trial):
        return False


RIGHT_2 = [ByLastStep, lambda: ByLastStep(), ByList, pruner(signed), factory]
MISTAKES_2 = [
    (lambda study, trial: False, "Hand over the class, StuckPruner"),
    (WantsMore, "The check makes your pruner without arguments"),
    (pruner(lambda v, d, at: len(v) >= 3 and (v[-1] - v[-3]) * (1 if d == "MAXIMIZE" else -1) <= 1e-3), "None for never"),
    (pruner(up), "lower is better: look at study.direction"),
    (pruner(lambda v, direction, at: len(v) >= 3 and v[-1] < v[-3]), "given up, None for never"),
    (pruner(lambda v, d, at: len(v) >= 3 and (v[-1] < v[-3] if d == "MAXIMIZE" else v[-1] > v[-3])), "is no better"),
    (pruner(lambda v, d, at: len(v) >= 2 and (v[-1] <= v[-2] if d == "MAXIMIZE" else v[-1] >= v[-2])), "one before it, not two"),
    (pruner(lambda v, d, at: len(v) >= 3 and (v[-1] <= v[-2] if d == "MAXIMIZE" else v[-1] >= v[-2])), "one before it, not two"),
    (pruner(lambda v, d, at: len(v) >= 3 and (v[2] <= v[0] if d == "MAXIMIZE" else v[2] >= v[0])), "third with the first"),
    (pruner(lambda v, d, at: len(v) >= 3 and (v[-1] <= v[0] if d == "MAXIMIZE" else v[-1] >= v[0])), "last value with the first"),
    (pruner(best_so_far), "the best so far"),
    (pruner(by_text), "study.direction, which is no text"),
    (pruner(lambda v, d, at: len(v) >= 3 and not signed(v, d, at)), "two directions|no better than"),
    (pruner(lambda values, direction, at: None), r"returns nothing \(None\); it answers True or False"),
    (pruner(lambda values, direction, at: False), "never gives a trial up"),
    (pruner(by_number), "reported at the steps"),
    (pruner(by_keys), r"raised KeyError|reported at the steps"),
    (Remembers, "given up, None for never"),
    (dict, "no object with a method"),
    (ByLastStep(), r"Hand over the function itself.*This is a ByLastStep"),
]

# --- q3


def one_by_one(storage, name, objective, total):
    names = optuna.study.get_all_study_names(storage)
    so_far = len(optuna.load_study(study_name=name, storage=storage).trials) if name in names else 0
    sampler = optuna.samplers.RandomSampler(1000 + so_far)
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True, sampler=sampler)
    while sum(trial.state == TrialState.COMPLETE for trial in study.trials) < total:
        study.optimize(objective, n_trials=1)
    return study


def resumed(seed=lambda study: 1 + len(study.trials), count=(TrialState.COMPLETE,), look_first=True, back=True, name=None):
    def resume(storage, study_name, objective, total):
        study = optuna.create_study(storage=storage, study_name=name or study_name, load_if_exists=True)
        study.sampler = optuna.samplers.RandomSampler(seed(study))
        if not look_first or len(study.get_trials(states=count)) < total:
            study.optimize(objective, callbacks=[optuna.study.MaxTrialsCallback(total, states=count)])
        return study if back else None

    return resume


def so_many_more(storage, name, objective, total):
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    study.sampler = optuna.samplers.RandomSampler(1 + len(study.trials))
    complete = (TrialState.COMPLETE,)
    total += len(study.get_trials(states=complete))
    study.optimize(objective, callbacks=[optuna.study.MaxTrialsCallback(total, states=complete)])
    return study


def skips_ahead(storage, name, objective, total):
    study = optuna.create_study(
        study_name=name, storage=storage, load_if_exists=True, sampler=optuna.samplers.RandomSampler(seed=len(name))
    )
    ahead = optuna.create_study(sampler=study.sampler)
    for _ in study.trials:
        ahead.ask().suggest_float("x", 0, 1)
    while len(study.get_trials(states=(TrialState.COMPLETE,))) < total:
        study.optimize(objective, n_trials=1)
    return study


def by_hand(storage, name, objective, total):
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    study.sampler = optuna.samplers.RandomSampler(10 * len(study.get_trials()) + 7)
    while sum(trial.state.name == "COMPLETE" for trial in study.trials) < total:
        trial = study.ask()
        try:
            study.tell(trial, objective(trial))
        except optuna.TrialPruned:
            study.tell(trial, state=TrialState.PRUNED)
        except Exception:
            study.tell(trial, state=TrialState.FAIL)
            raise
    return study


def carries_on(storage, name, objective, total):
    try:
        study = optuna.load_study(study_name=name, storage=storage)
    except KeyError:
        study = optuna.create_study(study_name=name, storage=storage)
    study.sampler = optuna.samplers.RandomSampler(seed=42 + len(study.trials))

    def enough(study, trial):
        if len(study.get_trials(states=[TrialState.COMPLETE])) >= total:
            study.stop()

    if len(study.get_trials(states=[TrialState.COMPLETE])) < total:
        study.optimize(objective, callbacks=[enough], catch=(Exception,))
    return study


def loads_again(storage, name, objective, total):
    resumed()(storage, name, objective, total)
    return optuna.load_study(study_name=name, storage=storage)


def with_tpe(storage, name, objective, total):
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    study.sampler = optuna.samplers.TPESampler(seed=1 + len(study.trials))
    while len(study.get_trials(states=[TrialState.COMPLETE])) < total:
        study.optimize(objective, n_trials=1)
    return study


def by_trials(storage, name, objective, total):
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    study.sampler = optuna.samplers.RandomSampler(seed=1 + len(study.trials))
    study.optimize(objective, n_trials=max(0, total - len(study.trials)))
    return study


COUNTER = itertools.count(1)
MISTAKES_3 = [
    (resumed(seed=lambda study: 1), "tried before"),
    (resumed(seed=lambda study: 1 + len(study.get_trials(states=[TrialState.COMPLETE]))), "tried before"),
    (resumed(seed=lambda study: None), "Seed the sampler"),
    (resumed(seed=lambda study: random.randrange(2**30)), "Seed the sampler"),
    (resumed(seed=lambda study: next(COUNTER)), "Seed the sampler"),
    (resumed(seed=lambda study: abs(hash(study.study_name)) % 10**6 + len(study.trials)), "In another process"),
    (resumed(count=(TrialState.COMPLETE, TrialState.PRUNED)), "pruned one"),
    (resumed(look_first=False), "ran another one"),
    (resumed(back=False), r"returned nothing \(None\)"),
    (resumed(name="mine"), "no study of that name"),
    (so_many_more, "those of earlier calls are"),
    (by_trials, "COMPLETE trials"),
    (with_tpe, "asks for a RandomSampler; the points of your study come from a TPESampler"),
    (lambda storage, name, objective, total: resumed()(storage, name, objective, total).trials, "a list of length"),
]


class ByNumber(optuna.samplers.RandomSampler):
    def sample_independent(self, study, trial, name, distribution):
        self._rng.rng.seed([7, trial.number, ord(name[0])])
        return super().sample_independent(study, trial, name, distribution)


def with_a_sampler_of_its_own(storage, name, objective, total):
    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True, sampler=ByNumber(seed=0))
    while len(study.get_trials(states=[TrialState.COMPLETE])) < total:
        study.optimize(objective, n_trials=1)
    return study


RIGHT_3 = [with_a_sampler_of_its_own, one_by_one, resumed(), skips_ahead, by_hand, carries_on, loads_again]

# --- q4


def by_table(study, budget):
    rows = [(-trial.values[0], trial.values[1], trial.number) for trial in study.trials if trial.values[1] <= budget]
    return study.trials[min(rows)[2]] if rows else None


def picks(key=lambda trial: trial.values[0], fits=lambda trial, budget: trial.values[1] <= budget, front=True):
    def pick(study, budget):
        trials = study.best_trials if front else study.trials[::-1]
        return max((trial for trial in trials if fits(trial, budget)), key=key, default=None)

    return pick


def by_loop(study, budget):
    best = None
    for trial in study.get_trials():
        accuracy, weights = trial.values
        if weights <= budget and (best is None or (accuracy, -weights) > (best.values[0], -best.values[1])):
            best = trial
    return best


def by_sorting(study, budget):
    front = sorted(study.best_trials, key=lambda trial: trial.values[0])
    return next((trial for trial in reversed(front) if not trial.values[1] > budget), None)


def by_frame(study, budget):
    table = study.trials_dataframe()
    table = table[table.values_1 <= budget].sort_values(["values_0", "values_1"], ascending=[False, True])
    return study.trials[table.number.iloc[0]] if len(table) else None


def from_zero(study, budget):
    chosen, best = None, 0
    for trial in study.best_trials:
        if trial.values[1] <= budget and trial.values[0] > best:
            chosen, best = trial, trial.values[0]
    return chosen


def without_default(study, budget):
    return max((t for t in study.best_trials if t.values[1] <= budget), key=lambda trial: trial.values[0])


def rounds_accuracy(study, budget):
    fitting = [trial for trial in study.trials if trial.values[1] <= budget]
    return max(fitting, key=lambda trial: (round(trial.values[0], 2), -trial.values[1]), default=None)


RIGHT_4 = [by_table, picks(), by_loop, by_sorting, by_frame]
MISTAKES_4 = [
    (rounds_accuracy, "The most accurate one with at most"),
    (picks(fits=lambda trial, budget: True), "more weights than the budget"),
    (picks(fits=lambda trial, budget: trial.values[1] < budget), "exactly `budget` weights"),
    (picks(key=lambda trial: -trial.values[1]), "the smallest one"),
    (picks(key=lambda trial: trial.values[1], front=False), "the largest one|most accurate one with"),
    (picks(front=False), "look only at the front"),
    (picks(fits=lambda trial, budget: sum(trial.values) <= budget), "most accurate one with"),
    (from_zero, "most accurate one with"),
    (without_default, "raised ValueError: max"),
    (lambda study, budget: picks()(study, budget) or study.best_trials[0], "most accurate one with"),
    (lambda study, budget: max(trial.values[0] for trial in study.best_trials), "where a trial of the study"),
    (lambda study, budget: getattr(picks()(study, budget), "values", None), "a list of length 2 where a trial"),
    (lambda study, budget: getattr(picks()(study, budget), "number", None), "the int 0 where a trial"),
    (lambda study, budget: print(picks()(study, budget)), "`print` shows a value"),
]

# --- q5


def studied(sampler, n_trials=lambda trials: trials, direction="maximize"):
    def search(objective, trials, seed):
        study = optuna.create_study(direction=direction, sampler=sampler(seed))
        study.optimize(objective, n_trials=n_trials(trials))
        return study

    return search


def climbs(objective, trials, seed):
    rng, step = np.random.default_rng(seed), 0.8
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed))
    study.optimize(objective, n_trials=trials // 3)
    for _ in range(trials - trials // 3):
        before = study.best_value
        near = {name: float(np.clip(value + rng.normal(0, step), -2, 2)) for name, value in study.best_params.items()}
        study.enqueue_trial(near)
        study.optimize(objective, n_trials=1)
        step *= 1.1 if study.best_value > before else 0.93
    return study


def asks_and_tells(objective, trials, seed):
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=8))
    for _ in range(trials):
        trial = study.ask()
        study.tell(trial, objective(trial))
    return study


def makes_it_up(objective, trials, seed):
    study = studied(lambda seed: optuna.samplers.RandomSampler(seed))(objective, trials, seed)
    study.add_trial(optuna.trial.create_trial(value=1.0))
    return study


RIGHT_5 = [
    studied(lambda seed: optuna.samplers.TPESampler(seed=seed)),
    studied(lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=6)),
    studied(lambda seed: optuna.samplers.CmaEsSampler(seed=seed + 1)),
    climbs,
    asks_and_tells,
]
MISTAKES_5 = [
    (studied(lambda seed: optuna.samplers.RandomSampler(seed)), "hills your search gets to"),
    (studied(lambda seed: optuna.samplers.QMCSampler(seed=seed)), "hills your search gets to"),
    (studied(lambda seed: optuna.samplers.GridSampler({name: [-1, 0, 1] for name in "xyz"}, seed)), "hills your search gets to"),
    (studied(lambda seed: optuna.samplers.TPESampler(seed=seed, n_startup_trials=30)), "spend before it begins"),
    (studied(lambda seed: optuna.samplers.CmaEsSampler(seed=seed), lambda trials: 12), "hills your search gets to"),
    (studied(lambda seed: optuna.samplers.CmaEsSampler(seed=seed), lambda trials: 100), "more than 30 times"),
    (studied(lambda seed: optuna.samplers.CmaEsSampler(seed=seed), direction="minimize"), "Your study minimizes"),
    (studied(lambda seed: optuna.samplers.TPESampler()), "The same seed gives other trials"),
    (studied(lambda seed: optuna.samplers.TPESampler(seed=1)), "Another seed gives the same"),
    (makes_it_up, "not the best that the objective gave"),
    (lambda objective, trials, seed: studied(optuna.samplers.RandomSampler)(objective, trials, seed).trials, "a study is due"),
    (lambda objective, trials, seed: optuna.create_study(direction="maximize"), "0 times in 30 trials"),
]


ALL = [
    (e06.q1, RIGHT_1, MISTAKES_1), (e06.q2, RIGHT_2, MISTAKES_2), (e06.q3, RIGHT_3, MISTAKES_3), (e06.q4, RIGHT_4, MISTAKES_4),
    (e06.q5, RIGHT_5, MISTAKES_5),
]
ORDER = "a trial reports its steps in order, and the dict keeps that order"
EQUIVALENT = {
    "e06.q2": {
        "6: sorted → list": ORDER,
        "6: sorted(trial.intermediate_values.items()) → trial.intermediate_values.items()": ORDER,
    },
    "e06.q3": {
        "8: optuna.study.MaxTrialsCallback(total, states=complete) → optuna.study.MaxTrialsCallback(total)":
            "COMPLETE is the default",
        "5: 1 → 2": "any seed will do that changes with the trials so far",
        "5: 1 → 0": "any seed will do that changes with the trials so far",
    },
    "e06.q4": {
        "3: 0 → 1": "on the front the most accurate is the largest",
        "3: 0 → -1": "on the front the most accurate is the largest",
    },
}
