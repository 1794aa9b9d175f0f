"""Answers to the exercises of notebook 12: right ones that are not the reference, and likely mistakes."""

import functools

import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

from lib import tuning
from lib.exercises import e12
from lib.lighter import LiteRT, low_rank, magnitude_mask, quantized, to_litert

# --- q1


def by_one_mask(kernels, sparsity):
    mask = magnitude_mask(np.concatenate([k.ravel() for k in kernels]), sparsity)
    cuts = np.cumsum([k.size for k in kernels])[:-1]
    return [part.reshape(k.shape) for part, k in zip(np.split(mask, cuts), kernels, strict=True)]


def by_sorting(kernels, sparsity):
    sizes = sorted(abs(value) for kernel in kernels for value in kernel.ravel())
    removed = round(sparsity * len(sizes))
    threshold = sizes[removed - 1] if removed else -1
    return tuple(np.where(np.abs(kernel) > threshold, 1, 0) for kernel in kernels)


def with_quantile(kernels, sparsity):
    threshold = np.quantile(np.concatenate([np.abs(k).ravel() for k in kernels]), sparsity)
    return [np.abs(kernel) > threshold for kernel in kernels]


def with_tensors(kernels, sparsity):
    flat = tf.concat([tf.reshape(tf.abs(kernel), -1) for kernel in kernels], 0)
    kept = tf.size(flat) - int(sparsity * len(flat))
    threshold = tf.sort(flat, direction="DESCENDING")[kept - 1]
    return [tf.abs(kernel) >= threshold for kernel in kernels]


def with_partition(kernels, sparsity, *, axis=None):
    sizes = np.hstack([np.abs(k).flatten() for k in kernels])
    removed = int(np.ceil(sparsity * sizes.size))
    threshold = np.partition(sizes, removed - 1)[removed - 1] if removed else -np.inf
    return [(np.abs(k) > threshold).astype(float) for k in kernels]


def signed(kernels, sparsity):
    edge = np.quantile(np.concatenate([k.ravel() for k in kernels]), sparsity)
    return [k >= edge for k in kernels]


def of_the_range(kernels, sparsity):
    return [np.abs(k) > sparsity * max(np.abs(one).max() for one in kernels) for k in kernels]


def at_random(kernels, sparsity):
    rng = np.random.default_rng(1)
    flat = np.ones(sum(k.size for k in kernels), bool)
    flat[rng.permutation(len(flat))[: round(sparsity * len(flat))]] = False
    cuts = np.cumsum([k.size for k in kernels])[:-1]
    return [part.reshape(k.shape) for part, k in zip(np.split(flat, cuts), kernels, strict=True)]


RIGHT_1 = [by_one_mask, by_sorting, with_quantile, with_tensors, with_partition]
MISTAKES_1 = [
    (lambda kernels, s: [magnitude_mask(k, s) for k in kernels], "the smallest of each kernel. One threshold"),
    (signed, "What counts is the magnitude"),
    (lambda kernels, s: [~mask for mask in by_one_mask(kernels, s)], "the largest. True is for a weight that stays"),
    (lambda kernels, s: by_one_mask(kernels, 1 - s or 0.0), "The sparsity is the share that goes"),
    (lambda kernels, s: by_one_mask(kernels, 0.5), "2 of 4 weights go; 0.75 of all"),
    (lambda kernels, s: [k * m for k, m in zip(kernels, by_one_mask(kernels, s), strict=True)], "only True and False"),
    (lambda kernels, s: by_one_mask(kernels, s)[:1], "one mask for each kernel"),
    (of_the_range, "4 of 8 weights go; 0.25 of all weights together"),
    (at_random, "the largest|of magnitude"),
    (lambda kernels, s: [np.abs(k) >= np.quantile(np.abs(k), s) for k in kernels], "the smallest of each kernel"),
    (lambda kernels, s: with_quantile(kernels, s)[0], "Return one mask for each kernel"),
    (lambda kernels, s: with_quantile(kernels, s / 2), "weights go; "),
    (lambda kernels, s: print(end=""), "nothing .None."),
]

# --- q2


def column_by_column(kernel):
    numbers, scales = np.zeros(kernel.shape, np.int8), []
    for place, column in enumerate(kernel.T):
        scales.append(max(np.abs(column).max(), 1e-9) / 127)
        numbers[:, place] = np.rint(column / scales[-1])
    return numbers, scales


def with_keras(kernel):
    scales = keras.ops.maximum(keras.ops.max(keras.ops.abs(kernel), axis=0, keepdims=True), 1e-7) / 127
    return [keras.ops.cast(keras.ops.round(kernel / scales), "int8"), scales]


def half_up(kernel):
    scales = np.where((top := np.max(np.abs(kernel), axis=0)) > 0, top / 127, 5.0)
    return np.floor(kernel / scales + 0.5).astype("int8"), pd.Series(scales)


def clipped(kernel):
    scales = np.float32(np.maximum(kernel.max(axis=0), -kernel.min(axis=0)) / 127)
    scales = scales + (scales == 0)
    return np.clip(np.round(kernel / scales), -127, 127).astype(np.int8), scales


def cell_by_cell(kernel):
    tops = [max(abs(value) for value in column) or 1.0 for column in kernel.T]
    numbers = [[round(127 * value / top) for value, top in zip(row, tops, strict=True)] for row in kernel.tolist()]
    return np.array(numbers, dtype=np.int8), [top / 127 for top in tops]


def one_scale(kernel):
    scale = np.abs(kernel).max() / 127
    return np.round(kernel / scale).astype(np.int8), scale


def one_scale_repeated(kernel):
    numbers, scale = one_scale(kernel)
    return numbers, np.full(kernel.shape[1], scale)


def cut_off(kernel):
    _, scales = column_by_column(kernel)
    return (kernel / scales).astype(np.int8), scales


def no_care(kernel):
    scales = np.abs(kernel).max(axis=0) / 127
    return np.round(kernel / scales).astype(np.int8), scales


def of_128(kernel):
    scales = np.maximum(np.abs(kernel).max(axis=0), 1e-9) / 128
    return np.round(kernel / scales).astype(np.int8), scales


def of_the_positive(kernel):
    scales = np.maximum(kernel.max(axis=0), 1e-9) / 127
    return np.clip(np.round(kernel / scales), -128, 127).astype(np.int8), scales


def by_rows(kernel):
    numbers, scales = column_by_column(kernel.T)
    return numbers.T, scales


def inverse(kernel):
    numbers, scales = column_by_column(kernel)
    return numbers, 1 / np.array(scales)


RIGHT_2 = [column_by_column, with_keras, half_up, clipped, cell_by_cell]
MISTAKES_2 = [
    (one_scale, r"1 scale\(s\)"),
    (one_scale_repeated, "largest number is"),
    (cut_off, "cut off"),
    (lambda k: (np.round(k / (np.abs(k).max(axis=0) / 127)), np.abs(k).max(axis=0) / 127), "float64 of shape"),
    (lambda k: (np.round(k / np.maximum(np.abs(k).max(axis=0), 1e-9)).astype(np.int8), np.abs(k).max(axis=0)), "127 is possible"),
    (lambda k: column_by_column(k)[0], "where (an int8 array|a pair of arrays)"),
    (no_care, "What if all weights of a column are 0"),
    (of_128, "Numbers × scales"),
    (of_the_positive, "Numbers × scales"),
    (by_rows, r"scale\(s\); each of|Numbers × scales"),
    (inverse, "Numbers × scales"),
    (lambda k: column_by_column(k)[::-1], "where an int8 array with 2 axes"),
    (lambda k: print(end=""), "nothing .None."),
]

# --- q3


def untrained(units, *layers):
    return keras.Sequential([keras.Input((28, 28, 1)), keras.layers.Flatten(), *layers, keras.layers.Dense(units)])


@functools.cache
def nearest_mean():
    """A model without a step of training: the logit of a class is how near a picture lies to the class's mean."""
    x, y, *_ = e12._pictures()
    model = untrained(10)
    means = np.stack([x[y == label].reshape(-1, 784).mean(axis=0) for label in range(10)])
    model.layers[-1].set_weights([means.T, -0.5 * (means**2).sum(axis=1)])
    return model


def half_of_the_classes(x, y):
    model = keras.models.clone_model(nearest_mean())
    kernel, bias = nearest_mean().layers[-1].get_weights()
    bias[:5] = -1e3
    model.layers[-1].set_weights([kernel, bias])
    return model


def functional(x, y, epochs=5):
    entry = keras.Input(x.shape[1:])
    said = keras.layers.Dense(10, activation="softmax")(keras.layers.Flatten()(keras.layers.MaxPooling2D(2)(entry)))
    model = keras.Model(entry, said)
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0)
    return model


@keras.saving.register_keras_serializable("answers")
class Own(keras.Model):
    def __init__(self, **named):
        super().__init__(**named)
        self.flat, self.last = keras.layers.Flatten(), keras.layers.Dense(10)

    def call(self, x):
        return self.last(self.flat(x))


def subclassed(x, y):
    model = Own()
    model.compile("adam", keras.losses.CategoricalCrossentropy(from_logits=True))
    model.fit(x, keras.utils.to_categorical(y, 10), batch_size=16, epochs=5, verbose=0)
    return model


def random_kernel(x, y):
    keras.utils.set_random_seed(1)
    return untrained(10)


RIGHT_3 = [
    lambda x, y: nearest_mean(),
    lambda x, y: LiteRT(to_litert(nearest_mean(), "dynamic")),
    lambda x, y: quantized(nearest_mean(), "int8"),
    functional,
    subclassed,
]
MISTAKES_3 = [
    (lambda x, y: untrained(10, keras.layers.Dense(64)), "Which layer holds most"),
    (lambda x, y: untrained(12), r"returns the shape \(500, 12\)"),
    (half_of_the_classes, "60% are asked for"),
    (random_kernel, "Is it trained"),
    (lambda x, y: untrained(10).get_weights(), "a list of length 2 where a Keras model or a LiteRT is due"),
    (lambda x, y: to_litert(nearest_mean(), "dynamic"), "a bytes where a Keras model or a LiteRT"),
    (lambda x, y: LogisticRegression(max_iter=20).fit(x.reshape(len(x), -1), y), "a LogisticRegression where a Keras model"),
    (lambda x, y: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)]), "model is not built"),
    (lambda x, y: keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)]), "Your model raised"),
    (lambda x, y: untrained(10).fit(x, y), "Your answer raised"),
    (lambda x, y: Own, "the class Own where a Keras model"),
    (lambda x, y: print(end=""), "nothing .None."),
]

# --- q4


def by_query(table, budget):
    for name, row in table.sort_values("accuracy", ascending=False).iterrows():
        if all(pd.notna(row[column]) and row[column] <= most for column, most in budget.items()):
            return name
    return None


def with_lists(table, budget):
    best = None
    for name in table.index:
        within = [not pd.isna(table.loc[name, c]) and bool(table.loc[name, c] <= budget[c]) for c in budget]
        if all(within) and (best is None or table.accuracy[name] > table.accuracy[best]):
            best = name
    return best


def with_a_frame(table, budget):
    fits = (table[list(budget)].astype(float) <= pd.Series(budget, dtype=float)).all(axis=1)
    return table[fits].accuracy.idxmax() if fits.any() else None


def with_dropna(table, budget, columns=None):
    rows = table.dropna(subset=list(budget))
    for column in budget:
        rows = rows[rows[column] <= budget[column]]
    return None if rows.empty else rows.nlargest(1, "accuracy").index[0]


def with_infinity(table, budget):
    known = table.assign(**{column: table[column].astype(float).fillna(np.inf) for column in budget})
    names = [name for name, row in known.iterrows() if all(row[c] <= most for c, most in budget.items())]
    return max(names, key=table.accuracy.get, default=None)


def unknown_is_free(table, budget):
    for column, most in budget.items():
        table = table[(table[column] <= most).fillna(True).astype(bool)]
    return table.accuracy.idxmax() if len(table) else None


def any_limit(table, budget):
    fits = [(table[column] <= most).fillna(False).astype(bool) for column, most in budget.items()]
    fits = np.logical_or.reduce(fits) if fits else np.ones(len(table), bool)
    return table.accuracy[fits].idxmax() if fits.any() else None


def smallest(table, budget):
    fits = e12._fits(table, budget)
    return table.bytes[fits].idxmin() if fits.any() else None


def first_only(table, budget):
    return by_query(table, dict(list(budget.items())[:1]))


def less_than(table, budget):
    return by_query(table, {column: np.nextafter(most, 0) for column, most in budget.items()})


def of_the_devices(table, budget):
    known = {column: most for column, most in budget.items() if column in ("bytes", "ms_one", "compressed")}
    return by_query(table, known)


def zero_for_unknown(table, budget):
    return by_query(table.fillna(dict.fromkeys(budget, 0)), budget)


RIGHT_4 = [by_query, with_lists, with_a_frame, with_dropna, with_infinity]
MISTAKES_4 = [
    (lambda table, budget: table.accuracy.idxmax(), "the most accurate of all"),
    (unknown_is_free, "nobody has measured"),
    (zero_for_unknown, "nobody has measured"),
    (smallest, "the smallest that fits"),
    (first_only, "the first limit of the budget"),
    (any_limit, "Within all limits of"),
    (less_than, "just as much is within"),
    (of_the_devices, "Within all limits of"),
    (lambda table, budget: by_query(table, budget) or table.index[0], "or None if there is none"),
    (lambda table, budget: by_query(table, budget) or "", "or None if there is none"),
    (lambda table, budget: table.accuracy.max(), "where the name of a row, or None, is due"),
    (lambda table, budget: table.index.get_loc(by_query(table, budget) or table.index[0]), "where the name of a row"),
    (lambda table, budget: table[e12._fits(table, budget)].accuracy.idxmax(), "raised ValueError"),
    (lambda table, budget: by_query(table.iloc[::-1].head(5), budget), "Within all limits of"),
    (lambda table, budget: print(end=""), "None for every board"),
    (lambda table, budget: print(by_query(table, budget)), "`print` shows a value"),
]

# --- q5


def twice_by_keras(model, x):
    return LiteRT(to_litert(low_rank(model, "wide", 12), "dynamic"))


def with_less(model, x):
    return LiteRT(to_litert(low_rank(model, "wide", 14), "int8", calibration=x[::20]))


def trained_on(model, x):
    """Train the factors on what the heavy model says."""
    narrow = low_rank(model, "wide", 8)
    narrow.compile(keras.optimizers.Adam(1e-3), "mse")
    tuning.fast(narrow, jit_compile=False).fit(x, model.predict(x, verbose=0), epochs=4, batch_size=32, verbose=0)
    return LiteRT(to_litert(narrow, "dynamic"))


def by_hand(model, x):
    patches, wide, last = (layer for layer in model.layers if layer.weights)
    kernel, bias = wide.get_weights()
    u, s, v = np.linalg.svd(kernel, full_matrices=False)
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 4, strides=4, activation="relu"),
        keras.layers.Flatten(),
        keras.layers.Dense(12, use_bias=False),
        keras.layers.Dense(256, activation="relu"),
        keras.layers.Dense(10),
    ]
    narrow = keras.Sequential(layers)
    narrow.set_weights([*patches.get_weights(), u[:, :12] * s[:12], v[:12], bias, *last.get_weights()])
    return LiteRT(to_litert(narrow, "int8", calibration=x[:100]))


def units_by_units(model, x):
    """Leave out most units of the wide layer, and fit the last layer anew to what the heavy model says."""
    narrow = low_rank(low_rank(model, "wide", 16), "logits", 10)
    return LiteRT(to_litert(narrow, "dynamic"))


def pruned(model, x):
    wide = model.get_layer("wide").kernel
    wide.assign(wide * magnitude_mask(wide, 0.95))
    return model


def dark(model, x):
    return LiteRT(to_litert(low_rank(model, "wide", 12), "int8", calibration=0.05 * x[:200]))


def plain_student(model, x):
    student = untrained(10)
    student.compile("adam", "mse")
    student.fit(x, model.predict(x, verbose=0), epochs=1, verbose=0)
    return student


RIGHT_5 = [twice_by_keras, with_less, trained_on, by_hand, units_by_units]
MISTAKES_5 = [
    (lambda model, x: model, r"1639\.\d kB; 50 are allowed"),
    (lambda model, x: quantized(model, "int8"), "50 are allowed"),
    (lambda model, x: LiteRT(to_litert(model, "int8", calibration=x[:200])), "50 are allowed"),
    (lambda model, x: low_rank(model, "wide", 16), "50 are allowed"),
    (pruned, "50 are allowed"),
    (lambda model, x: LiteRT(to_litert(low_rank(model, "wide", 4), "dynamic")), "points may be lost"),
    (dark, "points may be lost"),
    (plain_student, "points may be lost"),
    (lambda model, x: nearest_mean(), "points may be lost"),
    (lambda model, x: LiteRT(to_litert(low_rank(model, "wide", 12), "int8")), "needs calibration"),
    (lambda model, x: to_litert(low_rank(model, "wide", 12), "dynamic"), "a bytes where a Keras model or a LiteRT"),
]


ALL = [
    (e12.q1, RIGHT_1, MISTAKES_1), (e12.q2, RIGHT_2, MISTAKES_2), (e12.q3, RIGHT_3, MISTAKES_3),
    (e12.q4, RIGHT_4, MISTAKES_4), (e12.q5, RIGHT_5, MISTAKES_5),
]
DEAR = {"e12.q3", "e12.q5"}
EQUIVALENT = {
    "e12.q1": {"4: np.abs(kernel) >= threshold → np.abs(kernel) > threshold": "the text leaves a weight on the threshold open"},
    "e12.q2": {"3: 1 → 2": "any scale does for a column of zeros"},
    "e12.q3": dict.fromkeys(
        [
            "8: model.fit(x, y, epochs=4, verbose=0) → model.fit(x, y, verbose=0)", "4: 2 → 3", "4: 2 → 1", "7: 0.02 → 0.03",
            "8: model.fit(x, y, epochs=4, verbose=0) → model.fit(x, y, epochs=4)", "8: 4 → 5", "8: 4 → 3", "8: 0 → 1",
            "8: 0 → -1",
        ],
        "another model that reaches what is asked for",
    ),
    "e12.q5": dict.fromkeys(
        ["4: 16 → 17", "4: 16 → 15", "5: :200 → :", "5: 200 → 201", "5: 200 → 199"], "another rank, or other examples, that do"
    ),
}
