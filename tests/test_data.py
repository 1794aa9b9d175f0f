"""The data set: whole, split, verified, and told in one line when it is not."""

import shutil
import subprocess
import sys

import numpy as np
import pytest

from lib import data
from lib.errors import CourseError

IMAGES = "fashion-mnist/t10k-images-idx3-ubyte.gz"


@pytest.fixture
def copy(tmp_path):
    for folder in ("fashion-mnist", "carried"):
        shutil.copytree(data.FOLDER / folder, tmp_path / folder)
    return tmp_path


def test_the_whole_of_it():
    split = data.load("fashion_mnist")
    sizes = [len(x) for x in (split.x_train, split.x_val, split.x_test)]
    assert sizes == [48_000, 12_000, 10_000]
    assert split.x_train.shape[1:] == (28, 28) and split.x_train.dtype == np.float32
    assert split.x_train.min() == 0 and split.x_train.max() == 1
    labels = np.concatenate([split.y_train, split.y_val, split.y_test])
    assert np.bincount(labels).tolist() == [7_000] * 10
    assert len(split.classes) == 10


def test_the_test_part_does_not_depend_on_the_split():
    one, other = data.load("fashion_mnist", validation=100), data.load("fashion_mnist", validation=30_000)
    assert np.array_equal(one.x_test, other.x_test) and np.array_equal(one.y_test, other.y_test)
    assert np.array_equal(np.concatenate([one.x_train, one.x_val]), np.concatenate([other.x_train, other.x_val]))


@pytest.mark.parametrize("validation", [0, 60_000, -5])
def test_a_split_that_leaves_a_side_empty(validation):
    with pytest.raises(CourseError, match="1 to 59,999"):
        data.load("fashion_mnist", validation=validation)


def test_unknown_name():
    with pytest.raises(CourseError, match=r"no data set 'mnist'.*fashion_mnist"):
        data.load("mnist")


def damage(path, how):
    content = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "truncated":
        path.write_bytes(content[:1000])
    else:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))


def test_half_as_high_and_half_as_wide():
    picture = np.arange(784.0).reshape(1, 28, 28)
    small = data.halve(np.concatenate([picture, 1 - picture]))
    assert small.shape == (2, 196) and small.dtype == np.float32
    assert small[0, [0, 1, 14, 195]].tolist() == [14.5, 16.5, 70.5, 768.5]  # (0 + 1 + 28 + 29) / 4, and so on
    assert np.array_equal(small[1], 1 - small[0])


@pytest.mark.parametrize("how", ["missing", "truncated", "altered"])
def test_a_damaged_file_is_named_with_its_mend(copy, how):
    damage(copy / IMAGES, how)
    with pytest.raises(CourseError) as caught:
        data.load("fashion_mnist", folder=copy)
    line = str(caught.value)
    assert "\n" not in line and how in line
    assert f"git checkout -- data/{IMAGES}" in line
    assert data.problems(copy) == [line]


def test_a_course_error_is_one_line_in_a_notebook():
    assert CourseError("what, where, mend")._render_traceback_() == ["what, where, mend"]


def test_no_problems_as_shipped():
    assert data.problems() == []


def test_keras_own_line_works_without_a_network(tmp_path):
    # A proxy that leads nowhere: whatever Keras tried to download would fail.
    code = (
        "from lib import data; data.fill_keras_cache()\n"
        "import keras\n"
        "(x, y), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()\n"
        "split = data.load('fashion_mnist')\n"
        "assert (x[:48_000] / 255 == split.x_train.astype('float64')).mean() > 0.5 and (y_test == split.y_test).all()\n"
        "print(x.shape, x_test.shape)"
    )
    env = {"PATH": "", "HOME": str(tmp_path), "https_proxy": "http://127.0.0.1:9", "KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.stdout.strip() == "(60000, 28, 28) (10000, 28, 28)", done.stderr[-2000:]
