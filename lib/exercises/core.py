"""Exercises that answer at once: check, hint, solution, and progress that survives a kernel restart."""

import contextlib
import dis
import html
import inspect
import json
import operator
import textwrap
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from IPython.display import display

from lib import places
from lib.errors import first_line
from lib.files import replace_text


class Wrong(Exception):
    """Raised by a check: what is wrong with an answer, and what to look at."""


class Blank(Exception):
    """Raised by a check, or found before it runs: there is no answer yet."""


@dataclass(frozen=True, repr=False)
class Verdict:
    """What a check found: `state` is "right", "wrong" or "blank", `message` says why."""

    state: str
    message: str

    MARKS: ClassVar = {
        "right": ("✔ Right.", "#009e73"),
        "wrong": ("✘ Not yet.", "#d55e00"),
        "blank": ("○ Not attempted yet.", "#777777"),
    }

    def __repr__(self):
        return f"{self.MARKS[self.state][0]} {self.message}".strip()

    def _repr_html_(self):
        mark, colour = self.MARKS[self.state]
        style = f"border-left: 4px solid {colour}; padding: .4em .8em"
        return f'<div style="{style}"><b style="color: {colour}">{mark}</b> {html.escape(self.message)}</div>'


class Exercise:
    """One exercise: a question with a check of a property, at least two hints and a reference solution.

    Args:
        check: takes the answer; returns a sentence of praise, or raises `Wrong` or `Blank`. Its module and its name,
            as `_check_q1` in e03, make the exercise's `key` in the progress file, "e03.q1".
        hints: strings, from a nudge to nearly there.
        reference: a function or value that answers it; its source is the solution.
    """

    def __init__(self, check, hints, reference):
        self.key = f"{check.__module__.rpartition('.')[2]}.{check.__name__.rpartition('_')[2]}"
        self.hints = hints
        self.reference = reference
        self._check = check
        self._shown = 0

    def judge(self, answer):
        """Return the Verdict on an answer; an error inside the answer is part of the verdict, never raised."""
        if answer is None or answer is ... or is_blank(answer):
            return Verdict("blank", "Replace the three dots with your answer and run the cell again.")
        try:
            return Verdict("right", self._check(answer))
        except Blank:
            return Verdict("blank", "Replace the three dots with your answer and run the cell again.")
        except Wrong as wrong:
            return Verdict("wrong", str(wrong))
        except Exception as error:  # whatever a learner's code raises is an answer that is not right yet
            return Verdict("wrong", f"Your answer stopped with {type(error).__name__}: {first_line(error)}")

    def check(self, answer):
        """Show the verdict on an answer, and remember the exercise as solved if it is right."""
        verdict = self.judge(answer)
        if verdict.state == "right":
            PROGRESS.add(self.key)
        display(verdict)

    def hint(self):
        """Show the next hint; after the last one they start over."""
        number = self._shown % len(self.hints)
        self._shown += 1
        print(f"Hint {number + 1} of {len(self.hints)}: {self.hints[number]}")

    def solution(self):
        """Show a solution. There are others: the check passes any right answer."""
        print(textwrap.dedent(inspect.getsource(self.reference)))


def is_blank(answer):
    """Say whether a function's body does nothing, as in `def f(x): ...` or `def f(x): return ...`."""
    code = getattr(answer, "__code__", None)
    if code is None:
        return False
    steps = [i for i in dis.get_instructions(code) if i.opname not in {"RESUME", "NOP"}]
    returns_nothing = any("RETURN" in i.opname for i in steps) and all(i.argval in (None, ...) for i in steps)
    return returns_nothing and all(i.opname.startswith(("LOAD_CONST", "RETURN")) for i in steps)


def there(answer):
    """Return what an answer returned.

    Raises:
        Blank: it returned the three dots.
        Wrong: it returned nothing.
    """
    if answer is ...:
        raise Blank
    wrong_if(answer is None, "Your function returns nothing. Does every way through it end with a `return`?")
    return answer


def wrong_if(fault, words):
    """Raise Wrong with these words where there is a fault."""
    if fault:
        raise Wrong(words)


def compare(answer, right, mistakes, otherwise, same=operator.eq):
    """Let a right result pass, and tell a wrong one by the likely mistake that has the same result.

    Args:
        answer: a learner's result.
        right: the result that is due.
        mistakes: pairs (result, words), the first that matches speaks.
        otherwise: words for a result that no known mistake has.
        same: says of two results whether they are the same.

    Raises:
        Wrong: the answer is not right.
    """
    if same(answer, right):
        return
    for result, words in mistakes:
        wrong_if(same(answer, result), words)
    raise Wrong(otherwise)


def number(answer):
    """Return the number that an answer returned, a float.

    Raises:
        Wrong: it is nothing, or something else.
    """
    try:
        return float(there(answer))
    except (TypeError, ValueError):
        raise Wrong(f"Your function returns a {type(answer).__name__}; one number is asked for.") from None


def parts(answer, count, words):
    """Return the parts of an answer, each as an array.

    Args:
        answer: what a learner's function returned.
        count: how many parts there should be, in a tuple or a list.
        words: what should be returned, as "two arrays: the rows to train on, and those to validate on".

    Raises:
        Wrong: the answer has other parts; the message says what to return.
    """
    wrong_if(not isinstance(answer, tuple | list) or len(answer) != count, f"Return {words}.")
    return [np.asarray(part) for part in answer]


class Progress:
    """The set of solved exercises, in a small file of the learner's, or in memory where none can be written."""

    def __init__(self):
        self._memory = set()

    @property
    def path(self):
        return places.progress() / "progress.json"

    def solved(self):
        """Return the keys of all solved exercises, a set of str."""
        try:
            return self._memory | set(json.loads(self.path.read_text(encoding="utf-8"))["solved"])
        except (OSError, ValueError, KeyError, TypeError):
            return set(self._memory)  # no file yet, or not one of ours: what this kernel saw still counts

    def add(self, key):
        """Remember an exercise as solved."""
        from filelock import FileLock

        self._memory.add(key)
        with contextlib.suppress(OSError):  # the folder cannot be written: this kernel's memory has it
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_suffix(".lock"), timeout=10):  # two kernels may solve at once
                replace_text(self.path, json.dumps({"solved": sorted(self.solved())}))


PROGRESS = Progress()
