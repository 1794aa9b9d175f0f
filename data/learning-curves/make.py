"""Train every network of a small space once and write its learning curve: python data/learning-curves/make.py [FILE].

Two processes train on one core each, for some minutes; a run that was stopped goes on. Lesson 04 replays searches on
the table. A second run gives other last digits: weights are drawn from the same seeds, but sums are rounded in
another order on another processor.
"""

import csv
import functools
import itertools
import multiprocessing
import os
import sys
import zlib
from pathlib import Path

UNITS = [16, 32, 64, 128, 256]  # of every hidden layer
LAYERS = [1, 2, 3]  # hidden layers
RATES = [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1]  # learning rates of Adam
DROPOUTS = [0.0, 0.3]  # share of the units dropped after every hidden layer
EPOCHS, PICTURES, BATCH = 9, 6_000, 100  # of every training; as many pictures to validate on
NAMES = ["units", "layers", "learning_rate", "dropout", *(f"epoch_{n}" for n in range(1, EPOCHS + 1))]


@functools.cache
def pictures():
    from lib import data

    split = data.load("fashion_mnist")
    return [part[:PICTURES] for part in (split.x_train, split.y_train, split.x_val, split.y_val)]


def make_model(units, layers, dropout):
    import keras

    parts = [keras.Input((28, 28)), keras.layers.Flatten()]
    for _ in range(layers):
        parts.append(keras.layers.Dense(units, activation="relu"))
        parts += [keras.layers.Dropout(dropout)] if dropout else []
    model = keras.Sequential([*parts, keras.layers.Dense(10)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss=loss, metrics=["accuracy"])
    return model


def forget(model, rate):
    """Give a compiled network new weights and an empty optimizer, since compiling one costs as much as training it."""
    import keras

    for weight in model.trainable_variables:
        new = keras.initializers.GlorotUniform() if len(weight.shape) == 2 else keras.initializers.Zeros()
        weight.assign(new(weight.shape))
    for memory in model.optimizer.variables:
        memory.assign(keras.ops.zeros_like(memory))
    model.optimizer.learning_rate = rate


def curves(architecture, rates=RATES):
    """Train one architecture at each learning rate; return a row of the table for each."""
    import keras

    from lib import tuning

    x, y, *check = pictures()
    model = tuning.fast(make_model(*architecture))
    model.optimizer.build(model.trainable_variables)
    units, layers, dropout = architecture
    rows = []
    for rate in rates:
        keras.utils.set_random_seed(zlib.crc32(repr((units, layers, rate, dropout)).encode()))
        forget(model, rate)
        history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, validation_data=check, verbose=0).history
        rows.append([units, layers, rate, dropout, *(f"{score:.4f}" for score in history["val_accuracy"])])
    return rows


def one_thread():
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def main(path):
    """Train what the file does not have yet: a run that was stopped goes on, and the whole file is written in order."""
    architectures = list(itertools.product(UNITS, LAYERS, DROPOUTS))
    rows = read(path)
    done = {(int(row[0]), int(row[1]), float(row[3])) for row in rows}
    wide_first = sorted((a for a in architectures if a not in done), key=lambda a: -a[0] * a[1])
    with multiprocessing.get_context("spawn").Pool(2, one_thread) as pool:
        for new in pool.imap_unordered(curves, wide_first):
            rows += [[str(value) for value in row] for row in new]
            write(path, rows)


def read(path):
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))[1:]


def write(path, rows):
    ordered = sorted(rows, key=lambda row: [float(value) for value in row[:4]])
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([NAMES, *ordered])


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("fashion_mnist.csv"))
