"""Compiled programs kept from run to run: found again, never trusted blindly, bounded, and safe between processes."""

import json
import os
import subprocess
import sys

import pytest

from lib import compiled

# Two networks of one width and one of another, each after as many other functions as `shift` says.
SCRIPT = """
import json, sys
from lib import compiled
from lib.session import quiet
compiled.begin()
with quiet():
    import keras
    import numpy as np
    import tensorflow as tf
from lib.tuning import fast

for number in range(int(sys.argv[1])):
    tf.function(lambda x: x + number)(tf.ones(3))
x = np.random.default_rng(1).random((400, 6), "float32")
y = (x.sum(axis=1) > 3).astype("int32")
losses = []
for units in (3, 3, 5):
    keras.utils.clear_session()
    keras.utils.set_random_seed(units)
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(units, "relu"), keras.layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    losses.append(fast(model, steps=5).fit(x, y, epochs=2, verbose=0).history["loss"])
print(json.dumps([losses, compiled.spent["loaded"]]))
"""


def start(cache, shift=0, **environment):
    """Start the script in a process of its own."""
    call = [sys.executable, "-c", SCRIPT, str(shift)]
    environment = {**os.environ, "COURSE_CACHE": str(cache), **environment}
    return subprocess.Popen(call, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(process):
    """Return the losses of the script's three trainings, and how many programs it found compiled."""
    said, chatter = process.communicate(timeout=120)
    assert process.returncode == 0, chatter
    assert "AOT" not in chatter and "XlaSerializedCacheEntry" not in chatter, "TensorFlow's words reach the learner"
    return json.loads(said)


def run(*arguments, **environment):
    return outcome(start(*arguments, **environment))


def entries(cache):
    return sorted(cache.rglob("*.pb"))


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder, and the losses, of a first run."""
    cache = tmp_path_factory.mktemp("cache")
    losses, loaded = run(cache)
    assert loaded == 0
    return cache, losses


def test_a_second_run_finds_every_program_whatever_was_traced_before(first):
    cache, losses = first
    assert len(entries(cache)) == 3
    assert run(cache, 4) == [losses, 3]
    assert len(entries(cache)) == 3, "nothing was compiled a second time"


def test_what_is_damaged_is_compiled_anew(first):
    cache, losses = first
    short, changed, _ = entries(cache)
    right = [path.read_bytes() for path in (short, changed)]
    short.write_bytes(right[0][:1000])
    changed.write_bytes(right[1][:5000] + b"?" + right[1][5001:])
    assert run(cache) == [losses, 1]
    assert [len(path.read_bytes()) for path in (short, changed)] == [len(content) for content in right]
    assert changed.read_bytes()[5000:5001] != b"?"


@pytest.mark.long("compiled programs")
def test_what_another_machine_compiled_is_not_run_here(tmp_path, first):
    _, losses = first
    other = {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"}
    assert run(tmp_path, **other)[1] == 0
    assert run(tmp_path, **other)[1] == 3
    theirs = entries(tmp_path)
    assert run(tmp_path) == [losses, 0], "programs for other instructions have a folder of their own"
    (ours,) = {path.parent for path in entries(tmp_path)} - {path.parent for path in theirs}
    for path in ours.iterdir():
        path.unlink()
    for path in theirs:
        path.replace(ours / path.name)
    assert run(tmp_path) == [losses, 0], "brought from there, they are not what their digest says"


@pytest.mark.long("compiled programs")
def test_two_processes_may_write_at_once(first, tmp_path):
    _, losses = first
    both = [start(tmp_path), start(tmp_path)]
    assert [outcome(process)[0] for process in both] == [losses, losses]
    assert run(tmp_path) == [losses, 3]
    assert not [path for path in tmp_path.rglob("*") if "partial" in path.name]


def test_a_folder_that_cannot_be_made_costs_a_compilation_only(first, tmp_path):
    _, losses = first
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file") == [losses, 0]


def test_a_folder_may_have_a_space_in_its_name(first, tmp_path):
    _, losses = first
    cache = tmp_path / "of two words"
    assert run(cache) == [losses, 0]
    assert run(cache) == [losses, 3]
    assert [path.name for path in tmp_path.iterdir()] == [cache.name]


def test_a_process_that_was_killed_leaves_nothing_for_long(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True)
    of_killed = compiled._processes() / f"{compiled.NAME}{ended.stdout.strip()}-abc"
    of_ours = compiled._processes() / f"{compiled.NAME}{os.getpid()}-abc"
    of_killed.mkdir()
    of_ours.mkdir()
    compiled._processes()
    assert not of_killed.exists() and of_ours.exists()


def test_the_oldest_are_dropped(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    monkeypatch.setattr(compiled, "LIMIT", 10_000)
    private = tmp_path / "private"
    private.mkdir()
    store = compiled._Store(private)
    for number in range(12):
        (private / f"program-{number}.pb").write_bytes(bytes(1000))
        store.keep(f"name{number}", set())
        os.utime(next(store.folder.glob(f"name{number}-*")), (number, number))
    top, count, size = compiled.described()
    assert top == tmp_path / "xla" and size <= 10_000 and count < 12
    assert not store.fetch("name0") and store.fetch("name11") == {"program-11.pb"}
    assert (private / "program-11.pb").read_bytes() == bytes(1000)
