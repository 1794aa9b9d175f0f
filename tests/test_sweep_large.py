"""Large sweeps: memory by the results, not by the outputs of notebooks, and a table that is appended."""

import json
import os
import subprocess
import threading
import time

import psutil
import pytest
from kit.course import COURSE, table, write_notebook
from kit.processes import process_of

from lib.runner.books import Books
from lib.runner.notebooks import read_folder
from lib.runner.points import read_points
from lib.runner.sweep_pages import write_pages

MB = 1e6
NEARLY_EMPTY = ["# 04 · Small", "#parameters\nseed = 1  # [1..]", "from lib.metric import record\nrecord('square', seed**2)"]
OUTPUT = 800_000  # letters that the notebook has stored, as a lesson with figures has


def stored_notebook(folder):
    """Write a nearly empty notebook with much stored output."""
    path = write_notebook(folder, "04_small", NEARLY_EMPTY)
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * OUTPUT}]
    path.write_text(json.dumps(notebook))
    return folder


def test_the_books_of_ten_thousand_points(tmp_path):
    rss = psutil.Process().memory_info
    before, start = rss().rss, time.monotonic()
    asked = read_points(read_folder(stored_notebook(tmp_path / "notebooks")), "4", "lesson", [], ["seed=1..10000"], None)
    books = Books(tmp_path, *asked)
    books.begin_table()
    result = {"status": "done", "seconds": 1.0, "error": "", "heading": "", "metrics": {"square": 1.0}, "host": "h"}
    for point in books.points:
        books.add(point, {**result, "notebook": "{}"})
    booked = time.monotonic() - start
    grown = (rss().rss - before) / MB
    again = Books(tmp_path, *asked)
    print(f"10,000 points: {grown:.0f} MB, {booked:.1f} s to book them, {len(table(tmp_path))} rows")
    assert grown < 150 and again.todo() == [] and len(table(tmp_path)) == 10_000
    start = time.monotonic()
    write_pages(again)
    print(f"pages in {time.monotonic() - start:.1f} s, {(tmp_path / 'parallel.html').stat().st_size / MB:.1f} MB")


def test_memory_of_a_sweep_grows_by_results_alone(tmp_path, request):
    count = 500 if request.config.option.long else 12
    folder, out = stored_notebook(tmp_path / "notebooks"), tmp_path / "out"
    words = ["sweep", "4", "-g", f"seed=1..{count}", "--workers", "2", "--out", str(out)]
    environment = os.environ | {"COURSE_NOTEBOOKS": str(folder)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    sizes = []
    with process_of([*COURSE, *words], env=environment, cwd=tmp_path, **pipes) as process:
        said = []
        reader = threading.Thread(target=lambda: said.extend(process.stderr))
        reader.start()
        while process.poll() is None:
            sizes.append(psutil.Process(process.pid).memory_info().rss / MB)
            time.sleep(0.2)
        reader.join()
        assert process.returncode == 0, said
    assert [row["square"] for row in table(out)] == [str(seed**2) for seed in range(1, count + 1)]
    early = max(sizes[len(sizes) // 5 : len(sizes) // 3])
    late = max(sizes[len(sizes) // 2 : -len(sizes) // 8])
    told = f"{early:.0f} MB early, {late:.0f} MB late, {max(sizes):.0f} MB at most"
    print(f"{count} points with {OUTPUT / MB} MB of stored output: {told}")
    assert late < 200, told


@pytest.mark.parametrize("text", ["seed=1..100000"])
def test_the_most_points_that_a_sweep_takes_are_read(tmp_path, text):
    infos = read_folder(stored_notebook(tmp_path / "notebooks"))
    assert len(read_points(infos, "4", "lesson", [], [text], None)[2]) == 100_000
