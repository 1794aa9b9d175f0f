"""Answers to the exercises of notebook 06: right ones that are not the reference, and likely mistakes."""

import keras
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


def misspells(trial):
    return keras.optimizers.Adam(trial.suggest_float("larning_rate", 1e-4, 0.1, log=True))


MISTAKES_1 = [
    (optimizer(always=True), "inside an `if`"),
    (optimizer(log=False), "logarithmic"),
    (optimizer(low=1e-5), "runs from 1e-05"),
    (optimizer(most=0.9), "runs from 0 to 0.9"),
    (optimizer(names=("adam", "sgd", "rmsprop")), "a choice of"),
    (optimizer(rate=0.001), "your optimizer learns with 0.001"),
    (optimizer(result=lambda name, rate: keras.optimizers.SGD(rate)), "your SGD has 0"),
    (optimizer(result=lambda name, rate: keras.optimizers.SGD(rate, momentum=0.7)), "For 'adam'"),
    (optimizer(result=lambda name, rate: name), "returns a str"),
    (misspells, "You ask for 'larning_rate'"),
    (
        lambda trial: keras.optimizers.Adam(trial.suggest_float("learning_rate", 1e-4, 0.1)),
        "never ask the trial for: momentum, optimizer",
    ),
    (lambda trial: print(end=""), "returns nothing"),
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


MISTAKES_2 = [
    (pruner(up), "study.direction"),
    (pruner(lambda values, direction, at: len(values) >= 3 and values[-1] < values[-3]), "that is no better"),
    (pruner(lambda values, direction, at: len(values) >= 2 and values[-1] <= values[-2]), "With two reports"),
    (pruner(lambda values, direction, at: len(values) >= 3 and values[-1] <= values[-2]), "0.45 is no better|is not stuck"),
    (pruner(lambda values, direction, at: len(values) >= 3 and values[2] <= values[0]), "fifth report"),
    (pruner(lambda values, direction, at: len(values) >= 3 and values[-1] >= values[-3]), "gets better all the time"),
    (pruner(lambda values, direction, at: None), "it answers True or False"),
    (pruner(lambda values, direction, at: False), "the trial is stuck"),
    (pruner(by_number), "steps 11, 12, 13"),
    (dict, "no object with a method"),
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


MISTAKES_3 = [
    (resumed(seed=lambda study: 1), "tried before"),
    (resumed(seed=lambda study: None), "Seed the sampler"),
    (resumed(count=(TrialState.COMPLETE, TrialState.PRUNED)), "do you count only COMPLETE"),
    (resumed(look_first=False), "ran another one"),
    (resumed(back=False), "returns nothing"),
    (resumed(name="mine"), "no study of that name"),
    (so_many_more, "counts those of earlier calls"),
]

# --- q4


def by_table(study, budget):
    rows = [(-trial.values[0], trial.values[1], trial.number) for trial in study.trials if trial.values[1] <= budget]
    return study.trials[min(rows)[2]] if rows else None


def picks(key=lambda trial: trial.values[0], fits=lambda trial, budget: trial.values[1] <= budget, front=True):
    def pick(study, budget):
        trials = study.best_trials if front else study.trials[::-1]
        return max((trial for trial in trials if fits(trial, budget)), key=key, default=None)

    return pick


MISTAKES_4 = [
    (picks(fits=lambda trial, budget: True), "a trial with 90,000 weights"),
    (picks(fits=lambda trial, budget: trial.values[1] < budget), "exactly as many"),
    (picks(key=lambda trial: -trial.values[1]), "there is one with 0.85"),
    (picks(front=False), "Look only at the front"),
    (lambda study, budget: picks()(study, budget) or study.best_trials[0], "nothing fits"),
    (lambda study, budget: max(trial.values[0] for trial in study.best_trials), "returns? a float"),
    (lambda study, budget: print(end=""), "you return None"),
]


RIGHT = [
    (e06.q1, keywords),
    (e06.q2, ByLastStep),
    (e06.q2, lambda: ByLastStep()),
    (e06.q3, one_by_one),
    (e06.q4, by_table),
]

MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e06.q1, MISTAKES_1), (e06.q2, MISTAKES_2), (e06.q3, MISTAKES_3), (e06.q4, MISTAKES_4))
    for answer, message in mistakes
]
