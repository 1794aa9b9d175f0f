"""Exercises of notebook 11: out of fold, meta features, a meta model for numbers, and a stack that wins."""

import numpy as np

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: out of fold


def _centred(x_known, y_known, x_new):
    """Predict with a line of slope 1: each row that it learns from moves it."""
    if len(x_known) == 0:
        raise ValueError("there is no row to train on")
    return x_new + y_known.mean() - x_known.mean()


def _where(trains, predicts=lambda fold_of, f: fold_of == f):
    """Return the rule that predicts fold after fold, for a choice of the rows that train; folds without any stay nan."""

    def rule(fit_predict, x, y, fold_of):
        found = np.full(len(y), np.nan)
        for f in np.unique(fold_of):
            known = trains(fold_of, f)
            if known.any():
                found[predicts(fold_of, f)] = fit_predict(x[known], y[known], x[predicts(fold_of, f)])
        return found

    return rule


def _check_q1(out_of_fold):
    rng = np.random.default_rng(11)
    folds = [[0, 1], [1, 0], [0, 0, 1, 1, 2, 2], [2, 0, 1, 0, 2, 1], [3, 3, 7, 1, 7, 7, 1], rng.permutation(np.arange(30) % 5)]
    cases = [(_centred, rng.random(len(of)).round(3), rng.random(len(of)).round(3), np.array(of)) for of in folds]
    mistakes = [
        (lambda fit, x, y, of: fit(x, y, x), "Every row was predicted by a model that was trained on it."),
        (_where(lambda of, f: of == f), "Each fold was predicted by a model that was trained on it."),
        (_where(lambda of, f: of < f), "Only the earlier folds train here. All the others are due."),
        (_where(lambda of, f: of != f, lambda of, f: of == f - 1), "One fold was held out, and another one predicted."),
        (_fold_after_fold, "The predictions are right, and stand fold after fold. Put each one at its own row."),
    ]
    why = "A row of fold f is predicted by a model that was trained on all rows with `fold_of != f`, and on no other."
    over_cases(out_of_fold, cases, _out_of_fold, why, mistakes)
    return "No row was predicted by a model that knew it."


def _fold_after_fold(fit_predict, x, y, fold_of):
    return _out_of_fold(fit_predict, x, y, fold_of)[np.argsort(fold_of, kind="stable")]


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
        "Begin with `found = np.empty(len(y))`, and fill it fold by fold; np.unique(fold_of) has the numbers of all folds.",
        "for f in np.unique(fold_of):\n    held_out = ...\n    found[held_out] = fit_predict(..., ..., x[held_out])",
    ],
    _out_of_fold,
    due=kinds.array(1),
)


# --- q2: meta features


def _check_q2(meta_features):
    rng = np.random.default_rng(11)
    sizes = [(1, 1, 2), (1, 3, 2), (2, 1, 3), (2, 3, 2), (3, 2, 2), (2, 5, 5), (4, 4, 4), (3, 7, 4)]
    cases = [(rng.dirichlet(np.ones(classes), (members, rows)).round(3),) for members, rows, classes in sizes]
    cases.append((np.repeat(cases[-1][0][:1], 2, axis=0),))  # two members that say the same
    why = "Row i has to hold what each member says about sample i, and each column one member's word on one class."
    upright = "One row for each sample is due; yours has one column for each."
    mistakes = [
        (lambda s: s.reshape(s.shape[1], -1), "`reshape` keeps the order of the values, and mixes samples. Move the axes first."),
        (lambda s: s.mean(axis=0), "That is the members' mean. A meta model wants what each of them says, side by side."),
        (lambda s: _meta_features(s).T, upright),
        (lambda s: np.moveaxis(s, 0, -1).reshape(s.shape[1], -1).T, upright),
        (lambda s: np.concatenate(s), "The members are below each other here. Put them side by side: one row for each sample."),
        (lambda s: s.argmax(axis=2).T, "That is the class that each member names. How sure it is belongs to what it says."),
        (lambda s: np.sort(_meta_features(s), axis=1), "The values of each row are sorted, so that no column has one meaning."),
        (lambda s: s[0], "That is what the first member says. All of them are due."),
    ]
    over_cases(meta_features, cases, _meta_features, why, mistakes, _same_columns)
    return "One row for each sample, and in it all that the members say about it."


def _same_columns(answer, right):
    """Say whether two tables have the same columns, in any order."""
    if answer.shape != right.shape:
        return False
    a, b = (table[:, np.lexsort(table.round(5)[::-1])] for table in (answer, right))
    return np.allclose(a, b, atol=1e-6)


def _meta_features(said):
    return np.concatenate(list(said), axis=1)


q2 = Exercise(
    _check_q2,
    [
        "What one member says, `said[0]`, already has a row for each sample. Put the members' tables side by side.",
        "Two ways: join the tables along axis 1; or first move the axes to (rows, members, classes), and only then reshape.",
        "return np.concatenate([... for one in said], axis=...)",
    ],
    _meta_features,
    due=kinds.array(2),
)


# --- q3: a meta model for numbers


def _numbers(seed, known, new, members):
    """Draw members of which the last forgot to scale its answers back; the truth lies far from 0."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(150, 70, known + new)
    said = truth + rng.normal(size=(members, known + new)) * np.linspace(40, 15, members)[:, None]
    said[-1] = (said[-1] - 150) / 70
    return said[:, :known].round(3), truth[:known].round(1), said[:, known:].round(3)


def _same_noise():
    """Draw two members with the same faults, twice as large in the second: least squares gives that one a weight below 0."""
    rng = np.random.default_rng(5)
    truth, noise = rng.normal(150, 70, 40), rng.normal(size=40) * 20
    said = np.stack([truth + noise, truth + 2 * noise]) + rng.normal(size=(2, 40))
    return said[:, :30].round(3), truth[:30].round(1), said[:, 30:].round(3)


def _check_q3(stacked):
    cases = [_numbers(*sizes) for sizes in ((1, 100, 2, 1), (2, 100, 3, 2), (3, 200, 20, 3), (4, 200, 20, 5))]
    cases.append(_same_noise())
    mistakes = [
        (lambda said, y, new: new.mean(axis=0), "That is the members' mean. Nothing is learned from `said` and `y` yet."),
        (lambda said, y, new: np.linalg.lstsq(said.T, y, rcond=None)[0] @ new, "There is no intercept in your fit."),
        (lambda said, y, new: _stacked(said, y, said), "Those are the samples of `said`; those of `said_new` are due."),
        (lambda said, y, new: np.median(new, axis=0), "That is the members' median. Nothing is learned yet."),
        (_not_negative, "Your weights are held at zero or above, as in the lesson. Here least squares may go below."),
    ]
    why = "Least squares of `y` on the members, with an intercept, predict `said_new`."
    over_cases(stacked, cases, _stacked, why, mistakes, _near)
    return "The last member had forgotten its scale, and the meta model gave it back."


def _not_negative(said, y, said_new):
    from sklearn.linear_model import LinearRegression

    return LinearRegression(positive=True).fit(said.T, y).predict(said_new.T)


def _near(answer, right):
    """Say whether two predictions agree to a little regularization."""
    return answer.shape == right.shape and np.abs(answer - right).max() < 3


def _stacked(said, y, said_new):
    rows = np.column_stack([said.T, np.ones(said.shape[1])])
    weights = np.linalg.lstsq(rows, y, rcond=None)[0]
    return np.column_stack([said_new.T, np.ones(said_new.shape[1])]) @ weights


q3 = Exercise(
    _check_q3,
    [
        "A sample needs a row: `said.T` has one for each sample and a column for each member.",
        "Least squares needs a column of ones for the intercept; scikit-learn's LinearRegression has it by itself.",
        "rows = np.column_stack([..., np.ones(...)]); weights = np.linalg.lstsq(rows, ..., rcond=None)[0]; return ... @ weights",
    ],
    _stacked,
    due=kinds.array(1),
)


# --- q4: a stack that wins

CLASSES = 4
TRAININGS = 30
LEAST = 0.88


def _member(views, order):
    """Return a member that knows where each class lies, on average, in its own view of the rows."""

    def fit_predict(known, y_known, new):
        means = np.stack([views[known[y_known == c]].mean(axis=0) if c in y_known else np.zeros(2) for c in range(CLASSES)])
        logits = -((views[new][:, None] - means) ** 2).sum(axis=2) / 2
        said = np.exp(logits - logits.max(axis=1, keepdims=True))
        return (said / said.sum(axis=1, keepdims=True))[:, order]

    return fit_predict


def _by_heart(noise):
    def fit_predict(known, y_known, new):
        return np.eye(CLASSES)[y_known[((noise[new][:, None] - noise[known]) ** 2).sum(axis=2).argmin(axis=1)]]

    return fit_predict


def _draw(seed, known=400, new=1000):
    """Make four members, rows, and their classes: one member knows its rows by heart, one has its classes in another order."""
    rng = np.random.default_rng([11, seed])
    y = rng.integers(0, CLASSES, known + new)
    views = rng.normal(0, 1.5, (3, CLASSES, 2))[:, y] + rng.normal(0, 1, (3, known + new, 2))
    order = np.roll(np.arange(CLASSES), rng.integers(1, CLASSES))
    members = [_member(views[0], np.arange(CLASSES)), _member(views[1], np.arange(CLASSES)), _member(views[2], order)]
    members.append(_by_heart(rng.normal(size=(known + new, 4))))
    rows = rng.permutation(known + new)
    return [members[place] for place in rng.permutation(4)], rows[:known], y[rows[:known]], rows[known:], y[rows[known:]]


class _Member:
    """A member as an answer gets it: what it trains is counted in `count`, a list."""

    def __init__(self, member, count):
        self._member, self._count = member, count

    def __call__(self, x_known, y_known, x_new):
        self._count.append(1)
        return self._member(np.asarray(x_known, int), np.asarray(y_known, int), np.asarray(x_new, int))

    def __repr__(self):
        return "member"


def _check_q4(winner):
    scores = []
    for seed in range(8):
        members, x, y, x_new, y_new = _draw(seed)
        count = []
        found = winner([_Member(member, count) for member in members], x, y, x_new)
        wrong_if(found.shape != y_new.shape, f"There are {len(y_new)} new rows, and you return {len(found)} classes.")
        wrong_if(len(count) > TRAININGS, f"Your answer trained members {len(count)} times; {TRAININGS} are allowed.")
        scores.append((found == y_new).mean())
        if seed == 0:
            vote = np.mean([member(x, y, x_new) for member in members], axis=0).argmax(axis=1)
            wrong_if((found == vote).all(), "That is the members' plain vote. Nothing is learned from what they say yet.")
    told = f"Over {len(scores)} draws your classes are right on {np.mean(scores):.3f} of the new rows; {LEAST} are asked for."
    wrong_if(
        np.mean(scores) < LEAST,
        f"{told} One member learns by heart, and one has its classes in another order: what shows both is what they say on rows "
        "that did not train them.",
    )
    return f"Right on {np.mean(scores):.3f} of the new rows. The best member alone gets 0.75, and the plain vote 0.54."


def _winner(members, x, y, x_new):
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    from lib import ensembles

    folds = list(StratifiedKFold(5).split(x, y))
    known = [ensembles.out_of_fold(member, x, y, folds) for member in members]
    new = [member(x, y, x_new) for member in members]
    meta = LogisticRegression().fit(np.concatenate(known, axis=1), y)
    return meta.predict(np.concatenate(new, axis=1))


q4 = Exercise(
    _check_q4,
    [
        "A vote gets 0.54 here and the best member 0.75. What do you know about members that a vote does not use?",
        "Out-of-fold predictions of each member on `x`, then a meta model on them, then the members trained on all of `x`.",
        (
            "known = np.concatenate([ensembles.out_of_fold(member, x, y, ...) for member in members], axis=1)\n"
            "new = np.concatenate([member(x, y, ...) for member in members], axis=1)\n"
            "return LogisticRegression(...).fit(known, ...).predict(...)"
        ),
    ],
    _winner,
    due=kinds.array(1, of="whole numbers"),
)
