"""Exercises of notebook 14: the best epoch, a scalar of one's own, the columns a page hides, trainings stopped early."""

import importlib
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from lib.exercises import kinds
from lib.exercises.asking import Seen
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: the best value of each run


def _scalars(curves):
    """Return a table as `read_scalars` does, from a dict from (run, tag) to the values from step 0 on."""
    rows = [(run, tag, step, value) for (run, tag), values in curves.items() for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["run", "tag", "step", "value"])


def _curves():
    """Yield dicts from (run, tag) to values: one run, equal values, values below zero, a run without a tag, runs of chance."""
    yield {("train", "loss"): [0.5]}
    yield {("train", "loss"): [0.5, 0.8, 0.7], ("train", "epoch_loss"): [9.0, 0.1]}
    yield {("a", "loss"): [-0.5, -3.0, -2.0], ("b", "loss"): [-1.0, -1.0], ("b", "accuracy"): [0.3, 0.6, 0.4]}
    yield {("a", "loss"): [0.2501, 0.2507], ("a", "loss_2"): [9.0, 0.1], ("b", "Loss"): [3.0, 2.0], ("b", "loss"): [0.125]}
    rng = np.random.default_rng(0)
    for runs in (2, 4, 9):
        names = [(f"{n}/{part}", tag) for n in range(runs) for part in ("train", "validation") for tag in ("loss", "accuracy")]
        yield {name: rng.normal(0, 1, rng.integers(1, 8)).round(2).tolist() for name in names if name[0] != "0/train"}


def _check_q1(best):
    tables = [(_scalars(curves), sorted({tag for _, tag in curves})) for curves in _curves()]
    cases = [(table, tag, direction) for table, tags in tables for tag in tags for direction in ("max", "min")]
    other = {"max": "min", "min": "max"}
    mistakes = [
        (lambda s, t, d: s[s.tag == t].groupby("run")["value"].last(), "These are the last values, as on the HParams page."),
        (lambda s, t, d: s[s.tag == t].groupby("run")["value"].first(), "These are the first values."),
        (lambda s, t, d: _best_values(s, t, "max"), "You return the greatest value whatever `direction` says."),
        (lambda s, t, d: _best_values(s, t, "min"), "You return the smallest value whatever `direction` says."),
        (lambda s, t, d: _best_values(s, t, other[d]), "These are the worst values: you have the two directions swapped."),
        (lambda s, t, d: _best_values(s, t, "min" if "loss" in t else "max"), "Look at `direction`, not at the tag's name."),
        (lambda s, t, d: _best_values(s.assign(tag=t), t, d), "These are the best of all tags. Keep only the rows of one."),
    ]
    why = "Of the rows with this tag it is the greatest value of each run for 'max', and the smallest for 'min'."
    over_cases(best, cases, _best_values_by_hand, why, mistakes)
    return "Now a run that was stopped too late does not look worse than it was."


def _best_values_by_hand(scalars, tag, direction):
    found = {}
    for run, own, _, value in scalars.itertuples(index=False):
        if own == tag:
            found.setdefault(run, []).append(value)
    return {run: sorted(values)[-1 if direction == "max" else 0] for run, values in found.items()}


def _best_values(scalars, tag, direction):
    values = scalars[scalars.tag == tag].groupby("run")["value"]
    return values.max() if direction == "max" else values.min()


q1 = Exercise(
    _check_q1,
    [
        "First keep only the rows of one tag: scalars[scalars.tag == tag].",
        'Then group by "run", and take the maximum or the minimum of each group\'s "value"; `direction` says which.',
        'values = scalars[...].groupby("run")["value"]; return ... if direction == "max" else ...',
    ],
    _best_values,
    due=kinds.mapping(kinds.number, "a dict or a Series from run to value"),
)


# --- q2: a scalar of one's own


def _logged(log, norms, call):
    """Let an answer log; return what TensorBoard finds, a list of pairs (step, value)."""
    with tempfile.TemporaryDirectory() as folder:
        log(folder, norms)
        found, runs = _found(folder)
    wrong_if(
        not found,
        f"After {call} TensorBoard finds no scalar in the folder. Is tf.summary.scalar called, and inside of "
        "`with writer.as_default():`? Outside of it nothing is written.",
    )
    tag = "gradient_norm"
    wrong_if(tag not in found, f'After {call} there is no scalar with the tag "{tag}"; the tag is {min(found)!r}.')
    logged = sorted(found[tag])
    wrong_if(
        len(runs[tag]) > 1 and logged == _pairs(norms),
        f"After {call} the values are there, but in {len(runs[tag])} folders. TensorBoard calls each a run and gives it a "
        "curve of its own, here of single points. Make one writer, before the loop.",
    )
    return logged


def _found(folder):
    """Return what TensorBoard finds below a folder: from tag to its list of pairs (step, value), and to its set of runs."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util.tensor_util import make_ndarray

    found, runs, plugins = {}, {}, {}  # only the first value of a tag in a file says which plugin it is for
    for path in sorted(Path(folder).rglob("*tfevents*")):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                plugin = plugins.setdefault((path, value.tag), value.metadata.plugin_data.plugin_name)
                if plugin == "scalars":
                    found.setdefault(value.tag, []).append((event.step, make_ndarray(value.tensor).item()))
                    runs.setdefault(value.tag, set()).add(path.parent)
    return found, runs


def _check_q2(log):
    importlib.import_module("tensorflow")  # which takes some seconds that are not the answer's
    cases = [([4.0],), ([2.0, 0.25],), ([4.0, 2.5, 2.0, 0.25],), ([1.0, 3.0, 1.0, 0.0, 3.0],), ([0.5] * 12,), ([4096.5, 0.125],)]
    mistakes = [
        (lambda n: _pairs(n, 1), "Your steps begin at 1. Count from 0, as Keras counts its epochs."),
        (lambda n: [(0, value) for value in sorted(n)], "All values are at one step, so the page draws a single point."),
        (lambda n: _pairs(n[:1]), "Only the first value is there. Is there a tf.summary.scalar for each of them?"),
        (lambda n: [(len(n) - 1, n[-1])], "Only the last value is there. Is there a tf.summary.scalar for each of them?"),
        (lambda n: _pairs(n[::-1]), "The values are there, from the last to the first."),
        (lambda n: _pairs(sorted(n)), "The values are there, but sorted, not in the order of the list."),
        (lambda n: sorted(_pairs(n) * 2), "Each value is there twice."),
        (lambda n: sorted((n.index(value), value) for value in n), "`index` finds the first of equal values. Use enumerate."),
    ]

    def shown(norms):
        return f"{log.name}(folder, {norms})"

    seen = Seen(log, lambda norms: _logged(log, norms, shown(norms)), shown)
    over_cases(seen, cases, _pairs, "Those are the pairs (step, value) that TensorBoard finds.", mistakes)
    return "Whatever you can compute, TensorBoard can draw."


def _pairs(norms, start=0):
    return list(enumerate(norms, start=start))


def _log_norms(folder, norms):
    import tensorflow as tf

    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for step, norm in enumerate(norms):
            tf.summary.scalar("gradient_norm", norm, step=step)
    return folder


q2 = Exercise(
    _check_q2,
    [
        "Section 4 writes pictures; a scalar is written the same way: a writer, a `with`, and tf.summary.scalar.",
        "Loop over enumerate(norms); tf.summary.scalar takes the tag, the value and step=.",
        "with tf.summary.create_file_writer(...).as_default(): for step, norm in ...: tf.summary.scalar(..., ..., step=...)",
    ],
    _log_norms,
)


# --- q3: what the page hides at first


def _searches():
    """Return tables of hyperparameters, from none hidden to many: some with one value in all trials, five, six, one trial."""
    names = ["units", "seed", "layers", "activation", "rate", "momentum", "dropout", "batch", "width", "decay"]
    values = {name: [n, n + 1, n + 2] for n, name in enumerate(names)}
    values |= {"activation": ["relu", "tanh", "relu"], "dropout": [True, False, True], "rate": [0.1, 0.3, 0.1]}
    frames = [pd.DataFrame({name: values[name] for name in names[:count]}) for count in (1, 5, 6, 7, 10)]
    frames += [frame[frame.columns[::-1]].assign(batch=32, alpha=0.5) for frame in frames]
    rng = np.random.default_rng(0)
    mixed = [frames[4].assign(**dict.fromkeys(rng.permutation(names)[:same], 1)) for same in (1, 3, 6)]
    return sorted([*frames, *mixed, frames[4].head(1)], key=lambda frame: frame.shape[1])


def _order(frame, first=True):
    """Return the names in the order of the page; `first` False for those with one value in all trials in front."""
    differ = [name for name in sorted(frame) if len({*frame[name]}) > 1]
    same = [name for name in sorted(frame) if name not in differ]
    return differ + same if first else same + differ


def _check_q3(hidden):
    mistakes = [
        (lambda f: _order(f)[:5], "These are the columns that the page shows; the others are asked for."),
        (lambda f: list(f)[5:], "The page does not keep the order of your table. In which order does it list the names?"),
        (lambda f: sorted(f)[5:], "The page lists the hyperparameters with more than one value first, each group by name."),
        (lambda f: _order(f, first=False)[5:], "Those with more than one value come first, not last."),
        (lambda f: [n for n in f if f[n].nunique() == 1], "One value in all trials does not decide alone: the page counts."),
        (lambda f: _order(f)[6:], "One too few: the page shows five."),
        (lambda f: _order(f)[4:], "One too many: the page shows five."),
    ]
    why = "The page lists the names with more than one value first, then the others, each by name, and shows five."
    over_cases(hidden, [(frame,) for frame in _searches()], lambda frame: _order(frame)[5:], why, mistakes, _alike)
    return "And a tick at the left of the page brings each of them back."


def _alike(names, others):
    return sorted(names) == sorted(others)


def _hidden(frame):
    order = sorted(frame, key=lambda name: (frame[name].nunique() == 1, name))
    return order[5:]


q3 = Exercise(
    _check_q3,
    [
        "The page sorts before it counts to five: first by whether a hyperparameter differs between trials, then by name.",
        "sorted takes a key: a tuple of two. False comes before True, so its first part asks whether there is only one value.",
        "order = sorted(frame, key=lambda name: (..., ...)); return order[...]",
    ],
    _hidden,
    due=kinds.group(kinds.text),
)


# --- q4: watch and stop

RUNS, EPOCHS, SEARCHES, ENOUGH, BUDGET, NEAR = 16, 20, 40, 36, 160, 0.02


def _search(rng):
    """Return the accuracies that a search would measure, of shape (runs, epochs), and those of its last epoch without chance."""
    end = rng.uniform(0.6, 0.9, (RUNS, 1))
    pace = np.exp(rng.uniform(np.log(0.7), np.log(4), (RUNS, 1)))  # epochs; the slow ones may end best
    exact = end - (end - 0.1) * np.exp(-np.arange(1, EPOCHS + 1) / pace)
    return exact + rng.normal(0, 0.01, exact.shape), exact[:, -1]


def _played(go_on, curves):
    """Let an answer watch one search; return the runs it trained to the end, and how many epochs that took."""
    names = [f"{run:02}/validation" for run in range(RUNS)]
    going, used = list(names), 0
    for epochs in range(1, EPOCHS):
        used += len(going)
        table = _scalars({(name, "epoch_accuracy"): curves[names.index(name), :epochs].tolist() for name in going})
        chosen = set(go_on(table))
        wrong_if(not chosen, f"After {epochs} epochs no run of yours goes on; one at least has to.")
        strange = sorted(chosen - set(going))
        wrong_if(strange, f"After {epochs} epochs you go on with {strange[:1]}, which is none of the runs in `scalars`.")
        going = [name for name in going if name in chosen]
    return [names.index(name) for name in going], used + len(going)


def _check_q4(go_on):
    rng, good = np.random.default_rng(14), 0
    shares = []
    for number in range(1, SEARCHES + 1):
        curves, ends = _search(rng)
        kept, used = _played(go_on, curves)
        allowed = f"{BUDGET} of the {RUNS * EPOCHS} are allowed."
        wrong_if(used > BUDGET, f"In search {number} you train {used} epochs in all; {allowed}")
        good += bool(ends[kept].max() >= ends.max() - NEAR)
        shares.append(used / (RUNS * EPOCHS))
    wrong_if(
        good < ENOUGH,
        f"In {good} of {SEARCHES} searches what you train to the end is as good as the best; {ENOUGH} are due. You use "
        f"{np.mean(shares):.0%} of the epochs, of 50 %. Trainings that begin slowly are lost if you stop many early.",
    )
    return f"As good as the best in {good} of {SEARCHES} searches, with {np.mean(shares):.0%} of the epochs."


def _go_on(scalars):
    epochs = scalars.step.max() + 1
    lately = scalars[scalars.step >= epochs - 3].groupby("run")["value"]
    return lately.mean().nlargest(RUNS // 2 ** (epochs // 5)).index


q4 = Exercise(
    _check_q4,
    [
        "Early on keep all of them: who leads after one epoch is not who leads in the end. The epochs are saved later.",
        "Halve: after some epochs the better half goes on, after as many again the better half of those, and so on. The mean "
        "of a run's last values is less a matter of chance than its last value.",
        "epochs = scalars.step.max() + 1; then count = ... how many may go on after so many epochs ...; "
        'means = scalars[scalars.step >= ...].groupby("run")["value"].mean(); return means.nlargest(count).index',
    ],
    _go_on,
    due=kinds.group(kinds.text),
    seconds=60,
)
