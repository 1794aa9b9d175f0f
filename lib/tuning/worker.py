"""One worker process of a parallel search: it runs trials, and asks the caller's Oracle over a pipe for each."""

import gc
import os
import traceback
import zlib

from lib.tuning import child, planner


def main(connection, payload, log, number, threads):
    """Run trials until the Oracle has none left, the pipe closes, or the parent is gone.

    Args:
        connection: `multiprocessing.connection.Connection` to the calling process.
        payload: Path of the pickled job: a dict with tuner, args, kwargs, fast, policy, floatx,
            and middle: hyperparameters to time one short trial with, instead of a search.
        log: Path of the file that takes everything printed here.
        number: The worker's number, from 0.
        threads: Threads for TensorFlow's operations.
    """
    child.begin(log, os.path.dirname(payload))
    try:
        child.use_threads(threads, number)
        job = child.load(payload)
        tuner = _prepare(job, connection)
        connection.send(("ready", (), {}))
        if job["middle"] is not None:
            seconds = planner.short_trial(tuner, job["middle"], job["args"], job["kwargs"])
            connection.send(("measured", (seconds,), {}))
        else:
            tuner.search(*job["args"], **job["kwargs"])
            connection.send(("done", (), {}))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass
    except BaseException as error:
        traceback.print_exc()
        connection.send(("fatal", (child.portable(error),), {}))
    finally:
        child.end()


class OracleProxy:
    """Stands for the Oracle in a worker's tuner: the same methods, answered by the calling process.

    Args:
        values: The Oracle's plain attributes (objective, max_trials, seed, …), by name.
    """

    def __init__(self, values):
        self.__dict__.update(values)
        self.connection = None
        self.begin = lambda trial_id: None

    def ask(self, name, *args, **kwargs):
        """Call a method of the Oracle in the calling process and wait for its answer."""
        self.connection.send((name, args, kwargs))
        answer, error = self.connection.recv()
        if error is not None:
            raise error
        return answer

    def create_trial(self, tuner_id):
        """Ask for the next trial; answered when there is one, so that nobody polls."""
        trial = self.ask("create_trial", tuner_id)
        self.begin(trial.trial_id)
        return trial

    def save(self):
        """Nothing: the Oracle is saved where it lives."""

    def __getattr__(self, name):
        if name.startswith("__") or "connection" not in self.__dict__:
            raise AttributeError(name)
        return lambda *args, **kwargs: self.ask(name, *args, **kwargs)


def _prepare(job, connection):
    """Connect the tuner to the caller, and have every model it builds seeded, given its policy and made fast."""
    tuner = job["tuner"]
    tuner.oracle.connection = connection
    seeds = Seeds(tuner.oracle.seed)
    tuner.oracle.begin = seeds.begin
    tuner.save = lambda: None
    tuner._is_worker = lambda: True
    _report_epochs(tuner, connection)
    if tuner.hypermodel is not None:
        wrap_build(tuner, job, seeds)
    return tuner


class Seeds:
    """Seeds Keras, NumPy and Python from the search's seed, the trial and the execution, never from the worker."""

    def __init__(self, seed):
        self.seed, self.trial, self.execution = seed, None, 0

    def begin(self, trial_id):
        self.trial, self.execution = trial_id, -1
        self.next()

    def next(self):
        import keras

        words = f"{self.seed} {self.trial} {max(self.execution, 0)}"
        keras.utils.set_random_seed(zlib.crc32(words.encode()) % 2**31)
        self.execution += 1


def _report_epochs(tuner, connection):
    original = getattr(tuner, "on_epoch_end", None)
    if original is None:
        return

    def on_epoch_end(trial, model, epoch, logs=None):
        original(trial, model, epoch, logs=logs)
        connection.send(("epoch", (trial.trial_id,), {}))

    tuner.on_epoch_end = on_epoch_end


def wrap_build(tuner, job, seeds):
    """Have every model that a tuner builds seeded, given the caller's dtype policy, and made fast if the job says so."""
    import keras

    original = tuner.hypermodel.build
    ready = make_ready(job["fast"], share=may_share(tuner))

    def build(hp, *args, **kwargs):
        # KerasTuner has just collected garbage: what is alive now stays, and need not be visited again.
        gc.freeze()
        keras.config.set_floatx(job["floatx"])
        keras.config.set_dtype_policy(job["policy"])  # clear_session, before every build, drops it
        seeds.next()
        return ready(original(hp, *args, **kwargs))

    tuner.hypermodel.build = build
    if tuner.optimizer or tuner.loss or tuner.metrics:  # the tuner compiles the model once more
        override, again = tuner._override_compile_args, make_ready(job["fast"], share=False)
        tuner._override_compile_args = lambda model: (override(model), again(model))[0]


def may_share(tuner):
    """Say whether nobody but KerasTuner can hold on to a model, or compile it again, between two trials."""
    from keras_tuner.src.engine.hypermodel import DefaultHyperModel

    return type(tuner.hypermodel) is DefaultHyperModel and not (tuner.optimizer or tuner.loss or tuner.metrics)


def make_ready(make_fast, share):
    """Make a function that gives a model its optimizer's variables, a fast `fit`, and maybe an earlier model's loop."""
    from lib.tuning.fast import fast
    from lib.tuning.shared import shared

    def ready(model):
        if not getattr(model, "compiled", False):
            return model
        build_optimizer(model)
        if not make_fast:
            return model
        if share and model.built and model.optimizer is not None:
            model = shared(model)
        return model if hasattr(model, "_fast") else fast(model)

    return ready


def build_optimizer(model):
    """Create the optimizer's variables before weights are loaded, so that their state is loaded too.

    Keras skips the state of an optimizer that has no variables yet ("Skipping variable loading for optimizer").

    Args:
        model: A compiled `keras.Model`. If it is not built, the optimizer is built when weights are loaded into it.
    """
    if model.optimizer is None:
        return
    if model.built:
        model.optimizer.build(model.trainable_variables)
        return
    load_weights = model.load_weights

    def load(*args, **kwargs):
        model.optimizer.build(model.trainable_variables)
        return load_weights(*args, **kwargs)

    model.load_weights = load


def keep_optimizer(tuner):
    """Let a plain KerasTuner search carry a promoted trial's optimizer state on, not only its weights.

    Args:
        tuner: A `keras_tuner.Tuner`, changed in place.

    Returns:
        The same tuner.
    """
    build = tuner.hypermodel.build

    def build_ready(hp, *args, **kwargs):
        model = build(hp, *args, **kwargs)
        build_optimizer(model)
        return model

    tuner.hypermodel.build = build_ready
    return tuner
