"""The rules that every notebook and the library keep, checked without running anything."""

import ast
import re
import statistics
import subprocess
import sys

import pytest
import yaml
from kit.imports import MODULES, circles, graph
from kit.notebooks import NOTEBOOKS, ROOT, code_cells, is_compared, is_stale, read, source, tags

PROFILES = yaml.safe_load((ROOT / "notebooks" / "profiles.yaml").read_text(encoding="utf-8"))


def parameters(notebook):
    """Return the assignments of the parameters cell, a dict from name to plain value."""
    cells = [cell for cell in code_cells(notebook) if "parameters" in tags(cell)]
    assert len(cells) == 1, f"{len(cells)} cells are tagged `parameters`; there must be one"
    values = {}
    for line in source(cells[0]).splitlines():
        assert "#" in line, f"no comment with unit and range: {line}"
        (statement,) = ast.parse(line).body
        assert isinstance(statement, ast.Assign), f"not a plain assignment: {line}"
        values[statement.targets[0].id] = ast.literal_eval(statement.value)
    return values


@pytest.mark.lesson
def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2


def test_parameters_are_plain_and_used(notebook):
    names = set(parameters(notebook))
    used = set()
    for cell in code_cells(notebook):
        if "parameters" not in tags(cell):
            used |= {node.id for node in ast.walk(ast.parse(source(cell))) if isinstance(node, ast.Name)}
    assert not names - used, f"parameters that no cell uses: {names - used}"


def test_cells_are_short(notebook):
    lengths = [sum(bool(line.strip()) for line in source(cell).splitlines()) for cell in code_cells(notebook)]
    assert statistics.median(lengths) <= 5
    assert sorted(lengths)[int(0.95 * (len(lengths) - 1))] <= 15
    assert max(lengths) <= 25
    widest = max((line for cell in code_cells(notebook) for line in source(cell).splitlines()), key=len)
    assert len(widest) <= 105, f"a reader would have to scroll sideways: {widest}"


def test_no_cell_ends_with_a_semicolon(notebook):
    # IPython looks it up in its history, and shows the output all the same when that file is locked or damaged.
    ends = [source(cell).rstrip().endswith(";") for cell in code_cells(notebook)]
    assert not any(ends), "assign the value to a name instead"


def test_prose_around_most_cells(notebook):
    cells = read(notebook)["cells"]
    prose = sum(cell["cell_type"] == "markdown" for cell in cells)
    assert prose >= 0.8 * len(code_cells(notebook))


def test_skeleton(notebook):
    cells = read(notebook)["cells"]
    first = source(cells[0])
    assert re.match(rf"# {notebook.name[:2]} \S", first), "the title is `# NN Title`"
    assert re.search(r"[Aa]bout \d+ minutes", first), "the title cell says how many minutes it takes"
    prose = "\n".join(source(cell) for cell in cells if cell["cell_type"] == "markdown")
    for heading in ("## Parameters", "## Summary", "## Where to read on"):
        assert heading in prose, f"no heading {heading!r}"
    if notebook.name[:2] != "00":
        checks = re.findall(r"e\d\d\.q\d+\.check\(", "\n".join(map(source, code_cells(notebook))))
        assert len(checks) >= 3, "three exercises or more"


def test_was_run_top_to_bottom(notebook):
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_the_outputs_are_those_of_the_code_that_stands_there(notebook):
    assert not is_stale(notebook), "its code has changed since it was run: python tests/store.py --stale"


def test_cell_ids_are_names(notebook):
    ids = [cell["id"] for cell in read(notebook)["cells"]]
    assert len(set(ids)) == len(ids)
    unnamed = [i for i in ids if not re.fullmatch(r"[a-z][a-z0-9-]{1,40}", i) or re.fullmatch(r"[0-9a-f]{8}", i)]
    assert not unnamed, f"translations are keyed by cell id, so an id is a name: {unnamed}"


def test_nothing_of_this_machine_is_stored(notebook):
    text = notebook.read_text(encoding="utf-8")
    assert "application/vnd.jupyter.widget" not in text, "widget state is stored"
    document = read(notebook)
    assert "widgets" not in document["metadata"]
    for cell in document["cells"]:
        assert "execution" not in cell["metadata"], f"time stamps in cell {cell['id']}"
        for output in cell.get("outputs", []):
            assert output["output_type"] != "error", f"an error is stored in cell {cell['id']}"
            assert output.get("name") != "stderr", f"stderr is stored in cell {cell['id']}"
    assert notebook.stat().st_size < 1_500_000


def test_five_compared_outputs_or_more(notebook):
    assert sum(bool(is_compared(cell)) for cell in code_cells(notebook)) >= 5


@pytest.mark.lesson
def test_profiles_name_real_parameters():
    stems = {path.stem: path for path in NOTEBOOKS}
    assert set(PROFILES) <= set(stems), "profiles of notebooks that are not there"
    for stem, path in stems.items():
        known = parameters(path)
        for profile, values in PROFILES.get(stem, {}).items():
            assert profile in ("smoke", "full")
            for name, value in (values or {}).items():
                assert name in known, f"{stem}, {profile}: there is no parameter {name!r}"
                assert type(value) is type(known[name]), f"{stem}, {profile}: {name} is a {type(known[name]).__name__}"


@pytest.mark.lesson
def test_readme_map_equals_the_folder():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(notebooks/(\d\d_\w+\.ipynb)\)", readme)
    assert linked == [path.name for path in NOTEBOOKS]


@pytest.mark.lesson
def test_the_map_of_lesson_00_links_every_lesson():
    (cell,) = [cell for cell in read(NOTEBOOKS[0])["cells"] if cell["id"] == "map"]
    linked = re.findall(r"\]\((\d\d_\w+\.ipynb)\)", "".join(cell["outputs"][0]["data"]["text/markdown"]))
    assert linked == [path.name for path in NOTEBOOKS]


# --- the library


def rooms():
    """Return the imports between the packages and single modules of lib, a dict from each to a set of others."""
    found = {}
    for name, others in graph().items():
        own = ".".join(name.split(".")[:2])
        found.setdefault(own, set()).update({".".join(other.split(".")[:2]) for other in others} - {own})
    return found


def test_arrows_point_down():
    assert circles(graph()) == [], "modules that import each other, within functions perhaps"
    assert circles(rooms()) == [], "packages that import each other"


@pytest.mark.parametrize("top", ["lib.runner", "lib.exercises", "lib.trackers"])
def test_nothing_stands_on_the_top(top):
    stand = {name for name, others in rooms().items() if top in others}
    assert stand <= ({"lib.runner"} if top == "lib.exercises" else set())  # `course progress` counts them


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_in_one_sentence_what_it_is_for(name):
    text = ast.get_docstring(ast.parse(MODULES[name].read_text(encoding="utf-8")))
    assert text, "no docstring"
    first = text.splitlines()[0]
    assert first[0].isupper() or first[0] in "`'\"0123456789", first
    assert first.endswith("."), f"the first line is a whole sentence: {first}"


def test_the_linter_is_content():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "--quiet", ROOT], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_marks_for_a_formatter_and_no_lists_of_names():
    paths = [path for folder in ("lib", "tests", "data", "notebooks") for path in (ROOT / folder).rglob("*")]
    files = [path for path in paths if path.suffix in (".py", ".ipynb")]
    assert len(files) > 100
    marks = re.compile(r"#\s*fmt:|^__all__", re.MULTILINE)
    marked = [str(path) for path in files if marks.search(path.read_text(encoding="utf-8"))]
    assert not marked, "nobody runs a formatter here, nor stars"


def test_what_several_test_modules_use_stands_in_the_kit():
    leans = re.compile(r"^\s*(?:from|import) (?:test_\w+|conftest)\b", re.MULTILINE)
    files = [path for path in sorted((ROOT / "tests").rglob("*.py")) if leans.search(path.read_text(encoding="utf-8"))]
    assert not files, "what they import from another test module belongs into tests/kit"


@pytest.mark.parametrize("package", ["runner", "viz", "data.py", "errors.py"])
def test_what_never_imports_keras(package):
    path = ROOT / "lib" / package
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        names = re.findall(r"^\s*(?:import|from) (\w+)", file.read_text(encoding="utf-8"), flags=re.M)
        assert not {"tensorflow", "keras", "keras_tuner"} & set(names), f"{file.name} imports Keras"
