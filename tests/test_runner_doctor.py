"""`course doctor` and `course lab`: what they find and what they start, without a server."""

import signal
import sys
from pathlib import Path

import pytest

from lib import data
from lib.runner import cli, doctor, kit


def test_every_problem_has_its_mend_and_nothing_else_is_a_problem():
    found = doctor.findings()
    names = [finding.name.removesuffix("-cpu") for finding in found]
    assert len(names) == len(set(names))
    assert {"Python", "tensorflow", "cores", "memory", "bfloat16", "GPU", "data", "kernel python3"} <= set(names)
    for finding in found:
        assert finding.value and "\n" not in finding.value + finding.mend
        assert finding.ok or finding.mend


def test_pins_are_compared_with_what_is_installed(tmp_path):
    pins = tmp_path / "requirements.txt"
    pins.write_text("pytest==0.1  # old\nno-such-package[extra]==1.0\nplain\n-e .\n")
    wrong, missing = doctor.packages(pins)
    assert (wrong.name, wrong.ok, missing.name, missing.ok) == ("pytest", False, "no-such-package", False)
    assert "tested with 0.1" in wrong.value and "-m pip install -r requirements.txt" in wrong.mend
    assert missing.value == "not installed"
    assert not doctor.packages(tmp_path / "gone.txt")[0].ok


def test_what_stands_for_a_package_is_as_good(tmp_path, monkeypatch):
    assert kit.STANDS_FOR["tensorflow"] == ("tensorflow-cpu",)
    monkeypatch.setitem(kit.STANDS_FOR, "no-such-package", ("neither", "pytest"))
    pins = tmp_path / "requirements.txt"
    pins.write_text(f"no-such-package=={pytest.__version__}\n")
    assert [finding.ok for finding in doctor.packages(pins)] == [True]
    pins.write_text("no-such-package==0.1\n")
    assert [finding.ok for finding in doctor.packages(pins)] == [False]


def test_another_python_is_told_which_ones_do(monkeypatch):
    assert doctor.python().ok
    monkeypatch.setattr(doctor, "pythons", lambda: ">=3.99,<4.2")
    assert not doctor.python().ok and "Python >=3.99,<4.2" in doctor.python().mend


def test_it_says_where_compiled_programs_are_and_how_large(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    assert doctor.programs().value == f"0 in {tmp_path / 'xla'}, 0 of at most 512 MiB"
    entry = tmp_path / "xla" / "0123" / "name-program.pb"
    entry.parent.mkdir(parents=True)
    entry.write_bytes(bytes(3 * 2**20))
    assert doctor.programs().value == f"1 in {tmp_path / 'xla'}, 3 of at most 512 MiB"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert doctor.programs().value.startswith(f"1 in {Path('~', 'xla')}, ")


def test_a_folder_that_cannot_be_written_is_a_problem(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "file" / "notebooks"))
    runs, _ = doctor.folders()
    assert not runs.ok and "--out DIR" in runs.mend


def test_doctor_ends_with_one_where_a_problem_is(monkeypatch, capsys):
    monkeypatch.setattr(data, "problems", lambda: [])
    monkeypatch.setattr(doctor, "packages", lambda path: [doctor.Finding("keras", "3.0", False, "Install the pins")])
    assert cli.main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert "MEND  keras" in said and "-> Install the pins" in said
    monkeypatch.setattr(doctor, "findings", lambda: [doctor.Finding("Python", "3.11")])
    assert cli.main(["doctor"]) == 0
    assert "no problems found" in capsys.readouterr().out


@pytest.mark.parametrize("status, ending", [(0, 0), (1, 1), (-signal.SIGINT, 0)])
def test_lab_starts_jupyterlab_at_the_map_and_ends_quietly(monkeypatch, tmp_path, status, ending):
    started = []

    class Server:
        def __init__(self, words, env):
            started.append((words, env))
            self.answers = [KeyboardInterrupt, status]

        __enter__ = lambda self: self  # noqa: E731
        __exit__ = lambda self, *error: None  # noqa: E731

        def wait(self):
            answer = self.answers.pop(0)
            if answer is KeyboardInterrupt:
                raise answer
            return answer

    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "notebooks"))
    monkeypatch.setattr(cli.subprocess, "Popen", Server)
    kept = signal.getsignal(signal.SIGTERM)
    try:
        assert cli.main(["lab", "--no-browser", "--port", "9000"]) == ending
    finally:
        signal.signal(signal.SIGTERM, kept)  # which the command takes until its process ends
    ((words, environment),) = started
    assert words[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path.resolve()}" in words
    assert "--LabApp.default_url=/course-map" in words
    assert words[-3:] == ["--no-browser", "--port", "9000"]
    assert environment["JUPYTER_PATH"].startswith(sys.prefix)


def test_course_alone_shows_its_help(capsys):
    assert cli.main([]) == 0
    assert "examples:" in capsys.readouterr().out
