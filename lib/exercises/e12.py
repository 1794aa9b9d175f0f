"""Exercises of notebook 12: one threshold for all, int8 by columns, a light model, three devices, and two ways at once."""

import functools

import numpy as np
import pandas as pd

from lib import data
from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: one threshold for all layers


def _cases_q1():
    """Make cases: one small kernel, kernels of very different spread, zeros that have gone before, nothing to remove."""
    rng = np.random.default_rng(12)
    few = [np.array([[4.0, -3.0], [2.0, -1.0]])]
    two = [np.array([[1.0, -2.0], [3.0, 4.0]]), np.array([[0.1, -0.2], [-5.0, 0.3]])]
    shapes = ((1.0, (5, 8)), (0.1, (20, 6)), (0.4, (3, 3, 4)), (0.2, (4,)))
    many = [rng.normal(0, spread, shape) for spread, shape in shapes]
    before = [np.where(np.abs(kernel) > 0.3, kernel, 0) for kernel in many]
    cases = [(few, 0.5), (few, 0.75), (two, 0.25), (two, 0.5), (many, 0.5), (many, 0.25), (many, 0.8), (many, 0.95)]
    return [*cases, (two, 0.0), (many, 0.0), (before, 0.3)]


def _check_q1(global_masks):
    for kernels, sparsity in _cases_q1():
        masks = global_masks(kernels, sparsity)
        wrong_if(
            [mask.shape for mask in masks] != [kernel.shape for kernel in kernels],
            "Return one mask for each kernel, in the same order and each of its kernel's shape.",
        )
        wrong_if(
            not all(np.isin(mask, (0, 1)).all() for mask in masks),
            "A mask holds only True and False: True for a weight that stays. Yours looks like weights.",
        )
        masks = [mask.astype(bool) for mask in masks]
        _judge_masks(kernels, masks, sparsity, global_masks.shown(kernels, sparsity))
    return "One threshold takes much where weights are small, and little where they are large."


def _judge_masks(kernels, masks, sparsity, call):
    """Raise Wrong unless the right share of all weights goes, the smallest of them."""
    kept = np.concatenate([mask.ravel() for mask in masks])
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    sizes, gone = np.abs(weights), ~kept
    found = f"For {call} {gone.sum()} of {kept.size} weights go"
    if not _fits_share(np.sort(sizes), gone.sum(), sparsity):
        wrong_if(_fits_share(np.sort(sizes), kept.sum(), sparsity), f"{found}. The sparsity is the share that goes; True stays.")
        wrong_if(True, f"{found}; {sparsity:g} of all weights together is due.")
    if kept.all() or gone.all() or sizes[kept].min() >= sizes[gone].max():
        return
    wrong_if(sizes[kept].max() <= sizes[gone].min(), f"{found}, the largest. True is for a weight that stays.")
    wrong_if(_each_alone(kernels, masks), f"{found}, the smallest of each kernel. One threshold for all is due.")
    wrong_if(weights[kept].min() >= weights[gone].max(), f"{found}, the most negative. What counts is the magnitude.")
    wrong_if(
        True, f"{found}. One of magnitude {sizes[gone].max():.3g} goes, and one of magnitude {sizes[kept].min():.3g} stays.",
    )


def _each_alone(kernels, masks):
    """Say whether of each kernel by itself the smallest weights go, if any do."""
    pairs = [(np.abs(kernel[mask]), np.abs(kernel[~mask])) for kernel, mask in zip(kernels, masks, strict=True)]
    return len(pairs) > 1 and all(not len(gone) or not len(kept) or kept.min() >= gone.max() for kept, gone in pairs)


def _fits_share(sizes, gone, sparsity):
    """Say whether so many weights are the share: rounded up or down; with ties at the threshold all, none or some of them.

    Shares without an exact float, as 0.8, and 0, at which a quantile takes the smallest, may miss by one.
    """
    due = sparsity * sizes.size
    slack = 0 if sparsity and sparsity * 4 % 1 == 0 else 1
    least, most = np.floor(due) - slack, np.ceil(due) + slack
    last, next_one = sizes[int(max(np.ceil(due) - 1, 0))], sizes[int(min(due, sizes.size - 1))]
    tie = np.sum(sizes == last) > 1 or np.sum(sizes == next_one) > 1
    return least <= gone <= most or (tie and np.sum(sizes < last) <= gone <= np.sum(sizes <= next_one))


def _global_masks(kernels, sparsity):
    sizes = np.concatenate([np.abs(kernel).ravel() for kernel in kernels])
    threshold = np.quantile(sizes, sparsity)
    return [np.abs(kernel) >= threshold for kernel in kernels]


q1 = Exercise(
    _check_q1,
    [
        "One long array holds the magnitudes of all kernels: np.concatenate, and ravel() for each kernel.",
        "np.quantile finds the threshold of that array, or sort it and count. Each kernel is then compared with it.",
        "sizes = np.concatenate([np.abs(...).ravel() for ...])\nthreshold = ...\nreturn [... > threshold for kernel in kernels]",
    ],
    _global_masks,
    due=kinds.items(kinds.Kind("an array", kinds.array(of="anything").read)),
)


# --- q2: int8, a scale for each column


def _check_q2(to_int8):
    rng = np.random.default_rng(1)
    fine = np.linspace(-1, 1, 2001)
    kernels = [
        np.array([[1.0, -0.1], [0.5, 0.3]]),
        np.array([[-2.0], [0.4], [1.0]]),
        rng.normal(0, 1, (7, 3)),
        np.column_stack([fine, 0.01 * fine, fine - 0.9, 30 * fine]),
        rng.normal(0, 10.0 ** rng.uniform(-3, 1, 6), (40, 6)).astype("float32"),
        np.array([[0.5, 0.0, -1.0], [0.25, 0.0, 0.5]]),
    ]
    for kernel in kernels:
        with np.errstate(all="ignore"):
            numbers, scales = to_int8(kernel)
        call, units = f"For {to_int8.shown(kernel)}", kernel.shape[1]
        wrong_if(scales.size != units, f"{call} you return {scales.size} scale(s); each of {units} columns has one of its own.")
        wrong_if(
            numbers.dtype != np.int8 or numbers.shape != kernel.shape,
            f"{call} your numbers are {numbers.dtype} of shape {numbers.shape}; int8 of shape {kernel.shape} is due.",
        )
        scales = scales.ravel()
        wrong_if(
            not (np.isfinite(scales) & (scales > 0)).all(),
            f"{call} one of your scales is no positive number. What if all weights of a column are 0?",
        )
        _judge_int8(kernel, numbers, scales, call)
    return "Each column uses its 255 steps in full, however small its weights are."


def _judge_int8(kernel, numbers, scales, call):
    """Raise Wrong unless numbers times scales are the kernel, to half a step."""
    missed = np.abs(numbers * scales - kernel).max(axis=0)
    step = np.abs(kernel).max(axis=0) / 127
    if (missed <= 0.501 * step + 1e-12).all():
        return
    worst = int(np.argmax(missed / np.maximum(step, 1e-12)))
    found = f"{call} column {worst} comes back wrong by up to {missed[worst] / max(step[worst], 1e-12):.3g} of a step"
    largest = np.abs(numbers[:, worst].astype(int)).max()
    wrong_if(largest < 126, f"{found}: its largest number is {largest}, and 127 is possible.")
    cut = (np.trunc(kernel / scales) == numbers).all() and (np.round(kernel / scales) != numbers).any()
    wrong_if(cut, f"{found}: the weights are cut off. Half a step is possible if they are rounded.")
    wrong_if(True, f"{found}. Numbers × scales should give the weights again, to half a step: the greatest magnitude over 127.")


def _to_int8(kernel):
    scales = np.abs(kernel).max(axis=0) / 127
    scales[scales == 0] = 1
    return np.round(kernel / scales).astype(np.int8), scales


q2 = Exercise(
    _check_q2,
    [
        "The greatest magnitude of a column becomes 127 or -127. Section 3 has rounded columns, and kept them as floats.",
        "np.abs(kernel).max(axis=0) has one number for each column. A column of zeros would divide by zero.",
        "scales = ... / 127\nscales[scales == 0] = ...\nreturn np.round(...).astype(...), scales",
    ],
    _to_int8,
    due=kinds.parts(
        kinds.Kind("an int8 array with 2 axes", kinds.array(2, of="anything").read), kinds.array(),
        words="a pair of arrays (the int8 numbers, the scales)",
    ),
)


# --- q3: a light model of one's own

LIMIT = 60_000  # bytes of the file
LEAST = 0.6


def _litert():
    from lib.lighter import LiteRT

    return LiteRT


any_model = kinds.instance("a Keras model or a LiteRT", kinds.keras_model, _litert)


@functools.cache
def _pictures():
    split = data.load("fashion_mnist")
    return split.x_train[:1000, ..., None], split.y_train[:1000], split.x_val[:2000, ..., None], split.y_val[:2000]


def _weighed(answer, model, x):
    """Return the bytes of an answer's model, and the classes that it names."""
    from lib.lighter import LiteRT, saved_bytes

    shape = getattr(model, "shape", None) if isinstance(model, LiteRT) else getattr(model, "input_shape", (None,))[1:]
    wrong_if(
        len(shape) in (2, 3) and any(size not in (None, due) for size, due in zip(shape, (28, 28, 1), strict=False)),
        f"Your model takes pictures of shape {shape}; these have (28, 28, 1).",
    )
    with answer.told("saving it", using="Your model"):
        size, _ = saved_bytes(model)
    with answer.told(f"{len(x)} pictures", using="Your model"):
        logits = np.asarray(model.predict(x) if isinstance(model, LiteRT) else model.predict(x, verbose=0))
    wrong_if(
        logits.shape != (len(x), 10),
        f"For {len(x)} pictures your model returns the shape {logits.shape}; expected ({len(x)}, 10).",
    )
    wrong_if(not np.isfinite(logits).all(), "Your model returns numbers that are not finite.")
    return size, logits.argmax(axis=1)


def _check_q3(light_model):
    x, y, x_new, y_new = _pictures()
    size, classes = _weighed(light_model, light_model(x, y), x_new[:500])
    wrong_if(
        size > LIMIT,
        f"Your model's file has {size / 1000:.1f} kB; {LIMIT / 1000:.0f} are allowed. Which layer holds most weights?",
    )
    accuracy = (classes == y_new[:500]).mean()
    told = f"On new pictures your model is right in {accuracy:.1%}"
    wrong_if(accuracy < 0.25, f"{told}, which is guessing. Is it trained?")
    wrong_if(accuracy < LEAST, f"{told}; {LEAST:.0%} are asked for.")
    return f"{size / 1000:.0f} kB, and right on {accuracy:.0%} of new pictures after 1,000 for training. Put it on the board."


def _light_model(x, y):
    import keras

    layers = [keras.Input((28, 28, 1)), keras.layers.AveragePooling2D(2), keras.layers.Flatten(), keras.layers.Dense(10)]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.02), loss=loss)
    model.fit(x, y, epochs=4, verbose=0)
    return model


q3 = Exercise(
    _check_q3,
    [
        "784 pixels times 10 classes are 7,840 weights: even a single Dense layer will do. Pooling first makes it smaller still.",
        "Build, compile with a loss that fits what the last layer returns, fit for some epochs, return the model.",
        "model = keras.Sequential([keras.Input((28, 28, 1)), ..., keras.layers.Dense(10)])\nmodel.compile(...)\nmodel.fit(...)",
    ],
    _light_model,
    due=any_model,
    seconds=60,
)


# --- q4: three devices

DEVICES = {
    "sensor": {"bytes": 24_000, "ms_one": 2.0},
    "phone": {"compressed": 150_000, "ms_one": 0.5},
    "server": {"joules_per_thousand": 0.2},
}


def _board(seed, n):
    """Make a board of n models: like `Scoreboard.frame`, in any order of rows and columns, with some <NA>."""
    rng = np.random.default_rng(seed)
    size = 10 ** rng.uniform(3.7, 6.5, n)
    table = pd.DataFrame(
        {
            "kind": "quantized",
            "accuracy": (0.7 + 0.04 * np.log10(size / 1e4) + rng.normal(0, 0.03, n)).round(4) + 1e-6 * np.arange(n),  # no ties
            "bytes": size.astype(int),
            "compressed": (size * rng.uniform(0.15, 1, n)).astype(int),
            "working_bytes": pd.array(rng.integers(4_000, 40_000, n), dtype="Int64"),
            "ms_one": 10 ** rng.uniform(-1.5, 0.7, n),
            "training_seconds": np.where(rng.random(n) < 0.3, np.nan, rng.uniform(0, 9, n)),
            "joules_per_thousand": 10 ** rng.uniform(-2, 0.5, n),
        },
        index=[f"model {number}" for number in rng.permutation(n)],
    )
    table.loc[table.index[rng.random(n) < 0.3], "working_bytes"] = pd.NA
    return table[rng.permutation(table.columns)]


def _fits(table, budget, unknown=False):
    fits = pd.Series(True, index=table.index)
    for column, most in budget.items():
        fits &= (table[column] <= most).fillna(unknown).astype(bool)
    return fits


def _best_where(fits, table):
    return table.accuracy[fits].idxmax() if fits.any() else None


UNKNOWN = "Of that model nobody has measured a price that counts. It may or may not fit: leave it out."


def _for(change, **options):
    """Return the rule that takes the most accurate model within a changed budget."""
    return lambda table, budget: _best_where(_fits(table, change(budget), **options), table)


def _smallest(table, budget):
    return table.bytes[_fits(table, budget)].idxmin() if _fits(table, budget).any() else None


MISTAKES_4 = [
    (_for(lambda budget: {}), "That is the most accurate of all. Does it keep to the budget?"),
    (_for(dict, unknown=True), UNKNOWN),
    (lambda table, budget: _choose(table.fillna(dict.fromkeys(budget, 0)), budget), UNKNOWN),
    (_for(lambda budget: dict(list(budget.items())[:1])), "It keeps to the first limit of the budget, and not to the others."),
    (_for(lambda budget: dict(list(budget.items())[-1:])), "It keeps to the last limit of the budget, and not to the others."),
    (_smallest, "That is the smallest that fits; the most accurate one is due."),
    (
        _for(lambda budget: {column: np.nextafter(most, 0) for column, most in budget.items()}),
        "A budget is the most that is allowed: what takes just as much is within.",
    ),
]


def _check_q4(choose):
    budgets = [*DEVICES.values(), {"working_bytes": 16_000}, {}, {"training_seconds": 2, "ms_one": 1.0}, {"bytes": 1}]
    cases = [(_board(seed, n), budget) for seed, n in enumerate((1, 2, 3, 5, 8, 12, 12, 12, 30)) for budget in budgets]
    exactly = _board(99, 6)
    cases.append((exactly, {"bytes": int(exactly.bytes[exactly.accuracy.idxmax()])}))  # just as much as is allowed

    def nothing(table, budget):
        printed = " It printed something: `print` shows a value, `return` hands it over." if choose.printed.strip() else ""
        return f"It gives None for every board.{printed}"

    def why(table, budget):
        within = f"Within all limits of {budget} there are {_fits(table, budget).sum()} of {len(table)} models"
        return f"{within}; what is unknown (<NA>) is not within. The most accurate of them is due, or None if there is none."

    over_cases(choose, cases, _choose, why, [(lambda table, budget: None, nothing), *MISTAKES_4])
    return "The best one is not the most accurate one. It is the most accurate one that fits."


def _choose(table, budget):
    for column, most in budget.items():
        table = table[(table[column] <= most).fillna(False)]
    return table.accuracy.idxmax() if len(table) else None


q4 = Exercise(
    _check_q4,
    [
        "Go through budget.items(), and each time keep the rows of the table that are within the limit.",
        "A comparison with <NA> is <NA>: .fillna(False) makes it False. Of no row at all there is no idxmax().",
        "for column, most in budget.items():\n    table = table[...]\nreturn table.accuracy.idxmax() if ... else None",
    ],
    _choose,
    due=kinds.Kind("the name of a row, or None,", lambda value: None if value is None else kinds.text.read(value)),
)


# --- q5: two ways at once

SMALL = 50_000  # bytes
LOST = 0.015  # of the accuracy


@functools.cache
def _given():
    """Train the heavy model of section 1 on pictures whose classes are numbered anew, so that no ready model will do."""
    import keras

    from lib import tuning

    split = data.load("fashion_mnist")
    number = np.random.default_rng(12).permutation(10)
    keras.utils.set_random_seed(12)
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Conv2D(32, 4, strides=4, activation="relu", name="patches"),
        keras.layers.Flatten(name="flat"),
        keras.layers.Dense(256, activation="relu", name="wide"),
        keras.layers.Dense(10, name="logits"),
    ]
    model = keras.Sequential(layers)
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = split.x_train[:3000, ..., None]
    tuning.fast(model, jit_compile=False).fit(x, number[split.y_train[:3000]], epochs=5, batch_size=64, verbose=0)
    return model, x[:2000], number


def _check_q5(lighten):
    import keras

    given, x, number = _given()
    _, _, x_new, y_new = _pictures()
    copy = keras.models.clone_model(given)
    copy.set_weights(given.get_weights())
    size, classes = _weighed(lighten, lighten(copy, x.copy()), x_new)
    before, after = ((found == number[y_new]).mean() for found in (given.predict(x_new, verbose=0).argmax(axis=1), classes))
    wrong_if(size > SMALL, f"Your model's file has {size / 1000:.1f} kB; {SMALL / 1000:.0f} are allowed.")
    wrong_if(
        after < before - LOST,
        f"{size / 1000:.1f} kB are few enough. But on new pictures your model is right in {after:.1%}, and the heavy one in "
        f"{before:.1%}; {100 * LOST:g} points may be lost.",
    )
    return f"{size / 1000:.0f} kB of 1,640, and {after:.1%} of new pictures right where the heavy model has {before:.1%}."


def _lighten(model, x):
    from lib import lighter

    narrow = lighter.low_rank(model, "wide", 16)
    return lighter.LiteRT(lighter.to_litert(narrow, "int8", calibration=x[:200]))


q5 = Exercise(
    _check_q5,
    [
        "int8 alone is not enough: it leaves a quarter. Section 6 does two at once.",
        "Which layer holds nearly all weights, and what leaves a tenth of it, at next to no loss? Then fewer bits for the rest.",
        "narrow = lighter.low_rank(model, ...)\nreturn lighter.LiteRT(lighter.to_litert(narrow, ...))",
    ],
    _lighten,
    due=any_model,
    seconds=60,
)
