"""Exercises of notebook 06: a space with a condition, a pruner, a resumed study, a Pareto front, a search on unseen hills."""

import inspect
import itertools
import warnings

import numpy as np

from lib.exercises import kinds
from lib.exercises.asking import Asked
from lib.exercises.core import Blank, Exercise, Wrong, is_blank, over_cases, wrong_if
from lib.exercises.elsewhere import elsewhere


def _optuna():
    """Return the module, quiet about the studies it creates; it is imported only once an answer is checked."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna


# --- q1: a space with a condition


def _asked(ask, **values):
    """Call the answer with a trial of these values; return what it returned, and the distributions that it asked for."""
    study = _optuna().create_study()
    study.enqueue_trial(values)
    trial = study.ask()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a value outside of a range that is not the one asked for
        return ask(trial), trial.distributions


def _check_space(asked):
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    kind, rate, momentum = (asked[name] for name in ("optimizer", "learning_rate", "momentum"))
    choice = isinstance(kind, CategoricalDistribution) and len(kind.choices) == 2 and set(kind.choices) == {"adam", "sgd"}
    wrong_if(not choice, '`optimizer` is a choice of "adam" and "sgd": suggest_categorical.')
    for name, one, low, high in (("learning_rate", rate, 1e-4, 1e-1), ("momentum", momentum, 0, 0.95)):
        wrong_if(not isinstance(one, FloatDistribution), f"`{name}` can be any number of its range: suggest_float.")
        words = f"`{name}` runs from {one.low:g} to {one.high:g}; the exercise asks for {low:g} to {high:g}."
        wrong_if(not np.allclose((one.low, one.high), (low, high)), words)
        wrong_if(one.step is not None, f"`{name}` can be any number of its range; yours goes in steps of {one.step}.")
    words = "Drawn evenly, nine in ten learning rates lie above 0.01. Which argument makes the scale logarithmic?"
    wrong_if(not rate.log, words)
    wrong_if(momentum.log, "The momentum is on an ordinary scale.")


def _check_q1(ask):
    cases = [("sgd", 0.02, 0.7), ("sgd", 0.1, 0.0), ("sgd", 1e-4, 0.95), ("adam", 0.003, None), ("adam", 0.0123456, None)]
    for optimizer, learning_rate, momentum in cases:
        values = {"optimizer": optimizer, "learning_rate": learning_rate}
        values |= {} if momentum is None else {"momentum": momentum}
        made, asked = _asked(ask, **values)
        names = {"optimizer", "learning_rate", "momentum"}
        if other := ", ".join(sorted(set(asked) - names)):
            raise Wrong(f"You ask for {other}; the names are optimizer, learning_rate and momentum.")
        if missing := ", ".join(sorted(set(values) - set(asked))):
            raise Wrong(f"With {optimizer} you never ask the trial for: {missing}.")
        wrong_if(set(asked) - set(values), "With adam you ask for a momentum. Ask for it inside an `if`.")
        if momentum is not None:
            _check_space(asked)
        with ask.told(f"the optimizer that you make for {values}", using="Your optimizer"):
            _check_optimizer(made, optimizer, learning_rate, momentum or 0)
    return "The momentum exists only where it means something, and an `if` is all it takes."


def _check_optimizer(made, optimizer, learning_rate, momentum):
    kind = type(made).__name__
    wrong_if(kind.lower() != optimizer, f"For {optimizer!r} your function returns {kind}.")
    used, kept = float(made.learning_rate), float(getattr(made, "momentum", 0))
    wrong_if(
        abs(used / learning_rate - 1) > 1e-4, f"The trial says {learning_rate:g}, but your optimizer learns with {used:g}."
    )
    wrong_if(abs(kept - momentum) > 1e-6, f"The trial says a momentum of {momentum:g}, but your SGD has {kept:g}.")


def _ask_optimizer(trial):
    import keras

    name = trial.suggest_categorical("optimizer", ["adam", "sgd"])
    learning_rate = trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True)
    if name == "adam":
        return keras.optimizers.Adam(learning_rate)
    return keras.optimizers.SGD(learning_rate, momentum=trial.suggest_float("momentum", 0, 0.95))


def _optimizer():
    import keras

    return keras.optimizers.Optimizer


q1 = Exercise(
    _check_q1,
    [
        "trial.suggest_categorical returns the name, so an `if` can look at it before anything else is asked.",
        "trial.suggest_float(name, low, high) takes log=True too. keras.optimizers.SGD has an argument `momentum`.",
        'name = ...; learning_rate = ...; if name == "adam": return keras.optimizers.Adam(...); then the same for SGD, with '
        "momentum=trial.suggest_float(...)",
    ],
    _ask_optimizer,
    due=kinds.instance("a Keras optimizer", _optimizer),
    seconds=60,
)


# --- q2: a pruner that gives up a trial that is stuck


def _made_without(made):
    """Raise Wrong if what was handed over cannot be called without arguments, as the check makes its pruner."""
    try:
        inspect.signature(made).bind()
    except TypeError as error:
        if inspect.isclass(made):
            raise Wrong(f"The check makes your pruner without arguments, and your class wants some: {error}.") from None
        raise Wrong("Hand over the class, StuckPruner: your answer is a function with arguments.") from None
    except ValueError:
        pass  # a signature that Python cannot tell


def _plays(answer):
    """Return an `Asked` that plays a trial to the answer's pruner, and says after how many reports it was given up, or None."""
    optuna = _optuna()
    _made_without(answer.raw)
    with answer.told("the pruner that your class makes"):
        pruner = answer.raw()
    wrong_if(not hasattr(pruner, "prune"), "Your answer makes no object with a method `prune`.")
    if is_blank(type(pruner).prune):
        raise Blank
    studies = {way: optuna.create_study(direction=way, pruner=pruner) for way in ("maximize", "minimize")}

    def play(direction, values, steps):
        trial = studies[direction].ask()
        for count, (value, step) in enumerate(zip(values, steps, strict=True), start=1):
            trial.report(value, step=step)
            verdict = trial.should_prune()
            words = f"`prune` returns {kinds.described(verdict)}; it answers True or False."
            wrong_if(not isinstance(verdict, bool | np.bool_), words)
            if verdict:
                return count
        return None

    return Asked(play, kinds.optional(kinds.whole), "given_up_after", ["direction", "values", "steps"], 20)


def _given_up_after(direction, values, steps):
    sign = 1 if direction == "maximize" else -1
    pairs = zip(values, values[2:], strict=False)
    return next((place for place, (before, last) in enumerate(pairs, start=3) if sign * last <= sign * before), None)


def _rule(fault, least=3):
    """Return a mistaken pruner: its fault takes the values so far, those before by step, and the sign of better."""

    def rule(direction, values, steps):
        sign = 1 if direction == "maximize" else -1
        signed = [sign * value for value in values]
        counts = range(least, len(values) + 1)
        return next((count for count in counts if fault(signed[:count], values[:count], steps[:count])), None)

    return rule


def _check_q2(answer):
    worst = [([0.5, 0.4], 1), ([0.5, 0.4, 0.45], 1), ([0.1, 0.2, 0.3, 0.4], 1), ([0.5, 0.7, 0.6], 1), ([0.5, 0.6, 0.5], 1)]
    worst += [([0.1, 0.3, 0.5, 0.6, 0.5], 1), ([-0.5, -0.7, -0.6], 1), ([-3.0, -2.0, -1.0], 1), ([0.0, 0.0, 0.0], 1)]
    worst += [([0.1, 0.2, 0.3, 0.2], 5), ([0.3, 0.2, 0.1], 10), ([0.5, 0.5, 0.5001], 1), ([0.5, 0.5, 0.4999], 1)]
    rng = np.random.default_rng(0)
    worst += [(rng.integers(0, 5, size).astype(float).cumsum().round(1).tolist(), 3) for size in (5, 6)]
    worst += [(rng.integers(-3, 9, size).astype(float).tolist(), int(rng.integers(1, 9))) for size in (3, 3, 4, 4, 5, 6, 8)]
    cases = [
        (direction, [round(turn * value, 4) for value in values], [start + every * place for place in range(len(values))])
        for (values, every), start in itertools.product(worst, (0, 1, 11))
        for direction, turn in (("maximize", 1), ("minimize", -1), ("minimize", 1))
    ]
    cases.sort(key=lambda case: len(case[1]))
    mistakes = [
        (_rule(lambda s, v, at: False), "Your pruner never gives a trial up."),
        (_rule(lambda s, v, at: s[-1] < s[-3]), "A value that equals the one two reports before is no better."),
        (_rule(lambda s, v, at: v[-1] <= v[-3]), "In a study that minimizes, lower is better: look at study.direction."),
        (
            _rule(lambda s, v, at: v[-1] >= v[-3]),
            "In a study that maximizes, higher is better: look at study.direction, which is no text, but "
            "optuna.study.StudyDirection.MAXIMIZE or MINIMIZE.",
        ),
        (_rule(lambda s, v, at: s[-1] >= s[-3]), "You have the two directions the wrong way round."),
        (_rule(lambda s, v, at: s[-1] <= s[-2], 2), "You compare the last value with the one before it, not two before."),
        (_rule(lambda s, v, at: s[-1] <= s[-2]), "You compare the last value with the one before it, not two before."),
        (_rule(lambda s, v, at: s[2] <= s[0]), "You compare the third with the first, not the last with the one two before."),
        (_rule(lambda s, v, at: s[-1] <= s[0]), "You compare the last value with the first, not with the one two before."),
        (_rule(lambda s, v, at: s[-1] <= max(s[:-1])), "You compare with the best so far; the value two reports before is due."),
    ]

    def why(direction, values, steps):
        return (
            f"A study that {direction}s, values {values} reported at the steps {steps}: due is after how many reports the trial "
            "is given up, None for never. It is stuck as soon as its last value is no better than the one two reports before."
        )

    over_cases(_plays(answer), cases, _given_up_after, why, mistakes)
    return "Any sampler will work with it, since choosing and giving up are separate parts."


def _StuckPruner():
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
        "trial.intermediate_values is a dict from step to value; the steps may be 1, 2, 3, and as well 5, 10, 15. "
        "study.direction.name is MAXIMIZE or MINIMIZE.",
        "The values in order: [value for step, value in sorted(trial.intermediate_values.items())].",
        "values = ...; if len(values) < ...: return False; then compare values[-1] with values[...], either way round.",
    ],
    _StuckPruner,
)


# --- q3: resume without repeating


class _PowerFailure(Exception):
    """Ends an objective and the search around it, as an interruption does."""


class _Objective:
    """An objective that remembers its points; some of its calls are pruned, and one can end the search."""

    def __init__(self, pruned=(), fails=()):
        self.seen, self.samplers, self.pruned, self.fails = [], set(), pruned, fails

    def __call__(self, trial):
        self.seen.append(trial.suggest_float("x", 0, 1))
        random = isinstance(trial.study.sampler, _optuna().samplers.RandomSampler)  # one of the learner's own is one too
        self.samplers.add("RandomSampler" if random else type(trial.study.sampler).__name__)
        if len(self.seen) in self.fails:
            raise _PowerFailure
        if len(self.seen) in self.pruned:
            raise _optuna().TrialPruned  # has an end, but is not COMPLETE
        return self.seen[-1]


def _go_on(resume, storage, objective, total, name="study"):
    """Call the answer, and count what is COMPLETE after it."""
    optuna = _optuna()
    failed = False
    with resume.told(f"resume(storage, {name!r}, objective, {total})"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            study = resume.raw(storage, name, objective, total)
        except _PowerFailure:
            failed = True
    names = optuna.study.get_all_study_names(storage)
    words = "There is no study of that name in the storage. Give create_study both `study_name` and `storage`."
    wrong_if(name not in names, words)
    if not failed:
        wrong_if(study is None, "Your function returned nothing (None). Does it end with `return study`?")
        words = f"Your function returned {kinds.described(study)} where the study is due."
        wrong_if(not isinstance(study, optuna.Study) or study.study_name != name, words)
    other = ", ".join(objective.samplers - {"RandomSampler"})
    wrong_if(other, f"The exercise asks for a RandomSampler; the points of your study come from a {other}.")
    loaded = optuna.load_study(study_name=name, storage=storage)
    return len(loaded.get_trials(states=[optuna.trial.TrialState.COMPLETE]))


def _points(resume):
    """Return the first points in a fresh storage, and those after a restart."""
    objective, storage = _Objective(), _optuna().storages.InMemoryStorage()
    for total in (2, 4):
        resume(storage, "study", objective, total)
    return objective.seen


def _check_q3(resume):
    optuna = _optuna()
    storage, objective, last = optuna.storages.InMemoryStorage(), _Objective(pruned=(2, 6), fails=(7, 8)), 0
    again = (
        "After resuming, points come that were tried before. The sampler begins anew with the same seed: change the seed "
        "with the trials so far, whatever became of them."
    )
    for total, done in ((1, 1), (4, 4), (5, None), (6, None), (7, 7), (7, 7), (8, 8), (3, 8)):  # None: the power fails
        before, enough = len(objective.seen), done == last
        last = count = _go_on(resume, storage, objective, total)
        wrong_if(len(set(objective.seen)) < len(objective.seen), again)
        words = f"The study had its trials, and with total={total} you ran another one. A callback is asked only after a trial."
        wrong_if(enough and len(objective.seen) > before, words)
        wrong_if(
            done not in (None, count),
            f"With total={total} the study has {count} COMPLETE trials. A pruned one, one that failed and one that was cut off "
            "are not COMPLETE; those of earlier calls are.",
        )
        if total == 4:
            optuna.load_study(study_name="study", storage=storage).ask()  # a trial that the power failure cuts off
    other = _Objective()
    wrong_if(_go_on(resume, storage, other, 2, "another") != 2, "A second study in the same storage does not get its trials.")
    fresh = _Objective()
    _go_on(resume, optuna.storages.InMemoryStorage(), fresh, 2)
    words = "In a fresh storage the first point is another one each time. Seed the sampler."
    wrong_if(fresh.seen[:1] != objective.seen[:1], words)
    here, there = _points(resume.raw), elsewhere(_points, [(resume.raw,)], resume.raw)
    words = "In another process the same calls give other points. What a seed is made of has to be the same there too."
    wrong_if(there is not None and there != [here], words)
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
        "Make the seed of len(study.trials). MaxTrialsCallback(total, states=...) counts only the states you name, and is asked "
        "only after a trial.",
        "study = optuna.create_study(...); study.sampler = ...; if len(study.get_trials(states=...)) < total: "
        "study.optimize(objective, callbacks=[...]); return study",
    ],
    _resume,
)


# --- q4: pick from a front


def _front(pairs):
    """Return a finished study of accuracy and weights with these pairs of values."""
    optuna = _optuna()
    study = optuna.create_study(directions=["maximize", "minimize"])
    study.add_trials([optuna.trial.create_trial(values=pair) for pair in pairs])
    return study


def _read_trial(value):
    from optuna.trial import FrozenTrial

    if not isinstance(value, FrozenTrial):
        raise TypeError
    return tuple(value.values)


def _check_q4(pick):
    trials = [(0.70, 1000), (0.80, 5000), (0.85, 20_000), (0.60, 4000), (0.86, 90_000), (0.85, 30_000)]
    studies = [[(0.5, 100)], [(0.0, 100)], [(0.5, 100), (0.7, 300)], [(0.7, 300), (0.7, 200)], [(0.7, 200), (0.7, 300)]]
    rng = np.random.default_rng(0)
    for size in (3, 4, 5, 6, 9, 12):
        studies.append([(float(a) / 20, int(w) * 100) for a, w in rng.integers((0, 1), (20, 12), (size, 2))])
    studies += [trials, [(0.701, 100), (0.704, 200), (0.699, 50)]]  # close together, and not equal
    cases = []
    for pairs in studies:
        study, weights = _front(pairs), sorted({w for _, w in pairs})
        budgets = {weights[0] - 1, *weights, *(w + 50 for w in weights), 10**7}
        cases += [(study, budget) for budget in sorted(budgets)]

    def of(key, fits=lambda weights, budget: weights <= budget, front=True, turn=1):
        def rule(study, budget):
            trials = (study.best_trials if front else study.trials)[::turn]
            return max((t for t in trials if fits(t.values[1], budget)), key=lambda t: key(*t.values), default=None)

        return rule

    def better(accuracy, weights):
        return accuracy, -weights

    ties = [of(key, front=False, turn=turn) for key in (lambda a, w: a, lambda a, w: (a, w)) for turn in (1, -1)]
    mistakes = [
        (lambda study, budget: None, "None is due only where nothing fits. `print` shows a value, `return` hands it over."),
        (of(better, fits=lambda weights, budget: True), "It has more weights than the budget allows."),
        (of(better, fits=lambda weights, budget: weights < budget), "A trial with exactly `budget` weights is allowed."),
        (of(lambda a, w: -w), "That is the smallest one. The most accurate one that fits is due."),
        (of(lambda a, w: w, front=False), "That is the largest one that fits. The most accurate one is due."),
        *((rule, "Of equally accurate ones the smallest is due: look only at the front, study.best_trials.") for rule in ties),
    ]

    def why(study, budget):
        pairs = ", ".join(f"({a:g}, {w:g})" for a, w in (trial.values for trial in study.trials))
        return f"The trials, each (accuracy, weights): {pairs}. The most accurate one with at most {budget} weights is due."

    over_cases(pick, cases, _picked, why, mistakes)
    return "The front leaves the choice to you, and a budget makes it."


def _picked(study, budget):
    """Judge from all trials; the reference looks at the front."""
    pairs = [(-trial.values[0], trial.values[1], trial.number) for trial in study.trials if trial.values[1] <= budget]
    return study.trials[min(pairs)[2]] if pairs else None


def _pick(study, budget):
    fitting = [trial for trial in study.best_trials if trial.values[1] <= budget]
    return max(fitting, key=lambda trial: trial.values[0], default=None)


q4 = Exercise(
    _check_q4,
    [
        "study.best_trials is the front; trial.values are accuracy and weights, in the order of the directions.",
        "Keep the trials whose values[1] is at most the budget. max has arguments `key` and `default`.",
        "fitting = [trial for trial in ... if ... <= budget]; return max(fitting, key=..., default=None)",
    ],
    _pick,
    due=kinds.optional(kinds.Kind("a trial of the study", _read_trial)),
)


# --- q5: a search that finds hills

TRIALS, HILLS, HIGH, ENOUGH = 30, 20, 0.8, 17


class _Hill:
    """An objective with one hill of height 1 somewhere in three dimensions, which remembers the heights that were asked for."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.top, self.steep, self.heights = rng.uniform(-1, 1, 3), rng.uniform(1, 3, 3), []

    def __call__(self, trial):
        wrong_if(len(self.heights) == TRIALS, f"You call the objective more than {TRIALS} times.")
        place = [trial.suggest_float(name, -2, 2) for name in "xyz"]
        self.heights.append(float(np.exp(-np.sum((self.steep * (place - self.top)) ** 2) / 8)))
        return self.heights[-1]


def _climbed(search, hill, seed):
    """Let the answer search a hill; return all the heights that it asked for."""
    study = search(_hill := _Hill(hill), TRIALS, seed)
    words = f"You call the objective {len(_hill.heights)} times in {TRIALS} trials."
    wrong_if(not 0 < len(_hill.heights) <= TRIALS, words)
    wrong_if(study.direction.name != "MAXIMIZE", "Your study minimizes. A height is to be as large as possible.")
    words = "The best value of the study that you return is not the best that the objective gave."
    wrong_if(not study.best_trials or abs(study.best_value - max(_hill.heights)) > 1e-9, words)
    return _hill.heights


def _check_q5(search):
    _optuna()
    found = [_climbed(search, hill, seed=100 + hill) for hill in range(HILLS)]
    same, other = _climbed(search, 0, seed=100), _climbed(search, 0, seed=7)
    wrong_if(same[:5] != found[0][:5], "The same seed gives other trials the second time. Hand it to the sampler.")
    wrong_if(other == same, "Another seed gives the same trials. Hand it to the sampler.")
    best = [max(heights) for heights in found]
    good = sum(height >= HIGH for height in best)
    wrong_if(
        good < ENOUGH,
        f"On {good} of {HILLS} hills your search gets to {HIGH} or higher; {ENOUGH} are due. On average its best trial is at "
        f"{np.mean(best):.2f}. Does it learn from the trials that it has, and how many does it spend before it begins to?",
    )
    return f"On {good} of {HILLS} hills, none of which it had seen before. Random search gets there on about half of them."


def _search(objective, trials, seed):
    import optuna

    sampler = optuna.samplers.CmaEsSampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=trials)
    return study


def _study():
    return _optuna().Study


q5 = Exercise(
    _check_q5,
    [
        "Random search gets high enough on half of the hills. Section 3 has samplers that learn; in these three dimensions "
        "there is one smooth hill.",
        "Make hills of your own to try it on, with a lambda of a trial, and count over many seeds: one study says little.",
        "study = optuna.create_study(direction=..., sampler=...); study.optimize(...); return study",
    ],
    _search,
    due=kinds.instance("a study", _study),
    seconds=60,
)
