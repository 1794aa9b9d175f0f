"""The wheels of an installation, packed into a folder: what pip needs there without a network, and nothing of anybody's."""

import os
import re
import shutil
import subprocess
import sys

import pytest
import yaml
from kit.course import make_course, refused
from kit.notebooks import ROOT

from lib import places
from lib.runner import wheels
from lib.runner.cli import main
from lib.runner.commands import course

TINY = """[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "{name}"
version = "1.0"
[tool.setuptools]
py-modules = ["{name}"]
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    """A folder with the wheels of two tiny packages, of which one is what builds a kit; made without a network."""
    top = tmp_path_factory.mktemp("registry")
    for name in ("tiny", "builder"):
        (top / name).mkdir()
        (top / name / "pyproject.toml").write_text(TINY.format(name=name))
        (top / name / f"{name}.py").write_text("ANSWER = 42\n")
        build = ["wheel", top / name, "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", top / "wheels"]
        subprocess.run(wheels.pip(*build), check=True, capture_output=True)
    return top / "wheels"


@pytest.fixture
def kit(tmp_path, registry, monkeypatch):
    """A kit that pins a tiny package, with pip that knows that registry alone."""
    top = tmp_path / "kit"
    make_course(top)
    (top / "data").mkdir()
    (top / "requirements.txt").write_text("tiny==1.0   # the reason\n-e .\n")
    (top / "pyproject.toml").write_text('[build-system]\nrequires = ["builder>=1"]\n')
    monkeypatch.setattr(places, "ROOT", top)
    monkeypatch.delenv("COURSE_NOTEBOOKS", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(registry))
    monkeypatch.chdir(tmp_path)
    return top


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_packed_installs_without_a_network(kit, tmp_path, monkeypatch, capsys):
    monkeypatch.delitem(os.environ, "PYTHONPATH", raising=False)
    for _ in range(2):  # the second call replaces what the first has left
        assert main(["pack", "--out", "wheels"]) == 0
        printed, said = capsys.readouterr()
        assert printed == f"{tmp_path / 'wheels'}\n" and f"--no-index --find-links {tmp_path / 'wheels'}" in said
        assert names(tmp_path / "wheels") == ["builder-1.0-py3-none-any.whl", "tiny-1.0-py3-none-any.whl"]
        (tmp_path / "wheels" / "old-0.1-py3-none-any.whl").touch()
    monkeypatch.delenv("PIP_FIND_LINKS")
    install = wheels.pip("install", "--no-index", "--find-links", "wheels", "--target", "site", "tiny==1.0")
    subprocess.run(install, check=True, capture_output=True)
    assert (tmp_path / "site" / "tiny.py").exists()


def test_what_cannot_be_had_is_told_in_a_line_and_leaves_nothing(kit, tmp_path, capsys):
    (kit / "requirements.txt").write_text("tiny==2.0\n-e .\n")
    assert main(["pack", "--out", "wheels"]) == 1
    printed, said = capsys.readouterr()
    assert printed == "" and said.splitlines()[-1].startswith("course: the wheels cannot be had: ") and "tiny==2.0" in said
    assert not (tmp_path / "wheels").exists()


def test_a_folder_with_something_else_stays_as_it_is(tmp_path, monkeypatch, capsys):
    folder = make_course(tmp_path / "kit")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    said = refused(folder, ["pack", "--out", str(tmp_path / "mine")], monkeypatch, capsys)
    assert "a file notes.txt that is not of a course pack" in said


def test_all_pins_are_asked_for_and_what_builds_the_kit():
    found = wheels.requirements(ROOT)
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    assert len(found) == len(lines) and found[-1].startswith("setuptools") and "psycopg[binary]==3.3.9" in found
    assert not any("#" in line or line.startswith("-e") for line in found)


def lines_of_readme():
    """Return the lines of README that install the kit and run a lesson: with a network, and without."""
    return [line for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines() if line.endswith("course run 03")]


def test_readme_has_its_first_line_once_more_for_a_machine_without_a_network():
    first, other = lines_of_readme()
    assert other == first.replace("pip install ", "pip install --no-index --find-links wheels ")


# A fresh namespace has no network at all: its loopback, which a kernel is spoken to by, has to be brought up.
LOOPBACK = """python3 -c 'import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack("16sh14x", b"lo", 1))' && """


def test_the_first_line_of_readme_works_without_a_network(tmp_path, request):
    if not request.config.getoption("--long"):
        pytest.skip("only with --long: it downloads all wheels, and installs them")
    if not shutil.which("unshare") or subprocess.run(["unshare", "-rn", "true"], capture_output=True).returncode:
        pytest.skip("no namespace without a network can be made here: that needs unshare, of util-linux")
    kit = tmp_path / "kit"
    shutil.copytree(ROOT, kit, ignore=shutil.ignore_patterns(".git", ".venv*", "runs", "__pycache__", "*.egg-info", ".*cache"))
    known = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "PYTHONPATH", "PIP_"))}
    packed = [sys.executable, "-c", "import sys; from lib.runner.cli import main; sys.exit(main())", "pack", "--out", "wheels"]
    subprocess.run(packed, check=True, cwd=kit, env=os.environ | {"PYTHONPATH": str(kit)})
    line = lines_of_readme()[1].replace("course run 03", "course run 00 --profile smoke")  # the first lesson, in seconds
    ended = subprocess.run(["unshare", "-rn", "bash", "-c", LOOPBACK + line], cwd=kit, env=known, capture_output=True, text=True)
    assert ended.returncode == 0 and ended.stdout.endswith("00_start_here.html\n"), ended.stderr


def test_the_workflow_calls_what_there_is():
    (path,) = (ROOT / ".github" / "workflows").iterdir()
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]
    steps = [step for job in jobs.values() for step in job["steps"]]
    calls = [step["run"] for step in steps if "run" in step]
    assert calls[0] == "bash .ci/run" and (ROOT / ".ci" / "run").is_file()
    for call in calls[1:]:
        command, name, *_ = call.split()
        assert command == ".venv/bin/course" and course.get_command(None, name) is not None
    (out,) = [words[words.index("--out") + 1] for words in map(str.split, calls) if "--out" in words]
    assert [step["with"]["path"] for step in steps if "upload-pages-artifact" in step.get("uses", "")] == [out]
    assert re.fullmatch(r"python:3\.1[123]-\w+", jobs["test"]["container"]), "a Debian with a Python that the kit runs on"
