"""Right answers other than the references of lesson 14's exercises, and likely mistakes with the message each gets."""

import tensorflow as tf

from lib.exercises import e14

# --- q1


def by_loop(scalars, tag, direction):
    found = {}
    for row in scalars.itertuples():
        if row.tag == tag:
            pick = max if direction == "max" else min
            found[row.run] = pick(found.get(row.run, row.value), row.value)
    return found


def one_tag(scalars, tag):
    return scalars[scalars.tag == tag].groupby("run")["value"]


MISTAKES_1 = [
    (lambda scalars, tag, direction: one_tag(scalars, tag).last(), "These are the last values"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).max(), "the worst value"),
    (lambda scalars, tag, direction: scalars.groupby("run")["value"].max(), "only the rows with that tag"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).max().max(), "a dict or Series"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).first(), "the worst value|the best is not"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).max().iloc[:1], "The runs are"),
    (lambda scalars, tag, direction: print(end=""), "returns nothing"),
]

# --- q2


def writes(tag="gradient_norm", step=lambda n: n, pick=lambda norms: norms):
    def log(folder, norms):
        with tf.summary.create_file_writer(folder).as_default():
            for number, norm in enumerate(pick(norms)):
                tf.summary.scalar(tag, norm, step=step(number))

    return log


def in_a_run(folder, norms):
    return writes()(f"{folder}/mine", norms)


def without_writer(folder, norms):
    for number, norm in enumerate(norms):
        tf.summary.scalar("gradient_norm", norm, step=number)


MISTAKES_2 = [
    (without_writer, "as_default"),
    (writes(tag="norm"), "yours is 'norm'"),
    (writes(step=lambda n: 0), "a single point"),
    (writes(step=lambda n: n + 1), "count from 0"),
    (writes(pick=lambda norms: norms[:1]), "TensorBoard finds 1"),
    (writes(pick=lambda norms: norms[::-1]), "another order"),
]

# --- q3


def in_two_parts(frame):
    differ = sorted(name for name in frame if len(set(frame[name])) > 1)
    same = sorted(set(frame) - set(differ))
    return set((differ + same)[5:])


MISTAKES_3 = [
    (lambda frame: sorted(frame)[:5], "the others are asked for"),
    (lambda frame: list(frame)[5:], "does not keep the order"),
    (lambda frame: sorted(frame)[5:], "more than one value first"),
    (lambda frame: "units", "the text 'units'"),
    (lambda frame: [], "you say: none"),
    (lambda frame: sorted(frame)[-1:], "hides none"),
]


RIGHT = [(e14.q1, by_loop), (e14.q2, writes()), (e14.q2, in_a_run), (e14.q3, in_two_parts)]

MISTAKES = [
    (exercise, answer, message)
    for exercise, mistakes in ((e14.q1, MISTAKES_1), (e14.q2, MISTAKES_2), (e14.q3, MISTAKES_3))
    for answer, message in mistakes
]
