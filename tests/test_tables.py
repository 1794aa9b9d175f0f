"""The learner's own CSV: what is read, and the one line that each kind of bad file gets."""

import csv
import gzip
import io
import itertools
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib import data
from lib.errors import CourseError
from lib.table import is_number, read_csv

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


def rewritten(content, encoding="utf-8", pack=bytes):
    return pack(content.encode(encoding))


FLATS = "price;size;sold\n1.234;5,5;no\n987;6,25;yes\n12.345.678,5;7,5;no\n"
WAYS = {
    "thousands points": (FLATS, "sold", [[1234, 5.5], [987, 6.25], [12345678.5, 7.5]]),
    "thousands commas": (FLATS.translate(str.maketrans(".,", ",.")), "sold", [[1234, 5.5], [987, 6.25], [12345678.5, 7.5]]),
    "thousands commas, quoted": ('a,b,y\n"1,234",0.5,u\n987,2,v\n', "y", [[1234, 0.5], [987, 2]]),
    "decimal commas, quoted": ('a,b,y\n"1,5","1.234",u\n987,2,v\n', "y", [[1.5, 1234], [987, 2]]),
    "decimal commas of three digits": ("a;b;y\n1,234;2;u\n3;4;v\n", "y", [[1.234, 2], [3, 4]]),
    "decimal points of three digits": ("a,b,y\n1.234,2,u\n3,4,v\n", "y", [[1.234, 2], [3, 4]]),
    "points between semicolons": ("a;b;y\n1.234;0.5;u\n3;4;v\n", "y", [[1.234, 0.5], [3, 4]]),
    "spaces and apostrophes": ("a;b;y\n1 234,5;1\u00a0234\u202f567;u\n1'234;4;v\n".replace("\u202f", "\u00a0"), "y",
                              [[1234.5, 1234567], [1234, 4]]),
    "a minus as printed": ("a,y\n−5,u\n+1e-3,v\n", "y", [[-5], [0.001]]),
    "sep=;": ("sep=;\na;b;y\n1,5;2;u\n3;4;v\n", "y", [[1.5, 2], [3, 4]]),
    "sep=| quoted": ('"sep=|"\r\na|b|y\r\n1.5|2|u\r\n3|4|v\r\n', "y", [[1.5, 2], [3, 4]]),
    "sep= a tab": ("SEP=\t\na\tb\ty\n1.5\t2\tu\n3\t4\tv\n", "y", [[1.5, 2], [3, 4]]),
    "bars": ("a|b|y\n1.5|2|u\n3|4|v\n", "y", [[1.5, 2], [3, 4]]),
    "a header with separators of its own": ('"dose; mg; a day","b\nc",y\n1.5,2,u\n3,4,v\n', "y", [[1.5, 2], [3, 4]]),
    "old line ends": ("a,b,y\r1.5,2,u\r3,4,v\r", "y", [[1.5, 2], [3, 4]]),
    "numbered columns": ("0,1,2\n1.5,2,u\n3,4,v\n", "2", [[1.5, 2], [3, 4]]),
    "gzipped": (rewritten("a,b,y\n1.5,2,u\n3,4,v\n", pack=gzip.compress), "y", [[1.5, 2], [3, 4]]),
    "Excel's Unicode text": (rewritten("a\tb\ty\r\n1,5\t2\tü\r\n3\t4\tv\r\n", "utf-16"), "y", [[1.5, 2], [3, 4]]),
}


@pytest.mark.parametrize("content, target, x", WAYS.values(), ids=WAYS)
def test_a_table_as_other_programs_write_it(write, content, target, x):
    assert data.load_table(write(content), target).x.tolist() == x


@pytest.mark.parametrize(
    "words, classes",
    [
        (("+", "-"), ("+", "-")),
        (("-1", "+1"), ("-1", "+1")),
        (("−1", "1"), ("−1", "1")),
        (("2", "10"), ("2", "10")),
        (("0,5", "10"), ("0,5", "10")),
        (("1,500", "2"), ("1,500", "2")),
        (("None", "Mild"), ("Mild", "None")),
        (("null", "H1"), ("H1", "null")),
        (("True", "False"), ("False", "True")),
        (("yes", "no"), ("no", "yes")),
    ],
)
def test_classes_are_what_the_file_calls_them_and_numbers_in_their_order(write, words, classes):
    for order in (words, words[::-1]):
        rows = "".join(f"{number};{word}\n" for number, word in enumerate([*order, *order]))
        table = data.load_table(write("a;y\n" + rows), "y")
        assert table.classes == classes and table.y.tolist() == [classes.index(word) for word in [*order, *order]]


BAD = [
    ("", "empty: it has not even a header"),
    ("age,dose,well\n", "empty: it has a header but no rows"),
    (b"PK\x03\x04\x00\x00\xff\xfe", "mine.csv is not a CSV: it holds bytes"),
    (GOOD.encode("utf-16-le"), "mine.csv is not a CSV: it holds bytes that are no text. Save your table as CSV, in UTF-8"),
    (GOOD.encode("utf-32"), "mine.csv is not a CSV: it holds bytes that are no text. Save your table as CSV, in UTF-8"),
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


STRANGE = [
    ("a;b;well\n1.234;5;u\n987;6;v\n", r"line 2, column 'a': '1.234' may be 1.234 or 1234"),
    ('a,b,well\n"1,234",5,u\n987,6,v\n', r"line 2, column 'a': '1,234' may be 1234 or 1.234"),
    ('a,b,well\n1.5,5,u\n"1,5",6,v\n', r"line 3, column 'a': '1,5' has a decimal comma, but '1.5' in line 2.*one way"),
    ("a,well\n1_000,u\n2,v\n", "line 2, column 'a': '1_000' is not a number"),
    ("a,well\n１２,u\n2,v\n", "line 2, column 'a': '１２' is not a number"),
    ("a,well\n2024-03-01,u\n2,v\n", "line 2, column 'a': '2024-03-01' is not a number. Leave the column out, or code it"),
    ("a;well\n1.3.2024;u\n2;v\n", "line 2, column 'a': '1.3.2024' is not a number"),
    ("a;well\n12.34.567;u\n2;v\n", "line 2, column 'a': '12.34.567' is not a number"),
    ("a,well\n1e999,u\n2,v\n", "line 2, column 'a': '1e999' is not a finite number"),
    ("a,well\n1,1\n2,1.0\n", "column 'well': it holds 1, 1.0, which are one number"),
    ("a;well\n1;1\n2;1,0\n", "column 'well': it holds 1, 1,0, which are one number"),
    ("a;well\n1;1\n2;1,000\n", "column 'well': it holds 1, 1,000, which are one number"),
    ("a;well\n1;1.000\n2;2.000\n", "line 2, column 'well': '1.000' may be 1 or 1000"),
    ("a,well\n1,yes\n2,\n", "line 3, column 'well': the value is missing. Fill it in, or leave the line out"),
    ("a,well\n1,yes\n2,nan\n", "line 3, column 'well': the value is missing"),
    ("a,well\n1,yes\n2,no\n3,-\n", "line 4, column 'well': the value is missing"),
    ("a,well\n1,-\n2,none\n", "line 2, column 'well': the value is missing"),
    ("1,2,0\n3,4,1\n", "line 1: there are numbers where the names of the columns stand. Add a line of names"),
    ("1,2,sick\n3,4,fine\n", "no column 'well'.*If its first line is data, write a line with the names"),
    ("sep=;\na;a;well\n1;2;u\n", "line 2: two columns are called 'a', number 1 and 2. Rename one"),
    ('a,well\n1,u\n"2,v\n3,u\n', "line 3: this is not CSV .*quotation mark without its pair"),
    ("note,größe,well\n1,2,u\n".encode("latin-1"), "line 1, character 8: this letter is not written in UTF-8. Save"),
    ("a,well\n1,Ärger\n".encode("cp1252"), "line 2, character 3: this letter is not written in UTF-8"),
    ("a,well\n1,возраст\n".encode("cp1251"), "line 2, character 3: this letter is not written in UTF-8"),
    (gzip.compress(GOOD.encode())[:-9], "mine.csv is gzipped, and damaged or cut short"),
    ("a,well\n1,u\n".encode("utf-16")[:-1], "mine.csv, line 2, character 4: this letter"),
]


@pytest.mark.parametrize("content, message", STRANGE, ids=[message[:40] for _, message in STRANGE])
def test_what_may_mean_several_things_is_refused_with_its_place(write, content, message):
    with pytest.raises(CourseError) as caught:
        data.load_table(write(content), "well")
    assert re.search(message, str(caught.value)), str(caught.value)
    assert "\n" not in str(caught.value) and "mine.csv" in str(caught.value)


# --- judged by pandas and by csv

NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**6), 10**6).map(float)
NAMES = st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=",;|"), min_size=1, max_size=8)


@st.composite
def tables(draw):
    """Draw a table of numbers with a column of two classes, in any place."""
    names = draw(st.lists(NAMES.filter(lambda name: not is_number(name)), min_size=2, max_size=5, unique_by=str.strip))
    rows = draw(st.integers(2, 6))
    frame = pd.DataFrame({name: draw(st.lists(NUMBERS, min_size=rows, max_size=rows)) for name in names})
    place = draw(st.integers(0, len(names) - 1))
    classes = [["no", "yes"][number % 2] for number in range(rows)]
    return frame.assign(**{names[place]: classes}), names[place]


@settings(max_examples=200, deadline=None)
@given(tables(), st.sampled_from(",;\t|"), st.sampled_from(".,"), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_what_pandas_writes_is_read_as_pandas_reads_it_or_refused(table, separator, decimal, end, packed):
    frame, target = table
    text = frame.to_csv(index=False, sep=separator, decimal=decimal, lineterminator=end)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.csv")
        path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
        ways = {"sep": separator, "decimal": decimal}
        judge = pd.read_csv(path, compression="gzip" if packed else None, **ways).drop(columns=target)
        try:
            found = data.load_table(path, target)
        except CourseError as error:
            assert re.search("may be .* or |decimal", str(error)), error
            assert (separator == ";") != (decimal == ","), "where the mark is the usual one, nothing is refused"
            return
    assert found.features == tuple(judge) and np.array_equal(found.x, judge.to_numpy(float))
    assert found.classes == ("no", "yes") and found.y.tolist() == [number % 2 for number in range(len(frame))]


FIELDS = st.text(st.sampled_from('ab1.,;"\n\r \t'), max_size=6)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.lists(FIELDS, min_size=2, max_size=2), min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_fields_and_lines_are_those_of_csv(rows, separator):
    rows = [row for row in rows if any(map(str.strip, row))]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=separator, quoting=csv.QUOTE_ALL)
    writer.writerows([["one", "two"], *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mine.csv")
        path.write_bytes(written.getvalue().encode())
        if not rows:
            with pytest.raises(CourseError, match="a header but no rows"):
                read_csv(path)
            return
        _, found, mark = read_csv(path)
    assert [row for _, row in found] == [[field.strip() for field in row] for row in rows] and mark == separator
    assert all(before < line for before, line in itertools.pairwise([1, *[line for line, _ in found]]))


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
