"""The first line of a lesson: quiet, seeded, in a fresh folder; and figures on record."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import IPython.display
import numpy as np

from lib import metric, session

COMPILE = """
from lib.session import start
start(1)
import keras, numpy
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
model.compile("adam", "mse", jit_compile=True)
model.fit(numpy.ones((64, 4)), numpy.ones((64, 3)), verbose=0)
"""

COLOURS = ("FORCE_COLOR", "CLICOLOR_FORCE", "PYTHON_COLORS")
START = f"""
import os
from lib.session import start
folder = start(7)
import keras, numpy
print(folder.is_dir() and not list(folder.iterdir()), folder.parent, numpy.random.rand())
print(set({COLOURS}) & set(os.environ))
"""


def run(code, **env):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | env)
    assert done.returncode == 0, done.stderr
    return done


def test_start_is_quiet_seeded_and_fresh(tmp_path):
    with ThreadPoolExecutor() as both:
        told = {"COURSE_RUN_DIR": str(tmp_path / "runs")} | dict.fromkeys(COLOURS, "1")  # as a kernel asks for colours
        one, two = both.map(lambda code: run(code, **told), [START, START])
    assert one.stderr == ""
    versions, rest, asked = one.stdout.splitlines()
    assert versions == "Keras 3.15.1 on tensorflow 2.21.0, KerasTuner 1.4.8, seed 7"
    assert rest.startswith(f"True {tmp_path / 'runs'} ")
    assert asked == "set()", "a child process is asked for colours"
    assert two.stdout == one.stdout, "the same seed draws the same numbers"
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_compiling_after_the_start_is_quiet_too(tmp_path):
    assert run(COMPILE, COURSE_RUN_DIR=str(tmp_path)).stderr == ""


def test_a_folder_is_found_where_runs_cannot_be_written(tmp_path, monkeypatch):
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("")
    monkeypatch.setenv("COURSE_RUN_DIR", str(in_the_way))
    assert session._fresh_folder().is_dir()


def test_quiet_silences_c_code_and_gives_back(capfd):
    with session.quiet():
        os.write(2, b"chatter")
    os.write(2, b"said after")
    assert capfd.readouterr().err == "said after"


def test_quiet_silences_what_it_is_told_to(capfd):
    with session.quiet(1, 2):
        os.write(1, b"chatter")
        os.write(2, b"chatter")
    os.write(1, b"said")
    os.write(2, b"after")
    assert capfd.readouterr() == ("said", "after")


def test_quiet_gives_back_after_an_error(capfd):
    try:
        with session.quiet():
            raise ValueError
    except ValueError:
        os.write(2, b"said after")
    assert capfd.readouterr().err == "said after"


def test_record_shows_and_keeps(monkeypatch):
    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda bundle, raw: shown.append(bundle))
    session.record("accuracy", np.float32(0.25))
    session.record("trials", np.int64(30))
    session.record("accuracy", np.float32(0.5))
    assert [bundle["text/plain"] for bundle in shown] == ["accuracy: 0.25", "trials: 30", "accuracy: 0.5"]
    notebook = {"cells": [{"cell_type": "markdown"}, {"outputs": [{"data": json.loads(json.dumps(bundle))} for bundle in shown]}]}
    assert metric.collect_metrics(notebook) == {"accuracy": 0.5, "trials": 30}, "the last of a name counts"
