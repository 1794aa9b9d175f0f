"""Grades what a class has handed in: every notebook in a process of its own, closed off where it is not trusted."""

import contextlib
import json
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from lib import places
from lib.errors import UNREADABLE, last_line, plain
from lib.files import replace_text
from lib.runner import room
from lib.runner.books import csv_text
from lib.runner.folder import WORK
from lib.runner.grade_page import page_of

NAMES = ("learner", "exercise", "verdict", "message", "seconds")
VERDICTS = ("right", "wrong", "blank", "error")
LONGEST = 1000  # letters of a message
MOST = 1_000_000  # bytes that an examiner may say
STARTING = 120  # seconds more for each exercise: for a kernel that has to be started again
LOOKS = 0.2  # seconds between two looks at the memory


def grade(handed, out, seconds, gib, workers, trust, tell=lambda words: None):
    """Grade notebooks, and write grades.csv and grades.html; both are there, and true, after each notebook.

    Args:
        handed: list of `HandedIn`.
        out: Path of a folder that is held.
        seconds: that one exercise may take with the cells that it needs.
        gib: of memory that one notebook may take.
        workers: int, how many notebooks at a time.
        trust: whether they run as the grader, with all that the grader may do.
        tell: called with a line when a notebook is graded.

    Returns:
        A list of dict with the keys `NAMES`, a row for each learner and exercise.
    """
    rows = {each.learner: [] for each in handed}
    lock, stopped = threading.Lock(), threading.Event()

    def one(each):
        found = grade_one(each, out / WORK, seconds, gib, trust, stopped)
        with lock:
            if stopped.is_set():
                return
            rows[each.learner] = found
            _write(out, [row for rows in rows.values() for row in rows])
            tell(f"{each.learner}: {sum(row['verdict'] == 'right' for row in found)} of {len(found)} right")

    pool = ThreadPoolExecutor(workers)
    try:
        for _ in pool.map(one, handed):
            pass
    finally:
        stopped.set()
        pool.shutdown(cancel_futures=True)
    return [row for found in rows.values() for row in found]


def grade_one(handed, work, seconds, gib, trust, stopped):
    """Grade one notebook; see `grade`. `work` is the Path of a folder for what is there meanwhile, `stopped` an Event."""
    if handed.error:
        return [_row(handed.learner, "", "error", handed.error)]
    verdicts, ended = _examined(handed, work, seconds, gib, trust, stopped)
    found = {row["exercise"]: row for row in verdicts}
    rows = []
    for key in handed.due:
        if key in found:
            rows.append(_row(handed.learner, key, *(found[key][name] for name in NAMES[2:])))
        elif any(f"{key}.check" in source for source in handed.sources):
            rows.append(_row(handed.learner, key, "error", ended))
        else:
            rows.append(_row(handed.learner, key, "blank", "The notebook has no cell that checks it."))
    return rows


def _row(*values):
    return dict(zip(NAMES, [*values, 0.0][: len(NAMES)], strict=True))


def _examined(handed, work, seconds, gib, trust, stopped):
    """Return the rows that the examiner of a notebook has said, and why there are no more."""
    with tempfile.TemporaryDirectory(dir=work) as folder:
        process = _started(Path(folder), trust)
        watch = Watch(process, gib * 2**30, len(handed.due) * (seconds + STARTING), stopped)
        try:
            task = json.dumps({"sources": handed.sources, "seconds": seconds})
            with contextlib.suppress(OSError):  # it has ended already
                process.stdin.write(task.encode() + b"\n")
                process.stdin.flush()  # and left open: its end is that of the examiner
            said = process.stdout.read(MOST)
        finally:
            watch.kill()
        words = process.stderr.read(MOST).decode(errors="replace")
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            with contextlib.suppress(OSError):
                stream.close()
    rows = [row for row in map(_row_said, said.splitlines()) if row]
    return rows, watch.why or f"the notebook's process ended: {last_line(words, 'it said nothing')}"


def _started(folder, trust):
    if not trust:
        return room.start("lib.runner.examiner", folder)
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-m", "lib.runner.examiner"], stdin=pipe, stdout=pipe, stderr=pipe, cwd=places.ROOT,
                            start_new_session=True)


def _row_said(line):
    """Return a row that an examiner has said; None where it is none: the notebook may have got hold of its voice."""
    try:
        row = json.loads(line)
        words = {"exercise": str(row["exercise"]), "verdict": row["verdict"], "seconds": float(row["seconds"])}
        return words | {"message": plain(str(row["message"]))[:LONGEST]} if row["verdict"] in VERDICTS else None
    except UNREADABLE:
        return None


class Watch(threading.Thread):
    """Kills a process with all that it has started when they take too much memory or time; `why` then says so."""

    def __init__(self, process, most, seconds, stopped):
        super().__init__(daemon=True)
        self.process, self.most, self.end, self.stopped = process, most, time.monotonic() + seconds, stopped
        self.why = ""
        self.start()

    def run(self):
        """Look at the memory until the process ends."""
        while self.process.poll() is None and not self.why:
            if sum(map(_memory, self._all())) > self.most:
                self._kill(f"the notebook took more than {self.most / 2**30:g} GiB of memory")
            elif time.monotonic() > self.end:
                self._kill("the notebook did not come to an end")
            elif self.stopped.is_set():
                self._kill("it was stopped")
            time.sleep(LOOKS)

    def kill(self):
        """Kill what is still there."""
        self._kill(self.why)

    def _kill(self, why):
        self.why = why
        for each in self._all():
            with contextlib.suppress(psutil.Error):
                each.kill()

    def _all(self):
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.process.pid)
            return [*process.children(recursive=True), process]
        return []


def _memory(process):
    with contextlib.suppress(psutil.Error):
        return process.memory_info().rss
    return 0


def _write(out, rows):
    replace_text(out / "grades.csv", csv_text(rows, NAMES))
    replace_text(out / "grades.html", page_of(rows))
