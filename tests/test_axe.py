"""No page keeps anybody out: axe-core finds nothing serious in pages of the site, a run, a sweep and a class, by day or night."""

import pytest
from kit.axe import violations
from kit.browser import needs_browser, patient
from kit.course import course, make_course, write_notebook, write_sweep
from kit.notebooks import NOTEBOOKS, ROOT

from lib.runner.folder import WORK
from lib.runner.grade_page import page_of
from lib.runner.notebooks import read_folder
from lib.runner.page import PLOTLY_FILE
from lib.runner.site import write_site

pytestmark = needs_browser

STANDS = "[...document.querySelectorAll('[id^=figure-], #parallel')].every(one => one.querySelector('.main-svg'))"
LONG = "a_name = [" + ", ".join(f"{number}" for number in range(200)) + "]  # a line that is longer than a page is wide"
TABLE = """import pandas as pd

pd.DataFrame({f"column {n}": [n / 7, n / 3] for n in range(40)})"""
# Code in one colour: to look at each of its thousands of words takes seconds, and a lesson with its figures is looked at whole.
PLAIN = "document.querySelectorAll('.highlight pre').forEach(code => { code.textContent = code.textContent; })"
PAGES = [pytest.param(name, marks=pytest.mark.lesson) for name in ("index", "glossary")] + [path.stem for path in NOTEBOOKS]
GRADES = [
    {"learner": "one", "exercise": "e03.q1", "verdict": "right", "message": "Right."},
    {"learner": "two", "exercise": "e03.q1", "verdict": "wrong", "message": "Not yet."},
    {"learner": "three", "exercise": "e03.q1", "verdict": "blank", "message": ""},
    {"learner": "four", "exercise": "e03.q1", "verdict": "error", "message": "NameError: f"},
]


@pytest.fixture
def page(browser):
    with patient(browser, 1400, 900) as page:
        yield page


def serious(page, path):
    """Return what axe-core finds on a page that is looked at by day and by night."""
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.goto(path.as_uri())
        page.wait_for_function(STANDS)
        found += [f"{path.name}, {scheme}: {line}" for line in violations(page)]
    return found


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of three notebooks: code that is too long for a page, a table that is too wide, and one that fails."""
    folder = make_course(tmp_path_factory.mktemp("course"))
    write_notebook(folder, "04_wide", ["# 04 · Wide", "## Code", LONG, "## A table", TABLE, "## An error", "1 / 0"])
    course(folder, "run", "1", "2", "4", "--out", "out")
    return folder.parent / "out"


@pytest.mark.parametrize("name", ["index", "01_tiny", "04_wide"])
def test_the_pages_of_a_run(run, page, name):
    assert serious(page, run / f"{name}.html") == []


def test_the_pages_of_a_sweep(page, tmp_path):
    write_sweep(make_course(tmp_path / "course"), tmp_path, ["height=1..4", "rate=0.2,0.5"])
    assert serious(page, tmp_path / "index.html") + serious(page, tmp_path / "parallel.html") == []


def test_the_page_over_a_class(page, tmp_path):
    (tmp_path / "grades.html").write_text(page_of(GRADES), encoding="utf-8")
    assert serious(page, tmp_path / "grades.html") == []


def test_axe_finds_what_is_wrong(page, tmp_path):
    bad = '<html lang="en"><title>Bad</title><main><h1>Bad</h1><p style="color: #bbb">pale</p><img src="x.png"></main>'
    (tmp_path / "bad.html").write_text(bad, encoding="utf-8")
    rules = {line.split(": ")[1].split()[1] for line in serious(page, tmp_path / "bad.html")}
    assert rules == {"color-contrast", "image-alt"}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of all lessons, whose pages have no plotly.js: what they say without it stands in the place of a figure."""
    out = tmp_path_factory.mktemp("site")
    (out / WORK).mkdir()
    write_site(read_folder(ROOT / "notebooks"), out)
    (out / PLOTLY_FILE).unlink()
    return out


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_site(page, site, name):
    page.goto((site / f"{name}.html").as_uri())
    page.evaluate(PLAIN)
    assert violations(page) == []


@pytest.mark.lesson
def test_no_page_of_the_site_is_over_six_megabytes(site):
    """Beside plotly.js, which all share: one that stood in a page for each of its figures would be seen."""
    assert not [path.name for path in site.glob("*.html") if path.stat().st_size > 6e6]


@pytest.mark.long("axe over lessons", by="notebook")
def test_a_lesson_with_its_figures(page, notebook, tmp_path):
    (tmp_path / WORK).mkdir()
    write_site([info for info in read_folder(ROOT / "notebooks") if info.path == notebook], tmp_path)
    assert serious(page, tmp_path / f"{notebook.stem}.html") == []
