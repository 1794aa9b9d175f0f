"""A KerasTuner Oracle that asks an Optuna sampler where to search next, and goes on exactly where it was stopped."""

import base64
import zlib

import cloudpickle
import keras_tuner
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState

BELOW_ONE = 1 - 1e-9  # KerasTuner's quantiles end before 1: there an Int would be one more than its max_value


class OptunaOracle(keras_tuner.Oracle):
    """Choose hyperparameters with any sampler of Optuna; asked for in KerasTuner's issue 555, of 2021.

    Use it as any Oracle: `kt.Tuner(OptunaOracle(...), build, directory=..., project_name=...)`, then `tuner.search(...)`
    or `lib.tuning.search(tuner, ...)`. The sampler sees each trial's score in the objective's direction, and trials that
    failed as failed. A point that it proposes again is not trained again: it is told the score that is known, and asked
    for another, as often as KerasTuner's own oracles try. Then, or when the sampler has nothing left (GridSampler,
    BruteForceSampler), the search ends. Trials are not pruned.

    What the sampler knows, its random state included, is saved with the Oracle, as a pickle inside `oracle.json`: a search
    that is reloaded proposes what it would have proposed had it never stopped. (Optuna's own studies do not: a sampler with
    a seed starts its random numbers over.) A reload goes on with the saved sampler, whatever sampler it is given. Reload
    only folders that you trust, as with every pickle.

    A `Choice` becomes categorical, with its values as they are: Optuna has no ordered one. An `Int` or `Float` with
    `sampling="log"` and a step becomes the position in its list of values, and one with `sampling="reverse_log"` and no
    step becomes its quantile. Conditional hyperparameters are asked for only where they are active, and the space may grow
    during the search.

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
    """

    def __init__(self, sampler=None, objective=None, max_trials=10, seed=None, **settings):
        super().__init__(objective=objective, max_trials=max_trials, seed=seed, **settings)
        if sampler is None:
            sampler = optuna.samplers.TPESampler(seed=self.seed)
        if not isinstance(sampler, optuna.samplers.BaseSampler):
            raise TypeError(f"sampler must be one of optuna.samplers, such as TPESampler(seed=1), not {sampler!r}")
        self._study = _new_study(sampler, self.objective.direction)

    @property
    def study(self):
        """The `optuna.Study` behind the search, up to date, for Optuna's own plots; each trial's id is a user attribute."""
        self._tell_finished()
        return self._study

    def populate_space(self, trial_id):
        """Ask the sampler for a point that has not been tried.

        Args:
            trial_id: str, the id of the trial that will have it.

        Returns:
            A dict of status ("RUNNING" or "STOPPED") and values (dict from name to value, active ones only; or None).
        """
        self._tell_finished()
        for _ in range(self._max_collisions + 1):
            if self._study.stopped:
                break
            asked = self._study.ask()
            values = self._ask_for_values(asked)
            if not self._duplicate(values):
                asked.set_user_attr("trial_id", trial_id)
                return {"status": "RUNNING", "values": values}
            self._tell(asked, self._trial_with(values))
        return {"status": "STOPPED", "values": None}

    def get_state(self):
        """Return KerasTuner's own state of the Oracle, with the study in it as text."""
        study = zlib.compress(cloudpickle.dumps(self._study))
        return super().get_state() | {"study": base64.b64encode(study).decode()}

    def set_state(self, state):
        """Take back what `get_state` returned, the sampler included."""
        super().set_state(state)
        self._study = cloudpickle.loads(zlib.decompress(base64.b64decode(state["study"])))

    # --- KerasTuner's space, in Optuna's words

    def _named_space(self):
        """Pair each entry of the space with a name of its own: KerasTuner's, numbered where two conditions share one."""
        seen = {}
        for hp in self.hyperparameters.space:
            seen[hp.name] = seen.get(hp.name, 0) + 1
            yield hp, hp.name if seen[hp.name] == 1 else f"{hp.name} ({seen[hp.name]})"

    def _ask_for_values(self, asked):
        hps = keras_tuner.HyperParameters()
        for hp, name in self._named_space():
            hps.merge([hp])  # conditions look at the values chosen so far
            if hps.is_active(hp):
                hps.values[hp.name] = _suggest(asked, name, hp)
        return hps.values

    # --- what the trials came to, told to the sampler

    def _tell_finished(self):
        """Tell the sampler of every trial that has ended since it was last asked."""
        for asked in self._study.get_trials(deepcopy=False, states=[TrialState.RUNNING]):
            trial_id = asked.user_attrs.get("trial_id")
            trial = self.trials.get(trial_id)  # None: a kill or an error came before the Oracle had written it down
            if trial is None or trial_id in self.end_order:
                self._complete(asked, trial)
                self._tell(asked.number, trial)

    def _tell(self, asked, trial):
        if trial is None or trial.status != "COMPLETED" or trial.score is None:
            self._study.tell(asked, state=TrialState.FAIL)
        else:
            self._study.tell(asked, trial.score)

    def _complete(self, asked, trial):
        """Add the hyperparameters that the trial met while it ran, with the values it used."""
        for hp, name in self._named_space() if trial is not None else ():
            ran_with = trial.hyperparameters
            if name not in asked.params and hp.name in ran_with.values and ran_with.is_active(hp) and _is_searched(hp):
                distribution = _distribution(hp)
                inner = distribution.to_internal_repr(_to_param(hp, ran_with.values[hp.name]))
                storage = self._study.storage
                study_id = storage.get_study_id_from_name(self._study.study_name)
                trial_id = storage.get_trial_id_from_study_id_trial_number(study_id, asked.number)
                storage.set_trial_param(trial_id, name, inner, distribution)

    def _trial_with(self, values):
        """Return the trial that has these values."""
        return next((trial for trial in self.trials.values() if trial.hyperparameters.values == values), None)


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


# --- one hyperparameter: its distribution, and the way there and back


def _is_searched(hp):
    return type(hp).__name__ != "Fixed"


def _is_list(hp):
    """Whether a number has a list of values that no distribution of Optuna describes: steps that multiply."""
    return hp.step is not None and hp.sampling != "linear"


def _list(hp):
    return [int(value) if type(hp).__name__ == "Int" else value for value in hp.values]


def _distribution(hp):
    """Return Optuna's distribution of a KerasTuner hyperparameter that is not Fixed."""
    kind = type(hp).__name__
    if kind in ("Choice", "Boolean"):
        return CategoricalDistribution(list(hp.values))
    if _is_list(hp):
        return IntDistribution(0, len(_list(hp)) - 1)
    if hp.sampling == "reverse_log":
        return FloatDistribution(0.0, BELOW_ONE)
    log, high = hp.sampling == "log", hp.max_value
    if hp.step is not None:
        high = max(hp.values)  # KerasTuner's steps need not meet max_value, Optuna's must
    if kind == "Int":
        return IntDistribution(hp.min_value, high, log=log, step=hp.step or 1)
    return FloatDistribution(hp.min_value, high, log=log, step=hp.step)


def _suggest(asked, name, hp):
    """Have Optuna suggest a value of one hyperparameter; return it as KerasTuner means it."""
    if not _is_searched(hp):
        return hp.value
    distribution = _distribution(hp)
    if isinstance(distribution, CategoricalDistribution):
        return asked.suggest_categorical(name, distribution.choices)
    suggest = asked.suggest_int if isinstance(distribution, IntDistribution) else asked.suggest_float
    param = suggest(name, distribution.low, distribution.high, step=distribution.step, log=distribution.log)
    if _is_list(hp):
        return _list(hp)[param]
    return hp.prob_to_value(param) if hp.sampling == "reverse_log" else param


def _to_param(hp, value):
    """Return the parameter of Optuna that stands for a value of KerasTuner's."""
    if type(hp).__name__ in ("Choice", "Boolean"):
        return value
    if _is_list(hp):
        values = _list(hp)
        return min(range(len(values)), key=lambda place: abs(values[place] - value))
    return min(hp.value_to_prob(value), BELOW_ONE) if hp.sampling == "reverse_log" else value
