"""The path through the course: what a lesson needs comes before it, what comes next is said, and shorter ways hold together."""

import ast
import re
import sys

import pytest
from glossary import APART, given
from kit.course import write_notebook
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, read, source
from minutes import is_rest, onward, sittings

from lib.errors import CourseError
from lib.runner.listing import listing
from lib.runner.notebooks import read_folder
from lib.runner.ways import read_ways

FOLDER = ROOT / "notebooks"
INFOS = read_folder(FOLDER)
WAYS = read_ways(FOLDER, INFOS)
SHORT = [way for way in WAYS if way.most]


def links(text):
    """Return the names of the notebooks that a text links, in their order."""
    return re.findall(r"\]\((\d\d_\w+\.ipynb)", text)


def needs_words(cells):
    """Return what a title cell says one has to know first, and what helps."""
    return source(cells[0]).partition("*What to know first:*")[2]


# --- what a lesson needs, and what comes after it


def test_a_lesson_says_what_it_needs_and_all_of_that_comes_before_it(notebook):
    words = needs_words(read(notebook)["cells"])
    assert words.strip(), "no *What to know first:* in the title cell"
    assert all(name < notebook.name for name in given(notebook.name) | set(links(words)))
    assert given(notebook.name) or notebook == NOTEBOOKS[0], "a lesson needs at least the first one"
    bare = re.findall(r"(?<!\[)\blessons? \d\d", words)
    assert not bare, f"a lesson that one should know is a link: {bare}"


def test_the_last_cell_says_what_comes_next(notebook):
    last = read(notebook)["cells"][-1]
    assert last["id"] == "next" and source(last).startswith("## What comes next\n")
    place = NOTEBOOKS.index(notebook) + 1
    after = NOTEBOOKS[place].name if place < len(NOTEBOOKS) else NOTEBOOKS[0].name
    assert links(source(last))[:1] == [after]
    assert len(source(last).split()) > 15, "and why"


# --- names of the library, and packages

PLUMBING = {"lib", "numpy", "pandas", "IPython", "psutil", "threadpoolctl"}  # and what no lesson is about
SPOKEN = {"keras_tuner": "KerasTuner", "sklearn": "scikit-learn", "ai_edge_litert": "LiteRT"}


def lib_names(notebook):
    """Return the names of lib that a lesson's code uses, as pairs (module, name); figures, which say what they show, are none."""
    modules, names, found = {}, {}, set()
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(source(cell)))]
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and (node.module == "lib" or node.module.startswith("lib.")):
            for alias in node.names:
                kept = modules if node.module == "lib" else names
                kept[alias.asname or alias.name] = alias.name if node.module == "lib" else node.module.split(".")[-1]
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in modules:
            found.add((modules[node.value.id], node.attr))
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            found.add((names[node.id], node.id))
    return {(module, name) for module, name in found if module not in ("viz", "exercises")}


def named(notebook):
    """Return the words that a lesson's prose has as code; what stands in the list of where to read on comes too late."""
    cells = [cell for cell in read(notebook)["cells"] if cell["cell_type"] == "markdown" and cell["id"] not in APART]
    return set(re.findall(r"\w+", " ".join(re.findall(r"`[^`\n]+`", "\n".join(map(source, cells))))))


def strangers(notebook):
    """List the names of lib that a lesson uses, and that neither it nor a lesson which it needs says anything about."""
    before = [FOLDER / name for name in given(notebook.name)]
    known = named(notebook).union(*map(named, before), *({name for _, name in lib_names(path)} for path in before))
    return sorted((module, name) for module, name in lib_names(notebook) if not {module, name} & known)


def test_no_name_of_the_library_is_used_that_nobody_has_introduced(notebook):
    assert not strangers(notebook), "say in a sentence what it does, with its name as code"


def test_a_stranger_is_seen(tmp_path):
    code = "from lib import data, postgres\nfrom lib.trackers.runs import log_trials\ndata.load, postgres.postgres, log_trials"
    path = write_notebook(tmp_path, NOTEBOOKS[3].stem, ["# 03 Made up", code])
    assert strangers(path) == [("postgres", "postgres"), ("runs", "log_trials")], "lesson 01, which it needs, has `data.load`"
    path = write_notebook(tmp_path, NOTEBOOKS[3].stem, ["# 03 Made up\n\n`postgres` starts a server, `log_trials` writes.", code])
    assert not strangers(path)


def packages(notebook):
    """Return the packages that a lesson's code imports; Python's own and plumbing are none."""
    nodes = [node for cell in code_cells(notebook) for node in ast.walk(ast.parse(source(cell)))]
    found = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    found |= {node.module for node in nodes if isinstance(node, ast.ImportFrom)}
    return {name.split(".")[0] for name in found} - PLUMBING - sys.stdlib_module_names


def test_no_package_is_used_that_nobody_has_spoken_of(notebook):
    books = [notebook, *(FOLDER / name for name in given(notebook.name))]
    prose = " ".join(source(cell) for path in books for cell in read(path)["cells"] if cell["cell_type"] == "markdown")
    silent = [name for name in packages(notebook) if SPOKEN.get(name, name).lower() not in prose.lower()]
    assert not silent, "say what it is, and for what it is needed here"


# --- shorter ways


def test_there_are_three_ways_and_the_first_is_the_whole_course():
    assert [way.name for way in WAYS] == ["The whole course", "The essentials", "One evening"]
    assert [info for info, _ in WAYS[0].stops] == INFOS
    assert [way.most for way in WAYS] == [None, 5, 2.5]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_way_needs_no_lesson_that_it_leaves_out_and_goes_forward(way):
    assert not way.trusts()
    assert [info for info, _ in way.stops] == sorted((info for info, _ in way.stops), key=lambda info: info.number)
    assert all(1 <= count <= info.sittings for info, count in way.stops)


@pytest.mark.parametrize("way", SHORT, ids=lambda way: way.name)
def test_a_way_takes_no_longer_than_it_may_by_the_formula_and_by_what_the_lessons_say(way):
    whole = sum(sum(sittings(read(info.path)["cells"])[:count]) for info, count in way.stops)
    assert whole <= 60 * way.most
    assert way.minutes <= 60 * way.most
    assert abs(way.minutes - whole) <= 7.5 * len(way.stops)


def test_whoever_takes_a_shorter_way_is_told_where_it_goes_on():
    for way in SHORT:
        for (info, count), after in zip(way.stops, [*(info for info, _ in way.stops[1:]), None], strict=True):
            cells = read(info.path)["cells"]
            rests = [source(cell) for cell in cells if is_rest(cell)]
            words = rests[count - 1] if count < info.sittings else source(cells[-1])
            told = rf"last stop of [^.]*\*\*{way.name}\*\*"
            if after:
                told = rf"next stop of [^.]*\*\*{way.name}\*\*[^.]* is \[lesson \d\d\]\({after.path.name}"
            if count < info.sittings or after is None or after != INFOS[INFOS.index(info) + 1]:
                assert re.search(told, words), info.name


def test_a_place_to_rest_has_the_words_of_the_formula(notebook):
    for number, cell in enumerate(filter(is_rest, read(notebook)["cells"]), 1):
        assert source(cell).partition("go on.*")[2].split() == " ".join(onward(notebook.stem, number)).split(), \
            f"python tests/minutes.py {notebook.name[:2]} --write"


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_the_map_the_readme_and_the_list_say_the_same_of_a_way(way):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"| {way.name} | {way.time} | {way.purpose} | {way.lessons()} |" in readme.splitlines()
    (cell,) = [cell for cell in read(NOTEBOOKS[0])["cells"] if cell["id"] == "ways"]
    stored = "".join(cell["outputs"][0]["data"]["text/markdown"])
    linked = way.lessons(lambda info: f"[{info.number}]({info.path.name})")
    assert f"| {way.name} | {way.time} | {way.purpose} | {linked} |" in stored.splitlines(), "python tests/store.py 00_start_here"
    assert way.lessons() in " ".join(listing(INFOS, 80, WAYS).split()) and way.time in listing(INFOS, 200, WAYS)


def test_the_list_says_what_a_lesson_needs():
    text = " ".join(listing(INFOS, 80).split())
    assert all(f"needs {', '.join(name[:2] for name in info.needs)})" in text for info in INFOS[1:])
    assert INFOS[0].needs == () and INFOS[7].needs == (INFOS[3].name, INFOS[6].name)


def test_a_way_through_a_lesson_that_is_not_there_is_none(tmp_path):
    (tmp_path / "ways.yaml").write_text((FOLDER / "ways.yaml").read_text())
    some = [info for info in INFOS if info.number in ("00", "03")]
    assert [(way.name, len(way.stops)) for way in read_ways(tmp_path, some)] == [("The whole course", 2)]
    assert read_ways(tmp_path / "elsewhere", some) == []


@pytest.mark.parametrize("text", ["x", "One: {lessons: 3}", "One: {purpose: p}", "- [", "One: {purpose: p, lessons: {'00': x}}"])
def test_a_file_of_another_shape_is_told_in_one_line(tmp_path, text):
    (tmp_path / "ways.yaml").write_text(text)
    with pytest.raises(CourseError, match=r"^ways\.yaml cannot be read: .*$"):
        read_ways(tmp_path, INFOS)


def test_what_a_way_leaves_out_and_needs_is_known(tmp_path):
    (tmp_path / "ways.yaml").write_text("Short: {purpose: p, lessons: {'00': 1, '03': 1}}")
    (way,) = read_ways(tmp_path, INFOS)
    assert [(info.number, name[:2]) for info, name in way.trusts()] == [("03", "01")]
