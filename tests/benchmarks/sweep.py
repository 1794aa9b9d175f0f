"""Time `course sweep`: what a run costs beyond its notebook, two workers against one, and a sweep that is finished.

python tests/benchmarks/sweep.py [--runs 8] [--rounds 3]
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kit.course import COURSE, write_notebook

BUSY = """import time
end, n = time.process_time() + work, 0
while time.process_time() < end:
    n += 1"""


def main():
    """Print the figures of each round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=8, help="runs of a sweep")
    parser.add_argument("--work", type=float, default=6.0, help="seconds of processor time that a run computes")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        parameters = f"#parameters\nseed = 1  # [1..]\nwork = {args.work}  # seconds; [0..]"
        folder = write_notebook(Path(top) / "notebooks", "04_busy", ["# 04 · Busy", parameters, BUSY]).parent
        for number in range(1, args.rounds + 1):
            one = sweep(folder, args.runs, 1, f"one-{number}")
            two = sweep(folder, args.runs, 2, f"two-{number}")
            print(f"round {number}  one worker {one:6.1f} s   two workers {two:6.1f} s   ratio {one / two:.2f}", flush=True)
        for number in range(1, args.rounds + 1):
            with_work = sweep(folder, args.runs, 1, f"cost-{number}", "-p", "work", "0")
            kernel = bare(folder, args.runs)
            print(f"round {number}  a run of an empty notebook: {with_work / args.runs:.2f} s in a sweep of {args.runs} "
                  f"(its start included), {kernel:.2f} s for the kernel and the notebook alone", flush=True)
        finished(folder, 1000)
        for number in range(1, args.rounds + 1):
            print(f"round {number}  1,000 finished points: {sweep(folder, 1000, 2, 'many'):.2f} s", flush=True)


def sweep(folder, runs, workers, out, *words):
    """Return the seconds of a whole `course sweep`, from its start to its end."""
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    call = [*COURSE, "sweep", "4", "-g", f"seed=1..{runs}", "--workers", str(workers), "--out", out, *words]
    start = time.perf_counter()
    subprocess.run(call, env=environment, cwd=folder.parent, check=True, capture_output=True)
    return time.perf_counter() - start


def bare(folder, runs):
    """Return the seconds of one run with nbclient alone: the kernel's start, the cells, the kernel's end."""
    import nbformat
    from nbclient import NotebookClient

    start = time.perf_counter()
    for _ in range(runs):
        notebook = nbformat.read(folder / "04_busy.ipynb", as_version=4)
        notebook.cells[1].source = "seed, work = 1, 0"
        NotebookClient(notebook, kernel_name="python3").execute()
    return (time.perf_counter() - start) / runs


def finished(folder, points):
    """Put the books of a sweep of so many points there, as if each had run."""
    from lib.runner.notebooks import read_folder
    from lib.runner.points import read_points

    with contextlib.chdir(folder.parent):
        _, _, found = read_points(read_folder(folder), "4", "lesson", [], [f"seed=1..{points}"], None)
        runs = folder.parent / "many" / "runs"
        runs.mkdir(parents=True)
        for point in found:
            metrics = {"seed": point.values["seed"]}
            result = {"values": point.values, "status": "done", "seconds": 1.0, "error": "", "metrics": metrics}
            (runs / f"{point.key}.json").write_text(json.dumps(result))


if __name__ == "__main__":
    main()
