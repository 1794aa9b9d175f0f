"""Work in three parts: what is in which part, how it is scaled and scored; and a table of one's own with any target."""

import re

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score

from lib import data, tasks
from lib.errors import CourseError


@pytest.fixture
def write(tmp_path):
    def write(columns, name="mine.csv"):
        lines = [",".join(columns), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        (tmp_path / name).write_text("\n".join(lines) + "\n")
        return str(tmp_path / name)

    return write


def parts_of(task):
    return (task.x_train, task.y_train), (task.x_val, task.y_val), (task.x_test, task.y_test)


@pytest.mark.parametrize("name, shape, outputs, rows", [
    ("fashion", (28, 28, 1), 10, 10_000), ("digits", (8, 8, 1), 10, 1797), ("wine", (13,), 3, 178), ("cancer", (30,), 2, 569),
    ("diabetes", (10,), 1, 442),
])
def test_the_kits_own(name, shape, outputs, rows):
    task = tasks.load_task(name)
    assert (task.shape, task.outputs, task.name) == (shape, outputs, name)
    sizes = [len(x) for x, _ in parts_of(task)]
    assert sum(sizes) == rows and abs(sizes[1] - rows / 5) <= outputs and abs(sizes[2] - rows / 5) <= outputs
    for x, y in parts_of(task):
        assert x.dtype == y.dtype == "float32" and x.shape == (len(y), *shape) and y.shape == (len(x), outputs)
        assert outputs == 1 or (np.sort(y)[:, -2:] == [0, 1]).all()
    assert task.measure == ("R²" if outputs == 1 else "accuracy") and len(task.classes) == (outputs if outputs > 1 else 0)


def test_no_row_is_in_two_parts_and_scaling_looks_at_the_training_part_alone():
    rng = np.random.default_rng(0)
    task = tasks._divided("made up", rng.normal(5, 3, (200, 4)), rng.normal(-7, 2, 200), (), 200, seed=3)
    everything = np.concatenate([x for x, _ in parts_of(task)])
    assert len(np.unique(everything, axis=0)) == 200
    for values in (task.x_train, task.y_train):
        assert np.allclose(values.mean(axis=0), 0, atol=1e-5) and np.allclose(values.std(axis=0), 1, atol=1e-5)
    assert not np.allclose(task.x_test.mean(axis=0), 0, atol=1e-3)


def test_each_part_has_its_share_of_each_class_and_the_seed_decides():
    one, again, other = (tasks.load_task("cancer", seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.x_test, again.x_test) and not np.array_equal(one.x_test, other.x_test)
    shares = [y.mean(axis=0)[0] for _, y in parts_of(one)]
    assert np.ptp(shares) < 0.01


def test_a_column_that_never_changes_does_no_harm():
    task = tasks._divided("made up", np.ones((50, 2)), np.arange(50.0), (), 50, seed=1)
    assert np.isfinite(task.x_train).all()


@pytest.mark.parametrize("value", [0, 0.1, -0.7, 1e-300, 123.456, 1e9 + 0.1])
def test_a_column_that_changes_by_rounding_alone_is_zero(value):
    for n in (50, 5000):
        x = np.full((n, 3), value)
        x[::2] = np.nextafter(x[::2], np.inf)
        scaled = tasks._scaled(np.concatenate([x, x + abs(value)]), np.arange(n))
        assert np.allclose(scaled[:n], 0, atol=1e-9 * abs(value)) and np.allclose(scaled[n:], abs(value))
        assert tasks.row_scores(x[:, :1] + 0.5, x[:, :1]) == pytest.approx(0.75)


def test_a_small_change_of_a_great_number_is_one():
    x = 1e9 + np.random.default_rng(1).normal(0, 1e-3, (500, 2))
    assert np.allclose(tasks._scaled(x, np.arange(500)).std(axis=0), 1)


def test_no_more_rows_than_asked_for():
    for name in ("fashion", "digits", "diabetes"):
        assert sum(len(x) for x, _ in parts_of(tasks.load_task(name, rows=100))) == pytest.approx(100, abs=10)


@pytest.mark.parametrize("rows", [0, -5, 1, 3, 5, 19, 30.5, True])
@pytest.mark.parametrize("name", tasks.NAMES)
def test_too_few_rows_are_none(name, rows):
    with pytest.raises(CourseError, match=f"^rows: {rows} found; expected 20 or more"):
        tasks.load_task(name, rows=rows)


def test_each_part_has_each_class_or_the_rows_are_too_few(write):
    rare = write(columns(2000, target=["x", "y"] * 995 + ["z"] * 10))
    refused = 0
    for seed in range(1, 9):
        for name, csv, rows in [("wine", "", 20), ("digits", "", 20), ("digits", "", 60), ("", rare, 400)]:
            try:
                task = tasks.load_task(name, csv, "target" * bool(csv), rows, seed)
            except CourseError as error:
                words = r"among the \d+ rows drawn, the class '\w+' has ([02] rows|1 row); the three parts need 3 of each"
                assert re.search(words, str(error)), str(error)
                refused += 1
            else:
                assert all((y.sum(axis=0) >= 1).all() for _, y in parts_of(task))
    assert 8 < refused < 24
    task = tasks.load_task("diabetes", rows=20)
    assert [len(x) for x, _ in parts_of(task)] == [12, 4, 4] and np.isfinite(task.x_test).all()


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    y = np.eye(4)[rng.integers(0, 4, 300)]
    said = rng.dirichlet(np.ones(4), 300)
    classes = y.argmax(axis=1)
    assert tasks.row_scores(said, y).mean() == accuracy_score(classes, said.argmax(axis=1))
    assert tasks.loss_of(said, y) == pytest.approx(log_loss(classes, said))
    truth, guessed = rng.normal(3, 2, (2, 300, 1))
    assert tasks.row_scores(guessed, truth).mean() == pytest.approx(r2_score(truth, guessed))
    assert tasks.loss_of(guessed, truth) == pytest.approx(mean_squared_error(truth, guessed))
    assert tasks.row_scores(np.full((300, 1), truth.mean()), truth).mean() == pytest.approx(0)


def test_one_score_a_row_and_no_division_by_zero():
    same = np.ones((5, 1))
    assert tasks.row_scores(same, same).tolist() == [1.0] * 5
    assert tasks.row_scores([[0.4, 0.6], [0.9, 0.1]], [[0, 1], [0, 1]]).tolist() == [1, 0]


@pytest.mark.parametrize("score", [tasks.row_scores, tasks.loss_of])
def test_numbers_may_be_said_in_a_row(score):
    y = np.array([[1.0], [2.0], [3.0], [4.0]])
    for said in (y, y + 0.5, y[::-1]):
        assert np.array_equal(score(said[:, 0], y), score(said, y))
    assert np.mean(score(y[:, 0].tolist(), y)) == (score is tasks.row_scores)


ODD = [
    (np.eye(3)[:1], np.eye(3), r"said: shape \(1, 3\) found; expected \(3, 3\)"),
    (np.ones((3, 1)), np.eye(3), r"said: shape \(3, 1\) found; expected \(3, 3\)"),
    (np.ones(3), np.eye(3), r"said: shape \(3,\) found; expected \(3, 3\)"),
    (np.ones((3, 2)), np.ones((3, 1)), r"said: shape \(3, 2\) found; expected \(3, 1\)"),
    (np.ones((1, 1)), np.ones((3, 1)), r"said: shape \(1, 1\) found; expected \(3, 1\)"),
    (np.ones(2), np.ones((3, 1)), r"said: shape \(2,\) found; expected \(3, 1\)"),
    (np.ones(3), np.ones(3), r"y: shape \(3,\) found; expected \(n, outputs\)"),
    (np.ones((0, 1)), np.ones((0, 1)), r"y: shape \(0, 1\) found; expected \(n, outputs\), n at least 1"),
    (np.full((3, 3), np.nan), np.eye(3), "said: nan found; expected finite numbers"),
    ([[1.0], [np.inf], [2.0]], np.ones((3, 1)), "said: inf found; expected finite numbers"),
    (np.ones((3, 1)), [[1.0], [np.nan], [2.0]], "y: nan found; expected finite numbers"),
    ([["a"]], np.ones((1, 1)), "said: <U1 found; expected numbers"),
]


@pytest.mark.parametrize("said, y, message", ODD, ids=[message[:40] for *_, message in ODD])
@pytest.mark.parametrize("score", [tasks.row_scores, tasks.loss_of])
def test_what_is_no_answer_is_one_line(score, said, y, message):
    with pytest.raises(CourseError, match=f"^{message}"):
        score(said, y)


# --- a table of one's own


def columns(n=60, **target):
    rng = np.random.default_rng(n)
    return {"a": rng.normal(size=n).round(4), "b": rng.integers(0, 90, n), **target}


@pytest.mark.parametrize("values, classes", [
    (["x", "y", "z"] * 20, ("x", "y", "z")), ([1, 2, 10] * 20, ("1", "2", "10")), ([0, 1] * 30, ("0", "1")),
    (list(range(60)), ()), ([0.5, 1.5] * 30, ()), ([f"{k}.25" for k in range(60)], ()), (["<18", "18+"] * 30, ("18+", "<18")),
])
def test_the_target_says_whether_it_is_classes_or_a_number(write, values, classes):
    path = write(columns(target=values))
    table = data.read_any(path, "target")
    assert table.classes == classes and table.features == ("a", "b")
    assert table.y.dtype == ("int32" if classes else "float64")
    task = tasks.load_task("fashion", path, "target")
    assert task.name == "mine.csv" and task.outputs == (len(classes) or 1)


def test_numbers_come_out_as_they_are(write, tmp_path):
    table = data.read_any(write(columns(target=[k / 4 for k in range(60)])), "target")
    assert table.y.tolist() == [k / 4 for k in range(60)]
    lines = ["a;price", *(f"{k},5;1.{k:03},25" for k in range(100, 160))]
    (tmp_path / "decimal.csv").write_text("\n".join(lines))
    assert data.read_any(tmp_path / "decimal.csv", "price").y.tolist() == [1000.25 + k for k in range(100, 160)]


@pytest.mark.parametrize("separator, mark", [(";", ","), (";", "."), (",", "."), ("\t", ","), ("\t", ".")])
@pytest.mark.parametrize("values", [("1.25", "2.5", "3.75"), ("0.125", "2.5", "3.75"), ("0.5", "1", "2")])
def test_a_fraction_is_a_number_whatever_its_mark(tmp_path, separator, mark, values):
    rows = [separator.join([f"{k}.5", values[k % 3]]).replace(".", mark) for k in range(30)]
    (tmp_path / "doses.csv").write_text("\n".join([f"a{separator}dose", *rows]))
    table = data.read_any(tmp_path / "doses.csv", "dose")
    assert table.classes == () and table.y.tolist() == [float(values[k % 3]) for k in range(30)]


MARKS = [
    (";", ["1,250", "2,500", "3,750"], [1.25, 2.5, 3.75]),  # a comma is what semicolons leave to the fraction
    (";", ["1,000", "2,000", "3,000"], ("1,000", "2,000", "3,000")),
    (";", ["1,500", "2", "10"], [1.5, 2, 10]),
    (";", ["1", "1,0", "0"], "it holds 1, 1,0, which are one number"),
    (";", ["1", "1,000", "0"], "it holds 1, 1,000, which are one number"),
    (";", ["1", "1.0", "0"], "it holds 1, 1.0, which are one number"),
    ("\t", ["1", "1,0", "0"], "it holds 1, 1,0, which are one number"),
    ("\t", ["1.250", "2.500", "3.750"], [1.25, 2.5, 3.75]),
    ("\t", ["1,250", "2,500", "3,750"], "'1,250' may be 1250 or 1.25. Write the numbers"),
    (";", ["1.250", "2.500", "3.750"], "'1.250' may be 1.25 or 1250. Write the numbers"),
    (";", ["0,5", "1.5", "2"], "'1.5' has a decimal point, but '0,5' in line 2.*a decimal comma"),
    (";", ["1.250", "x", "y"], ("1.250", "x", "y")),  # beside names it is a name
    (";", ["0,5", "1.5", "x"], ("0,5", "1.5", "x")),
]


@pytest.mark.parametrize("separator, values, due", MARKS, ids=[f"{sep!r} {' '.join(values)}" for sep, values, _ in MARKS])
def test_the_mark_of_a_target_is_that_of_its_numbers(tmp_path, separator, values, due):
    path = tmp_path / "mine.csv"
    path.write_text("\n".join([f"a{separator}y", *(f"{k}{separator}{values[k % 3]}" for k in range(30))]))
    if isinstance(due, str):
        with pytest.raises(CourseError, match=due):
            data.read_any(path, "y")
    else:
        table = data.read_any(path, "y")
        assert table.classes == (due if isinstance(due, tuple) else ())
        assert table.y.tolist() == [k % 3 if table.classes else due[k % 3] for k in range(30)]


BAD = [
    ({"target": ["x", "y"] * 30, "colour": ["red"] * 60}, "line 2, column 'colour': 'red' is not a number. Leave the column out"),
    ({"target": ["x", "y"] * 30, "gap": ["1"] * 30 + [""] + ["2"] * 29}, "line 32, column 'gap': the value is missing"),
    ({"target": ["x"] * 60}, "it holds only one value, 'x'; two classes or more are needed"),
    ({"target": ["x", "y", "z"] * 19 + ["x", "y", "w"]}, "the class 'w' has 1 row; the three parts need 5 of each class"),
    ({"target": [k / 7 for k in range(59)] + [""]}, "line 61, column 'target': the value is missing"),
    ({"target": [k / 7 for k in range(59)] + ["inf"]}, "'inf'"),
    ({"target": ["1", "1.0", "2"] * 20}, "it holds 1, 1.0, which are one number"),
    ({"other": ["x", "y"] * 30}, "has no column 'target'"),
]


@pytest.mark.parametrize("more, message", BAD, ids=[message[:40] for _, message in BAD])
def test_a_bad_table_gets_its_line_and_its_mend(write, more, message):
    with pytest.raises(CourseError) as caught:
        tasks.load_task("fashion", write(columns(**more)), "target")
    assert re.search(message, str(caught.value)) and "\n" not in str(caught.value), str(caught.value)


def test_a_handful_of_rows_is_none(write):
    with pytest.raises(CourseError, match="has 5 rows; 20 or more are needed"):
        tasks.load_task("", write(columns(5, target=[0.1, 0.2, 0.3, 0.4, 0.5])), "target")
    with pytest.raises(CourseError, match="the three parts need 5"):
        tasks.load_task("", write(columns(5, target=["x", "y", "x", "y", "x"])), "target")


def test_what_is_asked_for_has_to_be_there(write):
    with pytest.raises(CourseError, match="no data set 'iris'; there are fashion, digits"):
        tasks.load_task("iris")
    with pytest.raises(CourseError, match="a target, 'price', but no file"):
        tasks.load_task("fashion", "", "price")
    with pytest.raises(CourseError, match="needs a target"):
        tasks.load_task("fashion", write(columns(target=["x", "y"] * 30)))
