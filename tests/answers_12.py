"""Answers to the exercises of notebook 12: right ones that are not the reference, and likely mistakes."""

import functools

import keras
import numpy as np
import pandas as pd

from lib.exercises import e12
from lib.lighter import LiteRT, magnitude_mask, to_litert

# --- q1


def by_one_mask(kernels, sparsity):
    mask = magnitude_mask(np.concatenate([k.ravel() for k in kernels]), sparsity)
    cuts = np.cumsum([k.size for k in kernels])[:-1]
    return [part.reshape(k.shape) for part, k in zip(np.split(mask, cuts), kernels, strict=True)]


def signed(kernels, sparsity):
    edge = np.quantile(np.concatenate([k.ravel() for k in kernels]), sparsity)
    return [k >= edge for k in kernels]


MISTAKES_1 = [
    (lambda kernels, s: [magnitude_mask(k, s) for k in kernels], "of each kernel"),
    (lambda kernels, s: by_one_mask(kernels, 1 - s if s else 0.0) if s != 0.5 else signed(kernels, s), "np.abs"),
    (lambda kernels, s: by_one_mask(kernels, 0.2), "remove 19.9"),
    (lambda kernels, s: [~mask for mask in by_one_mask(kernels, s)] if s != 0.5 else by_one_mask(kernels, s), "share that"),
    (lambda kernels, s: [k * m for k, m in zip(kernels, by_one_mask(kernels, s), strict=True)], "only True and False"),
    (lambda kernels, s: by_one_mask(kernels, s)[:2], "one mask for each kernel"),
    (lambda kernels, s: print(end=""), "returns nothing"),
]

# --- q2


def column_by_column(kernel):
    numbers, scales = np.zeros(kernel.shape, np.int8), []
    for place, column in enumerate(kernel.T):
        scales.append(max(np.abs(column).max(), 1e-9) / 127)
        numbers[:, place] = np.rint(column / scales[-1])
    return numbers, scales


def one_scale(kernel):
    scale = np.abs(kernel).max() / 127
    return np.round(kernel / scale).astype(np.int8), scale


def cut_off(kernel):
    _, scales = e12.q2.reference(kernel)
    return (kernel / scales).astype(np.int8), scales


def no_care(kernel):
    scales = np.abs(kernel).max(axis=0) / 127
    return np.round(kernel / scales).astype(np.int8), scales


MISTAKES_2 = [
    (one_scale, "a scale of its own"),
    (cut_off, "or cut off"),
    (lambda k: (np.round(k / (np.abs(k).max(axis=0) / 127)), np.abs(k).max(axis=0) / 127), "int8 of shape"),
    (lambda k: (np.round(k / np.maximum(np.abs(k).max(axis=0), 1e-9)).astype(np.int8), np.abs(k).max(axis=0)), "becomes 127"),
    (lambda k: e12.q2.reference(k)[0], "Return two things"),
    (no_care, "What if all weights of a column are 0"),
    (lambda k: print(end=""), "returns nothing"),
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


MISTAKES_3 = [
    (lambda x, y: untrained(10, keras.layers.Dense(64)), "which layer|Which layer"),
    (lambda x, y: untrained(12), r"returns the shape \(500, 12\)"),
    (lambda x, y: half_of_the_classes(x, y), "longer"),
    (lambda x, y: untrained(10).get_weights(), "Return the trained model"),
    (lambda x, y: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)]), "model is not built"),
    (lambda x, y: print(end=""), "returns nothing"),
]

# --- q4


def by_query(table, budget):
    for name, row in table.sort_values("accuracy", ascending=False).iterrows():
        if all(pd.notna(row[column]) and row[column] <= most for column, most in budget.items()):
            return name
    return None


def unknown_is_free(table, budget):
    for column, most in budget.items():
        table = table[(table[column] <= most).fillna(True).astype(bool)]
    return table.accuracy.idxmax() if len(table) else None


def smallest(table, budget):
    fits = e12._fits(table, budget)
    return table.bytes[fits].idxmin() if fits.any() else None


def first_only(table, budget):
    return by_query(table, dict(list(budget.items())[:1]))


MISTAKES_4 = [
    (lambda table, budget: table.accuracy.idxmax(), "are allowed|nobody has measured"),
    (unknown_is_free, "nobody has measured"),
    (smallest, "one within the budget has"),
    (first_only, "are allowed|nobody has measured"),
    (lambda table, budget: by_query(table, budget) or table.index[0], "Return None there"),
    (lambda table, budget: table.accuracy.max(), "the name of a row"),
    (lambda table, budget: print(end=""), "you return None"),
]


RIGHT = [
    (e12.q1, by_one_mask),
    (e12.q2, column_by_column),
    (e12.q3, lambda x, y: nearest_mean()),
    (e12.q3, lambda x, y: LiteRT(to_litert(nearest_mean(), "dynamic"))),
    (e12.q4, by_query),
]


MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e12.q1, MISTAKES_1), (e12.q2, MISTAKES_2), (e12.q3, MISTAKES_3), (e12.q4, MISTAKES_4))
    for answer, message in mistakes
]
