"""Train a Keras model many steps at a time, inside one compiled loop over data that stay in memory."""

import contextlib
import functools
import inspect
import warnings
from collections import OrderedDict

import numpy as np

from lib.compiled import kept
from lib.errors import first_line
from lib.tuning.shared import describe

VALIDATION_BATCH = 512  # samples; a forward pass needs little memory, and large batches little Python
EAGER_REMAINDERS = 16  # remainder batches run eagerly before a graph of their own pays for its tracing

_kept = OrderedDict()  # resident copies of read-only arrays, oldest first
_KEPT_AT_MOST = 16


def fast(model, steps=125, jit_compile=True):
    """Make `model.fit` run up to `steps` training steps in one compiled call.

    The model is changed in place: its `fit` takes the same arguments, returns the same history, and trains on the
    same shuffled minibatches with the model's own `train_step`. What differs: data given as arrays are copied once
    into tensors and only shuffled sample numbers pass through Keras' loop; `on_train_batch_end` and the progress bar
    count blocks of `steps` batches; validation data given as arrays are evaluated in batches of 512 samples, unless
    `validation_batch_size` says otherwise. The last, smaller batch of an epoch is trained on as it is, as in Keras.

    A `tf.data.Dataset` of known length goes through Keras' own `steps_per_execution`. Whatever else cannot go the
    fast way (generators, `steps_per_epoch`, `run_eagerly`, a model XLA cannot compile) goes through plain `fit`,
    with one warning.

    Args:
        model: A compiled `keras.Model` on the TensorFlow backend, built or not.
        steps: Training steps in a block, at least 1.
        jit_compile: Whether XLA compiles the loop. Without it the loop is an ordinary graph: quicker to start,
            slower to run, and sometimes better in bfloat16 on a CPU. Layers that say they do not support XLA get
            the graph in any case. (What `model.compile` was told cannot be asked: Keras turns "auto" into False on
            every machine without a GPU.)

    Returns:
        The same model.

    Raises:
        ValueError: `steps` is not a positive whole number.
    """
    if not isinstance(steps, int) or steps < 1:
        raise ValueError(f"steps must be a whole number of at least 1, not {steps!r}")
    plain_fit = type(model).fit.__get__(model)
    state = _State(steps, jit_compile)

    @functools.wraps(plain_fit)
    def fit(*args, **kwargs):
        call = inspect.signature(plain_fit).bind(*args, **kwargs)
        call.apply_defaults()
        return _fit(model, plain_fit, dict(call.arguments), state)

    # An attribute of this one object: its class, and with it saving and copying, stay as they are.
    model.fit = fit
    return model


class _State:
    """What `fast` remembers of one model between calls of `fit`."""

    def __init__(self, steps, jit_compile):
        self.steps, self.jit_compile = steps, jit_compile
        self.loops = {}
        self.compiled_with = None  # the compile() call the loops belong to
        self.warned = False


def _fit(model, plain_fit, call, state):
    reason = _why_plain(model, call)
    if reason == "dataset":
        return _fit_dataset(model, plain_fit, call, state.steps)
    if not reason:
        try:
            prepared = _prepare(model, call, state)
        except Exception as error:
            reason = f"{type(error).__name__}: {first_line(error)}"
    if reason:
        if not state.warned:
            warnings.warn(f"fast: this fit runs as plain Keras ({reason})", stacklevel=3)
        state.warned = True
        return plain_fit(**call)
    return _fit_blocks(model, plain_fit, *prepared)


def _why_plain(model, call):
    """Say what keeps this call of `fit` from the fast way; an empty string if nothing does."""
    import keras
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_data_adapter

    if keras.backend.backend() != "tensorflow":
        return "the Keras backend is not TensorFlow"
    if not getattr(model, "compiled", False):
        return "the model is not compiled"
    if type(model).fit is not keras.Model.fit:
        return "the model's class has a fit of its own"
    if model.run_eagerly:
        return "the model runs eagerly"
    if tf.distribute.has_strategy() or model.distribute_strategy is not tf.distribute.get_strategy():
        return "a tf.distribute strategy is in use"
    if call["steps_per_epoch"] is not None:
        return "steps_per_epoch is given"
    if isinstance(call["x"], tf.data.Dataset):
        return "dataset" if _countable(call) else "the dataset's length is unknown or validation_steps is given"
    if not array_data_adapter.can_convert_arrays((call["x"], call["y"], call["sample_weight"])):
        return "the data are not arrays"
    return ""


def _countable(call):
    return int(call["x"].cardinality()) > 0 and call["validation_steps"] is None


def _fit_dataset(model, plain_fit, call, steps):
    """Fit on a dataset of known length with Keras' own loop of several steps in a call."""
    before = model.steps_per_execution
    if before == 1:
        model.steps_per_execution = steps
    model.train_function = model.test_function = None
    try:
        return plain_fit(**call)
    finally:
        model.steps_per_execution = before
        model.train_function = model.test_function = None


# ---------------------------------------------------------------------------------------------- data in memory


def _tensors(x, y, sample_weight, batch_size, class_weight=None):
    """Turn arrays as `fit` takes them into resident tensors, checked and cast as Keras does.

    Returns:
        A tuple (x,), (x, y) or (x, y, sample_weight) of tensors or nests of them, all with n samples first.
    """
    from keras import tree
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    adapter = ArrayDataAdapter(
        x, y, sample_weight=sample_weight, class_weight=class_weight, batch_size=batch_size
    )
    return tree.map_structure(_resident, adapter._inputs)


def _resident(array):
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_slicing

    def convert():
        ready = array_slicing.convert_to_sliceable(array, target_backend="tensorflow")
        if not isinstance(ready, np.ndarray | tf.Tensor):
            raise TypeError(f"{type(ready).__name__} is neither an array nor a dense tensor")
        tensor = tf.convert_to_tensor(ready)
        if tensor.dtype == tf.string:
            raise TypeError("strings cannot be compiled")
        return tensor

    return None if array is None else _keep("tensor", array, convert)


def _keep(kind, array, make):
    """Return `make()`, remembered if nobody can change the array in place between two calls."""
    import tensorflow as tf

    if isinstance(array, np.ndarray) and not array.flags.writeable:
        where = array.__array_interface__
        key = (kind, where["data"][0], where["shape"], where["strides"], where["typestr"])
    elif isinstance(array, tf.Tensor):
        key = (kind, id(array))
    else:
        return make()
    if key not in _kept:
        _kept[key] = (array, make())  # the array is held, so that its address stays its own
        while len(_kept) > _KEPT_AT_MOST:
            _kept.popitem(last=False)
    return _kept[key][1]


def share_memory(array):
    """Let a tensor share the memory of an array that nobody will change, where alignment and dtype allow it.

    Args:
        array: `np.ndarray`; read-only afterwards. `fit` on it, or on a view of it, then copies nothing.
    """
    import keras
    import tensorflow as tf

    floats = array.dtype.kind == "f" and array.dtype.name != keras.config.floatx()
    if not floats and array.ctypes.data % 64 == 0 and array.flags.c_contiguous and array.flags.writeable:
        with contextlib.suppress(Exception):  # a dtype that DLPack does not know is copied at its first use
            tensor = tf.experimental.dlpack.from_dlpack(array.__dlpack__())
            array.flags.writeable = False
            _keep("tensor", array, lambda: tensor)
    array.flags.writeable = False


def _validation(model, call):
    """Turn validation arrays into a dataset of large resident batches; anything else is left to Keras."""
    import keras
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_data_adapter

    data = call["validation_data"]
    if data is None or call["validation_steps"] is not None or isinstance(data, tf.data.Dataset):
        return data
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
    if not array_data_adapter.can_convert_arrays((x, y, sample_weight)):
        return data
    size = call["validation_batch_size"] or (
        VALIDATION_BATCH if _averaged(model) else call["batch_size"] or 32
    )
    tensors = _tensors(x, y, sample_weight, size)
    first = keras.tree.flatten(tensors)[0]
    return _keep(("validation", size, tuple(map(id, keras.tree.flatten(tensors)))), first, lambda: _batches(tensors, size))


def _averaged(model):
    """Whether every loss is a plain mean over samples, so that the size of a validation batch does not matter."""
    from keras import tree

    return all(getattr(loss, "reduction", "sum_over_batch_size") == "sum_over_batch_size"
               for loss in tree.flatten(model.loss))


def _batches(tensors, size):
    """Cut resident tensors into a dataset of batches, without a function call for each sample."""
    import tensorflow as tf
    from keras import tree

    samples = int(tree.flatten(tensors)[0].shape[0])
    full = samples // size
    parts = []
    if full:
        stacked = tree.map_structure(
            lambda t: tf.reshape(t[: full * size], [full, size, *t.shape[1:]]), tensors
        )
        parts.append(tf.data.Dataset.from_tensor_slices(stacked))
    if samples % size:
        parts.append(tf.data.Dataset.from_tensors(tree.map_structure(lambda t: t[full * size :], tensors)))
    return functools.reduce(lambda a, b: a.concatenate(b), parts)


# ------------------------------------------------------------------------------------------- the compiled loop


class _Loop:
    """Training and validation functions of one model for one batch size and one signature of data."""

    def __init__(self, model, tensors, batch_size, steps, jit_compile):
        from keras.src.trainers.trainer import model_supports_jit

        self.batch_size, self.steps = batch_size, steps
        self.xla = jit_compile and model_supports_jit(model)
        self.block = _compile_block(model, tensors, batch_size, steps, self.xla)
        self.remainder = model.train_step
        self.remainders_run = 0
        self.graph_remainder = None
        self.test_function = _test_function(model)

    def retrace(self):
        """Trace anew from the next block on, since the model has changed: a weight has got a constraint, say."""
        import tensorflow as tf

        self.block = tf.function(self.block.python_function, jit_compile=True if self.xla else None)
        self.graph_remainder = None

    def train_remainder(self, batch):
        """Train on the last, smaller batch of an epoch."""
        import tensorflow as tf

        self.remainders_run += 1
        if self.remainders_run > EAGER_REMAINDERS:
            untouched = tf.autograph.experimental.do_not_convert(self.remainder)
            self.graph_remainder = self.graph_remainder or tf.function(untouched)
            return self.graph_remainder(batch)
        return self.remainder(batch)


def _compile_block(model, tensors, batch_size, steps, xla):
    """Compile a function that trains on `count` batches, gathered by sample number from resident tensors.

    Returns:
        A function (tensors, indices int32 (steps * batch_size,), count int32 scalar) -> logs of the last step.
    """
    import tensorflow as tf
    from keras import tree

    empty_logs = _empty_logs(model, tensors, batch_size)

    def batch(tensors, indices, step):
        rows = tf.slice(indices, [step * batch_size], [batch_size])
        return tree.map_structure(lambda t: tf.gather(t, rows), tensors)

    @tf.autograph.experimental.do_not_convert
    def block(tensors, indices, count):
        def body(step, logs):
            new = model.train_step(batch(tensors, indices, step))
            return step + 1, new if logs else logs

        _, logs = tf.while_loop(
            lambda step, logs: step < count, body, [tf.constant(0), empty_logs], parallel_iterations=1
        )
        return logs or model.get_metrics_result()

    def compiled():
        function = tf.function(block, jit_compile=True if xla else None)
        # No step at all: compiles, or fails to, before a single weight has changed.
        function(tensors, tf.zeros([steps * batch_size], tf.int32), tf.constant(0))
        return function

    if not xla:
        return compiled()
    shapes = [(t.shape.as_list(), t.dtype.name) for t in tree.flatten(tensors)]
    return kept(f"{describe(model)} {shapes} {batch_size} {steps}", compiled)


def _empty_logs(model, tensors, batch_size):
    """Zeros shaped like what a train_step of the user's own returns; nothing for Keras' own.

    Keras' own returns the state of the metrics, which can be read after the loop.
    """
    import keras
    import tensorflow as tf

    cls = type(model)
    if cls.train_step is keras.Model.train_step and cls.compute_metrics is keras.Model.compute_metrics:
        return {}
    spec = keras.tree.map_structure(lambda t: tf.TensorSpec([batch_size, *t.shape[1:]], t.dtype), tensors)
    outputs = tf.function(model.train_step).get_concrete_function(spec).structured_outputs
    return keras.tree.map_structure(lambda t: tf.zeros(t.shape, t.dtype), outputs)


def _test_function(model):
    """Keras' own test function without XLA: compiling it would take longer than it saves."""
    before, jit = model.test_function, model.jit_compile
    model.jit_compile = False
    model.make_test_function(force=True)
    made, model.test_function, model.jit_compile = model.test_function, before, jit
    return made


# --------------------------------------------------------------------------------------- through Keras' own fit


def _prepare(model, call, state):
    """Make data resident and the loop compiled.

    Returns:
        The tuple (call, tensors, loop); `call` with the validation data as they will be given to Keras.
    """
    from keras import tree
    from keras.src.trainers.data_adapters import array_slicing

    call = dict(call)
    x, y, sample_weight = call["x"], call["y"], call["sample_weight"]
    if call["validation_split"] and call["validation_data"] is None:
        (x, y, sample_weight), call["validation_data"] = array_slicing.train_validation_split(
            (x, y, sample_weight), validation_split=call["validation_split"]
        )
    call["validation_split"] = 0.0
    batch_size = call["batch_size"] or 32
    tensors = _tensors(x, y, sample_weight, batch_size, call["class_weight"])
    samples = int(tree.flatten(tensors)[0].shape[0])
    if samples < batch_size:
        raise ValueError(f"{samples} samples do not fill a batch of {batch_size}")
    steps = min(state.steps, samples // batch_size)
    loop = _loop(model, tensors, batch_size, steps, state)
    call["validation_data"] = _validation(model, call)
    return call, tensors, loop


def _loop(model, tensors, batch_size, steps, state):
    from keras import tree

    if state.compiled_with is not model._compile_config:
        state.loops, state.compiled_with = {}, model._compile_config
    signature = tuple((tuple(t.shape[1:]), t.dtype.name) for t in tree.flatten(tensors))
    key = (batch_size, steps, signature, len(tensors))
    if key not in state.loops:
        _build(model, tensors)
        state.loops[key] = _Loop(model, tensors, batch_size, steps, state.jit_compile)
    return state.loops[key]


def _build(model, tensors):
    """Create every variable of model, loss, metrics and optimizer now: a compiled loop cannot create any."""
    import keras

    model._symbolic_build(
        data_batch=keras.tree.map_structure(
            lambda t: keras.KerasTensor((None, *t.shape[1:]), t.dtype.name), tensors
        )
    )


def _fit_blocks(model, plain_fit, call, tensors, loop):
    """Call Keras' `fit` on block numbers, with a train function that looks the block's samples up."""
    import tensorflow as tf
    from keras import tree

    samples = int(tree.flatten(tensors)[0].shape[0])
    full = samples // loop.batch_size
    blocks = -(-full // loop.steps)
    call.update(x=tf.data.Dataset.range(blocks), y=None, sample_weight=None, class_weight=None, batch_size=None)
    train = _train_function(tensors, loop, samples, call.pop("shuffle"))
    before = model.train_function, model.test_function, model.steps_per_execution
    model.train_function, model.test_function, model.steps_per_execution = train, loop.test_function, 1
    try:
        return plain_fit(**call, shuffle=False)
    finally:
        model.train_function, model.test_function, model.steps_per_execution = before


def _train_function(tensors, loop, samples, shuffle):
    """Make the function Keras calls with an iterator over block numbers, once a block."""
    import tensorflow as tf
    from keras import tree

    full = samples // loop.batch_size
    width = loop.steps * loop.batch_size
    order = np.arange(samples, dtype="int32")

    def train(iterator):
        number = int(next(iterator))
        if number == 0 and shuffle:
            np.random.shuffle(order)  # NumPy's global generator: what keras.utils.set_random_seed seeds
        count = min(loop.steps, full - number * loop.steps)
        rows = np.zeros(width, "int32")
        chosen = order[number * width : number * width + count * loop.batch_size]
        rows[: len(chosen)] = chosen
        logs = loop.block(tensors, tf.constant(rows), tf.constant(count))
        left = order[full * loop.batch_size :]
        if len(left) and (number + 1) * loop.steps >= full:
            logs = loop.train_remainder(tree.map_structure(lambda t: tf.gather(t, left), tensors))
        return logs

    train.retrace = loop.retrace
    return train
