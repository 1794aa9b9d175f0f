"""What every model of a trial gets: its seed, the caller's dtype policy, its optimizer's variables, a fast fit."""

import gc
import zlib


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

    def build(self, build, *args, **kwargs):
        """Build one model of the trial, with the seed of its execution; `build` has just had garbage collected."""
        gc.freeze()  # what is alive now stays, and need not be visited again
        self.next()
        return build(*args, **kwargs)


def wrap_build(tuner, job, seeds):
    """Have every model that a tuner builds seeded, given the caller's dtype policy, and made fast if the job says so."""
    import keras

    original = tuner.hypermodel.build
    ready = make_ready(job["fast"], share=may_share(tuner))

    def build(hp, *args, **kwargs):
        keras.config.set_floatx(job["floatx"])
        keras.config.set_dtype_policy(job["policy"])  # clear_session, before every build, drops it
        return ready(seeds.build(original, hp, *args, **kwargs))

    tuner.hypermodel.build = build
    if tuner.optimizer or tuner.loss or tuner.metrics:  # the tuner compiles the model once more
        override = tuner._override_compile_args
        again = make_ready(job["fast"], share=False)

        def override_and_ready(model):
            override(model)
            again(model)

        tuner._override_compile_args = override_and_ready


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
        return model if "fit" in vars(model) else fast(model)  # which sets it

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
