"""Exercises of notebook 00: three small ones, to meet check, hint and solution."""

import numpy as np

from lib.exercises.core import Exercise, compare, there, wrong_if


def _check_q1(double):
    for number in (1, 7, -3, 0.5):
        answer = there(double(number))
        same = f"Your function gives {number} back as it came. What is twice {number}?"
        compare(answer, 2 * number, [(number, same)], f"Twice {number} is {2 * number}; your function says {answer}.")
    return "You have met check. Right answers are remembered, and the table below counts them."


def _double(number):
    return 2 * number


q1 = Exercise(
    _check_q1,
    ["A hint is a nudge. Ask again and you get a bigger one.", "Put `return 2 * number` where the three dots are."],
    _double,
)


def _check_q2(accuracy):
    cases = [([0, 1, 2, 3], [0, 1, 2, 0]), ([1, 1], [1, 1]), ([5, 4, 3, 2, 1], [1, 4, 5, 5, 5])]
    for y_true, y_pred in cases:
        answer = there(accuracy(np.array(y_true), np.array(y_pred)))
        wrong_if(np.ndim(answer), "Your function returns one value for each picture; an accuracy is one number. Take the mean.")
        right = sum(a == b for a, b in zip(y_true, y_pred, strict=True))
        share = right / len(y_true)
        told = f"{right} of {len(y_true)} right"
        mistakes = [
            (right, f"{told}: you return the count. Divide it by the number of pictures."),
            (100 * share, f"{told}: you return percent. Keras, and this course, write a share between 0 and 1."),
            (1 - share, f"{told}: you return the share of mistakes. Which sign compares for equality?"),
        ]
        compare(answer, share, mistakes, f"{told} is {share:g}; your function says {answer:g}.", np.isclose)
    return "That is the figure that every lesson on classes looks at."


def _accuracy(y_true, y_pred):
    return (y_true == y_pred).mean()


q2 = Exercise(
    _check_q2,
    ["`y_true == y_pred` compares two arrays picture by picture.", "True counts as 1 and False as 0: take the mean."],
    _accuracy,
)


def _check_q3(best):
    cases = [([0.2, 0.9, 0.5], "max", 1), ([0.2, 0.9, 0.5], "min", 0), ([-3.0, -1.0], "max", 1), ([4.0], "min", 0)]
    for scores, direction, right in cases:
        answer = best(list(scores), direction)
        wrong_if(answer is None, "Your function returns nothing in some case. Does every way through it end with a `return`?")
        where = f"For {scores} and {direction!r}"
        mistakes = [(scores[right], f"{where} you return the best score itself. Return its position, counted from 0.")]
        if direction == "min":
            largest = f"{where} you return the largest. A loss has the direction 'min': smaller is better."
            mistakes.append((int(np.argmax(scores)), largest))
        compare(answer, right, mistakes, f"{where} the answer is position {right}; you return {answer}.")
    return "The direction belongs to the objective. A search that gets it wrong hands you its worst model."


def _best(scores, direction):
    wanted = max(scores) if direction == "max" else min(scores)
    return scores.index(wanted)


q3 = Exercise(
    _check_q3,
    [
        "First find the score you want: max(scores) or min(scores), as `direction` says.",
        "scores.index(value) says where a value stands.",
    ],
    _best,
)
