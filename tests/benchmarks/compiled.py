"""What it costs to have XLA compile a training loop, with an empty cache and with what the first run has left there.

    python tests/benchmarks/compiled.py [--rounds N] [--lesson NN]

Each run is a process of its own. Three parts: trace (Keras' train_step becomes TensorFlow's graph), lower (the graph becomes
XLA's program), compile (the program becomes machine code, or is found compiled). Only the third can be kept. With --lesson,
a lesson is run twice at its lesson profile, and the seconds of all three together are those of its kernel.
"""

import argparse
import inspect
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("dense", "three dense", "convolutions")


def make(name):
    """Return a compiled model for Fashion-MNIST."""
    import keras
    from keras import layers

    body = {
        "dense": [layers.Flatten(), layers.Dense(128, "relu")],
        "three dense": [layers.Flatten(), *(part for _ in range(3) for part in (layers.Dense(128, "relu"), layers.Dropout(0.1)))],
        "convolutions": [layers.Reshape((28, 28, 1)), layers.Conv2D(16, 3, activation="relu"), layers.MaxPooling2D(),
                         layers.Conv2D(32, 3, activation="relu"), layers.BatchNormalization(), layers.GlobalAveragePooling2D()],
    }[name]
    model = keras.Sequential([keras.Input((28, 28)), *body, layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def one():
    """Train each model for an epoch in this process, and print the seconds of the three parts."""
    from lib.session import quiet, start

    with quiet(1):
        start(1)
    import keras
    import numpy as np

    from lib import compiled
    from lib.tuning import fast

    x = np.zeros((4000, 28, 28), "float32")
    y = np.zeros(4000, "int32")
    found = {}
    module = sys.modules["lib.tuning.fast"]
    for name in MODELS:
        keras.utils.clear_session()
        model = fast(make(name))
        parts = found[name] = {}
        module.kept = lambda label, build, parts=parts: watched(label, build, parts)
        model.fit(x, y, verbose=0)
    print(json.dumps([found, compiled.spent["loaded"]]))


def watched(label, build, parts):
    """Do what `lib.compiled.kept` does, and split its seconds: trace and lower are done once more, each for itself."""
    import tensorflow as tf

    from lib import compiled

    began = time.perf_counter()
    made = compiled.kept(label, build)
    whole = time.perf_counter() - began
    inner = inspect.getclosurevars(build).nonlocals
    arguments = inner["tensors"], tf.zeros([inner["steps"] * inner["size"]], tf.int32), tf.constant(0)
    again = tf.function(inner["block"], jit_compile=True)
    began = time.perf_counter()
    again.get_concrete_function(*arguments)
    parts["trace"] = time.perf_counter() - began
    began = time.perf_counter()
    again.experimental_get_compiler_ir(*arguments)(stage="hlo_serialized")
    parts["lower"] = time.perf_counter() - began
    parts["compile"] = whole - parts["trace"] - parts["lower"]
    return made


def run(cache):
    """Run `one` in a fresh process with a folder of compiled programs."""
    call = [sys.executable, __file__, "--one"]
    environment = {**os.environ, "COURSE_CACHE": cache}
    done = subprocess.run(call, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def lesson(number, cache):
    """Run a lesson whole; return the seconds it took, and those its kernel spent on the three parts."""
    import nbformat
    from nbclient import NotebookClient

    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    last = "from lib import compiled\nprint(compiled.spent['compile'], compiled.spent['loaded'])"
    notebook.cells.append(nbformat.v4.new_code_cell(last))
    os.environ["COURSE_CACHE"] = cache
    began = time.perf_counter()
    NotebookClient(notebook, timeout=1800, resources={"metadata": {"path": path.parent}}).execute()
    seconds, loaded = notebook.cells[-1].outputs[-1].text.split()
    return time.perf_counter() - began, float(seconds), int(loaded)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--lesson", help="a lesson's number, such as 09, instead of the three models")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one()
    for number in range(1, options.rounds + 1):
        with tempfile.TemporaryDirectory() as cache:
            for kind in ("cold", "warm"):
                if options.lesson:
                    whole, seconds, loaded = lesson(options.lesson, cache)
                    print(f"round {number}  {kind}  lesson {options.lesson}: {whole:.0f} s, of them {seconds:.2f} s to trace, "
                          f"lower and compile; {loaded} programs were found compiled", flush=True)
                    continue
                found, loaded = run(cache)
                for name, parts in found.items():
                    told = "  ".join(f"{part} {seconds:.3f}" for part, seconds in parts.items())
                    print(f"round {number}  {kind}  {name:12}  {told} s", flush=True)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
