"""The key of a point: the same for the same outcome, another for anything that may change it."""

import pytest
from kit.course import write_notebook

from lib.errors import CourseError
from lib.runner import cluster, points
from lib.runner.notebooks import read_folder

LESSON = ["# 04 · Work", "#parameters\nseed = 1  # [1..]\nrate = 0.5  # [0..1]", "## Look", "print(seed)"]


@pytest.fixture
def keys(tmp_path):
    def read(cells=LESSON, grid=("seed=1,2",), given=()):
        """Return the keys of a grid over a notebook of these cells, in order."""
        points.notebook_digest.cache_clear()
        write_notebook(tmp_path, "04_work", cells)
        found = points.read_points(read_folder(tmp_path), "4", "lesson", list(given), list(grid), None)[2]
        return [point.key for point in found]

    return read


def test_the_same_request_has_the_same_keys(keys):
    first, second = keys()
    assert keys() == [first, second] and first != second


def test_new_prose_keeps_a_key_and_new_code_changes_it(keys):
    before = keys()
    assert keys(["# 04 · Work, told anew", *LESSON[1:2], "## Look here", LESSON[3]]) == before
    assert not set(keys([*LESSON[:3], "print(seed + 1)"])) & set(before)


def test_a_default_that_is_given_is_no_other_point(keys):
    assert keys(given=[("rate", "0.5")]) == keys() == keys(grid=["seed=1,2", "rate=0.5"])
    assert not set(keys(given=[("rate", "0.25")])) & set(keys())


@pytest.mark.parametrize("name", ["table.csv", "{folder}/table.csv"])
def test_another_table_under_the_same_name_is_another_point(keys, tmp_path, name):
    cells = [LESSON[0], '#parameters\nseed = 1  # [1..]\ncsv = ""', *LESSON[2:]]
    name = name.format(folder=tmp_path)
    missing = keys(cells, given=[("csv", name)])
    (tmp_path / "table.csv").write_text("a,y\n1,no\n")
    before = keys(cells, given=[("csv", name)])
    assert keys(cells, given=[("csv", name)]) == before and not set(missing) & set(before)
    (tmp_path / "table.csv").write_text("a,y\n2,yes\n")
    assert not set(keys(cells, given=[("csv", name)])) & set(before)
    assert len(keys(cells, given=[("csv", f"{'a' * 5000}\x00~nobody/")])) == 2


def test_a_point_that_is_named_twice_is_one(keys):
    assert len(keys(grid=["seed=1,2,1"])) == 2


def test_a_table_of_runs_is_read_as_a_spreadsheet_writes_it(tmp_path):
    write_notebook(tmp_path, "04_work", LESSON)
    path = tmp_path / "runs.csv"
    path.write_bytes("\ufeffseed;rate\r\n3;0.25\r\n\r\n4;\r\n".encode())
    _, varied, found = points.read_points(read_folder(tmp_path), "4", "lesson", [], [], path)
    assert varied == ["seed", "rate"]
    assert [point.values for point in found] == [{"seed": 3, "rate": 0.25}, {"seed": 4, "rate": 0.5}]
    path.write_text("seed\n3\n\nx\n")
    with pytest.raises(CourseError, match=r"runs\.csv, line 4: seed = x is not an int"):
        points.read_points(read_folder(tmp_path), "4", "lesson", [], [], path)


@pytest.mark.parametrize(
    "text, values",
    [
        ("seed;rate\n1.234;0,5\n7;0,25\n", [(1234, 0.5), (7, 0.25)]),
        ("sep=;\nseed;rate\n3;0,5\n", [(3, 0.5)]),
        ('seed,rate\n"1,234",0.5\n', [(1234, 0.5)]),
        ("rate\t seed\n5e-1\t+3\n", [(3, 0.5)]),
    ],
)
def test_numbers_of_a_table_of_runs_are_read_as_they_are_meant(tmp_path, text, values):
    write_notebook(tmp_path, "04_work", LESSON)
    path = tmp_path / "runs.csv"
    path.write_text(text)
    found = points.read_points(read_folder(tmp_path), "4", "lesson", [], [], path)[2]
    assert [(point.values["seed"], point.values["rate"]) for point in found] == values


@pytest.mark.parametrize(
    "text, message",
    [
        ("seed,seed\n1,2\n", "runs.csv, line 1: two columns are called 'seed', number 1 and 2"),
        ("seed,rate\n1,0.5\n\n2,xx\n", "runs.csv, line 4: rate = xx is not a float"),
        ("seed;rate\n1.234;1\n", "runs.csv, line 2, column 'seed': '1.234' may be 1.234 or 1234"),
        ("seed;rate\n1;0,5\n2;0.5\n", "runs.csv, line 3, column 'rate': '0.5' has a decimal point, but '0,5' in line 2"),
        ("1,0.5\n2,0.25\n", "runs.csv, line 1: there are numbers where the names of the columns stand"),
    ],
)
def test_a_table_of_runs_that_may_be_read_two_ways_is_refused(tmp_path, text, message):
    write_notebook(tmp_path, "04_work", LESSON)
    path = tmp_path / "runs.csv"
    path.write_text(text)
    with pytest.raises(CourseError, match=message):
        points.read_points(read_folder(tmp_path), "4", "lesson", [], [], path)


@pytest.mark.parametrize("part", ["python", "kit", "keras"])
def test_another_version_is_another_point(keys, monkeypatch, part):
    before, version = keys(), points.kit_version()
    assert version[part]
    monkeypatch.setattr(points, "kit_version", lambda: version | {part: "another"})
    assert not set(keys()) & set(before)


@pytest.mark.parametrize(
    "gib, cores, runs, workers",
    [(24, 2, 9, 2), (3, 8, 9, 1), (1, 8, 9, 1), (24, 8, 9, 8), (24, 8, 3, 3), (9, 8, 9, 4)],
)
def test_as_many_workers_as_cores_and_memory_carry(monkeypatch, gib, cores, runs, workers):
    monkeypatch.setattr(cluster, "memory", lambda: (64 * 2**30, gib * 2**30))
    monkeypatch.setattr(cluster, "cores", lambda: cores)
    assert cluster.fitting(runs) == workers
