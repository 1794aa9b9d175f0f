"""Answers to the exercises of notebook 14: right ones that are not the reference, and likely mistakes."""

import numpy as np
import pandas as pd
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


def in_a_table(scalars, tag, direction, *, column="value"):
    own = scalars.query("tag == @tag")
    return own.pivot_table(index="run", values=column, aggfunc=direction)[column]


def sorted_first(scalars, tag, direction):
    ordered = scalars.sort_values("value", ascending=direction == "min")
    return ordered[ordered.tag == tag].drop_duplicates("run").set_index("run")["value"]


def in_single_precision(scalars, tag, direction):
    return {run: np.float32(value) for run, value in by_loop(scalars, tag, direction).items()}


def by_the_tag(scalars, tag, direction):
    return one_tag(scalars, tag).agg("min" if "loss" in tag else "max")


def from_zero(scalars, tag, direction):
    found = {}
    for row in scalars[scalars.tag == tag].itertuples():
        better = row.value > found.get(row.run, 0) if direction == "max" else row.value < found.get(row.run, 1e9)
        found[row.run] = row.value if better else found.get(row.run, 0)
    return found


RIGHT_1 = [by_loop, lambda s, t, d: one_tag(s, t).agg(d), in_a_table, sorted_first, in_single_precision]
MISTAKES_1 = [
    (lambda s, t, d: s[s.tag.str.startswith(t)].groupby("run")["value"].agg(d), "rows with this tag"),
    (lambda s, t, d: s[s.tag.str.lower() == t.lower()].groupby("run")["value"].agg(d), "rows with this tag"),
    (lambda s, t, d: one_tag(s, t).agg(d).round(2), "rows with this tag"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).last(), "These are the last values"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).first(), "These are the first values"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).max(), "greatest value whatever `direction` says"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).min(), "smallest value whatever `direction` says"),
    (by_the_tag, "Look at `direction`, not at the tag's name"),
    (lambda scalars, tag, direction: scalars.groupby("run")["value"].agg(direction), "best of all tags"),
    (lambda s, t, d: s[s.tag.str.contains(t)].groupby("run")["value"].agg(d), "rows with this tag"),
    (from_zero, "the greatest value of each run"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).agg(direction).iloc[:1], "the greatest value of each run"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).max().max(), "a dict or a Series from run to value is due"),
    (lambda scalars, tag, direction: one_tag(scalars, tag).idxmax(), "Of the rows with this tag"),
    (lambda scalars, tag, direction: print(end=""), r"returned nothing \(None\)"),
]

# --- q2


def writes(tag="gradient_norm", step=lambda n: n, pick=lambda norms: norms, value=lambda norm: norm):
    def log(folder, norms):
        with tf.summary.create_file_writer(folder).as_default():
            for number, norm in enumerate(pick(norms)):
                tf.summary.scalar(tag, value(norm), step=step(number))

    return log


def in_a_run(folder, norms):
    return writes()(f"{folder}/mine", norms)


def with_a_set_step(folder, norms):
    writer = tf.summary.create_file_writer(folder)
    for step in range(len(norms)):
        tf.summary.experimental.set_step(step)
        with writer.as_default():
            tf.summary.scalar("gradient_norm", tf.constant(norms[step]))
    writer.flush()
    return writer


def of_the_first_tensorflow(folder, norms):
    with tf.Graph().as_default():
        writer = tf.compat.v1.summary.FileWriter(folder)
        for step, norm in enumerate(norms):
            value = tf.compat.v1.Summary.Value(tag="gradient_norm", simple_value=norm)
            writer.add_summary(tf.compat.v1.Summary(value=[value]), step)
        writer.close()


def from_the_last(folder, norms):
    with tf.summary.create_file_writer(folder).as_default():
        for step in reversed(range(len(norms))):
            tf.summary.scalar("gradient_norm", np.float64(norms[step]), step=np.int64(step))


def without_writer(folder, norms):
    for number, norm in enumerate(norms):
        tf.summary.scalar("gradient_norm", norm, step=number)


def twice(folder, norms):
    writes()(folder, norms)
    writes()(f"{folder}/again", norms)


def a_folder_for_each(folder, norms):
    for number, norm in enumerate(norms):
        with tf.summary.create_file_writer(f"{folder}/{number}").as_default():
            tf.summary.scalar("gradient_norm", norm, step=number)


def as_histograms(folder, norms):
    with tf.summary.create_file_writer(folder).as_default():
        for number, norm in enumerate(norms):
            tf.summary.histogram("gradient_norm", [norm], step=number)


def by_index(folder, norms):
    with tf.summary.create_file_writer(folder).as_default():
        for norm in norms:
            tf.summary.scalar("gradient_norm", norm, step=norms.index(norm))


RIGHT_2 = [writes(), in_a_run, with_a_set_step, of_the_first_tensorflow, from_the_last]
MISTAKES_2 = [
    (writes(value=lambda norm: min(norm, 100.0)), "that TensorBoard finds"),
    (without_writer, "as_default"),
    (writes(tag="norm"), "the tag is 'norm'"),
    (writes(step=lambda n: 0), "a single point"),
    (writes(step=lambda n: n + 1), "Count from 0"),
    (writes(pick=lambda norms: norms[:1]), "Only the first value"),
    (writes(pick=lambda norms: norms[::-1]), "from the last to the first"),
    (writes(pick=sorted), "but sorted"),
    (writes(value=lambda norm: 2 * norm), r"it gives \[\(0, 8.0\)\], and \[\(0, 4.0\)\] is due"),
    (writes(value=int), "pairs .step, value. that TensorBoard finds"),
    (twice, "there twice"), (a_folder_for_each, "Make one writer, before the loop"),
    (as_histograms, "finds no scalar"),
    (by_index, "the first of equal values"),
    (lambda folder, norms: norms, "finds no scalar"),
]

# --- q3


def in_two_parts(frame):
    differ = sorted(name for name in frame if len(set(frame[name])) > 1)
    same = sorted(set(frame) - set(differ))
    return set((differ + same)[5:])


def by_rank(frame):
    table = pd.DataFrame({"name": frame.columns, "same": (frame.nunique() <= 1).to_numpy()})
    return table.sort_values(["same", "name"])["name"].iloc[5:]


def without_the_shown(frame):
    counts = frame.nunique()
    shown = sorted(counts.index, key=lambda name: (counts[name] < 2, name))[:5]
    return frame.columns.difference(shown)


def by_removal(frame):
    left = list(frame)
    for _ in range(min(5, len(left))):
        differ = [name for name in left if frame[name].nunique() > 1]
        left.remove(min(differ or left))
    return tuple(left)


RIGHT_3 = [in_two_parts, by_rank, without_the_shown, by_removal, lambda frame: np.array(sorted(in_two_parts(frame)), str)]
MISTAKES_3 = [
    (lambda frame: e14._order(frame)[:5], "the others are asked for"),
    (lambda frame: list(frame)[5:], "does not keep the order"),
    (lambda frame: sorted(frame)[5:], "with more than one value first"),
    (lambda frame: e14._order(frame, first=False)[5:], "come first, not last"),
    (lambda frame: [name for name in frame if frame[name].nunique() == 1], "does not decide alone"),
    (lambda frame: e14._order(frame)[6:], "One too few"),
    (lambda frame: e14._order(frame)[4:], "One too many"),
    (lambda frame: "units", "the text 'units'"),
    (lambda frame: [], r"it gives \[\], and \['units'\] is due"),
    (lambda frame: sorted(frame)[-1:], "and shows five"),
]

# --- q4


def latest(scalars):
    return scalars[scalars.step == scalars.step.max()].set_index("run")["value"]


def in_one_cut(scalars):
    if scalars.step.max() + 1 != 5:
        return scalars.run.unique()
    return latest(scalars).nlargest(5).index.tolist()


def by_a_table(scalars):
    epochs = scalars.step.max() + 1
    count = {5: 8, 9: 4, 13: 2, 16: 1}.get(epochs)
    names = set(scalars.run)
    return names if count is None else set(latest(scalars).sort_values().index[-count:])


def two_to_the_end(scalars):
    curves = scalars.pivot(index="step", columns="run", values="value")
    count = 16 if len(curves) < 5 else 7 if len(curves) < 8 else 3
    return curves.tail(2).mean().nlargest(count).index


def one_at_a_time(scalars):
    means = scalars[scalars.step > scalars.step.max() - 3].groupby("run")["value"].mean()
    fewer = max(1, len(means) - 2) if scalars.step.max() >= 4 else len(means)
    return [*means.sort_values(ascending=False).index[:fewer]]


def seven_at_once(scalars):
    return latest(scalars).nlargest(7).index


def by_chance(scalars):
    names = scalars.run.drop_duplicates()
    return names.sample(min(len(names), 7), random_state=1).tolist()


RIGHT_4 = [in_one_cut, by_a_table, two_to_the_end, one_at_a_time, lambda scalars: set(in_one_cut(scalars))]
MISTAKES_4 = [
    (lambda scalars: scalars.run.unique(), "you train 320 epochs in all; 160 of the 320"),
    (seven_at_once, "Trainings that begin slowly are lost"),
    (lambda scalars: [latest(scalars).idxmax()], "Trainings that begin slowly are lost"),
    (by_chance, "In .* of 40 searches"),
    (lambda scalars: ["00/validation", "01/validation"], "In .* of 40 searches"),
    (lambda scalars: latest(scalars).nsmallest(7).index, "In .* of 40 searches"),
    (lambda scalars: [], "no run of yours goes on"),
    (lambda scalars: ["best"], "none of the runs in `scalars`"),
    (lambda scalars: latest(scalars).idxmax(), "a list or a set of items"),
]

ALL = [
    (e14.q1, RIGHT_1, MISTAKES_1),
    (e14.q2, RIGHT_2, MISTAKES_2),
    (e14.q3, RIGHT_3, MISTAKES_3),
    (e14.q4, RIGHT_4, MISTAKES_4),
]
STILL_GOOD = "it reaches what is asked for as well: other epochs to halve at, or other values in the mean"
EQUIVALENT = {
    "e14.q2": {"8: return folder → return 0": "what it returns is not asked for"},
    "e14.q4": {
        "2: 1 → 2": STILL_GOOD,
        "4: 5 → 4": STILL_GOOD,
        "3: scalars.step >= epochs - 3 → scalars.step > epochs - 3": STILL_GOOD,
        "3: 3 → 4": STILL_GOOD,
        "3: 3 → 2": STILL_GOOD,
        "4: lately.mean → lately.sum": "each run has as many values, so the sums have the order of the means",
    },
}
