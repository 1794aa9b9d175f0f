"""Data sets that ship with the kit, verified by checksum and split into train, validation and test."""

import gzip
import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lib.errors import CourseError

FOLDER = Path(__file__).resolve().parent.parent / "data"

# SHA-256 of the files as they left their authors; data/README.md says where they come from.
SHA256 = {
    "fashion-mnist/train-images-idx3-ubyte.gz": "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7",
    "fashion-mnist/train-labels-idx1-ubyte.gz": "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056",
    "fashion-mnist/t10k-images-idx3-ubyte.gz": "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa",
    "fashion-mnist/t10k-labels-idx1-ubyte.gz": "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05",
}

FASHION_CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


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
    images, labels, test_images, test_labels = (_idx(_verified(path, folder)) for path in SHA256)
    x, x_test = (part.astype("float32") / 255 for part in (images, test_images))
    y, y_test = labels.astype("int32"), test_labels.astype("int32")
    cut = len(x) - validation
    return Split(x[:cut], y[:cut], x[cut:], y[cut:], x_test, y_test, FASHION_CLASSES)


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
    for path in SHA256:
        target = cache / Path(path).name
        if target.exists() or not (FOLDER / path).exists():
            continue
        try:
            cache.mkdir(parents=True, exist_ok=True)
            half = target.with_name(f"{target.name}.{os.getpid()}")
            shutil.copyfile(FOLDER / path, half)
            half.replace(target)  # two notebooks may start at once: a reader sees all of the file or none
        except OSError:
            return


def _verified(path, folder):
    """Return the file's bytes, or raise a CourseError that names the file and the mend."""
    mend = f"Restore it with: git checkout -- data/{path}"
    try:
        content = (Path(folder) / path).read_bytes()
    except FileNotFoundError:
        raise CourseError(f"The file data/{path} is missing. {mend}") from None
    except OSError as error:
        raise CourseError(f"The file data/{path} cannot be read ({error.strerror}). {mend}") from None
    if hashlib.sha256(content).hexdigest() != SHA256[path]:
        raise CourseError(f"The file data/{path} is truncated or altered: its SHA-256 is not the authors'. {mend}")
    return content


def _idx(content):
    """Read a gzipped idx file: big-endian int32 magic and sizes, then unsigned bytes (LeCun's MNIST format)."""
    raw = gzip.decompress(content)
    dims = raw[3]
    shape = np.frombuffer(raw, ">i4", dims, offset=4)
    return np.frombuffer(raw, np.uint8, offset=4 + 4 * dims).reshape(shape)
