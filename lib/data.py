"""Data sets that ship with the kit, verified by checksum and split into train, validation and test."""

import gzip
import hashlib
import io
import json
import math
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib import places
from lib.errors import CourseError, did_you_mean
from lib.files import whole
from lib.table import decimal_mark, is_number, read_csv, short, to_number

FOLDER = places.ROOT / "data"

# SHA-256 of the files as they were shipped; data/README.md says where they come from.
SHA256 = {
    "fashion-mnist/train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "fashion-mnist/train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "fashion-mnist/t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
    "carried/winner-of-03.json": "5aefcf1fad2b16f9c655895ec2ebb29ef073d327f3775d4b65ca427e9b6763ac",
    "carried/team-of-08.npy": "85138ff3f5c229a0e636c1b32cfe20cb52ebef89971d8a72b162c1e20c0cae2e",
}
FASHION = [path for path in SHA256 if path.startswith("fashion-mnist")]

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)


@dataclass(frozen=True)
class Split:
    """One data set in three parts: fit on train, choose on validation, measure once on test.

    Pictures `x_*` are float32 in [0, 1], shape (n, 28, 28); labels `y_*` are int32, shape (n,).
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    classes: tuple[str, ...]


def load(name, validation=12_000, folder=FOLDER):
    """Load a data set by name, each of its files checked against its SHA-256.

    The test part is the authors' own and is the same whatever `validation` is; the validation part
    is cut from the end of the authors' training part.

    Args:
        name: "fashion_mnist" (Xiao, Rasul and Vollgraf, 2017; arXiv:1708.07747).
        validation: pictures kept for validation, 1 to 59,999.
        folder: the folder that holds the files.

    Returns:
        A `Split`; by default 48,000, 12,000 and 10,000 pictures.

    Raises:
        CourseError: an unknown name, a `validation` out of range, or a file that is missing, truncated or altered.
    """
    if name != "fashion_mnist":
        raise CourseError(f"There is no data set {name!r}; the kit has: fashion_mnist.")
    if not 0 < validation < 60_000:
        raise CourseError(
            f"validation={validation} is out of range: it must leave pictures on both sides, 1 to 59,999."
        )
    images, labels, test_images, test_labels = (_idx(_verified(path, folder)) for path in FASHION)
    x, x_test = (part.astype("float32") / 255 for part in (images, test_images))
    y, y_test = labels.astype("int32"), test_labels.astype("int32")
    cut = len(x) - validation
    return Split(x[:cut], y[:cut], x[cut:], y[cut:], x_test, y_test, FASHION_CLASSES)


def load_winner(folder=FOLDER):
    """Load the hyperparameters that the search of lesson 03 has found, for a network of one hidden layer.

    Args:
        folder: the folder that holds the files.

    Returns:
        A dict: `units`, int; `learning_rate`, float, Adam's; `val_accuracy`, float, the trial's score on the 12,000
        validation pictures of Fashion-MNIST, by which it was chosen.

    Raises:
        CourseError: the file is missing, truncated or altered.
    """
    return json.loads(_verified("carried/winner-of-03.json", folder))


def load_team(folder=FOLDER):
    """Load what a team of lesson 08 says of each training picture of Fashion-MNIST.

    Args:
        folder: the folder that holds the files.

    Returns:
        float16 array, shape (48,000, 10), a row for each of `load("fashion_mnist").x_train`: the logarithms of the class
        probabilities, which are logits. The team has learned the first 6,000 of the pictures, and no others.

    Raises:
        CourseError: the file is missing, truncated or altered.
    """
    return np.load(io.BytesIO(_verified("carried/team-of-08.npy", folder)))


def halve(pictures):
    """Make pictures half as high and half as wide, four pixels to one, and lay each out as a row.

    Args:
        pictures: float array, shape (n, 28, 28).

    Returns:
        float32 array, shape (n, 196): the means of two by two pixels, 14 of them to a line of the picture.
    """
    return pictures.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196).astype("float32")


def problems(folder=FOLDER):
    """List what is wrong with the shipped files, one line each with its mend.

    Returns:
        A list of str, empty when every file is there and has its SHA-256.
    """
    found = []
    for path in SHA256:
        try:
            _verified(path, folder)
        except CourseError as error:
            found.append(str(error))
    return found


def fill_keras_cache():
    """Put Fashion-MNIST where `keras.datasets.fashion_mnist.load_data()` looks, so that it needs no network.

    Files that Keras already has are left alone, and a home folder that cannot be written is no error.
    """
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    cache = home / "datasets" / "fashion-mnist"
    for path in FASHION:
        target = cache / Path(path).name
        shipped = FOLDER / path
        if target.exists() or not shipped.exists():
            continue
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with whole(target) as half:  # two notebooks may start at once
                shutil.copyfile(shipped, half)
        except OSError:
            return


def _verified(path, folder):
    """Return the file's bytes, or raise a CourseError that names the file and the mend."""
    mend = f"Restore it with: git checkout -- data/{path}"
    try:
        content = (Path(folder) / path).read_bytes()
    except FileNotFoundError:
        places.kit()  # where nothing of it is beside lib, to restore one file would not do
        raise CourseError(f"The file data/{path} is missing. {mend}") from None
    except OSError as error:
        raise CourseError(f"The file data/{path} cannot be read ({error.strerror}). {mend}") from None
    if hashlib.sha256(content).hexdigest() != SHA256[path]:
        raise CourseError(f"The file data/{path} is truncated or altered: it has another SHA-256. {mend}")
    return content


def _idx(content):
    """Read a gzipped idx file: big-endian int32 magic and sizes, then unsigned bytes (LeCun's MNIST format)."""
    raw = gzip.decompress(content)
    dims = raw[3]
    shape = np.frombuffer(raw, ">i4", dims, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)


# --- a table of numbers, the kit's or the learner's own

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-"}
NEVER_A_CLASS = {"", "nan"}  # the other words are names of classes where there would be one class only: + and -


MANY = 20  # whole numbers in a target: more different ones are numbers to predict, and no classes


@dataclass(frozen=True)
class Table:
    """Rows of numbers and what is to be told of each: `x` float64, shape (n, n_features); `y`, shape (n,).

    `features` names the columns of x, and `classes` what the class numbers in y mean, int32 from 0 on; it is empty where y
    holds numbers to predict, float64.
    """

    x: np.ndarray
    y: np.ndarray
    features: tuple[str, ...]
    classes: tuple[str, ...]


def load_table(path="", target="", least=1):
    """Load a table for a classification with two classes: breast cancer, or a CSV of the learner's own.

    A CSV has a header line, numbers in every column but the target's, and no gaps. Comma, semicolon, tab or | separate
    its columns; the header decides, or a first line as sep=; does. Its classes are sorted, so "no" is 0 and "yes" is 1;
    if both are numbers then as numbers, so 2 is 0 and 10 is 1. The decimal mark is a comma where semicolons separate,
    else a point, unless the numbers show that it is the other; what may be read either way is refused.

    Args:
        path: of the CSV, plain or gzipped; "" for Wolberg's breast cancer data as scikit-learn ships them (569 rows, 30 features;
            0 is benign, 1 malignant).
        target: name of the column that holds the classes; "" without a CSV.
        least: rows that each class must have.

    Returns:
        A `Table`, its rows in the file's order.

    Raises:
        CourseError: one line that says which column or line of the file is wrong, and why.
    """
    if path:
        return _read_table(Path(path).expanduser(), target, lambda *told: _classes(*told, target, least))
    if target:
        raise CourseError(f"There is a target, {target!r}, but no file: csv is empty.")
    from sklearn.datasets import load_breast_cancer

    found = load_breast_cancer()
    malignant = list(found.target_names).index("malignant")
    y = (found.target == malignant).astype("int32")
    return Table(found.data, y, tuple(map(str, found.feature_names)), ("benign", "malignant"))


def read_any(path, target, least=5, rows=20):
    """Read a CSV whose target is classes, two or more of them, or a number; else as `load_table` reads one.

    The target is a number where all its values are numbers, and one of them is not whole, or there are more than 20
    different ones.

    Args:
        path: of the CSV, plain or gzipped.
        target: name of the column to predict.
        least: rows that each class must have.
        rows: rows that a target of numbers must have.

    Returns:
        A `Table`, its rows in the file's order; of numbers its `classes` are ().

    Raises:
        CourseError: one line that says which column or line of the file is wrong, and why.
    """

    def read_target(name, fields, separator):
        if _are_classes([field for _, field in fields], _target_mark(name, fields, separator, target)):
            return _classes(name, fields, separator, target, least, two=False)
        return _targets(name, target, fields, separator, rows)

    return _read_table(Path(path).expanduser(), target, read_target)


def _target_mark(name, fields, separator, target):
    """Find the decimal mark of a target's numbers; what may be read either way is no matter beside names, which are classes."""
    try:
        return decimal_mark(name, [(line, target, text) for line, text in fields], separator)
    except CourseError:
        if all(is_number(text) for _, text in fields if text.lower() not in MISSING):
            raise
        return decimal_mark(name, [], separator)


def _are_classes(words, mark):
    """Say whether the values of a target name classes; a slip among many numbers makes no classes of them."""
    words = {word for word in words if word.lower() not in MISSING}
    found = {to_number(word, mark) for word in words}
    numbers = [number for number in found if number is not None and math.isfinite(number)]
    if len(numbers) > max(MANY, len(words) / 2):
        return False
    return None in found or all(number == int(number) for number in numbers)


def _targets(name, target, fields, separator, rows):
    """Return the numbers of a target, float64, shape (n,), and () for its classes."""
    if len(fields) < rows:
        raise CourseError(
            f"{name} has {len(fields)} rows; {rows} or more are needed to train on, to choose by and to test on."
        )
    mark = decimal_mark(name, [(line, target, text) for line, text in fields], separator)
    return np.array([_number(f"{name}, line {line}, column {target!r}", text, mark) for line, text in fields]), ()


def _read_table(path, target, read_target):
    """Read a CSV; `read_target` makes y and the names of its classes of name, target's fields (line, text), and separator."""
    header, rows, separator = read_csv(path, columns=2)
    name = path.name
    if target not in header:
        wrong = f"has no column {target!r}" if target else "needs a target, the column to predict"
        hint = did_you_mean(target, header, repr) or f" It has: {_some(header)}."
        if any(map(is_number, header)):
            hint += " If its first line is data, write a line with the names of the columns above it."
        raise CourseError(f"{name} {wrong}.{hint}")
    place = header.index(target)
    y, classes = read_target(name, [(line, row[place]) for line, row in rows], separator)
    features = tuple(column for column in header if column != target)
    fields = [(line, row[:place] + row[place + 1 :]) for line, row in rows]
    told = ((line, column, text) for line, row in fields for column, text in zip(features, row, strict=True))
    mark = decimal_mark(name, told, separator)
    x = np.empty((len(rows), len(features)))
    for number, (line, row) in enumerate(fields):
        x[number] = [
            _number(f"{name}, line {line}, column {c!r}", f, mark) for c, f in zip(features, row, strict=True)
        ]
    return Table(x, y, features, classes)


def _classes(name, fields, separator, target, least, two=True):
    """Return the class numbers, int32, shape (n,), and the names; there have to be `two`, or else two or more."""
    words = [field for _, field in fields]
    gaps = _gaps(set(words))
    for line, field in fields:
        if field.lower() in gaps:
            raise CourseError(
                f"{name}, line {line}, column {target!r}: the value is missing. Fill it in, or leave the line out."
            )
    mark = _target_mark(name, fields, separator, target)
    names = _in_order(set(words), mark)
    needed = f"two classes {'' if two else 'or more '}are needed"
    if len(names) < 2 or (two and len(names) > 2):
        what = f"only one value, {names[0]!r}" if len(names) == 1 else f"{len(names)} different values ({_some(names)})"
        raise CourseError(f"{name}, column {target!r}: it holds {what}; {needed}.")
    numbers = [to_number(word, mark) for word in names]
    same = [word for word, number in zip(names, numbers, strict=True) if number is not None and numbers.count(number) > 1]
    if same:
        raise CourseError(f"{name}, column {target!r}: it holds {_some(same)}, which are one number; {needed}.")
    for word in names:
        if words.count(word) < least:
            raise CourseError(
                f"{name}, column {target!r}: the class {word!r} has {words.count(word)} row{'s' * (words.count(word) != 1)}; "
                f"the {'folds and the test set' if two else 'three parts'} need {least} of each class."
            )
    return np.array([names.index(word) for word in words], "int32"), tuple(names)


def _gaps(words):
    """Return the words for a missing value, without those that must name a class: beside "+" only, "-" does."""
    classes = {word for word in words if word.lower() not in MISSING}
    others = {word for word in words if word.lower() not in NEVER_A_CLASS}
    return NEVER_A_CLASS if len(classes) == 1 and len(others) == 2 else MISSING


def _in_order(words, mark):
    """Sort the names of classes, as numbers if all of them are."""
    numbers = {word: to_number(word, mark) for word in words}
    return sorted(words) if None in numbers.values() else sorted(sorted(words), key=numbers.get)


def _number(where, field, mark):
    if field.lower() in MISSING:
        raise CourseError(f"{where}: the value is missing. Fill it in, or leave the line out.")
    if field.lower().lstrip("+-") in ("inf", "infinity"):
        raise CourseError(f"{where}: {short(field)} is not a finite number.")
    value = to_number(field, mark)
    if value is None:
        raise CourseError(f"{where}: {short(field)} is not a number. Leave the column out, or code it as numbers.")
    if not math.isfinite(value):
        raise CourseError(f"{where}: {short(field)} is not a finite number.")
    return value


def _some(names):
    return ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
