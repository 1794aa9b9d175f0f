"""The learner's own CSV: what is read, and the one line that each kind of bad file gets."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lib import data
from lib.errors import CourseError

GOOD = "age,dose,well\n30,1.5,yes\n41,2.5,no\n52,-3e1,yes\n63,4,no\n"


@pytest.fixture
def write(tmp_path):
    def write(content, name="mine.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def test_breast_cancer_is_the_default():
    table = data.load_table()
    assert table.x.shape == (569, 30) and table.x.dtype == "float64" and table.y.dtype == "int32"
    assert len(table.features) == 30 and table.features[0] == "mean radius"
    assert table.classes == ("benign", "malignant") and table.y.sum() == 212


def test_a_good_file(write):
    table = data.load_table(write(GOOD), "well", least=2)
    assert table.features == ("age", "dose") and table.classes == ("no", "yes")
    assert table.x.tolist() == [[30, 1.5], [41, 2.5], [52, -30], [63, 4]]
    assert table.y.tolist() == [1, 0, 1, 0] and table.y.dtype == "int32"


def test_any_number_of_columns_and_the_target_anywhere(write):
    rng = np.random.default_rng(1)
    for columns in (1, 8, 40):
        x = rng.normal(size=(20, columns)).round(6)
        header = ["target", *(f"c{i}" for i in range(columns))]
        lines = [",".join(map(str, [i % 2, *row])) for i, row in enumerate(x.tolist())]
        table = data.load_table(write("\n".join([",".join(header), *lines])), "target")
        assert np.array_equal(table.x, x) and table.classes == ("0", "1") and table.y.tolist() == [0, 1] * 10


@pytest.mark.parametrize(
    "content",
    [
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace(",", "\t"),
        GOOD.replace(",", ";").replace(".", ","),  # as spreadsheets write where the comma is the decimal mark
        GOOD.replace(",", ", ") + "\n\n",
        '"age","dose","well"\n' + GOOD.split("\n", 1)[1],
    ],
    ids=["CRLF", "BOM", "tabs", "semicolons", "spaces", "quotes"],
)
def test_other_ways_to_write_it(write, content):
    table = data.load_table(write(content), "well")
    assert table.x.tolist() == [[30, 1.5], [41, 2.5], [52, -30], [63, 4]] and table.features == ("age", "dose")


def test_korean_names(write):
    for encoding in ("utf-8", "utf-8-sig", "cp949"):
        content = GOOD.replace("well", "호전").replace("yes", "예").encode(encoding)
        assert data.load_table(write(content), "호전").classes == ("no", "예")


BAD = [
    ("", "empty: it has not even a header"),
    ("age,dose,well\n", "empty: it has a header but no rows"),
    (b"PK\x03\x04\x00\x00\xff\xfe", "mine.csv is not a CSV: it holds bytes"),
    ("just a letter\nto somebody\n", "not a CSV with several columns: its first line is 'just a letter'"),
    (GOOD.replace("41,2.5,no", "41,2.5"), "line 3: 2 fields, but the header has 3 columns"),
    (GOOD.replace("63,4,no", "63,4,no,1"), "line 5: 4 fields"),
    (GOOD.replace("age", ""), "column 1 has no name"),
    (GOOD.replace("age", "dose"), "two columns are called 'dose'"),
    (GOOD.replace("41", "young"), "line 3, column 'age': 'young' is not a number"),
    (GOOD.replace("2.5", ""), "line 3, column 'dose': the value is missing"),
    (GOOD.replace("2.5", "NaN"), "line 3, column 'dose': the value is missing"),
    (GOOD.replace("2.5", "inf"), "line 3, column 'dose': 'inf' is not a finite number"),
    (GOOD.replace("2.5,no", "2.5,"), "line 3, column 'well': the value is missing"),
    (GOOD.replace("no", "yes"), "column 'well': it holds only one value, 'yes'"),
    (GOOD.replace("52,-3e1,yes", "52,-3e1,perhaps"), r"3 different values \(no, perhaps, yes\)"),
    (GOOD.replace("63,4,no\n", ""), "the class 'no' has 1 row; the folds and the test set need 2"),
    (GOOD.replace("30,", '"30,'), "line .*: this is not CSV"),
    (GOOD.replace("41", "x" * 200), "'x{40}…' is not a number"),
]


@pytest.mark.parametrize("content, message", BAD, ids=[message[:30] for _, message in BAD])
def test_a_bad_file_gets_one_line(write, content, message):
    with pytest.raises(CourseError) as caught:
        data.load_table(write(content), "well", least=2)
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value) and "mine.csv" in str(caught.value)


def test_a_line_is_counted_as_an_editor_does(write):
    content = 'note,age,well\n"two\nlines",1,yes\n\n3,old,no\n'
    with pytest.raises(CourseError, match=r"line 3, column 'note': .* is not a number"):
        data.load_table(write(content), "well")


@pytest.mark.parametrize(
    "target, message",
    [("wel", "no column 'wel'. Did you mean 'well'?"), ("xyzzy", "It has: age, dose, well."), ("", "needs a target")],
)
def test_a_target_that_is_not_there(write, target, message):
    with pytest.raises(CourseError, match=re.escape(message)):
        data.load_table(write(GOOD), target)


def test_a_missing_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match=r"nowhere.csv cannot be read \(No such file.*looked for in .*whole path"):
        data.load_table("nowhere.csv", "well")
    with pytest.raises(CourseError, match="cannot be read"):
        data.load_table(str(tmp_path), "well")


def test_a_target_without_a_file():
    with pytest.raises(CourseError, match="csv is empty"):
        data.load_table("", "well")


# --- the lesson with a table of the learner's own


def course_run(path, target, out):
    call = [Path(sys.executable).with_name("course"), "run", "02", "--profile", "smoke", "--out", out]
    return subprocess.run([*call, "-p", "csv", path, "-p", "target", target], capture_output=True, text=True)


@pytest.mark.lesson("02")
@pytest.mark.long("lessons on what is the reader's own")
def test_the_lesson_runs_on_eight_columns(write, tmp_path):
    rng = np.random.default_rng(1)
    sick = np.arange(90) % 3 == 0
    x = rng.normal(size=(90, 8)) + sick[:, None]
    rows = [",".join([*(f"{v:.3f}" for v in row), "sick" if s else "well"]) for row, s in zip(x, sick, strict=True)]
    path = write("\n".join([",".join([*"abcdefgh", "state"]), *rows]))
    done = course_run(path, "state", tmp_path / "out")
    assert done.returncode == 0, done.stderr[-3000:]
    page = (tmp_path / "out" / "02_grid_and_random_search.ipynb").read_text(encoding="utf-8")
    assert "90 rows, 8 columns" in page and "1 is well: 67% of the rows" in page


@pytest.mark.lesson("02")
def test_the_lesson_tells_a_bad_file_in_one_line(write, tmp_path):
    header, *rows = GOOD.splitlines()
    path = write("\n".join([header, *rows * 5]).replace("41", "young"))
    done = course_run(path, "well", tmp_path / "out")
    assert done.returncode == 1
    assert "mine.csv, line 3, column 'age': 'young' is not a number" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
