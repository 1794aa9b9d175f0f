"""Exercises of notebook 14: the best epoch instead of the last, a scalar of one's own, the columns a page hides."""

import tempfile

import pandas as pd

from lib.exercises.core import Blank, Exercise, Wrong, wrong_if
from lib.exercises.old import compare, there

# --- q1: the best value of each run

ACCURACY = {"a/validation": [0.5, 0.8, 0.7], "b/validation": [0.6, 0.65, 0.66], "a/train": [0.6, 0.9, 0.99]}
LOSS = {"a/validation": [1.5, 0.7, 0.9], "b/validation": [1.2, 1.1, 1.0], "a/train": [1.0, 0.5, 0.1]}


def _scalars():
    rows = []
    for tag, curves in (("epoch_accuracy", ACCURACY), ("epoch_loss", LOSS)):
        rows += [(run, tag, step, value) for run, values in curves.items() for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["run", "tag", "step", "value"])


def _check_q1(best):
    for tag, pick, worst, direction, curves in (
        ("epoch_accuracy", max, min, "max", ACCURACY), ("epoch_loss", min, max, "min", LOSS)
    ):
        found = there(best(_scalars(), tag, direction))
        try:
            found = {str(run): float(value) for run, value in dict(found).items()}
        except (TypeError, ValueError):
            raise Wrong(
                f"Your function returns a {type(found).__name__}; a dict or Series from run to value is asked for."
            ) from None
        wrong_if(
            set(found) != set(curves),
            f"The runs are {', '.join(sorted(curves))}; yours are {', '.join(sorted(found)) or 'none'}.",
        )
        wrong_if(
            found == {run: values[-1] for run, values in curves.items()},
            "These are the last values, the ones that TensorBoard's page shows too.",
        )
        for run, values in curves.items():
            of_other = f"{found[run]:g} is no {tag} of {run}. Have you kept only the rows with that tag?"
            mistakes = [
                (worst(values), f"For {tag} and {direction!r} you return the worst value of {run}. Look at `direction`.")
            ]
            known = f"{run} has {', '.join(map(str, values))}; the best is not {found[run]:g}."
            compare(found[run], pick(values), mistakes, known if found[run] in values else of_other)
    return "Now a run that was stopped too late does not look worse than it was."


def _best(scalars, tag, direction):
    values = scalars[scalars.tag == tag].groupby("run")["value"]
    return values.max() if direction == "max" else values.min()


q1 = Exercise(
    _check_q1,
    [
        "First keep only the rows of one tag: scalars[scalars.tag == tag].",
        'Then group by "run", and take the maximum or the minimum of each group\'s "value"; `direction` says which.',
    ],
    _best,
)


# --- q2: a scalar of one's own


def _check_q2(log):
    from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
    from tensorboard.util import tensor_util

    norms = [4.0, 2.5, 2.0, 0.25]
    with tempfile.TemporaryDirectory() as folder:
        if log(folder, norms) is ...:
            raise Blank
        runs = EventMultiplexer().AddRunsFromDirectory(folder).Reload()
        found = {tag: run for run, kinds in runs.Runs().items() for tag in kinds["tensors"]}
        wrong_if(
            not found,
            "There is no scalar in the folder. tf.summary.scalar writes only inside `with writer.as_default():`.",
        )
        wrong_if("gradient_norm" not in found, f'The tag is to be "gradient_norm"; yours is {min(found)!r}.')
        events = runs.Tensors(found["gradient_norm"], "gradient_norm")
    steps = [event.step for event in events]
    values = [tensor_util.make_ndarray(event.tensor_proto).item() for event in events]
    wrong_if(
        len(values) != len(norms),
        f"Of {len(norms)} values TensorBoard finds {len(values)}. Is there a tf.summary.scalar for each of them?",
    )
    wrong_if(values != norms, "The values are there, but in another order than in the list.")
    wrong_if(
        len(set(steps)) == 1,
        f"All values are at step {steps[0]}, so the page draws a single point. The step is the place in the list.",
    )
    wrong_if(steps != list(range(len(norms))), f"Your steps are {steps}; count from 0, as Keras counts its epochs.")
    return "Whatever you can compute, TensorBoard can draw."


def _log_norms(folder, norms):
    import tensorflow as tf

    writer = tf.summary.create_file_writer(folder)
    with writer.as_default():
        for step, norm in enumerate(norms):
            tf.summary.scalar("gradient_norm", norm, step=step)
    writer.close()
    return folder


q2 = Exercise(
    _check_q2,
    [
        "Section 4 writes pictures; a scalar is written the same way: a writer, a `with`, and tf.summary.scalar.",
        "with tf.summary.create_file_writer(folder).as_default(): and in it a loop over enumerate(norms); "
        "tf.summary.scalar takes the tag, the value and step=.",
    ],
    _log_norms,
)


# --- q3: what the page hides at first


def _check_q3(hidden):
    frame = pd.DataFrame({
        "units": [32, 64, 96], "seed": [1, 1, 1], "layers": [1, 2, 1], "activation": ["relu", "tanh", "relu"],
        "rate": [0.1, 0.2, 0.3], "momentum": [0.9, 0.8, 0.9], "dropout": [True, False, True], "batch": [32, 32, 32],
    })
    few = frame[["units", "seed", "activation"]]
    varied = frame[["rate", "units", "dropout", "layers", "activation", "momentum"]]
    for table, right in ((varied, {"units"}), (few, set()), (frame, {"batch", "seed", "units"})):
        found = there(hidden(table))
        wrong_if(
            isinstance(found, str), f"Your function returns the text {found!r}; a list or a set of names is asked for."
        )
        found = set(found)
        if found == right:
            continue
        wrong_if(
            found == set(sorted(table)[:5]) or (not right and found == set(table)),
            "These are the columns that the page shows; the others are asked for.",
        )
        wrong_if(table is few, "With three hyperparameters the page hides none.")
        wrong_if(
            found == set(table.columns[5:]),
            "The page does not keep the order of your table. In which order does it list the names?",
        )
        wrong_if(
            table is frame and found == set(sorted(table)[5:]),
            '"batch" has one value in all trials. The page lists those with more than one value first.',
        )
        names = ", ".join(sorted(found)) or "none"
        raise Wrong(f"Of {', '.join(sorted(table))} the page hides {', '.join(sorted(right))}; you say: {names}.")
    return "And a tick at the left of the page brings each of them back."


def _hidden(frame):
    order = sorted(frame, key=lambda name: (frame[name].nunique() == 1, name))
    return order[5:]


q3 = Exercise(
    _check_q3,
    [
        "The page sorts before it counts to five: first by whether a hyperparameter differs between trials, then by name.",
        "sorted(frame, key=lambda name: (..., name)): False comes before True, so ask whether there is only one value.",
    ],
    _hidden,
)
