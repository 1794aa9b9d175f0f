"""The first line of a lesson: a quiet, seeded start in a fresh folder; and the figures it puts on record."""

import gc
import sys
import tempfile
import time
from pathlib import Path

from lib import compiled, data, places
from lib.metric import record as record  # a lesson imports all three from here
from lib.streams import plain
from lib.streams import quiet as quiet


def start(seed):
    """Import Keras without its chatter, seed every generator, and make a fresh folder for this run.

    Prints one line of versions.

    Args:
        seed: int from 1 on (KerasTuner takes 0 for "any seed").

    Returns:
        The Path of an empty folder: below `COURSE_RUN_DIR` when the command `course` runs the notebook,
        otherwise below `runs/` of the kit, or of the system's temporary folder where that cannot be written.
    """
    plain()
    data.fill_keras_cache()
    compiled.begin()
    with quiet():
        import keras
        import keras_tuner

        _warm_up(keras)
    # Keras collects garbage before every model that a search builds. What the imports have made stays alive, and to
    # visit it each time costs as much as a small training: 0.2 s.
    gc.freeze()
    keras.utils.set_random_seed(seed)
    backend = keras.backend.backend()
    backend_version = sys.modules[backend].__version__
    print(
        f"Keras {keras.__version__} on {backend} {backend_version}, KerasTuner {keras_tuner.__version__}, seed {seed}"
    )
    return _fresh_folder()


def _warm_up(keras):
    """Run a first operation and compile a first function: both write time-stamped lines of their own, once."""
    ones = keras.ops.ones((2, 2))
    keras.ops.convert_to_numpy(keras.ops.matmul(ones, ones))
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.function(lambda x: x + 1, jit_compile=True)(ones)


def _fresh_folder():
    runs = places.run_folder()
    prefix = time.strftime("%Y%m%d-%H%M%S-")
    try:
        runs.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=prefix, dir=runs))
    except OSError:
        return Path(tempfile.mkdtemp(prefix=prefix))
