"""Exercises of notebook 15: the summary of a run, versions by content, the size of a grid, the best run."""

import copy
import hashlib
import itertools
import math

import numpy as np
import pandas as pd

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, there

# --- q1: the summary of a run


def _check_q1(summary_of):
    rising = [{"accuracy": 0.2, "loss": 2.0}, {"accuracy": 0.9, "loss": 3.0}, {"accuracy": 0.7, "loss": 1.0}]
    gaps = [{"loss": 2.0}, {"loss": 1.0, "val_accuracy": 0.5}, {"loss": 1.5}, {"note": "done", "loss": 0.0}]
    for logged in (rising, gaps, [{"x": -1}], []):
        before = copy.deepcopy(logged)
        found = there(summary_of(logged))
        wrong_if(
            not isinstance(found, dict),
            f"Your function returns a {type(found).__name__}; a summary is a dict from metric to value.",
        )
        wrong_if(logged != before, "Your function changes what was logged. Start from a dict of your own.")
        right = {name: value for row in before for name, value in row.items()}
        for name in sorted(right):
            wrong_if(
                name not in found, f"{name!r} was logged, though not in the last call, and your summary does not have it."
            )
        for name in found:
            wrong_if(
                name not in right,
                f"Your summary has {name!r}, which was never logged. "
                "(W&B adds names that begin with `_`; leave them out here.)",
            )
            values = [row[name] for row in before if name in row]
            said = f"{name!r} was logged as {values}, and your summary says {found[name]}"
            first = f"{name!r} was logged as {values}, and your summary says {values[0]}: the first of them, not the last."
            best = f"{said}: the best, maybe, but not the last."
            mistakes = [(values[0], first), (max(values), best), (min(values), best)] if len(values) > 1 else []
            compare(found[name], right[name], mistakes, f"{said}. Which of them came last?")
    return "The last value of each metric, whenever that was logged."


def _summary_of(logged):
    summary = {}
    for row in logged:
        summary.update(row)
    return summary


q1 = Exercise(
    _check_q1,
    [
        "Walk through the calls in order, and let a later value take the place of an earlier one.",
        "A dict has `update`: summary.update(row) does both at once, new names and newer values.",
    ],
    _summary_of,
)


# --- q2: the version of a content


def _sha(content):
    return hashlib.sha256(content).hexdigest()


def _check_q2(version_of):
    kept = {"v0": _sha(b"first"), "v1": _sha(b"second"), "v2": _sha(b"third")}
    cases = [(b"third", kept, "v2"), (b"fourth", kept, "v3"), (b"first", kept, "v0"), (b"", {}, "v0")]
    cases += [(b"x", {f"v{n}": _sha(bytes([n])) for n in range(11)}, "v11")]
    for content, known, right in cases:
        given = dict(known)
        found = there(version_of(content, given))
        wrong_if(given != known, "Your function changes `kept`. It is asked for a version, not to write it down.")
        if found == right:
            continue
        where, is_there = f"With {len(known)} versions kept", _sha(content) in known.values()
        which = right if right == f"v{len(known) - 1}" else "an earlier version, not the latest,"
        wrong_if(
            is_there and found == f"v{len(known)}",
            f"{where}, a content that is there as {which} becomes the new {found}. Look through all the hashes.",
        )
        wrong_if(is_there, f"{where}, one of them of this very content, you say {found!r}; it is {right!r}.")
        wrong_if(
            found in known,
            f"{where}, a content that nobody has kept is said to be {found!r}. Compare the hash of the content with theirs.",
        )
        raise Wrong(f"{where}, the next new one is called {right!r}; you say {found!r}.")
    return "The content decides: the same bytes are the same version, whoever keeps them and however often."


def _version_of(content, kept):
    digest = hashlib.sha256(content).hexdigest()
    for version, known in kept.items():
        if known == digest:
            return version
    return f"v{len(kept)}"


q2 = Exercise(
    _check_q2,
    [
        "`import hashlib`, then hashlib.sha256(content).hexdigest() is what to look for among the values of `kept`.",
        'If no value is equal to it, the new version is f"v{len(kept)}", since they are counted from 0.',
    ],
    _version_of,
)


# --- q3: the size of a grid


def _check_q3(grid_runs):
    cases = [
        {"units": {"values": [16, 64, 256]}, "rate": {"values": [0.1, 0.01]}},
        {"units": {"values": [16, 64, 256]}, "epochs": {"value": 5}},
        {"epochs": {"value": 5}},
        {"a": {"values": [1, 2, 3, 4]}, "b": {"values": ["x"]}, "c": {"values": [True, False]}, "d": {"value": [1, 2]}},
    ]
    for parameters in cases:
        sizes = [len(entry["values"]) if "values" in entry else 1 for entry in parameters.values()]
        found = there(grid_runs(copy.deepcopy(parameters)))
        said = f"For the sizes {sizes} you count {found} runs"
        mistakes = [
            (sum(sizes), f"{said}, their sum. Each value of one hyperparameter meets each value of the others."),
            (0, f"{said}. A `value` that never changes is one choice, not none."),
            (len(parameters), f"{said}, one for each hyperparameter. How many values does each have?"),
        ]
        otherwise = f"{said}. Take the product of the numbers of values; a single `value` is one, whatever it holds."
        compare(found, math.prod(sizes), mistakes, otherwise)
    return "The product of the numbers of values: one more hyperparameter of three values makes it three times as dear."


def _grid_runs(parameters):
    return math.prod(len(entry.get("values", [None])) for entry in parameters.values())


q3 = Exercise(
    _check_q3,
    [
        "A grid tries all combinations: three values of one and two of another are six.",
        "Start at 1, and multiply by len(entry['values']) for each entry that has `values`.",
    ],
    _grid_runs,
)


# --- q4: the best run


def _runs(seed):
    """Return a table whose best values belong to runs that do not count, with rows in an order of chance."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"run": [f"trial {n}" for n in range(8)], "accuracy": rng.uniform(0.4, 0.6, 8)})
    table["loss"] = 1 - table.accuracy
    table["state"], table["tags"] = "finished", ""
    table.loc[2, ["state", "accuracy", "loss"]] = ["failed", 0.99, 0.01]
    table.loc[3, ["state", "accuracy", "loss"]] = ["open", 0.98, 0.02]
    table.loc[4, ["tags", "accuracy", "loss"]] = ["wide, pruned", 0.97, 0.03]
    table.loc[5, ["tags"]] = ["wide"]
    table.loc[6, ["accuracy", "loss"]] = [np.nan, np.nan]
    return table.sample(frac=1, random_state=seed)


def _check_q4(best_run):
    for seed, (metric, goal) in itertools.product((1, 2, 3), (("accuracy", "maximize"), ("loss", "minimize"))):
        table = _runs(seed)
        found = there(best_run(table.copy(), metric, goal))
        wrong_if(
            not isinstance(found, str),
            f"Your function returns a {type(found).__name__}; it is asked for a name, one str of the column `run`.",
        )
        counts = table[(table.state == "finished") & ~table.tags.str.contains("pruned")]
        right, worst = _ends(counts, metric, goal)
        if found == right:
            continue
        asked = f"Asked to {goal} {metric!r}, you say {found!r}"
        wrong_if(found not in set(table.run), f"{asked}, which is no name in the column `run`.")
        row = table[table.run == found].iloc[0]
        wrong_if(
            row.state != "finished",
            f"{asked}. That run is {row.state}: its last value is not where it would have ended.",
        )
        wrong_if("pruned" in row.tags, f"{asked}. That run was pruned; its tags are {row.tags!r}.")
        wrong_if(found == worst, f"{asked}, which is the worst of those that count. Does your answer look at `goal`?")
        raise Wrong(f"{asked}, with {row[metric]:.3f}; there is a better one among those that count.")
    return "First who counts, then who is best; and the direction comes with the metric."


def _ends(counts, metric, goal):
    order = counts.dropna(subset=[metric]).sort_values(metric, ascending=goal == "minimize").run.tolist()
    return order[0], order[-1]


def _best_run(table, metric, goal):
    counts = table[(table.state == "finished") & ~table.tags.str.contains("pruned")]
    values = counts.set_index("run")[metric]
    return values.idxmax() if goal == "maximize" else values.idxmin()


q4 = Exercise(
    _check_q4,
    [
        'Keep the rows with table.state == "finished" and without "pruned" in table.tags; tags are joined by commas.',
        "Of what is left, .set_index('run')[metric] has idxmax and idxmin, which return the name.",
    ],
    _best_run,
)
