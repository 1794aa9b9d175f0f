"""The columns of a trials frame: those that say how a trial ended, and how the values of all others are told in words."""

import numpy as np
import pandas as pd

from lib.errors import CourseError

# All columns but `trial` and these are hyperparameters.
OUTCOME = ("score", "direction", "seconds", "epochs", "status")
MEASURED = ("score", "seconds", "epochs")


def is_gap(value):
    """Say whether a cell holds no value; a list, a dict or an estimator always is one."""
    return bool(pd.api.types.is_scalar(value) and pd.isna(value))


def texts(values):
    """Tell values in words of one line, so that no two different values share theirs: 1 and "1" become 1 and '1'.

    Args:
        values: a sequence of anything, without gaps.

    Returns:
        A list of str, one for each value.
    """
    values = [value.item() if isinstance(value, np.generic) else value for value in values]
    known = {id(value): _text(value) for value in values}  # an estimator takes long to tell, and comes often
    words = [known[id(value)] for value in values]
    kinds = {}
    for word, value in zip(words, values, strict=True):
        kinds.setdefault(word, set()).add(type(value))
    return [word if word and len(kinds[word]) == 1 else repr(value) for word, value in zip(words, values, strict=True)]


def _text(value):
    return value if isinstance(value, str) else " ".join(str(value).split())


def check_trials(frame, needed=("trial", "status")):
    """Refuse what is no trials frame, or one without trials, in one line.

    Args:
        frame: a DataFrame.
        needed: names of the columns that it must have.

    Raises:
        CourseError: a column is missing or there twice, there is no row, or a trial's status is no word.
    """
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise CourseError(f"This is no trials frame: two of its columns are called {twice[0]!r}. Rename one.")
    if missing := sorted(set(needed) - set(frame)):
        raise CourseError(f"This is no trials frame: it has no column {missing[0]!r}. See lib.trials.trials_frame.")
    if not len(frame):
        raise CourseError("The search has no trials yet: there is nothing to draw or to write.")
    for status in frame["status"] if "status" in needed else ():
        if not isinstance(status, str):
            found = "none" if is_gap(status) else repr(status)
            raise CourseError(f"status: a trial has {found}; see lib.trials.trials_frame for the words.")
