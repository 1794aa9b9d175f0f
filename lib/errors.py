"""Errors told in one line: what a person can mend, the line of an error that says something, the name that was meant."""

import difflib
import re

# What a text of other people can make its reader raise: broken, of another shape, too deep, a number too long.
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, SyntaxError, RecursionError, MemoryError)


class CourseError(ValueError):
    """A mistake a person can mend, told in one line: what is wrong, where, what to do."""

    def _render_traceback_(self):
        # IPython asks an exception for this first: a learner then reads the line, not our stack.
        return [str(self)]


def first_line(error, otherwise="no message"):
    """Return the first line of an error that says something.

    Args:
        error: an exception, or its text.
        otherwise: str, what to say where no line says anything.

    Returns:
        str, 300 characters at most, without terminal colours.
    """
    return [*_lines(str(error)), otherwise][0]


def last_line(words, otherwise="it said nothing"):
    """Return the last line that says something of what a program has written; see `first_line`."""
    return [otherwise, *_lines(words)][-1]


def short(value, longest=60):
    """Return a value as a few words of a message: one line, its middle left out where it is long."""
    try:
        words = " ".join(str(value).split())
    except UNREADABLE:  # a number with more digits than Python writes, a list that holds itself
        return f"a {type(value).__name__}"
    return words if len(words) <= longest else f"{words[: longest // 2]}…{words[-longest // 2 + 1 :]}"


def plain(words):
    """Return a text without what would move, colour or clear the terminal that it is printed to."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", "", words)


def without_password(words):
    """Return a text with *** where a password stands in an address, as in postgresql://me:secret@host."""
    return re.sub(r"(://[^\s:/@\"<>]*):[^\s/\"<>]+@", r"\1:***@", words)


def _lines(words, longest=300):
    lines = [plain(line).strip() for line in without_password(words).splitlines()]
    lines = [line for line in lines if line.strip(": ")]
    return [line if len(line) <= longest else line[: longest - 3] + "..." for line in lines]


def did_you_mean(word, names, show=str):
    """Return the sentence " Did you mean NAME?" with the name most like a word; empty where none is.

    Args:
        word: str, what somebody wrote.
        names: str, what would have been right.
        show: called with the name, for its text in the sentence; `repr` for one in quotation marks.
    """
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f" Did you mean {show(near[0])}?" if near else ""
