"""The lecture notes' search, plain and ours in turn, each in a fresh process timed from its start to its end.

    python tests/benchmarks/search.py [--rounds N] [--short] [--only plain|cold|warm]

The search: Hyperband, max_epochs=10, factor=3, objective val_accuracy, 30 trials, 120 epochs, batch size 32, on all
60,000 training pictures of Fashion-MNIST. As the notes do, it validates on the 10,000 test pictures, which flatters
the score: only for comparison's sake. Memory is the largest sum of PSS over all processes of the search.

Ours runs twice: "cold" with an empty cache of compiled programs, "warm" with what cold has left there. Its seconds by kind
are core-seconds: the wall's seconds times the workers.
"""

import argparse
import collections
import gzip
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data" / "fashion-mnist"


def pictures(part):
    """Read pictures as float32 in [0, 1], shape (n, 28, 28), and labels, uint8 (n,), from the four original files."""
    import numpy as np

    def read(kind, header):
        return np.frombuffer(gzip.open(DATA / f"{part}-{kind}-ubyte.gz").read(), np.uint8, offset=header)

    return read("images-idx3", 16).reshape(-1, 28, 28) / np.float32(255), read("labels-idx1", 8)


def build(hp):
    """The notes' model: one hidden layer of 32 to 512 units."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28)),
            keras.layers.Flatten(),
            keras.layers.Dense(hp.Int("units", 32, 512, step=32), activation="relu"),
            keras.layers.Dense(10),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(hp.Choice("learning_rate", [1e-2, 1e-3, 1e-4])),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def make_clock(path):
    """Make a callback that writes the seconds of each trial to a file, a line of JSON for each training."""
    import keras

    class Clock(keras.callbacks.Callback):
        def __deepcopy__(self, memo):
            return make_clock(path)  # KerasTuner copies it when a trial begins

        def on_train_begin(self, logs=None):
            self.seconds = collections.Counter()

        def on_epoch_begin(self, epoch, logs=None):
            self.epoch_began = time.perf_counter()

        def on_test_begin(self, logs=None):
            self.test_began = time.perf_counter()

        def on_test_end(self, logs=None):
            self.seconds["validation"] += time.perf_counter() - self.test_began

        def on_epoch_end(self, epoch, logs=None):
            self.seconds["arithmetic"] += time.perf_counter() - self.epoch_began

        def on_train_end(self, logs=None):
            from lib import compiled

            self.seconds["arithmetic"] -= self.seconds["validation"]
            row = {**self.seconds, "pid": os.getpid(), "compile": compiled.spent["compile"], "loaded": compiled.spent["loaded"]}
            with open(path, "a") as file:
                file.write(json.dumps(row) + "\n")

    return Clock()


def one(kind, short, folder):
    """Run one search in this process and write what came out to `folder`/result.json."""
    if kind == "fast":
        from lib.tuning import search, search_log, warm_up

        warm_up()
    import keras_tuner

    (x, y), (x_val, y_val) = pictures("train"), pictures("t10k")
    if short:
        x, y = x[:15_000], y[:15_000]
    tuner = keras_tuner.Hyperband(
        build, objective="val_accuracy", max_epochs=10, factor=3, seed=1, directory=folder, project_name="search"
    )
    kwargs = {"validation_data": (x_val, y_val), "batch_size": 32}
    result = {"began": time.time()}
    if kind == "fast":
        search(tuner, x, y, **kwargs, callbacks=[make_clock(str(Path(folder) / "clock.jsonl"))], verbose=0)
        result["log"] = search_log(tuner)
    else:
        tuner.search(x, y, **kwargs, verbose=0)
    (Path(folder) / "result.json").write_text(json.dumps({**result, "ended": time.time(), **outcome(tuner, len(x))}))


def outcome(tuner, samples):
    """Count trials, epochs and arithmetic from the trials themselves, the same way for both searches."""
    trials = list(tuner.oracle.trials.values())
    values = [t.hyperparameters.values for t in trials]
    return {
        "best": max(t.score for t in trials),
        "trials": sum(t.status == "COMPLETED" for t in trials),
        "epochs": sum(v["tuner/epochs"] - v["tuner/initial_epoch"] for v in values),
        # Matrix products of training: two for the hidden layer, three for the last, which also passes a gradient on.
        "teraflop": sum(
            (v["tuner/epochs"] - v["tuner/initial_epoch"]) * v["units"] * (2 * 784 + 3 * 10) * 2 * samples
            for v in values
        )
        / 1e12,
    }


def timed(kind, short, cache):
    """Run one search in a fresh process; seconds, peak memory and processor seconds of it and all its children."""
    with tempfile.TemporaryDirectory() as folder:
        one = "plain" if kind == "plain" else "fast"
        command = [sys.executable, __file__, "--one", one, "--folder", folder] + ["--short"] * short
        clock = time.time()
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ, "COURSE_CACHE": cache})
        watch = Watch(process.pid)
        if process.wait():
            sys.exit(f"the {kind} search failed: {' '.join(command)}")
        seconds = time.perf_counter() - began
        result = json.loads((Path(folder) / "result.json").read_text())
        if kind != "plain":
            rows = [json.loads(line) for line in (Path(folder) / "clock.jsonl").read_text().splitlines()]
            result["kinds"] = by_kind(result, rows, clock, seconds)
        return {"seconds": seconds, "cpu": watch.cpu(), "megabytes": watch.peak / 1e6, **result}


def by_kind(result, rows, clock, seconds):
    """Divide the core-seconds of a search among what was done.

    Args:
        result: dict with the search's log, and when `search` was called and had returned.
        rows: what the clocks of the trials wrote.
        clock: when the process was started, seconds since 1970.
        seconds: of the whole process.

    Returns:
        A dict from kind to seconds, in the order of time; "loaded" counts programs.
    """
    log = result["log"]
    workers = len({row["worker"] for row in log})
    last = {row["pid"]: row for row in rows}.values()  # `compiled.spent` counts from a process' start
    first_trials = sum(min(row["start"] for row in log if row["worker"] == worker) for worker in range(workers))
    kinds = {
        "imports and data": workers * (result["began"] - clock),
        "start of workers": first_trials - workers * result["began"],
        "compile": sum(row["compile"] for row in last),
        "arithmetic": sum(row["arithmetic"] for row in rows),
        "validation": sum(row["validation"] for row in rows),
    }
    in_trials = sum(row["seconds"] for row in log)
    kinds["rest of trials"] = in_trials - kinds["compile"] - kinds["arithmetic"] - kinds["validation"]
    kinds["waiting"] = workers * result["ended"] - first_trials - in_trials
    kinds["end"] = workers * (clock + seconds - result["ended"])
    return {**kinds, "loaded": sum(row["loaded"] for row in last)}


class Watch(threading.Thread):
    """Samples memory (PSS: shared pages counted once) and processor time of a process and all its descendants."""

    def __init__(self, pid, every=2.0):
        super().__init__(daemon=True)
        self.pid, self.every, self.peak, self.seconds = pid, every, 0, {}
        self.start()

    def run(self):
        import psutil

        while psutil.pid_exists(self.pid):
            total = 0
            try:
                top = psutil.Process(self.pid)
                for process in [top, *top.children(recursive=True)]:
                    total += process.memory_full_info().pss
                    self.seconds[process.pid] = sum(process.cpu_times()[:2])
            except (psutil.Error, AttributeError):
                pass  # one that has just ended; the next sample is soon
            self.peak = max(self.peak, total)
            time.sleep(self.every)

    def cpu(self):
        return sum(self.seconds.values())


def gigaflops(size=4000, repeats=3):
    """Measure the fastest float32 matrix product this machine does on all its cores, in GFLOP/s."""
    import numpy as np

    a = np.random.default_rng(1).random((size, size), dtype="float32")
    seconds = []
    for _ in range(repeats):
        began = time.perf_counter()
        a @ a
        seconds.append(time.perf_counter() - began)
    return 2 * size**3 / min(seconds) / 1e9


def show(number, kind, result, plain, speed):
    """Print what one search came to, beside the plain one of its round where there is one."""
    limit = result["teraflop"] * 1000 / speed
    lines = [
        f"{result['seconds']:6.1f} s  best val_accuracy {result['best']:.4f}  {result['trials']} trials  "
        f"{result['epochs']} epochs  {result['megabytes']:5.0f} MB at most  {result['cpu']:5.0f} s of processor time",
        f"{result['seconds'] / limit:.1f} times the arithmetic limit "
        f"({result['teraflop']:.1f} TFLOP at {speed:.0f} GFLOP/s: {limit:.0f} s)",
    ]
    if "kinds" in result:
        loaded = result["kinds"].pop("loaded")
        told = ", ".join(f"{name} {seconds:.1f}" for name, seconds in result["kinds"].items())
        lines.append(f"core-seconds: {told}; {loaded} programs were found compiled")
    if plain not in (None, result):
        lines.append(f"{plain['seconds'] / result['seconds']:.2f} times as fast as plain, "
                     f"memory {result['megabytes'] / plain['megabytes']:.2f} of plain")
    for line in lines:
        print(f"round {number}  {kind:5}  {line}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1, help="how often to repeat the searches (default 1)")
    parser.add_argument("--short", action="store_true", help="on a quarter of the training pictures")
    kinds = ["plain", "cold", "warm"]
    parser.add_argument("--only", choices=kinds, action="append", help="these searches only; may be given again")
    parser.add_argument("--one", choices=["plain", "fast"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return one(options.one, options.short, options.folder)
    with tempfile.TemporaryDirectory() as top:
        compare(options, top)


def compare(options, top):
    speed = gigaflops()
    for number in range(1, options.rounds + 1):
        plain = None
        for kind in options.only or ["plain", "cold", "warm"]:
            result = timed(kind, options.short, f"{top}/{number}")
            plain = result if kind == "plain" else plain
            show(number, kind, result, plain, speed)


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
