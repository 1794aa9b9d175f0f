"""Train a Keras model many steps at a time, inside one compiled loop over data that stay in memory."""

import contextlib
import functools
import inspect
import math
import operator
import warnings
from dataclasses import dataclass

import numpy as np

from lib.compiled import kept
from lib.errors import CourseError, first_line
from lib.tuning.shared import describe

_lent = {}  # where an array lies -> (the array, the tensor that shares its memory); nothing else is ever remembered


def fast(model, steps=125, jit_compile=True):
    """Make `model.fit` run up to `steps` training steps in one compiled call.

    The model is changed in place: its `fit` takes the same arguments, returns the same history, and trains on
    shuffled minibatches with the model's own `train_step`; the last, smaller batch of an epoch and validation
    data likewise. With `shuffle=False` it is Keras' own `fit` step for step, up to rounding. What differs:

    - Samples are shuffled anew in every epoch, by NumPy's global generator. Plain Keras draws with TensorFlow's, and after
      `keras.utils.set_random_seed` it draws one order, which every epoch repeats.
    - Data given as arrays are copied once a `fit` into tensors, and only numbers of samples pass through Keras' loop.
    - Callbacks are called once a block, with the number of the block's first batch and of its last one, as with
      `steps_per_execution`: a learning rate set after every batch is set after every block. A ModelCheckpoint with
      `save_freq` and a TensorBoard with `update_freq` get blocks that are short enough for them.
    - XLA draws other random numbers, in Dropout or in random pictures; `jit_compile=False` draws Keras' own.
    - XLA reads another row, or computes nan, where an index lies beyond its table; Keras stops with an error there. So a
      model with an Embedding, and labels that are no classes, get an ordinary graph; a table of one's own is not known.
    - The loss of a single output in the history is the true mean over samples. Plain Keras gives the mean of the
      batches' means there, in which a smaller batch counts like any other.

    A `tf.data.Dataset` of known length goes through Keras' own `steps_per_execution`. Whatever else cannot go the
    fast way (generators, `steps_per_epoch`, `run_eagerly`, a model XLA cannot compile, a Keras whose inside has moved)
    goes through plain `fit`, with one warning.

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
        CourseError: `model` is not a Keras model, or `steps` is not a positive whole number.
    """
    import keras

    if not isinstance(model, keras.Model):
        raise CourseError(f"model must be a keras.Model, not {type(model).__name__}")
    plain_fit = type(model).fit.__get__(model)
    state = _State(_positive(steps), jit_compile)

    @functools.wraps(plain_fit)
    def fit(*args, **kwargs):
        return _fit(model, plain_fit, args, kwargs, state)

    # An attribute of this one object: its class, and with it saving and copying, stay as they are.
    model.fit = fit
    return model


def _positive(steps):
    try:
        number = 0 if isinstance(steps, bool) else operator.index(steps)
    except TypeError:
        number = 0
    if number < 1:
        raise CourseError(f"steps must be a whole number of at least 1, not {steps!r}")
    return number


class _State:
    """What `fast` remembers of one model between calls of `fit`: functions, never data."""

    def __init__(self, steps, jit_compile):
        self.steps = steps
        self.jit_compile = jit_compile
        self.warned = set()  # the reasons that were said
        self.compiled_with = None  # the compile() call that all below belongs to
        self.loops = {}
        self.of_keras = {}  # Keras' own functions: steps in an execution -> training and test, of datasets
        self.own = None  # Keras' own for training and test, one step in an execution

    def follow(self, model):
        """Forget what was made before the model was compiled anew."""
        if self.compiled_with is not model._compile_config:
            self.compiled_with = model._compile_config
            self.loops = {}
            self.of_keras = {}
            self.own = None


class _Plain(Exception):
    """Why a call of `fit` cannot go the fast way."""


def _fit(model, plain_fit, args, kwargs, state):
    run = None
    try:
        run = _prepare(model, plain_fit, args, kwargs, state)
    except _Plain as error:
        reason = str(error)
    except Exception as error:
        reason = f"{type(error).__name__}: {first_line(error)}"
    if run:
        return run()
    if reason not in state.warned:
        state.warned.add(reason)
        warnings.warn(f"fast: this fit runs as plain Keras ({reason})", stacklevel=3)
    return plain_fit(*args, **kwargs)


def _why_plain(model, call):
    """Say what keeps this call of `fit` from the fast way; an empty string if nothing does."""
    import keras
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_data_adapter

    if not model.compiled:
        return "the model is not compiled"
    if model.run_eagerly:
        return "the model runs eagerly"
    if tf.distribute.has_strategy() or model.distribute_strategy is not tf.distribute.get_strategy():
        return "a tf.distribute strategy is in use"
    if keras.config.max_epochs() or keras.config.max_steps_per_epoch():
        return "Keras is told to stop early"
    if isinstance(call["callbacks"], keras.callbacks.CallbackList):
        return "the callbacks are a CallbackList"
    if call["steps_per_epoch"] is not None:
        return "steps_per_epoch is given"
    if call["shuffle"] == "batch":
        return "samples are shuffled within batches"
    if isinstance(call["x"], tf.data.Dataset):
        return "" if _countable(call) else "the dataset's length is unknown or validation_steps is given"
    if not array_data_adapter.can_convert_arrays((call["x"], call["y"], call["sample_weight"])):
        return "the data are not arrays"
    return ""


def _countable(call):
    return int(call["x"].cardinality()) > 0 and call["validation_steps"] is None


def _prepare(model, plain_fit, args, kwargs, state):
    """Make data resident and loops compiled.

    Returns:
        A function without arguments that fits.

    Raises:
        Exception: Of any kind; this call cannot go the fast way, and neither weights nor arguments have changed.
    """
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise _Plain("the Keras backend is not TensorFlow")
    if type(model).fit is not keras.Model.fit:
        raise _Plain("the model's class has a fit of its own")
    arguments = inspect.signature(plain_fit).bind(*args, **kwargs)
    arguments.apply_defaults()
    call = dict(arguments.arguments)
    if reason := _why_plain(model, call):
        raise _Plain(reason)
    state.follow(model)
    if isinstance(call["x"], tf.data.Dataset):
        return _prepare_dataset(model, plain_fit, call, state)
    return _prepare_arrays(model, plain_fit, call, state)


def _prepare_dataset(model, plain_fit, call, state):
    """Take a dataset of known length through Keras' own loop of several steps in a call; see `_prepare`."""
    steps = model.steps_per_execution
    if steps == 1:
        steps = _block_length(state.steps, int(call["x"].cardinality()), call["callbacks"])
    train, test = state.of_keras.get(steps, (None, None))

    def run():
        with _functions(model, train, test, steps):
            try:
                return plain_fit(**call)
            finally:
                state.of_keras[steps] = model.train_function, model.test_function

    return run


def _block_length(steps, batches, callbacks):
    """Return how many batches make a block, `steps` at most; blocks end where Keras' own callbacks act within an epoch."""
    import keras

    periods = [_period(callback) for callback in keras.tree.flatten(callbacks or [])]
    if not any(periods):
        return min(steps, batches)
    common = math.gcd(batches, *periods)
    return max(length for length in range(1, min(steps, common) + 1) if common % length == 0)


def _period(callback):
    """Return the batches between two acts of a callback of Keras' own; 0 where it acts once an epoch."""
    import keras

    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        return 0 if callback.save_freq == "epoch" else callback.save_freq
    if isinstance(callback, keras.callbacks.BackupAndRestore):
        return int(callback.save_freq not in ("epoch", False))  # it miscounts the first block
    if isinstance(callback, keras.callbacks.TensorBoard):
        return int(callback.update_freq != "epoch")  # it counts its calls
    return 0


# ---------------------------------------------------------------------------------------------- data in memory


def share_memory(array):
    """Let a tensor share the memory of an array that nobody will change, where alignment and dtype allow it.

    Args:
        array: `np.ndarray`; read-only afterwards, and held for good. `fit` on it then copies nothing.
    """
    import keras
    import tensorflow as tf

    floats = array.dtype.kind == "f" and array.dtype.name != keras.config.floatx()
    if not floats and array.ctypes.data % 64 == 0 and array.flags.c_contiguous and array.flags.writeable:
        with contextlib.suppress(Exception):  # a dtype that DLPack does not know is copied by every fit
            _lent[_where(array)] = array, tf.experimental.dlpack.from_dlpack(array.__dlpack__())
    array.flags.writeable = False


def _where(array):
    """Where an array lies and how it is laid out, as a key."""
    facts = array.__array_interface__
    return facts["data"][0], facts["shape"], facts["strides"], facts["typestr"]


def _resident(array):
    """Turn one array as `fit` takes it into a tensor, cast as Keras does; None stays None."""
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_slicing

    if array is None:
        return None
    if isinstance(array, np.ndarray) and _where(array) in _lent:
        return _lent[_where(array)][1]
    ready = array_slicing.convert_to_sliceable(array, target_backend="tensorflow")
    if not isinstance(ready, np.ndarray | tf.Tensor):
        raise TypeError(f"{type(ready).__name__} is neither an array nor a dense tensor")
    tensor = tf.convert_to_tensor(ready)
    if tensor.dtype == tf.string:
        raise TypeError("strings cannot be compiled")
    return tensor


def _packed(x, y, sample_weight, class_weight=None):
    """Check arrays and put them together as Keras gives them to a step.

    Returns:
        A tuple (x,), (x, y) or (x, y, sample_weight), or x alone, of resident tensors or nests of them, all with n samples first.
    """
    from keras import tree
    from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter

    adapter = ArrayDataAdapter(x, y, sample_weight=sample_weight, class_weight=class_weight)
    return tree.lists_to_tuples(tree.map_structure(_resident, adapter._inputs))


def _count(tensors):
    from keras import tree

    return int(tree.flatten(tensors)[0].shape[0])


def _taken(tensors, rows):
    import tensorflow as tf
    from keras import tree

    return tree.map_structure(lambda tensor: tf.gather(tensor, rows), tensors)


# ------------------------------------------------------------------------------------------- the compiled loop


class _Loop:
    """One step of a model, training or test, run on batches of resident tensors, up to `steps` of them in one call."""

    def __init__(self, model, step, tensors, size, steps, xla):
        self.step = step
        self.size = size
        self.steps = steps
        self.xla = xla
        self.block = _compile_block(model, step, tensors, size, steps, xla) if steps else None
        self.rest = _graph(step)

    def retrace(self):
        """Trace anew from the next block on, since the model has changed: a weight has got a constraint, say."""
        import tensorflow as tf

        self.block = tf.function(self.block.python_function, jit_compile=True if self.xla else None)
        self.rest = _graph(self.step)

    def run(self, tensors, rows):
        """Run the step on samples by their numbers, int32 (any number up to steps * size); the last batch may be smaller.

        Returns:
            The logs of the last step.
        """
        import tensorflow as tf

        full = len(rows) // self.size
        whole = full * self.size
        if full:
            padded = np.zeros(self.steps * self.size, "int32")
            padded[:whole] = rows[:whole]
            logs = self.block(tensors, tf.constant(padded), tf.constant(full))
        if len(rows) > whole:
            logs = self.rest(_taken(tensors, rows[whole:]))
        return logs


def _graph(step):
    """Trace a step once, as Keras does: what changes in Python later, a layer's `trainable` say, is seen by no batch."""
    import tensorflow as tf

    return tf.function(tf.autograph.experimental.do_not_convert(step))


def _compile_block(model, step, tensors, size, steps, xla):
    """Compile a function that runs a step on `count` batches, gathered by sample number from resident tensors.

    Returns:
        A function (tensors, indices int32 (steps * size,), count int32 scalar) -> logs of the last step.
    """
    import tensorflow as tf
    from keras import tree

    empty_logs = _empty_logs(model, step, tensors, size)

    @tf.autograph.experimental.do_not_convert
    def block(tensors, indices, count):
        def body(number, logs):
            new = step(_taken(tensors, tf.slice(indices, [number * size], [size])))
            return number + 1, new if logs else logs

        _, logs = tf.while_loop(
            lambda number, logs: number < count, body, [tf.constant(0), empty_logs], parallel_iterations=1
        )
        return logs or model.get_metrics_result()

    def compiled():
        function = tf.function(block, jit_compile=True if xla else None)
        # No step at all: compiles, or fails to, before a single weight has changed.
        function(tensors, tf.zeros([steps * size], tf.int32), tf.constant(0))
        return function

    if not xla:
        return compiled()
    shapes = [(t.shape.as_list(), t.dtype.name) for t in tree.flatten(tensors)]
    return kept(f"{describe(model)} {shapes} {size} {steps}", compiled)


def _empty_logs(model, step, tensors, size):
    """Zeros shaped like what a step of the user's own returns; nothing for Keras' own.

    Keras' own returns the state of the metrics, which can be read after the loop.
    """
    import keras
    import tensorflow as tf

    own = keras.Model.train_step, keras.Model.test_step
    if getattr(step, "__func__", None) in own and type(model).compute_metrics is keras.Model.compute_metrics:
        return {}
    spec = keras.tree.map_structure(lambda t: tf.TensorSpec([size, *t.shape[1:]], t.dtype), tensors)
    outputs = tf.function(step).get_concrete_function(spec).structured_outputs
    return keras.tree.map_structure(lambda t: tf.zeros(t.shape, t.dtype), outputs)


def _loop(model, step, tensors, size, steps, state, jit_compile):
    """Return the loop for a step and data of this signature, made at its first use."""
    from keras import tree
    from keras.src.trainers.trainer import model_supports_jit

    xla = jit_compile and model_supports_jit(model) and not _beyond(model, tensors)
    signature = str(tree.map_structure(lambda t: f"{t.dtype.name} {t.shape[1:]}", tensors))
    steps = min(steps, _count(tensors) // size)
    key = (step.__name__, size, steps, xla, signature)
    if key not in state.loops:
        state.loops[key] = _Loop(model, step, tensors, size, steps, xla)
    return state.loops[key]


def _beyond(model, tensors):
    """Say whether an index may lie beyond its table, of an Embedding or of the classes, which XLA would not tell."""
    import keras
    import tensorflow as tf

    if any(isinstance(layer, keras.layers.Embedding) for layer in model._flatten_layers()):
        return True
    if not any(map(_is_sparse, keras.tree.flatten(model.loss))):
        return False
    x, y, _ = keras.utils.unpack_x_y_sample_weight(tensors)
    for labels, output in zip(keras.tree.flatten(y), keras.tree.flatten(_outputs(model, x)), strict=False):
        numbers = tf.cast(labels, "int64")
        if tf.reduce_min(numbers) < 0 or tf.reduce_max(numbers) >= (output.shape[-1] or 0):
            return True
    return False


def _is_sparse(loss):
    """Whether a loss, as `compile` takes it, reads labels as numbers of classes."""
    import keras

    loss = keras.losses.get(loss) if isinstance(loss, str) else loss
    sparse = keras.losses.SparseCategoricalCrossentropy
    return isinstance(loss, sparse) or loss is keras.losses.sparse_categorical_crossentropy


def _outputs(model, x):
    """Return something with the shapes of a model's outputs."""
    if hasattr(model, "outputs"):
        return model.outputs
    return model.compute_output_spec(_symbols(x))


# --------------------------------------------------------------------------------------- through Keras' own fit


def _prepare_arrays(model, plain_fit, call, state):
    """Make arrays resident and loops compiled; see `_prepare`."""
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_slicing

    data = call["x"], call["y"], call["sample_weight"]
    if call["validation_split"] and call["validation_data"] is None:
        data, call["validation_data"] = array_slicing.train_validation_split(data, validation_split=call["validation_split"])
    tensors = _packed(*data, call["class_weight"])
    size = operator.index(call["batch_size"] or 32)
    if _count(tensors) < max(size, 1):
        raise _Plain(f"{_count(tensors)} samples do not fill a batch of {size}")
    batches = -(-_count(tensors) // size)
    blocks = _Blocks(batches, _block_length(state.steps, batches, call["callbacks"]))
    _build(model, tensors)
    state.own = state.own or _own_functions(model)
    loop = _loop(model, model.train_step, tensors, size, blocks.length, state, state.jit_compile)
    train = _Numbered(loop, tensors, blocks, state.own[0], call["shuffle"])
    test = _test(model, call, state)
    _check_kept(model, "train_function", train)
    _check_kept(model, "test_function", test)
    numbers = tf.data.Dataset.range(blocks.count)
    call |= {"x": numbers, "y": None, "sample_weight": None, "class_weight": None, "shuffle": False, "validation_split": 0.0}
    if isinstance(test, _Numbered):
        call["validation_data"] = tf.data.Dataset.range(test.blocks.count)
    call["validation_batch_size"] = call["validation_batch_size"] or call["batch_size"]
    call["batch_size"] = None
    call["callbacks"] = _callbacks(model, call, train, test)

    def run():
        with _functions(model, train, test, 1):
            return plain_fit(**call)

    return run


def _build(model, tensors):
    """Create every variable of model, loss, metrics and optimizer now: a compiled loop cannot create any."""
    model._symbolic_build(data_batch=_symbols(tensors))


def _symbols(tensors):
    """Make the symbols of a batch of any size."""
    import keras

    return keras.tree.map_structure(lambda t: keras.KerasTensor((None, *t.shape[1:]), t.dtype.name), tensors)


@dataclass(frozen=True)
class _Blocks:
    """The batches of an epoch, divided into blocks; all are numbered from 0."""

    batches: int
    length: int  # batches in a block

    @property
    def count(self):
        return -(-self.batches // self.length)

    def first(self, block):
        """Return the number of a block's first batch."""
        return block * self.length

    def last(self, block):
        """Return the number of a block's last batch."""
        return min((block + 1) * self.length, self.batches) - 1


class _Numbered:
    """A function that Keras calls with an iterator over numbers of blocks, and that runs a loop on the samples of each.

    Any other iterator, as when a callback evaluates data of its own, goes to Keras' own function.
    """

    def __init__(self, loop, tensors, blocks, own, shuffle=False):
        self.loop = loop
        self.tensors = tensors
        self.blocks = blocks
        self.own = own
        self.shuffle = shuffle
        self.order = np.arange(_count(tensors), dtype="int32")
        self.retrace = loop.retrace

    def __call__(self, iterator):
        import tensorflow as tf

        if getattr(iterator, "element_spec", None) != tf.TensorSpec([], tf.int64):
            return self.own(iterator)
        number = int(next(iterator))
        if number == 0 and self.shuffle:
            np.random.shuffle(self.order)  # NumPy's global generator: what keras.utils.set_random_seed seeds
        width = self.blocks.length * self.loop.size
        return self.loop.run(self.tensors, self.order[number * width : (number + 1) * width])


def _test(model, call, state):
    """Return the function that Keras shall call for validation: our own for arrays, and Keras' for anything else."""
    tensors, size = _validation(model, call) or (None, 0)
    if tensors is None:
        return state.own[1]
    # XLA would take longer to compile it than it saves.
    loop = _loop(model, model.test_step, tensors, size, state.steps, state, jit_compile=False)
    batches = -(-_count(tensors) // size)
    return _Numbered(loop, tensors, _Blocks(batches, min(state.steps, batches)), state.own[1])


def _validation(model, call):
    """Return the validation arrays of a call as packed tensors, and the size of their batches; None for other data."""
    import keras
    import tensorflow as tf
    from keras.src.trainers.data_adapters import array_data_adapter

    data = call["validation_data"]
    if data is None or call["validation_steps"] is not None or isinstance(data, tf.data.Dataset):
        return None
    arrays = keras.utils.unpack_x_y_sample_weight(data)
    own = getattr(type(model), "evaluate", keras.Model.evaluate) is not keras.Model.evaluate
    if own or not array_data_adapter.can_convert_arrays(arrays):
        return None
    return _packed(*arrays), operator.index(call["validation_batch_size"] or call["batch_size"] or 32)


def _own_functions(model):
    """Return Keras' own functions for training and test, without XLA."""
    jit = model.jit_compile
    model.jit_compile = False
    try:
        with _functions(model, None, None, 1):
            model.make_train_function(force=True)
            model.make_test_function(force=True)
            return model.train_function, model.test_function
    finally:
        model.jit_compile = jit


@contextlib.contextmanager
def _functions(model, train, test, steps):
    """Let Keras use these functions for training and test, and as many steps in an execution, for a while."""
    names = "train_function", "test_function", "steps_per_execution"
    before = {name: getattr(model, name) for name in names}
    try:
        for name, value in zip(names, (train, test, steps), strict=True):
            setattr(model, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(model, name, value)


def _check_kept(model, name, function):
    """Raise unless Keras' `fit` will call this function, and not make one of its own: it would train on our numbers."""
    import keras

    make = f"make_{name}"
    before = getattr(model, name)
    setattr(model, name, function)
    try:
        getattr(model, make)()
        if getattr(model, name) is not function or getattr(type(model), make) is not getattr(keras.Model, make):
            raise _Plain(f"the model makes a {name} of its own")
    finally:
        setattr(model, name, before)


def _callbacks(model, call, train, test):
    """Put the callbacks together as `fit` does, but told the numbers of batches where Keras' loop counts blocks."""
    made = _callback_list()(
        call["callbacks"], add_history=True, add_progbar=call["verbose"] != 0, model=model,
        verbose=call["verbose"], epochs=call["epochs"], steps=train.blocks.batches,
    )
    made.train = train.blocks
    made.test = test.blocks if isinstance(test, _Numbered) else _Blocks(math.inf, 1)
    return made


@functools.cache
def _callback_list():
    import keras

    class CallbackList(keras.callbacks.CallbackList):
        def on_train_batch_begin(self, batch, logs=None):
            super().on_train_batch_begin(self.train.first(batch), logs)

        def on_train_batch_end(self, batch, logs=None):
            super().on_train_batch_end(self.train.last(batch), logs)

        def on_test_batch_begin(self, batch, logs=None):
            super().on_test_batch_begin(self.test.first(batch), logs)

        def on_test_batch_end(self, batch, logs=None):
            super().on_test_batch_end(self.test.last(batch), logs)

    return CallbackList
