"""Exercises of notebook 12: pruning by one threshold, int8 column by column, a light model, three devices."""

import functools

import numpy as np
import pandas as pd

from lib import data
from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import parts, there

# --- q1: one threshold for all layers


def _kernels(seed):
    """Kernels of very different spread, so that one threshold cuts them very differently."""
    rng = np.random.default_rng(seed)
    return [rng.normal(0, spread, shape) for spread, shape in ((1.0, (5, 8)), (0.1, (20, 6)), (0.4, (3, 3, 4)))]


def _check_q1(global_masks):
    for seed, sparsity in ((1, 0.5), (2, 0.8), (3, 0.0)):
        kernels = _kernels(seed)
        masks = [np.asarray(mask) for mask in there(global_masks([k.copy() for k in kernels], sparsity))]
        wrong_if(
            [mask.shape for mask in masks] != [kernel.shape for kernel in kernels],
            "Return one mask for each kernel, in the same order and each of its kernel's shape.",
        )
        wrong_if(
            not all(np.isin(mask, (0, 1)).all() for mask in masks),
            "A mask holds only True and False: True for a weight that stays. Yours looks like weights.",
        )
        kept = np.concatenate([mask.ravel() for mask in masks]).astype(bool)
        sizes = np.abs(np.concatenate([kernel.ravel() for kernel in kernels]))
        share, told = 1 - kept.mean(), f"At a sparsity of {sparsity} your masks"
        wrong_if(
            abs(share - (1 - sparsity)) < 0.02 < abs(share - sparsity),
            f"{told} keep {kept.mean():.0%}. Sparsity is the share that *goes*.",
        )
        wrong_if(abs(share - sparsity) > 1.5 / kept.size, f"{told} remove {share:.1%} of all weights together.")
        if kept.all() or sizes[kept].min() >= sizes[~kept].max():
            continue
        each = [1 - mask.mean() for mask in masks]
        wrong_if(
            max(each) - min(each) < 0.05,
            f"You remove {sparsity:.0%} of each kernel. One threshold for all removes more where weights are small.",
        )
        raise Wrong("A weight that goes has a greater magnitude than one that stays. Did you compare np.abs?")
    return "The kernel with the small weights is nearly gone, and the one with the large weights nearly whole."


def _global_masks(kernels, sparsity):
    sizes = np.sort(np.concatenate([np.abs(kernel).ravel() for kernel in kernels]))
    removed = round(sparsity * len(sizes))
    threshold = sizes[removed - 1] if removed else -1.0
    return [np.abs(kernel) > threshold for kernel in kernels]


q1 = Exercise(
    _check_q1,
    [
        "Put the magnitudes of all kernels into one long array: np.concatenate of np.abs(kernel).ravel().",
        "Sort it. The threshold is the entry number round(sparsity * size) - 1; what is greater stays, in every kernel.",
    ],
    _global_masks,
)


# --- q2: int8, a scale for each column


def _check_q2(to_int8):
    rng = np.random.default_rng(1)
    kernels = [rng.normal(0, 10.0 ** rng.uniform(-3, 1, 6), (40, 6)), rng.normal(0, 1, (7, 3))]
    with_zeros = kernels[1].copy()
    with_zeros[:, 1] = 0
    for kernel in (*kernels, with_zeros):
        with np.errstate(all="ignore"):
            answer = there(to_int8(kernel.copy()))
        numbers, scales = parts(answer, 2, "two things: the int8 array and the scales")
        wrong_if(
            scales.size != kernel.shape[1],
            f"You return {scales.size} scale(s) for {kernel.shape[1]} columns; each column has a scale of its own.",
        )
        wrong_if(
            numbers.dtype != np.int8 or numbers.shape != kernel.shape,
            f"Your numbers are {numbers.dtype} of shape {numbers.shape}; int8 of shape {kernel.shape} is wanted.",
        )
        scales = scales.ravel().astype(float)
        wrong_if(
            not np.isfinite(scales).all() or (scales <= 0).any(),
            "One of your scales is no positive number. What if all weights of a column are 0?",
        )
        missed = np.abs(numbers * scales - kernel).max(axis=0)
        step = np.abs(kernel).max(axis=0) / 127
        if (missed <= 0.501 * step + 1e-12).all():
            continue
        worst = int(np.argmax(missed / np.maximum(step, 1e-12)))
        asked = f"Column {worst} comes back wrong by up to {missed[worst] / step[worst]:.2f} of a step"
        wrong_if(
            missed[worst] > 2 * step[worst],
            f"{asked}. Numbers × scales should give the weights again; the greatest magnitude of a column becomes 127.",
        )
        raise Wrong(f"{asked}. Half a step is possible: is a weight rounded to the nearest whole number, or cut off?")
    return "Each column uses its 255 steps in full, however small its weights are."


def _to_int8(kernel):
    scales = np.abs(kernel).max(axis=0) / 127
    scales[scales == 0] = 1
    return np.round(kernel / scales).astype(np.int8), scales


q2 = Exercise(
    _check_q2,
    [
        "np.abs(kernel).max(axis=0) is the greatest magnitude of each column; divided by 127 it is the column's scale.",
        "np.round(kernel / scales).astype(np.int8). A column of zeros would divide by zero: give it any scale but 0.",
    ],
    _to_int8,
)


# --- q3: a light model of one's own

LIMIT = 60_000  # bytes of the file
LEAST = 0.6


@functools.cache
def _pictures():
    split = data.load("fashion_mnist")
    return split.x_train[:1000, ..., None], split.y_train[:1000], split.x_val[:500, ..., None], split.y_val[:500]


def _check_q3(light):
    from lib.lighter import LiteRT, saved_bytes

    x, y, x_new, y_new = _pictures()
    model = there(light(x.copy(), y.copy()))
    wrong_if(
        not hasattr(model, "predict"),
        f"Your function returns a {type(model).__name__}. Return the trained model, or a LiteRT.",
    )
    size, _ = saved_bytes(model)  # tells by itself of a model that is not built
    wrong_if(
        size > LIMIT,
        f"Your model's file has {size / 1000:.0f} kB; {LIMIT / 1000:.0f} are allowed. Which layer holds most weights?",
    )
    logits = np.asarray(model.predict(x_new) if isinstance(model, LiteRT) else model.predict(x_new, verbose=0))
    wrong_if(
        logits.shape != (len(x_new), 10),
        f"For {len(x_new)} pictures your model returns the shape {logits.shape}; expected ({len(x_new)}, 10).",
    )
    accuracy = (logits.argmax(axis=1) == y_new).mean()
    told = f"On new pictures your model is right in {accuracy:.0%}"
    wrong_if(accuracy < 0.2, f"{told}, which is guessing. Is it trained?")
    wrong_if(accuracy < LEAST, f"{told}; {LEAST:.0%} are asked for. Train it a little longer.")
    return f"{size / 1000:.0f} kB, and right on {accuracy:.0%} of new pictures after 1,000 for training. Put it on the board."


def _light(x, y):
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
        "Build with keras.Input((28, 28, 1)), compile with a loss from logits, fit(x, y, epochs=4, verbose=0), return the model.",
    ],
    _light,
)


# --- q4: three devices

DEVICES = {
    "sensor": {"bytes": 24_000, "ms_one": 2.0},
    "phone": {"compressed": 150_000, "ms_one": 0.5},
    "server": {"joules_per_thousand": 0.2},
}


def _board(seed, n=12):
    rng = np.random.default_rng(seed)
    size = 10 ** rng.uniform(3.7, 6.5, n)
    table = pd.DataFrame(
        {
            "accuracy": (0.7 + 0.04 * np.log10(size / 1e4) + rng.normal(0, 0.03, n)).round(4),
            "bytes": size.astype(int),
            "compressed": (size * rng.uniform(0.15, 1, n)).astype(int),
            "working_bytes": pd.array(rng.integers(4_000, 40_000, n), dtype="Int64"),
            "ms_one": 10 ** rng.uniform(-1.5, 0.7, n),
            "joules_per_thousand": 10 ** rng.uniform(-2, 0.5, n),
        },
        index=[f"model {number}" for number in rng.permutation(n)],
    )
    table.loc[table.index[rng.random(n) < 0.3], "working_bytes"] = pd.NA
    return table


def _fits(table, budget):
    fits = pd.Series(True, index=table.index)
    for column, most in budget.items():
        fits &= (table[column] <= most).fillna(False).astype(bool)
    return fits


def _cases():
    """Yield device, budget, table: first where something fits, and at last a device into which nothing does."""
    devices = DEVICES | {"device with little memory": {"working_bytes": 16_000}, "device without limits": {}}
    for seed in range(1, 9):
        for device, budget in devices.items():
            if _fits(_board(seed), budget).any():
                yield device, budget, _board(seed)
    yield "device with no room at all", {"bytes": 1}, _board(1)


def _check_q4(choose):
    for device, budget, table in _cases():
        found, fits = choose(table.copy(), dict(budget)), _fits(table, budget)
        words = ", ".join(f"{column} {most:g}" for column, most in budget.items()) or "no budget"
        if found is None and not fits.any():
            continue
        wrong_if(found is None, f"For the {device} ({words}) you return None, but {fits.idxmax()!r} fits.")
        wrong_if(
            not isinstance(found, str) or found not in table.index,
            f"You return {str(found)[:40]!r}; return the name of a row, as {table.index[0]!r}.",
        )
        wrong_if(not fits.any(), f"Nothing fits into {words}, and you choose {found!r}. Return None there.")
        for column, most in budget.items():
            has = table[column][found]
            wrong_if(
                pd.isna(has), f"You choose a model whose {column} nobody has measured. It may or may not fit: leave it out."
            )
            wrong_if(
                has > most, f"For the {device} you choose a model with {column} {has:.4g}; {most:g} are allowed."
            )
        accuracy, best = table.accuracy[found], table.accuracy[fits].max()
        wrong_if(
            accuracy < best,
            f"For the {device} you choose an accuracy of {accuracy:.4f}; one within the budget has {best:.4f}.",
        )
    return "The best one is not the most accurate one. It is the most accurate one that fits."


def _choose(table, budget):
    for column, most in budget.items():
        table = table[(table[column] <= most).fillna(False).astype(bool)]
    return table.accuracy.idxmax() if len(table) else None


q4 = Exercise(
    _check_q4,
    [
        "Go through budget.items(), and each time keep the rows of the table that are within: table[table[column] <= most].",
        (
            "What is unknown (<NA>) is not within: (table[column] <= most).fillna(False). "
            "Then accuracy.idxmax(), or None if no row is left."
        ),
    ],
    _choose,
)
