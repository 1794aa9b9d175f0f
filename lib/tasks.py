"""Work to do: one of the kit's data sets or a CSV of one's own, its rows in three parts with what is to be told of each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib import data
from lib.errors import CourseError

NAMES = ("fashion", "digits", "wine", "cancer", "diabetes")
SHARES = (0.6, 0.2, 0.2)  # of the rows: to train on, to choose by, to test on


@dataclass(frozen=True)
class Task:
    """Rows in three parts, `x_*` float32, shape (n, columns) or (n, height, width, 1), and their truth, `y_*`.

    `y_*` are float32, shape (n, n_classes), one-hot, where `classes` names the classes; else they are numbers, shape (n, 1),
    less the mean of those to train on, in their standard deviations, and `classes` is ().
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]

    @property
    def shape(self):
        """Return the shape of one row."""
        return self.x_train.shape[1:]

    @property
    def outputs(self):
        """Return how many numbers a model has to say of a row: a probability for each class, or one number."""
        return self.y_train.shape[1]

    @property
    def measure(self):
        """Return what the mean of `row_scores` is called."""
        return "accuracy" if self.classes else "R²"


def load_task(name, csv="", target="", rows=10_000, seed=1):
    """Load data and divide them; of classes each part has its share. Columns of a table are scaled by the part to train on.

    Args:
        name: one of `NAMES`: Fashion-MNIST, or scikit-learn's digits, wine, breast cancer or diabetes. Of no account with a CSV.
        csv: path of a table of one's own, see `lib.data.read_any`; "" for none.
        target: name of its column to predict.
        rows: int, how many to take at most, drawn at random.
        seed: int, of the division; Fashion-MNIST keeps the test part of its authors.

    Returns:
        A `Task`.

    Raises:
        CourseError: an unknown name, a target without a CSV, or a table that cannot be used, told in one line.
    """
    if target and not csv:
        raise CourseError(f"There is a target, {target!r}, but no file: csv is empty.")
    if csv:
        table = data.read_any(csv, target)
        return _divided(Path(csv).name, table.x, table.y, table.classes, rows, seed)
    if name not in NAMES:
        raise CourseError(f"There is no data set {name!r}; there are {', '.join(NAMES)}.")
    if name == "fashion":
        return _fashion(rows)
    from sklearn import datasets

    load = {"digits": datasets.load_digits, "wine": datasets.load_wine, "cancer": datasets.load_breast_cancer}
    found = load.get(name, datasets.load_diabetes)()
    classes = tuple(map(str, found.target_names)) if name in load else ()
    x = found.images[..., None] / 16 if name == "digits" else found.data
    return _divided(name, x, found.target, classes, rows, seed)


def _fashion(rows):
    split = data.load("fashion_mnist")
    pairs = (split.x_train, split.y_train), (split.x_val, split.y_val), (split.x_test, split.y_test)
    parts = []
    for share, (x, y) in zip(SHARES, pairs, strict=True):
        some = slice(max(1, round(share * rows)))
        parts += [x[some, ..., None], np.eye(10, dtype="float32")[y[some]]]
    return Task("fashion", *parts, split.classes)


def _divided(name, x, y, classes, rows, seed):
    """Draw some rows, divide them, and scale what is a table, and numbers to predict, by the part to train on."""
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(y))[:rows]
    groups = [drawn[y[drawn] == label] for label in range(len(classes))] if classes else [drawn]
    train, val, test = (np.sort(np.concatenate(part)) for part in zip(*map(_cut, groups), strict=True))
    truth = np.eye(len(classes))[y] if classes else _scaled(y[:, None], train)
    x = x if x.ndim == 4 else _scaled(x, train)
    parts = [array[part].astype("float32") for part in (train, val, test) for array in (x, truth)]
    return Task(name, *parts, classes)


def _cut(rows):
    """Cut the rows of a class into three parts, each of which gets one row where there are three."""
    ends = np.cumsum([max(1, round(share * len(rows))) for share in SHARES[:0:-1]])
    test, val, train = np.split(rows, ends)
    return train, val, test


def _scaled(values, train):
    """Take off the mean of the rows to train on, and divide by their standard deviation."""
    spread = values[train].std(axis=0)
    return (values - values[train].mean(axis=0)) / np.where(spread > 0, spread, 1)


def row_scores(said, y):
    """Score each answer so that the mean is the accuracy of classes, and R², the share of variance explained, of numbers.

    Args:
        said: class probabilities, shape (n, n_classes), or numbers, (n, 1).
        y: the truth, of the same shape; classes as one-hot rows.

    Returns:
        Float array, shape (n,): 1 for a right class and 0 for a wrong one; for a number 1 less its squared error over the
        variance of y. The best mean is 1 for both; who always says the mean of y has 0.
    """
    said, y = np.asarray(said, float), np.asarray(y, float)
    if y.shape[1] > 1:
        return (said.argmax(axis=1) == y.argmax(axis=1)).astype(float)
    return 1 - ((said - y)[:, 0] ** 2) / (y.var() or 1)


def loss_of(said, y):
    """Return the mean cross-entropy of class probabilities, or the mean squared error of numbers; see `row_scores`."""
    said, y = np.asarray(said, float), np.asarray(y, float)
    if y.shape[1] > 1:
        return float(-np.log((said * y).sum(axis=1).clip(1e-12)).mean())
    return float(((said - y) ** 2).mean())
