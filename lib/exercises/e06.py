"""Exercises of notebook 06: a space with a condition, a pruner, a resumed study, a Pareto front."""

from lib.exercises.core import Blank, Exercise, Wrong, is_blank, wrong_if
from lib.exercises.old import there


def _optuna():
    """Return the module, quiet about the studies it creates; it is imported only once an answer is checked."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


# --- q1: a space with a condition


def _asked(ask, **values):
    """Call the answer with fixed values; return what it returned and the names and distributions it asked for."""
    trial = _optuna().trial.FixedTrial(values)
    try:
        answer = ask(trial)
    except ValueError as error:
        name = str(error).split("'")[1] if "'" in str(error) else "?"
        if "momentum" in name and values["optimizer"] == "adam":
            raise Wrong("With adam you ask for a momentum. Ask for it inside an `if`.") from None
        if name in values or "is not found" not in str(error):
            raise
        raise Wrong(f"You ask for {name!r}; the names are optimizer, learning_rate and momentum.") from None
    return answer, trial.distributions


def _check_q1(ask):
    sgd = {"optimizer": "sgd", "learning_rate": 0.02, "momentum": 0.7}
    made, asked = _asked(ask, **sgd)
    there(made)
    missing = ", ".join(sorted(set(sgd) - set(asked)))
    wrong_if(missing, f"With sgd you never ask the trial for: {missing}.")
    kind, rate, momentum = (asked[name] for name in sgd)
    wrong_if(
        set(getattr(kind, "choices", ())) != {"adam", "sgd"},
        '`optimizer` is a choice of "adam" and "sgd": suggest_categorical.',
    )
    wrong_if(
        (rate.low, rate.high) != (1e-4, 1e-1),
        f"`learning_rate` runs from {rate.low:g} to {rate.high:g}; the exercise asks for 0.0001 to 0.1.",
    )
    wrong_if(
        not rate.log,
        "Drawn evenly, nine in ten learning rates lie above 0.01. Which argument makes the scale logarithmic?",
    )
    wrong_if(
        (momentum.low, momentum.high) != (0, 0.95),
        f"`momentum` runs from {momentum.low:g} to {momentum.high:g}; the exercise asks for 0 to 0.95.",
    )
    for values in (sgd, {"optimizer": "adam", "learning_rate": 0.003}):
        _check_optimizer(_asked(ask, **values)[0], **values)
    return "The momentum exists only where it means something, and an `if` is all it takes."


def _check_optimizer(made, optimizer, learning_rate, momentum=0):
    import keras

    kind = type(made).__name__
    wrong_if(
        not isinstance(made, keras.optimizers.Optimizer),
        f"Your function returns a {kind}; the exercise asks for a Keras optimizer.",
    )
    wrong_if(kind.lower() != optimizer, f"For {optimizer!r} your function returns {kind}.")
    used = float(made.learning_rate)
    wrong_if(
        abs(used - learning_rate) > 1e-6, f"The trial says {learning_rate:g}, but your optimizer learns with {used:g}."
    )
    kept = getattr(made, "momentum", 0)
    wrong_if(abs(kept - momentum) > 1e-6, f"The trial says a momentum of {momentum:g}, but your SGD has {kept:g}.")


def _ask_optimizer(trial):
    import keras

    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    if name == "adam":
        return keras.optimizers.Adam(learning_rate)
    return keras.optimizers.SGD(learning_rate, momentum=trial.suggest_float("momentum", 0, 0.95))


q1 = Exercise(
    _check_q1,
    [
        "trial.suggest_categorical returns the name, so an `if` can look at it before anything else is asked.",
        'In the branch for "sgd": keras.optimizers.SGD(learning_rate, momentum=trial.suggest_float("momentum", 0, 0.95)).',
    ],
    _ask_optimizer,
)


# --- q2: a pruner that gives up a trial that is stuck


def _prunes(pruner, direction, values, first_step=0):
    """Let a trial report values one by one; return after how many it was given up, or None."""
    trial = _optuna().create_study(direction=direction, pruner=pruner).ask()
    for count, value in enumerate(values, start=1):
        trial.report(value, step=first_step + count)
        verdict = trial.should_prune()
        wrong_if(
            not isinstance(verdict, bool) and not hasattr(verdict, "dtype"),
            f"`prune` returns {verdict!r}; it answers True or False.",
        )
        if verdict:
            return count
    return None


CASES = [  # direction, reports, given up after how many, what is wrong if not
    ("maximize", [0.5, 0.4], None, "With two reports nobody can tell yet, but your pruner gives the trial up."),
    (
        "maximize", [0.1, 0.2, 0.3, 0.4], None,
        "A trial that gets better all the time is given up. If you look at study.direction: it is no string, but "
        "optuna.study.StudyDirection.MAXIMIZE.",
    ),
    ("maximize", [0.5, 0.4, 0.45], 3, "After 0.5, 0.4, 0.45 (maximize) the trial is stuck: 0.45 is no better than 0.5."),
    (
        "maximize", [0.5, 0.7, 0.6], None,
        "After 0.5, 0.7, 0.6 (maximize) the trial is not stuck: 0.6 is better than 0.5, two reports before.",
    ),
    ("maximize", [0.5, 0.6, 0.5], 3, "After 0.5, 0.6, 0.5 the last value equals the one two reports before: that is no better."),
    (
        "maximize", [0.1, 0.3, 0.5, 0.6, 0.5], 5,
        "A trial that gets stuck in its fifth report is not given up. Compare the last one with the one two before it.",
    ),
    (
        "minimize", [0.9, 0.8, 0.7, 0.6], None,
        "This study minimizes, and a trial whose loss falls is given up. Look at study.direction.",
    ),
    ("minimize", [0.5, 0.4, 0.6], 3, "This study minimizes: after losses of 0.5, 0.4, 0.6 the trial is stuck."),
]


def _check_q2(answer):
    pruner = answer()
    wrong_if(not hasattr(pruner, "prune"), "Your answer makes no object with a method `prune`.")
    if is_blank(type(pruner).prune):
        raise Blank
    for direction, values, right, message in CASES:
        wrong_if(_prunes(pruner, direction, values) != right, message)
    try:
        late = [_prunes(pruner, "maximize", values, first_step=10) for values in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1])]
    except (KeyError, IndexError):
        late = []
    wrong_if(
        late != [None, 3],
        "When a trial reports steps 11, 12, 13 your pruner errs. Sort the steps, and take the last and the third last.",
    )
    return "Any sampler will work with it, since choosing and giving up are separate parts."


def _stuck():
    import optuna

    class StuckPruner(optuna.pruners.BasePruner):
        def prune(self, study, trial):
            values = [value for _, value in sorted(trial.intermediate_values.items())]
            if len(values) < 3:
                return False
            if study.direction == optuna.study.StudyDirection.MAXIMIZE:
                return values[-1] <= values[-3]
            return values[-1] >= values[-3]

    return StuckPruner()


q2 = Exercise(
    _check_q2,
    [
        "trial.intermediate_values is a dict from step to value. study.direction.name is MAXIMIZE or MINIMIZE.",
        (
            "values = [v for step, v in sorted(trial.intermediate_values.items())]; "
            "compare values[-1] with values[-3], either way round."
        ),
    ],
    _stuck,
)


# --- q3: resume without repeating


def _check_q3(resume):
    optuna = _optuna()
    storage, seen = optuna.storages.InMemoryStorage(), []

    def objective(trial):
        seen.append(trial.suggest_float("x", 0, 1))
        if len(seen) == 2:
            raise optuna.TrialPruned  # has an end, but is not COMPLETE
        return seen[-1]

    study = resume(storage, "study", objective, 4)
    wrong_if(study is None, "Your function returns nothing. Does it end with `return study`?")
    count = _complete(storage)
    wrong_if(
        count != 4,
        f"For total=4 there are {count} COMPLETE trials. "
        "One of the first was pruned, and `n_trials` counts pruned trials too: do you count only COMPLETE ones?",
    )
    study.ask()  # a trial that the power failure cuts off
    resume(storage, "study", objective, 7)
    count = _complete(storage)
    wrong_if(
        count != 7,
        f"Called again with total=7, there are {count} COMPLETE trials. "
        "`total` counts those of earlier calls too, and no others.",
    )
    wrong_if(
        len(set(seen)) < len(seen),
        "After resuming, points come that were tried before. The sampler begins anew with the same seed: "
        "change the seed with the trials so far.",
    )
    before = len(seen)
    resume(storage, "study", objective, 7)
    wrong_if(
        len(seen) != before, "The study had its 7 trials, and you ran another one. A callback is asked only after a trial."
    )
    first, seen = seen[0], []
    resume(optuna.storages.InMemoryStorage(), "study", objective, 1)
    wrong_if(seen[:1] != [first], "In a fresh storage the first point is another one each time. Seed the sampler.")
    return "It can be stopped at any time, and called again."


def _complete(storage):
    """Count the trials that are COMPLETE in the storage's study."""
    optuna = _optuna()
    wrong_if(
        "study" not in optuna.study.get_all_study_names(storage),
        "There is no study of that name in the storage. Give create_study both `study_name` and `storage`.",
    )
    loaded = optuna.load_study(study_name="study", storage=storage)
    return len(loaded.get_trials(states=[optuna.trial.TrialState.COMPLETE]))


def _resume(storage, name, objective, total):
    import optuna

    study = optuna.create_study(storage=storage, study_name=name, load_if_exists=True)
    study.sampler = optuna.samplers.RandomSampler(seed=1 + len(study.trials))
    complete = (optuna.trial.TrialState.COMPLETE,)
    if len(study.get_trials(states=complete)) < total:
        study.optimize(objective, callbacks=[optuna.study.MaxTrialsCallback(total, states=complete)])
    return study


q3 = Exercise(
    _check_q3,
    [
        (
            "create_study(storage=storage, study_name=name, load_if_exists=True) opens or makes it. "
            "study.sampler may be set afterwards, when you know how many trials there are."
        ),
        (
            "Seed with 1 + len(study.trials). "
            "Run study.optimize with MaxTrialsCallback(total, states=(TrialState.COMPLETE,)), unless there are enough already."
        ),
    ],
    _resume,
)


# --- q4: pick from a front


def _front(*values):
    """Return a finished study of accuracy and weights with these pairs of values."""
    optuna = _optuna()
    study = optuna.create_study(directions=["maximize", "minimize"])
    for pair in values:
        study.add_trial(optuna.trial.create_trial(values=pair))
    return study


def _check_q4(pick):
    study = _front((0.70, 1000), (0.80, 5000), (0.85, 20_000), (0.60, 4000), (0.86, 90_000), (0.85, 30_000))
    chosen = pick(study, 25_000)
    wrong_if(chosen is None, "With a budget of 25,000 weights there are trials to pick, but you return None.")
    wrong_if(
        not hasattr(chosen, "values"),
        f"You return a {type(chosen).__name__}; the exercise asks for the trial itself.",
    )
    for budget, best, fewest in (
        (25_000, 0.85, 20_000), (6000, 0.80, 5000), (1000, 0.70, 1000), (35_000, 0.85, 20_000), (1e6, 0.86, 90_000)
    ):
        chosen, told = pick(study, budget), f"With a budget of {budget:,.0f} you pick"
        wrong_if(chosen is None, f"{told} nothing. A trial with exactly as many weights is allowed.")
        accuracy, weights = chosen.values
        wrong_if(weights > budget, f"{told} a trial with {weights:,.0f} weights.")
        wrong_if(accuracy < best, f"{told} accuracy {accuracy:g}; there is one with {best:g}.")
        wrong_if(
            weights > fewest,
            f"You pick {weights:,.0f} weights where {fewest:,} reach the same accuracy. "
            "Look only at the front: study.best_trials.",
        )
    wrong_if(pick(study, 10) is not None, "With a budget of 10 weights nothing fits; return None.")
    return "The front leaves the choice to you, and a budget makes it."


def _pick(study, budget):
    fitting = [trial for trial in study.best_trials if trial.values[1] <= budget]
    return max(fitting, key=lambda trial: trial.values[0], default=None)


q4 = Exercise(
    _check_q4,
    [
        "study.best_trials is the front; trial.values are accuracy and weights, in the order of the directions.",
        "Keep the trials whose values[1] is at most the budget; max(..., key=lambda trial: trial.values[0], default=None).",
    ],
    _pick,
)
