"""A KerasTuner Oracle that asks an Optuna sampler where to search next, and goes on exactly where it was stopped."""

import base64
import importlib.util
import inspect
import json
import random
import zlib
from decimal import Decimal

import cloudpickle
import keras_tuner
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, GridSampler, PartialFixedSampler, TPESampler
from optuna.trial import TrialState

from lib import arrays
from lib.errors import CourseError, first_line
from lib.tuning.resume import atomic_saves, forget, repair

BELOW_ONE = 1 - 1e-9  # KerasTuner's quantiles end before 1: there an Int would be one more than its max_value


class OptunaOracle(keras_tuner.Oracle):
    """Choose hyperparameters with any sampler of Optuna; asked for in KerasTuner's issue 555, of 2021.

    Use it as any Oracle: `kt.Tuner(OptunaOracle(...), build, directory=..., project_name=...)`, then `tuner.search(...)`
    or `lib.tuning.search(tuner, ...)`. The sampler sees each trial's score in the objective's direction, and trials that
    failed as failed; and trials that somebody has put into `trials`. A point that it proposes again is not trained again:
    it is told the score that is known, and asked for another, as often as KerasTuner's own oracles try. Then one of
    Optuna's samplers is given a point that is left, drawn at random; the search ends when there is none, or when the
    sampler itself has nothing left (GridSampler, BruteForceSampler). A sampler of your own is only asked. Trials are not
    pruned.

    What the sampler knows, its random state included, is saved with the Oracle, as a pickle inside `oracle.json`: a search
    that is reloaded proposes what it would have proposed had it never stopped. (Optuna's own studies do not: a sampler with
    a seed starts its random numbers over.) A reload goes on with the saved sampler, so it refuses another sampler, other
    settings of it but its seed, and another objective; `max_trials` is the new call's. A trial that runs again has nothing
    in it of the run before. Reload only folders that you trust, as with every pickle.

    A `Choice` becomes categorical, with its values as they are: Optuna has no ordered one. An `Int` or `Float` with
    `sampling="log"` and a step becomes the position in its list of values, and one with `sampling="reverse_log"` and no
    step becomes its quantile; but the values that you give to GridSampler or PartialFixedSampler are KerasTuner's own.
    Conditional hyperparameters are asked for only where they are active, and the space may grow during the search:
    GridSampler and CmaEsSampler cannot follow, and are refused when it does.

    GPSampler needs PyTorch, which this kit does not bring. Give hyperparameters that stand under different conditions
    names of their own: KerasTuner 1.4.8 itself drops or redraws the value of one of two that share a name.

    Sources: KerasTuner 1.4.8, `engine/oracle.py`; Optuna 5.0, `Study.ask` and `Study.tell` (Akiba et al., KDD 2019).

    Args:
        sampler: `optuna.samplers.BaseSampler`. None: `TPESampler(seed=seed)`.
        objective: As for every Oracle; best a `keras_tuner.Objective`, which names its direction.
        max_trials: Trials at most. None: until the sampler has nothing left.
        seed: int from 1 on. Seeds the sampler that None stands for; one that you give has a seed of its own.
        **settings: As for `keras_tuner.Oracle`: hyperparameters, tune_new_entries, allow_new_entries,
            max_retries_per_trial, max_consecutive_failed_trials.

    Raises:
        TypeError: `sampler` is none of Optuna's.
        CourseError: It cannot be saved, or lacks PyTorch, or the seed is no whole number; in a reload: another sampler or
            objective; in a search: a hyperparameter that the sampler cannot choose.
    """

    def __init__(self, sampler=None, objective=None, max_trials=10, seed=None, **settings):
        seed = None if seed is None else arrays.whole("seed", seed)
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **settings)
        if sampler is None:
            sampler = TPESampler(seed=self.seed)
        _check_sampler(sampler)
        self._study = _new_study(sampler, self.objective.direction)
        self._asked_for = {"objective": _aim(self.objective), "sampler": _settings(sampler)}  # what a reload has to ask for

    @property
    def study(self):
        """The `optuna.Study` behind the search, up to date, for Optuna's own plots; each trial's id is a user attribute."""
        self._tell_finished()
        return self._study

    @keras_tuner.synchronized
    def create_trial(self, tuner_id):
        """Return the next trial, as every Oracle does; one that runs again is empty of the run before."""
        again = self._retry_queue and tuner_id not in self.ongoing_trials
        trial = super().create_trial(tuner_id)
        if again:
            forget(trial)
        return trial

    def populate_space(self, trial_id):
        """Ask the sampler for a point that has not been tried.

        Args:
            trial_id: str, the id of the trial that will have it.

        Returns:
            A dict of status ("RUNNING" or "STOPPED") and values (dict from name to value, active ones only; or None).

        Raises:
            CourseError: The sampler cannot choose one of the hyperparameters, or cannot follow the space as it grows.
        """
        self._tell_finished()
        self._check_growth()
        for _ in range(self._max_collisions + 1):
            if self._study.stopped:
                break
            asked, values = self._ask()
            if not self._is_known(values):
                return self._running(trial_id, asked, values)
            self._tell(asked, self._trial_with(values))
        left = None if self._study.stopped else self._left()
        if left is None:
            return {"status": "STOPPED", "values": None}
        self._study.enqueue_trial(left)
        return self._running(trial_id, *self._ask())

    def get_state(self):
        """Return KerasTuner's own state of the Oracle, with the study in it as text, and what a reload has to ask for."""
        study = zlib.compress(cloudpickle.dumps(self._study), level=1)
        return super().get_state() | {"study": base64.b64encode(study).decode(), **self._asked_for}

    def set_state(self, state):
        """Take back what `get_state` returned, the sampler included; raises CourseError where that is not what was asked for."""
        study = state["study"]
        for name, now in self._asked_for.items():
            _check_same(name, state[name], now, self._project_dir)
        super().set_state(state)
        self._study = cloudpickle.loads(zlib.decompress(base64.b64decode(study)))

    def save(self):
        """Write the state into the search's folder, whole or not at all."""
        with atomic_saves():
            super().save()

    def _save_trial(self, trial):
        with atomic_saves():
            super()._save_trial(trial)

    def reload(self):
        """Read the state from the search's folder, after a kill at any moment too."""
        super().reload()
        repair(self)

    # --- KerasTuner's space, in Optuna's words

    def _named_space(self):
        """Pair each entry of the space with a name of its own: KerasTuner's, numbered where two conditions share one."""
        seen = {}
        for hp in self.hyperparameters.space:
            seen[hp.name] = seen.get(hp.name, 0) + 1
            yield hp, hp.name if seen[hp.name] == 1 else f"{hp.name} ({seen[hp.name]})"

    def _ask(self):
        """Return a new trial of Optuna's, and its values as KerasTuner means them."""
        try:
            asked = self._study.ask()
            return asked, self._ask_for_values(asked)
        except CourseError:
            raise
        except (ValueError, ImportError) as error:
            raise CourseError(f"{_kind(self._study.sampler)} cannot choose here: {first_line(error)}") from error

    def _ask_for_values(self, asked):
        given = _given(self._study.sampler)
        hps = keras_tuner.HyperParameters()
        for hp, name in self._named_space():
            hps.merge([hp])  # conditions look at the values chosen so far
            if hps.is_active(hp):
                hps.values[hp.name] = _suggest(asked, name, hp, given.get(name))
        return hps.values

    def _running(self, trial_id, asked, values):
        asked.set_user_attr("trial_id", trial_id)
        return {"status": "RUNNING", "values": values}

    def _check_growth(self):
        """Refuse a new number for CMA-ES: the cloud of its points has as many dimensions as it began with."""
        numbers = [name for hp, name in self._named_space() if type(hp).__name__ in ("Int", "Float")]
        first = self._study.user_attrs.get("numbers")
        if not first:
            self._study.set_user_attr("numbers", numbers)
            return
        new = [name for name in numbers if name not in first]
        if new and isinstance(_innermost(self._study.sampler), CmaEsSampler):
            raise CourseError(
                f"CmaEsSampler cannot follow a space that grows: {new[0]!r} came after its first trial. "
                "Name it in hyperparameters= of the Oracle, or take TPESampler."
            )

    # --- what has been tried, and what is left

    def _is_known(self, values):
        return self._duplicate(values) or self._trial_with(values) is not None

    def _trial_with(self, values):
        """Return the trial that has these values, whatever else it has."""
        wanted = values.items()
        return next((trial for trial in self.trials.values() if wanted <= trial.hyperparameters.values.items()), None)

    def _left(self):
        """Return Optuna's parameters of a point that no trial has had; None where there is none, or the sampler is not Optuna's.

        A sampler that learns may propose what it knows for ever, with other points left. The walk visits known points
        before it comes to a new one, so it is as long as the search is, not as the space.
        """
        if not type(self._study.sampler).__module__.startswith("optuna.samplers."):
            return None
        dice = random.Random(len(self._study.get_trials(deepcopy=False)))  # the same after a reload
        points = self._walk(list(self._named_space()), {}, {}, dice)
        return next((params for values, params in points if not self._is_known(values)), None)

    def _walk(self, space, values, params, dice):
        """Walk through the space, depth first and in random order; yield each point's values and Optuna's parameters."""
        if not space:
            yield values, params
            return
        (hp, name), *others = space
        given = _given(self._study.sampler).get(name)
        if not all(condition.is_active(values) for condition in hp.conditions):
            yield from self._walk(others, values, params, dice)
        elif not _is_searched(hp):
            yield from self._walk(others, values | {hp.name: hp.value}, params, dice)
        else:
            # One more than there are trials is enough: not all of them can lead to known points only.
            for param in given or _draw(_distribution(hp), len(self.trials) + 1, dice):
                value = _to_value(hp, param, given)
                yield from self._walk(others, values | {hp.name: value}, params | {name: param}, dice)

    # --- what the trials came to, told to the sampler

    def _tell_finished(self):
        """Tell the sampler of every trial that has ended since it was last asked, and of those it has never heard of."""
        for asked in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            trial_id = asked.user_attrs.get("trial_id")
            trial = self.trials.get(trial_id)  # None: a kill or an error came before the Oracle had written it down
            if trial is None or trial_id in self.end_order:
                self._complete(asked, trial)
                self._tell(asked.number, trial)
        heard_of = {asked.user_attrs.get("trial_id") for asked in self._study.get_trials(deepcopy=False)}
        for trial_id, trial in self.trials.items():
            if trial_id not in heard_of and trial.status == "COMPLETED" and trial.score is not None:
                self._tell_of_another(trial)

    def _tell(self, asked, trial):
        if trial is None or trial.status != "COMPLETED" or trial.score is None:
            self._study.tell(asked, state=TrialState.FAIL)
        else:
            self._study.tell(asked, trial.score)

    def _tell_of_another(self, trial):
        """Tell the sampler of a trial that it has not proposed."""
        params = self._params_of(trial)
        self._study.add_trial(optuna.trial.create_trial(
            params={name: param for name, (_, param) in params.items()},
            distributions={name: distribution for name, (distribution, _) in params.items()},
            value=trial.score, user_attrs={"trial_id": trial.trial_id},
        ))

    def _complete(self, asked, trial):
        """Add the hyperparameters that the trial met while it ran, with the values it used."""
        params = {} if trial is None else self._params_of(trial)
        for name in params.keys() - asked.params.keys():
            distribution, param = params[name]
            storage = self._study.storage
            study_id = storage.get_study_id_from_name(self._study.study_name)
            trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, asked.number)
            storage.set_trial_param(trial_id, name, distribution.to_internal_repr(param), distribution)

    def _params_of(self, trial):
        """Return a dict from name to (distribution, parameter) of what a trial ran with, as far as it lies in the space."""
        given = _given(self._study.sampler)
        ran_with = trial.hyperparameters
        found = {}
        for hp, name in self._named_space():
            if _is_searched(hp) and hp.name in ran_with.values and ran_with.is_active(hp):
                distribution = _distribution(hp, given.get(name))
                param = _to_param(hp, ran_with.values[hp.name], given.get(name))
                if _has(distribution, param):
                    found[name] = distribution, param
        return found


class _Study(optuna.Study):
    """A study that samplers may stop outside of `optimize` too, where Optuna's own raises RuntimeError."""

    stopped = False

    def __init__(self, study_name, storage, sampler):
        super().__init__(study_name, storage, sampler)
        self.storage = storage

    def stop(self):
        self.stopped = True


def _new_study(sampler, direction):
    """Make an empty study in memory, without the line that Optuna logs about it."""
    storage = optuna.storages.InMemoryStorage()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(storage=storage, direction={"min": "minimize", "max": "maximize"}[direction])
    finally:
        optuna.logging.set_verbosity(before)
    return _Study(study.study_name, storage, sampler)


# --- a sampler: what it was made with, and whether it can be taken


def _check_sampler(sampler):
    """Refuse what would only fail after the first trials."""
    if not isinstance(sampler, BaseSampler):
        raise TypeError(f"sampler must be one of optuna.samplers, such as TPESampler(seed=1), not {sampler!r}")
    if isinstance(_innermost(sampler), GPSampler) and importlib.util.find_spec("torch") is None:
        raise CourseError("GPSampler needs PyTorch, which is not installed: take TPESampler, or pip install torch.")
    try:
        cloudpickle.dumps(sampler)
    except Exception as error:
        why = first_line(error, type(error).__name__)
        raise CourseError(
            f"sampler {_kind(sampler)} cannot be saved with the search ({why}): keep locks, files and connections out of it."
        ) from error


def _kind(sampler):
    return type(sampler).__name__


def _setting(sampler, name):
    """Return what a sampler was given for a parameter of its class, kept by it or by one of its parts; else None."""
    holders = [sampler, *vars(sampler).values()]
    places = [(holder, own) for holder in holders for own in (name, f"_{name}") if hasattr(holder, own)]
    return getattr(*places[0]) if places else None


def _innermost(sampler):
    while isinstance(sampler, PartialFixedSampler):
        sampler = _setting(sampler, "base_sampler")
    return sampler


def _given(sampler):
    """Return a dict from name to the values that a sampler was given for it, in KerasTuner's words."""
    if isinstance(sampler, GridSampler):
        return _setting(sampler, "search_space")
    if not isinstance(sampler, PartialFixedSampler):
        return {}
    fixed = {name: [value] for name, value in _setting(sampler, "fixed_params").items()}
    return _given(_setting(sampler, "base_sampler")) | fixed


def _settings(sampler):
    """Return a sampler's kind and what it was made with, as far as it tells; not its seed, and no code of a function."""
    names = [name for name in inspect.signature(type(sampler)).parameters if name != "seed" and not name.startswith("warn")]
    settings = {name: _setting(sampler, name) for name in names}
    return json.loads(json.dumps({"kind": _kind(sampler), **settings}, default=_in_json))


def _in_json(value):
    return _settings(value) if isinstance(value, BaseSampler) else type(value).__name__


def _aim(objective):
    """Return a dict from the name of each objective to its direction."""
    return getattr(objective, "name_to_direction", {objective.name: objective.direction})


def _check_same(what, before, now, folder):
    """Refuse to go on with a search as somebody asks for it who has not begun it so."""
    if before == now:
        return
    names = [name for name in {**before, **now} if before.get(name) != now.get(name) or what == "objective"]
    began, asked = (", ".join(f"{name}={side[name]}" for name in names if name in side) for side in (before, now))
    raise CourseError(
        f"The search in {folder} was begun with the {what} {began}, and cannot go on with {asked}: "
        f"give the same {what}, another project_name, or overwrite=True."
    )


# --- one hyperparameter: its distribution, and the way there and back


def _is_searched(hp):
    return type(hp).__name__ != "Fixed"


def _is_list(hp):
    """Whether a number has a list of values that no distribution of Optuna describes: steps that multiply."""
    return hp.step is not None and hp.sampling != "linear"


def _list(hp):
    kind = int if type(hp).__name__ == "Int" else float
    return [kind(min(max(value, hp.min_value), hp.max_value)) for value in hp.values]  # KerasTuner's may miss an end by 1e-17


def _distribution(hp, given=None):
    """Return Optuna's distribution of a hyperparameter that is not Fixed; of KerasTuner's own values, if some are given."""
    kind = type(hp).__name__
    if kind in ("Choice", "Boolean"):
        return CategoricalDistribution(list(hp.values))
    if _is_list(hp):
        return CategoricalDistribution(_list(hp)) if given else IntDistribution(0, len(_list(hp)) - 1)
    if hp.sampling == "reverse_log" and not given:
        return FloatDistribution(0.0, BELOW_ONE)
    log, high = hp.sampling == "log", hp.max_value
    if hp.step is not None:  # KerasTuner's steps need not meet max_value, Optuna's must
        steps = sum(1 for _ in hp.values) - 1
        high = type(high)(Decimal(str(hp.min_value)) + steps * Decimal(str(hp.step)))
    if kind == "Int":
        return IntDistribution(hp.min_value, high, log=log, step=hp.step or 1)
    return FloatDistribution(hp.min_value, high, log=log, step=hp.step)


def _has(distribution, param):
    try:
        return distribution._contains(distribution.to_internal_repr(param))
    except ValueError:  # of no choice
        return False


def _draw(distribution, count, dice):
    """Draw so many different parameters, or all that there are."""
    if isinstance(distribution, CategoricalDistribution):
        return dice.sample(distribution.choices, len(distribution.choices))
    low, high, step = distribution.low, distribution.high, distribution.step
    if step is None:
        return [dice.uniform(low, high) for _ in range(count)]
    places = range(round((high - low) / step) + 1)
    return [min(low + place * step, high) for place in dice.sample(places, min(count, len(places)))]


def _suggest(asked, name, hp, given):
    """Have Optuna suggest a value of one hyperparameter; return it as KerasTuner means it."""
    if not _is_searched(hp):
        return hp.value
    distribution = _distribution(hp, given)
    foreign = [value for value in given or () if not _has(distribution, value)]
    if foreign:
        raise CourseError(f"The sampler is given {name}={foreign[0]!r}, and there is no such value in {hp}.")
    if isinstance(distribution, CategoricalDistribution):
        param = asked.suggest_categorical(name, distribution.choices)
    else:
        suggest = asked.suggest_int if isinstance(distribution, IntDistribution) else asked.suggest_float
        param = suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    return _to_value(hp, param, given)


def _to_value(hp, param, given=None):
    """Return the value of KerasTuner's that a parameter of Optuna stands for."""
    if given or type(hp).__name__ in ("Choice", "Boolean"):
        return param
    if _is_list(hp):
        return _list(hp)[param]
    return hp.prob_to_value(param) if hp.sampling == "reverse_log" else param


def _to_param(hp, value, given=None):
    """Return the parameter of Optuna that stands for a value of KerasTuner's."""
    if given or type(hp).__name__ in ("Choice", "Boolean"):
        return value
    if _is_list(hp):
        values = _list(hp)
        return min(range(len(values)), key=lambda place: abs(values[place] - value))
    return min(hp.value_to_prob(value), BELOW_ONE) if hp.sampling == "reverse_log" else value
