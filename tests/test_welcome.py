"""What `course lab` opens: a map that links every lesson and shows one's progress, and a JupyterLab that is ready to read."""

import shutil
from itertools import combinations
from types import SimpleNamespace

import nbformat
import pytest
from kit.axe import violations
from kit.browser import PATIENCE, READY, jupyterlab, needs_browser, patient, run_cell
from kit.notebooks import NOTEBOOKS, ROOT

from lib import exercises
from lib.runner import course_map, welcome
from lib.runner.notebooks import read_folder

LESSON = "03_keras_tuner"
RIGHT = """from lib.exercises import e03
e03.q2.check(lambda rounds: sum(t * (e - b) for (t, e), b in zip(rounds, [0] + [e for _, e in rounds])))"""


@pytest.fixture(scope="module")
def infos():
    return read_folder(ROOT / "notebooks")


def lesson(name, *needs):
    return SimpleNamespace(name=name, needs=needs)


# --- the map


def test_a_lesson_stands_right_of_what_it_needs():
    small = [lesson("a"), lesson("b", "a"), lesson("c", "a", "b"), lesson("d", "b", "elsewhere"), lesson("e", "not here")]
    assert course_map.places(small) == {"a": (0, 0.5), "b": (1, 0.5), "c": (2, 0), "d": (2, 1), "e": (0, 2)}
    assert course_map.steps(small) == [("a", "b"), ("b", "c"), ("b", "d")], "that c needs a follows from b"


def test_no_box_of_the_course_lies_on_another_and_every_line_goes_to_the_right(infos):
    places = course_map.places(infos)
    for one, other in combinations(places.values(), 2):
        assert one[0] != other[0] or abs(one[1] - other[1]) * course_map.STEP_Y >= course_map.HIGH
    drawn = course_map.steps(infos)
    assert all(places[start][0] < places[end][0] for start, end in drawn)
    assert {end for _, end in drawn} == {info.name for info in infos[1:]}, "only the first needs nothing"


def test_the_map_says_how_far_the_learner_is(infos):
    rows = [{"notebook": info.number, "exercises": 3, "solved": 0, "tried": "", "open": "q1, q2, q3"} for info in infos]
    fresh = course_map.map_page("Course", infos, rows, "/lab/tree/my lessons/")
    assert "Begin with 00 Start here" in fresh and fresh.count("○○○") == len(infos) and "●" not in fresh
    assert all(f'href="/lab/tree/my%20lessons/{info.name}.ipynb"' in fresh for info in infos)
    rows[0] |= {"solved": 3, "open": ""}
    rows[2] |= {"solved": 1, "tried": "q2", "open": "q3"}
    later = course_map.map_page("Course", infos, rows, "/lab/tree/my lessons/")
    assert "Go on with 02 Grid search" in later and 'class="solved"' in later and 'class="begun"' in later
    assert f"4 of {3 * len(infos)} exercises solved" in later and "1 of 3 exercises solved" in later


def test_where_no_lesson_can_be_read_the_page_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path))
    assert "There are no numbered notebooks" in welcome.welcome() and 'href="/user/me/lab"' in welcome.welcome("/user/me/")


# --- as a learner meets it


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A JupyterLab over the lessons without their outputs, for a learner who has solved nothing."""
    top = tmp_path_factory.mktemp("lab")
    (top / "notebooks").mkdir()
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, 4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        nbformat.write(notebook, top / "notebooks" / path.name)
    shutil.copy(ROOT / "README.md", top)
    with jupyterlab(COURSE_NOTEBOOKS=str(top / "notebooks"), COURSE_PROGRESS=str(top / "progress")) as found:
        yield found


@pytest.fixture
def page(browser):
    with patient(browser, 1280, 800) as page:
        yield page


@needs_browser
def test_from_the_map_to_a_lesson_and_back(lab, page, infos):
    address, token = lab
    page.goto(f"{address}/?token={token}")
    boxes = page.locator("nav.map a")
    assert page.url.startswith(f"{address}/course-map") and boxes.count() == len(infos)
    assert page.get_by_role("heading").first.inner_text() == "Getting the most out of a Keras model"
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert violations(page) == []
    there = page.locator("nav.map a", has_text="03 KerasTuner")
    assert "0 of 5 exercises solved" in there.inner_text()

    with page.expect_popup() as opened:
        there.click()
    lesson = opened.value
    lesson.set_default_timeout(PATIENCE)
    lesson.wait_for_selector(".jp-Notebook .jp-Cell")
    lesson.wait_for_function(READY)
    assert lesson.evaluate("jupyterapp.shell.currentWidget.context.path") == f"notebooks/{LESSON}.ipynb"
    imports = lesson.locator(".jp-CodeCell", has=lesson.locator(".jp-InputPlaceholder"))
    assert imports.count() == 1 and not imports.locator(".cm-editor").is_visible(), "imports are folded, and nothing else is"
    lesson.locator(f".jp-DirListing-item[title*='{LESSON}']").wait_for()
    cut = "names => names.filter(name => name.scrollWidth > name.clientWidth).map(name => name.textContent)"
    assert lesson.locator(".jp-DirListing-itemText").evaluate_all(cut) == []
    assert "Right." in run_cell(lesson, "q2", RIGHT)

    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back to the tab
    page.locator("nav.map a", has_text="1 of 5 exercises solved").wait_for(state="attached")
    assert page.locator("a.next").inner_text().startswith("Go on with")
    lesson.locator(".lm-MenuBar-itemLabel", has_text="Help").click()
    with lesson.expect_popup() as again:
        lesson.locator(".lm-Menu-itemLabel", has_text="Map of the course").click()
    again.value.wait_for_selector("nav.map")
    assert again.value.locator("nav.map a").evaluate_all("links => links.map(link => link.href)") == page.locator(
        "nav.map a").evaluate_all("links => links.map(link => link.href)"), "wherever it was opened from"
    assert not [url for url in page.asked if not url.startswith(address)]


@needs_browser
def test_the_map_is_for_the_learner_alone(lab, page):
    address, _ = lab
    page.goto(f"{address}/course-map")
    assert "/login" in page.url and page.locator("nav.map").count() == 0


def test_progress_is_read_each_time(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    before = welcome.welcome()
    monkeypatch.setattr(exercises.PROGRESS, "_memory", [])
    exercises.e00.q1.check(lambda number: 2 * number)
    assert before.count("●") == 0 and welcome.welcome().count("●") == 1
