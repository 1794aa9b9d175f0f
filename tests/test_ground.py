"""What every module stands on: one line for an error, files that are whole, places that can be moved, the machine."""

import ast
import json
import os
import re
import subprocess
import sys
import threading
from importlib import metadata

import pytest

from lib import data, machine, places
from lib.errors import CourseError, did_you_mean, first_line, last_line
from lib.files import replace_text, whole
from lib.runner import kit

# --- errors


@pytest.mark.parametrize(
    "error, line",
    [
        (ValueError("one\ntwo"), "one"),
        (ValueError("\n \n  two  \nthree"), "two"),
        ("\x1b[31mred\x1b[0m\nand more", "red"),
        (": \nmeant", "meant"),
        (ValueError(), "no message"),
        ("\x1b[0m\n", "no message"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 297 + "..."),
    ],
)
def test_the_line_of_an_error_that_says_something(error, line):
    assert first_line(error) == line


def test_where_no_line_says_anything_something_else_is_said():
    assert first_line(OSError(), "OSError") == "OSError"
    assert last_line("first\nlast \n\n") == "last"
    assert last_line("\n", "status 3") == "status 3"


def test_the_nearest_name_is_meant():
    assert did_you_mean("hieght", ["width", "height"]) == " Did you mean height?"
    assert did_you_mean("hieght", ["width", "height"], repr) == " Did you mean 'height'?"
    assert did_you_mean("xyzzy", ["width", "height"]) == did_you_mean("height", []) == ""


# --- files


def test_after_an_error_a_file_is_as_it_was_and_nothing_is_left(tmp_path):
    path = tmp_path / "notes.txt"
    replace_text(path, "before\n")
    with pytest.raises(RuntimeError), whole(path) as half:
        assert half.parent == tmp_path and half.suffix == ".txt"
        half.write_text("half")
        raise RuntimeError
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"] and path.read_bytes() == b"before\n"
    with pytest.raises(OSError):
        replace_text(path / "below a file", "")


def test_two_write_the_same_file_and_a_reader_sees_one_or_the_other(tmp_path):
    path, texts = tmp_path / "notes.txt", ["a" * 200_000, "b" * 300_000]
    replace_text(path, texts[0])
    threads = [threading.Thread(target=lambda text=text: [replace_text(path, text) for _ in range(30)]) for text in texts]
    for thread in threads:
        thread.start()
    seen = set()
    while any(thread.is_alive() for thread in threads):
        seen.add(path.read_text())
    assert seen <= set(texts) and path.read_text() in texts
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]


def test_a_name_is_not_there_before_its_content_is_on_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number).st_size))
    replace_text(tmp_path / "notes.txt", "seven\ud800.")
    assert synced == [7] and (tmp_path / "notes.txt").read_bytes() == b"seven?."


def test_two_kernels_that_solve_at_once_lose_no_answer(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path))
    code = "import sys; from lib.exercises.core import PROGRESS\nfor n in range(40): PROGRESS.add(f'{sys.argv[1]}.q{n}')"
    processes = [subprocess.Popen([sys.executable, "-c", code, name]) for name in ("e01", "e02")]
    assert [process.wait(60) for process in processes] == [0, 0]
    assert len(json.loads((tmp_path / "progress.json").read_text())["solved"]) == 80


# --- places


@pytest.mark.parametrize(
    "variable, place",
    [
        ("COURSE_NOTEBOOKS", places.notebooks),
        ("COURSE_RUN_DIR", places.run_folder),
        ("COURSE_PROGRESS", places.progress),
        ("COURSE_CACHE", places.cache),
    ],
)
def test_a_variable_moves_a_place(variable, place, tmp_path, monkeypatch):
    monkeypatch.delenv(variable, raising=False)
    usual = place()
    monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    assert place() == (tmp_path / "elsewhere").resolve() != usual
    monkeypatch.setenv(variable, "")
    assert place() == usual


def test_runs_are_beside_the_notebooks(tmp_path, monkeypatch):
    assert places.runs() == places.ROOT / "runs" and places.run_folder() == places.ROOT / "runs" / "kernels"
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "notebooks"))
    assert places.runs() == tmp_path.resolve() / "runs"


def test_variables_are_read_in_one_place():
    code = {path: path.read_text(encoding="utf-8") for path in (places.ROOT / "lib").rglob("*.py")}
    readers = [path.name for path, text in code.items() if '"COURSE_' in text]
    assert readers == ["places.py"]


# --- the machine


def share(folder, monkeypatch, **files):
    """Make a container's share of the machine out of files."""
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content)
    monkeypatch.setattr(machine, "CGROUP", folder)


def test_cores_and_memory_are_those_of_the_container(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "CGROUP", tmp_path)
    cores, (total, free) = machine.cores(), machine.memory()
    assert cores >= 1 and total > free > 0
    share(tmp_path, monkeypatch, cpu_max="max 100000\n", memory_max="max\n")
    assert machine.cores() == cores and machine.memory()[0] == total
    share(tmp_path, monkeypatch, cpu_max="150000 100000\n")
    assert machine.cores() == 1
    mib = 2**20
    stat = f"anon {20 * mib}\ninactive_file {30 * mib}\nactive_file 0\n"
    share(tmp_path, monkeypatch, memory_max=f"{100 * mib}\n", memory_current=f"{60 * mib}\n", memory_stat=stat)
    assert machine.memory() == (100 * mib, 70 * mib), "what is cached is given back when needed"


def test_what_the_processor_says_it_can_do(tmp_path):
    intel, arm, other = tmp_path / "intel", tmp_path / "arm", tmp_path / "other"
    intel.write_text("processor\t: 0\nmodel name\t: amx_bf16\nflags\t\t: fpu avx512f\nbugs\t\t: spectre\n\nprocessor\t: 1\n")
    arm.write_text("processor\t: 0\nFeatures\t: fp asimd\n")
    other.write_text("vendor_id : IBM/S390\n")
    assert machine.flags(intel) == {"fpu", "avx512f"} and machine.flags(arm) == {"fp", "asimd"}
    assert machine.flags(other) == machine.flags(tmp_path / "none") == set()


def test_one_text_stands_for_the_processor():
    text = machine.processor()
    assert text == machine.processor() and "\n" not in text and len(text.split()) >= 2
    assert machine.flags() <= set(text.split())


def test_gpus_are_those_that_nvidia_smi_names(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpus("name") == []
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!{sys.executable}\nimport sys\nprint("NVIDIA H100,", sys.argv[1])\nprint("NVIDIA H100")\n')
    tool.chmod(0o755)
    assert machine.gpus("name") == ["NVIDIA H100, --query-gpu=name", "NVIDIA H100"]
    tool.write_text(f"#!{sys.executable}\nraise SystemExit(9)\n")  # as where the driver is missing
    assert machine.gpus("name") == []


# --- the kit


def test_pins_are_read_with_and_without_extras(tmp_path):
    (tmp_path / "pins").write_text("keras==3.15.1  # models\npsycopg[binary]==3.3.9\nplain\n-e .\n")
    assert kit.pins(tmp_path / "pins") == {"keras": "3.15.1", "psycopg": "3.3.9"}
    assert {"keras", "psycopg"} <= set(kit.pins()) and {"tensorflow", "tensorflow-cpu"} & set(kit.pins())


def test_every_import_of_the_library_and_the_tests_is_pinned():
    def plain(name):
        return re.sub(r"[-_.]+", "-", name).lower()

    project = (places.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    stands_in = [name for names in kit.STANDS_FOR.values() for name in names]
    pinned = {plain(name) for name in [*kit.pins(), *stands_in, *re.findall(r'^    "([\w.-]+)==', project, re.MULTILINE)]}
    owners = metadata.packages_distributions()
    ours = {path.stem for path in (places.ROOT / "tests").glob("*.py")} | {"lib", "kit"}
    for path in [*(places.ROOT / "lib").rglob("*.py"), *(places.ROOT / "tests").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            tops = {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) - ours
            for top in tops:
                assert {plain(owner) for owner in owners.get(top, [])} & pinned, f"{path.name} imports {top}, which is not pinned"


def test_a_kit_without_its_folders_is_told_in_one_line(monkeypatch, tmp_path):
    monkeypatch.setattr(places, "ROOT", tmp_path)
    monkeypatch.delenv("COURSE_NOTEBOOKS", raising=False)
    for ask in (places.kit, places.notebooks, places.runs, lambda: data.load("fashion_mnist", folder=tmp_path)):
        with pytest.raises(CourseError, match=r"installed in place, by `pip install -r requirements.txt`") as told:
            ask()
        assert "\n" not in str(told.value)
