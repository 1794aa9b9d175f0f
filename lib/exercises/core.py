"""Exercises that answer at once: check, hint, solution, and progress that survives a kernel restart."""

import contextlib
import dis
import html
import inspect
import json
import shutil
import textwrap
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

import numpy as np
from IPython.display import display

from lib import places
from lib.errors import UNREADABLE, first_line
from lib.exercises import kinds
from lib.exercises.asking import Asked, Blank, Wrong, brief, copied
from lib.exercises.kinds import Other, described
from lib.files import replace_text

LONGEST = 2000  # letters of what an answer printed


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check found: `state` is "right", "wrong", "blank", or "error" if the check itself failed; `message` says why."""

    state: str
    message: str

    MARKS: ClassVar = {
        "right": ("✔ Right.", "#009e73"),
        "wrong": ("✘ Not yet.", "#d55e00"),
        "blank": ("○ Not attempted yet.", "#777777"),
        "error": ("! The check failed.", "#777777"),
    }

    def __repr__(self):
        return f"{self.MARKS[self.state][0]} {self.message}".strip()

    def _repr_html_(self):
        mark, colour = self.MARKS[self.state]
        style = f"border-left: 4px solid {colour}; padding: .4em .8em"
        return f'<div style="{style}"><b style="color: {colour}">{mark}</b> {html.escape(self.message)}</div>'


BLANK = Verdict("blank", "Replace the three dots with your answer and run the cell again.")


class Exercise:
    """One exercise: a question with a check of a property, hints and a reference solution.

    Args:
        check: takes the answer as an `Asked`; returns a sentence of praise, or raises `Wrong` or `Blank`. Its module and its
            name, as `_check_q1` in e03, make the exercise's `key` in the progress file, "e03.q1".
        hints: at least two strings, from a nudge to a skeleton.
        reference: a function, class or value that answers it; its source is the solution.
        due: a `kinds.Kind`: what a call of the answer returns; what the answer itself is, where `takes` is "value".
        takes: "function", "class", or "value" for what is handed over.
        seconds: that the answer has in all, a number: 20, or 60 where it builds a model.
    """

    def __init__(self, check, hints, reference, due=kinds.anything, takes="function", seconds=20):
        self.key = f"{check.__module__.rpartition('.')[2]}.{check.__name__.rpartition('_')[2]}"
        self.hints = hints
        self.reference = reference
        self.due, self.takes, self.seconds = due, takes, seconds
        self.name = getattr(reference, "__name__", "answer").removeprefix("_")
        self._parameters = list(inspect.signature(reference).parameters) if inspect.isfunction(reference) else []
        self._check = check
        self._shown = 0

    def judge(self, answer):
        """Return the Verdict on an answer; an error inside the answer is part of the verdict, never raised."""
        return self._judge(answer)[0]

    def check(self, answer):
        """Show the verdict on an answer and what it printed, and remember the try."""
        verdict, printed = self._judge(answer)
        if printed.strip():
            print("Your answer printed, in one call:", printed[:LONGEST].rstrip(), sep="\n")
        PROGRESS.add(self.key, verdict.state)
        display(verdict)

    def _judge(self, answer):
        """Return the Verdict, and what the answer printed in the call that it is about, or in its last."""
        if answer is None or answer is ... or is_blank(answer):
            return BLANK, ""
        asked = Asked(answer, self.due, self.name, self._parameters, self.seconds)
        try:
            self._is_one(answer)
            return Verdict("right", self._check(self.due(answer) if self.takes == "value" else asked)), asked.printed
        except Blank:
            return BLANK, asked.printed
        except Other as other:
            return Verdict("wrong", f"You handed over {other}."), ""
        except Wrong as wrong:
            return Verdict("wrong", " ".join(str(wrong).split())), asked.printed
        except Exception as error:  # of the check itself: what the answer raises is a Wrong
            place = traceback.extract_tb(error.__traceback__)[-1]
            return Verdict("error", (
                f"The check of {self.key} failed, not your answer: {type(error).__name__}: {first_line(error)} "
                f"({Path(place.filename).name}, line {place.lineno}). Please report this sentence, with your answer, to "
                "whoever gave you the course."
            )), asked.printed

    def _is_one(self, answer):
        """Raise Wrong where something else is handed over than a function, or a class."""
        if self.takes == "function" and not callable(answer):
            raise Wrong(f"Hand over the function itself, without calling it: check({self.name}). This is {described(answer)}.")
        if self.takes == "class" and not isinstance(answer, type):
            kind = type(answer).__name__
            if callable(answer) and hasattr(answer, "__code__"):
                raise Wrong(f"A class is due; this is {described(answer)}.")
            raise Wrong(f"Hand over the class itself, without calling it: check({self.name}). This is an object, {kind}.")

    def hint(self):
        """Show the next hint; after the last one they start over."""
        number = self._shown % len(self.hints)
        self._shown += 1
        print(f"Hint {number + 1} of {len(self.hints)}: {self.hints[number]}")

    def solution(self):
        """Show a solution. There are others: the check passes any right answer."""
        if not places.solutions():
            print("Solutions stay with whoever gave you this lesson. `hint` goes as far as a skeleton of one.")
            return
        print(textwrap.dedent(inspect.getsource(self.reference)))


def is_blank(answer):
    """Say whether a function's body does nothing, as in `def f(x): ...` or `def f(x): return ...`."""
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    steps = [i for i in dis.get_instructions(code) if i.opname not in {"RESUME", "NOP"}]
    returns_nothing = any("RETURN" in i.opname for i in steps) and all(i.argval in (None, ...) for i in steps)
    return returns_nothing and all(i.opname.startswith(("LOAD_CONST", "RETURN")) for i in steps)


def wrong_if(fault, words):
    """Raise Wrong with these words where there is a fault."""
    if fault:
        raise Wrong(words)


def same(answer, right):
    """Say whether two results are the same, item by item: numbers to the six digits of a float32, anything else exactly."""
    if isinstance(right, dict):
        return isinstance(answer, dict) and answer.keys() == right.keys() and all(same(answer[k], right[k]) for k in right)
    if isinstance(right, list | tuple) and not _flat(right):
        return isinstance(answer, list | tuple) and len(answer) == len(right) and all(map(same, answer, right))
    answer, right = np.asarray(answer), np.asarray(right)
    if answer.shape != right.shape:
        return False
    if answer.dtype.kind in "biuf" and right.dtype.kind in "biuf":
        return bool(np.allclose(answer, right, rtol=1e-6, atol=1e-12, equal_nan=True))
    return bool((answer == right).all())


def _flat(items):
    return all(isinstance(item, int | float | str | bool | np.generic) for item in items)


def over_cases(answer, cases, right, why, mistakes=(), alike=same):
    """Let an answer pass that is right for every case, and tell a wrong one by the smallest case that shows it.

    A mistake is told only where the answer makes it: where its rule gives what the answer gives in every case tried.

    Args:
        answer: an `Asked`, or `Seen` from one side.
        cases: tuples of arguments, from the smallest to the largest, edges among them.
        right: a rule: takes the arguments of a case and returns what is due.
        why: what is due in words, one or two sentences, or a function from a case to them.
        mistakes: pairs (rule, words).
        alike: says of two results whether they are the same.

    Raises:
        Wrong: the answer is not right for one of the cases.
    """
    tried, failing = [], None
    for case in cases:
        try:
            tried.append((case, answer(*case)))
        except Wrong:
            if failing is None:
                raise
            break  # it is wrong for a smaller case: that one is told
        if failing is None and not alike(tried[-1][1], answer.due(right(*map(copied, case)))):
            failing, printed = tried[-1], answer.printed
    if failing is None:
        return
    (case, given), answer.printed = failing, printed
    words = next((words for rule, words in mistakes if _makes(rule, tried, answer.due, alike)), why)
    words = words(*case) if callable(words) else words
    due = answer.due(right(*map(copied, case)))
    gives = (brief(given), brief(due)) if brief(given) != brief(due) else (repr(given), repr(due))
    raise Wrong(f"Your answer is not right for {answer.shown(*case)}: it gives {gives[0]}, and {gives[1]} is due. {words}")


def _makes(rule, tried, due, alike):
    """Say whether a mistaken rule gives what was answered in every case tried."""
    with np.errstate(all="ignore"):
        for case, given in tried:
            try:
                found = due(rule(*map(copied, case)))
            except (ValueError, TypeError, LookupError, ArithmeticError, Other):
                return False  # this mistake would have raised
            if not alike(given, found):
                return False
    return True


class Progress:
    """What a learner has tried and solved, in a small file of theirs, or in memory where none can be written."""

    def __init__(self):
        self._memory = []  # tries that are in no file yet: tuples (key, state, when)

    @property
    def path(self):
        return places.progress() / "progress.json"

    def solved(self):
        """Return the keys of all solved exercises, a set of str."""
        return {key for key, row in self.tries().items() if row["first_right"] is not None}

    def tries(self):
        """Return what was tried.

        Returns:
            A dict from key to a dict with tries (how many answers up to the first right one, int) and first_right (when, a
            text with the time of UTC, "" if that is not known, None if it is not solved).
        """
        return _with(self._stored(), self._memory)

    def _stored(self):
        try:
            read = json.loads(self.path.read_text(encoding="utf-8"))
            solved, tries, times = read["solved"], read.get("tries", {}), read.get("first_right", {})
            when = {str(key): _time(times.get(key)) for key in solved}
            return {k: {"tries": max(int(tries.get(k, 1)), 1), "first_right": when.get(k)} for k in sorted({*when, *tries})}
        except (OSError, *UNREADABLE):
            return {}  # no file yet, or not one of ours: what this kernel saw still counts

    def add(self, key, state="right"):
        """Remember an answer to an exercise: its state is "right" or "wrong"; others are no tries."""
        from filelock import FileLock

        if state not in ("right", "wrong"):
            return
        self._memory.append((key, state, datetime.now(UTC).isoformat(timespec="seconds")))
        with contextlib.suppress(OSError):  # the folder cannot be written: this kernel's memory has it
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=10):  # two kernels may solve at once
                stored = self._stored()
                if not stored and self.path.exists() and self.path.stat().st_size:
                    shutil.copy(self.path, self.path.with_suffix(".damaged"))
                rows = _with(stored, self._memory)
                times = {key: row["first_right"] for key, row in rows.items() if row["first_right"] is not None}
                tries = {key: row["tries"] for key, row in rows.items()}
                replace_text(self.path, json.dumps({"solved": sorted(times), "tries": tries, "first_right": times}))
                self._memory.clear()


def _time(text):
    """Return a time that a file tells, or "" where it is none."""
    try:
        return datetime.fromisoformat(text).isoformat(timespec="seconds")
    except (ValueError, TypeError):
        return ""


def _with(rows, events):
    """Return the rows of `Progress.tries` with some more tries."""
    rows = {key: dict(row) for key, row in rows.items()}
    for key, state, when in events:
        row = rows.setdefault(key, {"tries": 0, "first_right": None})
        if row["first_right"] is None:
            row["tries"] += 1
            row["first_right"] = when if state == "right" else None
    return rows


PROGRESS = Progress()
