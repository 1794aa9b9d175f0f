"""Helpers that checks used before `over_cases` and `kinds`; to go."""

import operator

import numpy as np

from lib.exercises.asking import Blank, Wrong
from lib.exercises.core import wrong_if


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


