"""Exercises of notebook 11: out of fold, meta features, a meta model for numbers."""

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import there

# --- q1: out of fold


def _nearest(x_known, y_known, x_new):
    return y_known[np.abs(x_new[:, None] - x_known).argmin(axis=1)]


def _check_q1(out_of_fold):
    for seed in (1, 2, 3):
        rng = np.random.default_rng(seed)
        parts = seed + 2
        x, y, fold_of = rng.random(60), rng.random(60), rng.permutation(np.arange(60) % parts)
        found = np.asarray(there(out_of_fold(_nearest, x.copy(), y.copy(), fold_of.copy())), float)
        wrong_if(
            found.shape != (60,),
            f"Your function returns the shape {found.shape}; there are 60 rows, each with one prediction.",
        )
        right = _out_of_fold(_nearest, x, y, fold_of)
        if not np.allclose(found, right):
            _say_q1(found, right, x, y, fold_of)
    return "No row was predicted by a model that knew it."


def _say_q1(found, right, x, y, fold_of):
    """Say what is wrong with predictions that are not out of fold."""
    wrong_if(
        np.allclose(found, y),
        "Every prediction is the row's own target: each row was predicted by a model that was trained on it.",
    )
    folds = [fold_of == f for f in np.unique(fold_of)]
    wrong_if(
        np.allclose(found, np.concatenate([right[held_out] for held_out in folds])),
        "The predictions are right, but they stand fold after fold. Put each one at its own row.",
    )
    own = np.concatenate([_nearest(x[fold], y[fold], x[fold]) for fold in folds])
    wrong_if(
        np.allclose(found, own) or (found == 0).any() or np.isnan(found).any(),
        "Some rows have no prediction from a model. Go through every number that `fold_of` holds.",
    )
    wrong_if(
        any(np.allclose(found[held_out], right[held_out]) for held_out in folds),
        f"Some folds are right and some are not; here are {len(folds)} of them. Take their numbers from `fold_of`.",
    )
    row = int(np.argmax(~np.isclose(found, right)))
    raise Wrong(
        f"Row {row} is in fold {fold_of[row]}, and its prediction does not come from the rows of all the other folds. "
        "Train on `fold_of != f`, predict `fold_of == f`."
    )


def _out_of_fold(fit_predict, x, y, fold_of):
    found = np.empty(len(y))
    for f in np.unique(fold_of):
        held_out = fold_of == f
        found[held_out] = fit_predict(x[~held_out], y[~held_out], x[held_out])
    return found


q1 = Exercise(
    _check_q1,
    [
        "For one fold f: `held_out = fold_of == f` says which rows are predicted, `~held_out` which ones train.",
        "Begin with `found = np.empty(len(y))`, and fill `found[held_out]` for every f in np.unique(fold_of).",
    ],
    _out_of_fold,
)


# --- q2: meta features


def _check_q2(meta_features):
    for members, rows, classes in ((3, 7, 4), (2, 5, 5), (4, 4, 3)):
        said = np.random.default_rng(members).dirichlet(np.ones(classes), (members, rows))
        found = np.asarray(there(meta_features(said.copy())), float)
        wrong_if(
            found.shape == (rows, classes),
            "You combine the members into one. A meta model wants to see what each of them says, side by side.",
        )
        wrong_if(
            found.shape != (rows, members * classes),
            f"For {members} members, {rows} rows and {classes} classes you return the shape {found.shape}; "
            f"expected {(rows, members * classes)}: a line for each row.",
        )
        own = said.transpose(1, 0, 2).reshape(rows, -1)
        columns, due = ({tuple(column) for column in table.T.round(12)} for table in (found, own))
        whole = np.allclose(np.sort(found, axis=1), np.sort(own, axis=1))
        if whole and columns == due:
            continue
        wrong_if(
            whole,
            "Each line has the right values, but in an order that changes from line to line. A column needs one meaning.",
        )
        wrong_if(
            np.allclose(found, said.reshape(rows, -1)),
            "Your lines mix the answers about different rows: "
            "`reshape` cuts a new shape from the old order. Move the axes first.",
        )
        raise Wrong("Line i has to hold what the members say about row i, and nothing else.")
    return "One line for each row, and in it all that the members say about that row."


def _meta_features(said):
    return np.concatenate(list(said), axis=1)


q2 = Exercise(
    _check_q2,
    [
        "What one member says, `said[0]`, already has a line for each row. Put the members' tables side by side.",
        "np.concatenate along axis 1 does that; or transpose to (rows, members, classes) before you reshape.",
    ],
    _meta_features,
)


# --- q3: a meta model for numbers


def _numbers(seed):
    """Two sound members, and one that forgot to scale its answers back; the targets lie far from 0."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(150, 70, 300)
    said = truth + rng.normal(0, [[30], [40], [20]], (3, 300))
    said[2] = (said[2] - 150) / 70
    return said[:, :200], truth[:200], said[:, 200:]


def _check_q3(stack):
    for seed in (1, 2, 3):
        said, y, said_new = _numbers(seed)
        found = np.asarray(there(stack(said.copy(), y.copy(), said_new.copy())), float)
        wrong_if(
            found.shape != (100,),
            f"Your function returns the shape {found.shape}; there are 100 new rows, and one number for each.",
        )
        far = np.abs(found - _stack(said, y, said_new)).max()
        if far < 3:  # a little regularization, or one row more or less, is no mistake
            continue
        wrong_if(
            np.allclose(found, said_new.mean(axis=0)),
            "You return the members' mean. Nothing is learned from `said` and `y` yet.",
        )
        wrong_if(
            np.allclose(found, said_new.T @ np.linalg.lstsq(said.T, y, rcond=None)[0]),
            "There is no intercept in your fit. The third member speaks of another zero: add a column of ones.",
        )
        raise Wrong(f"Your predictions are up to {far:.0f} away from those of a least-squares fit of y on `said`.")
    return "The third member had forgotten its scale, and the meta model gave it back."


def _stack(said, y, said_new):
    lines = np.column_stack([said.T, np.ones(said.shape[1])])
    weights = np.linalg.lstsq(lines, y, rcond=None)[0]
    return np.column_stack([said_new.T, np.ones(said_new.shape[1])]) @ weights


q3 = Exercise(
    _check_q3,
    [
        "A row needs a line: `said.T` has one for each row and a column for each member. Add a column of ones for the intercept.",
        "np.linalg.lstsq(lines, y, rcond=None)[0] gives the weights; or take scikit-learn's LinearRegression.",
    ],
    _stack,
)
