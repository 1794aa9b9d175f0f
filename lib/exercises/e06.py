"""Exercises of notebook 06: a space with a condition, a pruner, a resumed study, a Pareto front."""

from lib.exercises.core import Blank, Exercise, Wrong, is_blank


def _study(**settings):
    """Create a study in memory, without Optuna's lines about it."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(**settings)


# --- q1: a space with a condition


def _asked(ask, **values):
    """Call the answer with fixed values; return what it returned and the names and distributions it asked for."""
    import optuna

    trial = optuna.trial.FixedTrial(values)
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
    import keras

    sgd = {"optimizer": "sgd", "learning_rate": 0.02, "momentum": 0.7}
    made, asked = _asked(ask, **sgd)
    if made is None:
        raise Wrong("Your function returns nothing. Does it end with a `return`?")
    if missing := set(sgd) - set(asked):
        raise Wrong(f"With sgd you never ask the trial for: {', '.join(sorted(missing))}.")
    kind, rate, momentum = (asked[name] for name in sgd)
    if set(getattr(kind, "choices", ())) != {"adam", "sgd"}:
        raise Wrong('`optimizer` is a choice of "adam" and "sgd": suggest_categorical.')
    if (rate.low, rate.high) != (1e-4, 1e-1):
        raise Wrong(f"`learning_rate` runs from {rate.low:g} to {rate.high:g}; the exercise asks for 0.0001 to 0.1.")
    if not rate.log:
        raise Wrong("Drawn evenly, nine in ten learning rates lie above 0.01. Which argument makes the scale logarithmic?")
    if (momentum.low, momentum.high) != (0, 0.95):
        raise Wrong(f"`momentum` runs from {momentum.low:g} to {momentum.high:g}; the exercise asks for 0 to 0.95.")
    for values in (sgd, {"optimizer": "adam", "learning_rate": 0.003}):
        made, asked = _asked(ask, **values)
        if not isinstance(made, keras.optimizers.Optimizer):
            raise Wrong(f"Your function returns a {type(made).__name__}; the exercise asks for a Keras optimizer.")
        if type(made).__name__.lower() != values["optimizer"]:
            raise Wrong(f"For {values['optimizer']!r} your function returns {type(made).__name__}.")
        if abs(float(made.learning_rate) - values["learning_rate"]) > 1e-6:
            raise Wrong(
                f"The trial says {values['learning_rate']:g}, but your optimizer learns with {float(made.learning_rate):g}."
            )
        if abs(getattr(made, "momentum", 0) - values.get("momentum", 0)) > 1e-6:
            raise Wrong(f"The trial says a momentum of {values['momentum']:g}, but your SGD has {made.momentum:g}.")
    return "The momentum exists only where it means something, and an `if` is all it takes."


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
    study = _study(direction=direction, pruner=pruner)
    trial = study.ask()
    for count, value in enumerate(values, start=1):
        trial.report(value, step=first_step + count)
        verdict = trial.should_prune()
        if not isinstance(verdict, bool) and not hasattr(verdict, "dtype"):
            raise Wrong(f"`prune` returns {verdict!r}; it answers True or False.")
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
    if pruner is None or not hasattr(pruner, "prune"):
        raise Wrong("Your answer makes no object with a method `prune`.")
    if is_blank(type(pruner).prune):
        raise Blank
    for direction, values, right, message in CASES:
        if _prunes(pruner, direction, values) != right:
            raise Wrong(message)
    try:
        late = [_prunes(pruner, "maximize", values, first_step=10) for values in ([0.1, 0.2, 0.3], [0.3, 0.2, 0.1])]
    except (KeyError, IndexError):
        late = []
    if late != [None, 3]:
        raise Wrong(
            "When a trial reports steps 11, 12, 13 your pruner errs. Sort the steps, and take the last and the third last."
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
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage, seen = optuna.storages.InMemoryStorage(), []

    def objective(trial):
        seen.append(trial.suggest_float("x", 0, 1))
        if len(seen) == 2:
            raise optuna.TrialPruned  # has an end, but is not COMPLETE
        return seen[-1]

    def complete():
        if "study" not in optuna.study.get_all_study_names(storage):
            raise Wrong("There is no study of that name in the storage. Give create_study both `study_name` and `storage`.")
        loaded = optuna.load_study(study_name="study", storage=storage)
        return len(loaded.get_trials(states=[optuna.trial.TrialState.COMPLETE]))

    study = resume(storage, "study", objective, 4)
    if study is None:
        raise Wrong("Your function returns nothing. Does it end with `return study`?")
    if (count := complete()) != 4:
        raise Wrong(
            f"For total=4 there are {count} COMPLETE trials. "
            "One of the first was pruned, and `n_trials` counts pruned trials too: do you count only COMPLETE ones?"
        )
    study.ask()  # a trial that the power failure cuts off
    resume(storage, "study", objective, 7)
    if (count := complete()) != 7:
        raise Wrong(
            f"Called again with total=7, there are {count} COMPLETE trials. "
            "`total` counts those of earlier calls too, and no others."
        )
    if len(set(seen)) < len(seen):
        raise Wrong(
            "After resuming, points come that were tried before. The sampler begins anew with the same seed: "
            "change the seed with the trials so far."
        )
    before = len(seen)
    resume(storage, "study", objective, 7)
    if len(seen) != before:
        raise Wrong("The study had its 7 trials, and you ran another one. A callback is asked only after a trial.")
    again = []
    resume(optuna.storages.InMemoryStorage(), "study", lambda trial: again.append(trial.suggest_float("x", 0, 1)) or 0.0, 1)
    if again[:1] != seen[:1]:
        raise Wrong("In a fresh storage the first point is another one each time. Seed the sampler.")
    return "It can be stopped at any time, and called again."


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
    import optuna

    study = _study(directions=["maximize", "minimize"])
    for pair in values:
        study.add_trial(optuna.trial.create_trial(values=pair))
    return study


def _check_q4(pick):
    study = _front((0.70, 1000), (0.80, 5000), (0.85, 20_000), (0.60, 4000), (0.86, 90_000), (0.85, 30_000))
    chosen = pick(study, 25_000)
    if chosen is None:
        raise Wrong("With a budget of 25,000 weights there are trials to pick, but you return None.")
    if not hasattr(chosen, "values"):
        raise Wrong(f"You return a {type(chosen).__name__}; the exercise asks for the trial itself.")
    for budget, right in (
        (25_000, (0.85, 20_000)), (6000, (0.80, 5000)), (1000, (0.70, 1000)), (35_000, (0.85, 20_000)), (1e6, (0.86, 90_000))
    ):
        chosen = pick(study, budget)
        if chosen is None:
            raise Wrong(f"With a budget of {budget:,.0f} you pick nothing. A trial with exactly as many weights is allowed.")
        accuracy, weights = chosen.values
        if weights > budget:
            raise Wrong(f"With a budget of {budget:,.0f} you pick a trial with {weights:,.0f} weights.")
        if accuracy < right[0]:
            raise Wrong(f"With a budget of {budget:,.0f} you pick accuracy {accuracy:g}; there is one with {right[0]:g}.")
        if weights > right[1]:
            raise Wrong(
                f"You pick {weights:,.0f} weights where {right[1]:,} reach the same accuracy. "
                "Look only at the front: study.best_trials."
            )
    if pick(study, 10) is not None:
        raise Wrong("With a budget of 10 weights nothing fits; return None.")
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
