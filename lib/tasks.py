"""Work to do: one of the kit's data sets or a CSV of one's own, its rows in three parts with what is to be told of each."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib import arrays, data
from lib.arrays import refused
from lib.errors import CourseError

NAMES = ("fashion", "digits", "wine", "cancer", "diabetes")
SHARES = (0.6, 0.2, 0.2)  # of the rows: to train on, to choose by, to test on
LEAST = 20  # rows of a task: as many as `data.read_any` asks of a target of numbers
LEAST_OF_CLASS = 3  # rows of a class: one for each part


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
        rows: int, 20 or more: how many to take at most, drawn at random.
        seed: int, of the division; Fashion-MNIST keeps the test part of its authors.

    Returns:
        A `Task`.

    Raises:
        CourseError: an unknown name, a target without a CSV, a table that cannot be used, or too few rows, of all or of a
            class (Fashion-MNIST's come as its authors mixed them, whatever their classes), told in one line.
    """
    rows = arrays.whole("rows", rows, least=LEAST)
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
        some = slice(round(share * rows))
        parts += [x[some, ..., None], np.eye(10, dtype="float32")[y[some]]]
    return Task("fashion", *parts, split.classes)


def _divided(name, x, y, classes, rows, seed):
    """Draw some rows, divide them, and scale what is a table, and numbers to predict, by the part to train on."""
    rng = np.random.default_rng(seed)
    drawn = rng.permutation(len(y))[:rows]
    groups = _by_class(name, drawn, y[drawn], classes) if classes else [drawn]
    train, val, test = (np.sort(np.concatenate(part)) for part in zip(*map(_cut, groups), strict=True))
    truth = np.eye(len(classes))[y] if classes else _scaled(y[:, None], train)
    x = x if x.ndim == 4 else _scaled(x, train)
    parts = [array[part].astype("float32") for part in (train, val, test) for array in (x, truth)]
    return Task(name, *parts, classes)


def _by_class(name, drawn, labels, classes):
    """Return the rows drawn of each class; with too few of one, a part would lack it."""
    groups = [drawn[labels == label] for label in range(len(classes))]
    for label, group in zip(classes, groups, strict=True):
        if len(group) < LEAST_OF_CLASS:
            raise CourseError(
                f"{name}: among the {len(drawn)} rows drawn, the class {label!r} has {len(group)} row{'s' * (len(group) != 1)}; "
                f"the three parts need {LEAST_OF_CLASS} of each class. Raise rows."
            )
    return groups


def _cut(rows):
    """Cut the rows of a class into three parts, each of which gets one row where there are three."""
    ends = np.cumsum([max(1, round(share * len(rows))) for share in SHARES[:0:-1]])
    test, val, train = np.split(rows, ends)
    return train, val, test


def _scaled(values, train):
    """Take off the mean of the rows to train on, and divide by their standard deviation."""
    return (values - values[train].mean(axis=0)) / _spread(values[train])


def _spread(values):
    """Return the standard deviation of each column, and 1 for one that never changes."""
    spread = values.std(axis=0)
    rounding = len(values) * np.finfo(float).eps * np.abs(values).max(axis=0)  # 0.1 is not 0.1 less the mean of many of it
    return np.where(spread > rounding, spread, 1)


def row_scores(said, y):
    """Score each answer so that the mean is the accuracy of classes, and R², the share of variance explained, of numbers.

    Args:
        said: class probabilities, shape (n, n_classes), or numbers, (n, 1) or (n,).
        y: the truth, shape (n, n_classes), classes as one-hot rows, or (n, 1).

    Returns:
        Float array, shape (n,): 1 for a right class and 0 for a wrong one; for a number 1 less its squared error over the
        variance of y. The best mean is 1 for both; who always says the mean of y has 0.

    Raises:
        CourseError: the answers are of another shape than the truth, there are none, or a number is not finite.
    """
    said, y = _answers(said, y)
    if y.shape[1] > 1:
        return (said.argmax(axis=1) == y.argmax(axis=1)).astype(float)
    return 1 - ((said - y) / _spread(y))[:, 0] ** 2


def loss_of(said, y):
    """Return the mean cross-entropy of class probabilities, or the mean squared error of numbers; see `row_scores`."""
    said, y = _answers(said, y)
    if y.shape[1] > 1:
        return float(-np.log((said * y).sum(axis=1).clip(1e-12)).mean())
    return float(((said - y) ** 2).mean())


def _answers(said, y):
    """Return answers and truth as float64 of one shape, (n, outputs)."""
    y = arrays.numbers("y", y)
    if y.ndim != 2 or not y.size:
        raise refused("y", f"shape {y.shape}", "(n, outputs), n at least 1: one-hot rows, or a column of numbers")
    said = arrays.array("said", said)
    said = said[:, None] if said.shape == (len(y),) and y.shape[1] == 1 else said
    return arrays.numbers("said", said, y.shape), y
