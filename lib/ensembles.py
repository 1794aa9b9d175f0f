"""Combining models: vote, bootstrap, reweight, out-of-fold predictions; arrays in, arrays out.

Members come first in every array: class probabilities have the shape (n_models, n_samples, n_classes), class numbers
and predicted numbers (n_models, n_samples). A list with one array a member does as well. Whatever does not fit
together gets a CourseError of one line: the argument, what was found, what was expected. Sums are in float64,
whatever comes in.
"""

from collections.abc import Mapping

import numpy as np
from scipy.optimize import nnls

from lib import arrays
from lib.arrays import refused
from lib.errors import CourseError

NEARLY = 5e-3  # by how much a row of probabilities may miss 1: a softmax in 16 bits misses it by 1e-3

# --- voting


def vote(votes, how="soft", weights=None):
    """Let the members vote on the class of each sample; at a tie the smaller class wins, as in scikit-learn.

    Args:
        votes: class probabilities, shape (n_models, n_samples, n_classes); for a hard vote classes also do, int
            from 0 on, or names, shape (n_models, n_samples).
        how: "soft" averages the probabilities, "hard" counts each member's most probable class.
        weights: of the members, shape (n_models,), 0 or more; None for equal ones.

    Returns:
        The class numbers, int, or the names, shape (n_samples,).

    Raises:
        CourseError: no members, shapes that disagree, rows that do not sum to 1, weights that sum to 0.
    """
    _one_of("how", how, ("soft", "hard"))
    votes = _stack("votes", votes, dims=(2, 3) if how == "hard" else (3,))
    if how == "soft":
        return combine(_probabilities("votes", votes), weights=weights).argmax(axis=1)
    weights = _weights(weights, len(votes))
    labels = _labels("votes", votes) if votes[0].ndim == 1 else _probabilities("votes", votes).argmax(axis=2)
    return _most_votes(labels, weights)


def _most_votes(labels, weights):
    """Return for each sample the label of the greatest weight, at a tie the smallest; labels (n_models, n_samples)."""
    samples = np.arange(labels.shape[1])
    order = np.argsort(labels, axis=0, kind="stable")
    ranked = np.take_along_axis(labels, order, axis=0)
    group = np.zeros(labels.shape, int)  # like labels of a sample share a number: 0 the smallest, then 1, ...
    group[1:] = np.cumsum(ranked[1:] != ranked[:-1], axis=0)
    counts = np.zeros(labels.shape)
    for row, members in zip(group, order, strict=True):
        counts[row, samples] += weights[members]
    return ranked[(group == counts.argmax(axis=0)).argmax(axis=0), samples]


def combine(predictions, how="mean", weights=None):
    """Combine predicted numbers, or class probabilities, into one prediction.

    Args:
        predictions: numbers, shape (n_models, n_samples), or class probabilities, (n_models, n_samples, n_classes).
        how: "mean" or "median"; the median of numbers only, and without weights.
        weights: of the members, shape (n_models,), 0 or more; None for equal ones.

    Returns:
        Float array, shape (n_samples,) or (n_samples, n_classes).

    Raises:
        CourseError: as in `vote`.
    """
    _one_of("how", how, ("mean", "median"))
    predictions = _predictions("predictions", predictions)
    if how == "mean":
        return np.average(predictions, axis=0, weights=_weights(weights, len(predictions)))
    if predictions.ndim == 3 or weights is not None:
        found = "class probabilities" if predictions.ndim == 3 else "weights"
        raise CourseError(f"how: 'median' found with {found}; expected 'mean'.")
    return np.median(predictions, axis=0)


def best_weights(predictions, y):
    """Find the weights with which the mean of the members has the smallest loss on these samples.

    The loss is the cross-entropy for class probabilities and the squared error for numbers. Both are convex in the
    weights, so there is one best value, and it does not depend on the unit of the numbers. Nonnegative least squares
    (Lawson and Hanson, 1974; scipy's) finds that of the squared error; of the cross-entropy, each Newton step is such
    a problem.

    Args:
        predictions: class probabilities, shape (n_models, n_samples, n_classes), or numbers, (n_models, n_samples).
        y: numbers, shape (n_samples,), or classes: int from 0 on, names in whose sorted order the columns are, or
            one-hot rows. Samples that no member was trained on: on its training samples the member that has learned
            most by heart would win.

    Returns:
        Weights, float, shape (n_models,): each 0 or more, 1 together.

    Raises:
        CourseError: as in `vote`, or a `y` of another length or with a class that the probabilities do not have, or a
            search that has not reached the best weights.
    """
    predictions = _predictions("predictions", predictions)
    n_samples = predictions.shape[1]
    if predictions.ndim == 2:
        return _least_squares(predictions - arrays.numbers("y", arrays.targets("y", y, n_samples)))
    y = arrays.class_numbers("y", y, n_samples, predictions.shape[2])
    return _most_likely(predictions[:, np.arange(n_samples), y].clip(1e-12))


def _least_squares(errors):
    """Return the weights, 0 or more and 1 together, for which weights @ errors has the smallest sum of squares."""
    errors = errors / (np.abs(errors).max() or 1)
    size = np.sqrt(np.mean(errors**2, axis=1))
    if size.min() == 0:
        return (size == 0) / np.sum(size == 0)
    errors = errors / size.min()
    # A row of ones, whose target is 1, stands for the sum. Without a further bound the nonnegative solution then points
    # to the best weights: along a direction of mean square q, the best length leaves q / (1 + q), which grows with q.
    table = np.vstack([errors.T / np.sqrt(errors.shape[1]), np.ones(len(errors))])
    length = np.linalg.norm(table, axis=0)  # one far off would set the tolerance for all
    try:
        weights = nnls(table / length, np.eye(len(table))[-1], maxiter=100 * len(errors))[0] / length
    except RuntimeError:
        raise _not_reached() from None
    weights = weights / weights.sum()
    mixed = weights @ errors
    away = mixed - errors
    gain = np.maximum(0, away @ mixed) ** 2 / np.maximum(np.sum(away**2, axis=1), 1e-300)  # by a best step to a member
    if (gain > 1e-8 * np.sum(mixed**2) + 1e-20).any():
        raise _not_reached()
    return weights


def _most_likely(of_truth):
    """Return the weights, 0 or more and 1 together, for which mean(log(weights @ of_truth)) is greatest."""

    def loss(weights):
        return -np.log(weights @ of_truth).mean()

    weights = np.full(len(of_truth), 1 / len(of_truth))
    for _ in range(100):
        shares = of_truth / (weights @ of_truth)
        slopes = shares.mean(axis=1)  # 1 for each member with a weight, and less for the others, where it is best
        if slopes.max() < 1 + 1e-8:
            return weights
        # The second-order picture of the loss at these weights is a sum of squares: (new @ shares - 2)².
        step = _least_squares(shares - 2) - weights
        length = 1.0
        while loss(weights + length * step) > loss(weights) - 1e-4 * length * (slopes @ step) + 1e-15 and length > 1e-9:
            length /= 2
        weights = weights + length * step
    raise _not_reached()


def _not_reached():
    return refused("predictions", "no best weights", "members whose numbers are closer to each other")


# --- how different the members are


def disagreement(labels):
    """Count for each pair of members on which share of the samples they name different classes.

    Args:
        labels: classes, int from 0 on, or names, shape (n_models, n_samples).

    Returns:
        Float array, shape (n_models, n_models): symmetric, in [0, 1], 0 on the diagonal.
    """
    labels = _labels("labels", _stack("labels", labels, dims=(2,)))
    return (labels[:, None] != labels[None]).mean(axis=2)


def error_correlation(errors):
    """Correlate (Pearson) the errors of each pair of members.

    Args:
        errors: shape (n_models, n_samples); of classes whether each answer is wrong, bool; of numbers the prediction
            minus the truth, float.

    Returns:
        Float array, shape (n_models, n_models); NaN for a member whose errors are all the same.
    """
    errors = _numbers("errors", _stack("errors", errors, dims=(2,)))
    same = errors.max(axis=1) == errors.min(axis=1)
    errors = errors / np.maximum(np.abs(errors).max(axis=1, keepdims=True), 1e-300)  # so that no square runs over
    apart = errors - errors.mean(axis=1, keepdims=True)
    length = np.sqrt((apart**2).sum(axis=1))
    length[same] = np.nan  # and not the rounding of a mean
    return np.clip((apart @ apart.T) / np.outer(length, length), -1, 1)


def pairs_mean(matrix):
    """Average what a symmetric matrix says of two different members.

    Args:
        matrix: shape (n_models, n_models).

    Returns:
        float.

    Raises:
        CourseError: the matrix is not square, or of fewer than two members.
    """
    matrix = arrays.numbers("matrix", matrix, finite=False)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise refused("matrix", f"shape {matrix.shape}", "(n_models, n_models), 2 members or more")
    if not np.allclose(matrix, matrix.T, equal_nan=True):
        raise refused("matrix", "another number above the diagonal than below it", "a symmetric one")
    return float(matrix[np.triu_indices(len(matrix), k=1)].mean())


# --- bagging


def bootstrap(n, seed, y=None, size=None):
    """Draw rows with replacement, and note which were never drawn.

    Args:
        n: rows to draw from.
        seed: int, or a `numpy.random.Generator` to go on drawing from.
        y: classes, shape (n,), or one-hot rows; with them a sample that lacks a class is an error.
        size: rows to draw; None for n.

    Returns:
        The rows drawn, int, shape (size,), and the out-of-bag mask, bool, shape (n,).

    Raises:
        CourseError: n or size below 1, a `y` of another length, or a class that was not drawn.
    """
    n = arrays.whole("n", n, least=1)
    size = n if size is None else arrays.whole("size", size, least=1)
    rows = _generator(seed).integers(0, n, size)
    if y is not None:
        classes = _classes("y", y, n)
        missing = np.setdiff1d(classes, classes[rows])
        if len(missing):
            raise CourseError(
                f"y: class {missing[0]} found in no row of this bootstrap of {size}; expected all "
                f"{len(np.unique(classes))} classes: take another seed, or more rows."
            )
    unseen = np.ones(n, bool)
    unseen[rows] = False
    return rows, unseen


def out_of_bag(predictions, unseen):
    """Average for each sample the predictions of those members that did not train on it.

    Args:
        predictions: numbers, shape (n_models, n_samples), or class probabilities, (n_models, n_samples, n_classes).
        unseen: the out-of-bag masks of `bootstrap` (the second thing it returns), bool, shape (n_models, n_samples).

    Returns:
        Float array, shape (n_samples,) or (n_samples, n_classes); NaN for a sample that every member has seen.

    Raises:
        CourseError: as in `combine`, or masks of another shape.
    """
    predictions = _predictions("predictions", predictions)
    unseen = np.stack([arrays.mask("unseen", member) for member in _stack("unseen", unseen, dims=(2,))])
    if unseen.shape != predictions.shape[:2]:
        raise refused("unseen", f"shape {unseen.shape}", f"{predictions.shape[:2]}, as the predictions")
    members = unseen.sum(axis=0).astype(float)
    members[members == 0] = np.nan
    counted = unseen.reshape(*unseen.shape, *[1] * (predictions.ndim - 2))
    return ((predictions * counted).sum(axis=0).T / members).T


# --- boosting


def reweight(weights, wrong, n_classes, learning_rate=1.0):
    """Take one step of SAMME (Zhu, Zou, Rosset and Hastie, 2009): a member's say, and the samples' next weights.

    Args:
        weights: of the samples, shape (n_samples,), 0 or more; only their ratios matter. None for equal ones.
        wrong: whether the new member has each sample wrong, as `predicted != y` says, bool, shape (n_samples,).
        n_classes: how many classes there are, 2 or more.
        learning_rate: factor on the member's say, above 0.

    Returns:
        The new weights, float, shape (n_samples,), 1 together; and alpha, the member's weight in the final hard vote.
        A member without an error gets alpha 1, and one no better than guessing 0. Then the weights stay as they are:
        there is nothing to go on from, and scikit-learn's AdaBoostClassifier stops there.

    Raises:
        CourseError: weights or `wrong` of another shape, weights below 0, a `wrong` that is no mask,
            fewer than two classes, a rate not above 0, or one so great that the weights run over.
    """
    wrong = arrays.mask("wrong", wrong)
    if wrong.ndim != 1 or not len(wrong):
        raise refused("wrong", f"shape {wrong.shape}", "(n_samples,)")
    weights = _weights(weights, len(wrong))
    n_classes = arrays.whole("n_classes", n_classes, least=2)
    rate = arrays.number("learning_rate", learning_rate, above=0)
    weights = weights / weights.sum()
    error = weights[wrong].sum()
    if error == 0 or error >= 1 - 1 / n_classes:
        return weights, float(error == 0)
    alpha = rate * (np.log((1 - error) / error) + np.log(n_classes - 1))
    if alpha > 700:
        raise refused("learning_rate", learning_rate, f"a smaller one: a say of {alpha:.0f} makes weights that run over")
    weights = weights * np.exp(alpha * wrong)
    return weights / weights.sum(), float(alpha)


def boost_residuals(fit_predict, x, y, x_new, rounds, shrinkage=0.1):
    """Boost for squared error (Friedman, 2001): each member learns what those before it left over.

    Args:
        fit_predict: function (x, residuals, x_new) -> predictions for x_new, float, shape (n_new,), of a member
            freshly trained on x; it is called with the rows of x before those of `x_new`.
        x, y: rows and numbers to learn from, shapes (n, ...) and (n,).
        x_new: rows to predict, shape (n_new, ...).
        rounds: members, 0 or more.
        shrinkage: share of each member's prediction that is added, above 0.

    Returns:
        The predictions for x_new after 0, 1, ... rounds, float, shape (rounds + 1, n_new); the first is the mean of y.

    Raises:
        CourseError: a `y` of another length, rounds below 0, a shrinkage not above 0, predictions of
            another shape or that are not finite.
    """
    x = _rows("x", x)
    x_new = _rows("x_new", x_new)
    if x.shape[1:] != x_new.shape[1:]:
        raise refused("x_new", f"shape {x_new.shape}", f"rows of the shape {x.shape[1:]}, as those of x")
    y = arrays.numbers("y", arrays.targets("y", y, len(x)))
    rounds = arrays.whole("rounds", rounds)
    shrinkage = arrays.number("shrinkage", shrinkage, above=0)
    everything = np.concatenate([x, x_new])
    staged = [np.full(len(everything), y.mean())]
    for _ in range(rounds):
        step = arrays.numbers("fit_predict", fit_predict(x, y - staged[-1][: len(y)], everything))
        if step.shape != (len(everything),):
            raise refused("fit_predict", f"shape {step.shape}", f"{(len(everything),)}, one a row")
        staged.append(staged[-1] + shrinkage * step)
    return np.stack(staged)[:, len(y) :]


# --- stacking


def out_of_fold(fit_predict, x, y, folds):
    """Predict every row by a model that was not trained on it: the meta features of a stack.

    Args:
        fit_predict: function (x_train, y_train, x_held_out) -> predictions of a freshly trained model, shape (n,) or
            (n, n_classes).
        x, y: rows and targets, shapes (n, ...) and (n,); classes as one-hot rows, (n, n_classes), do as well.
        folds: pairs (train, held_out) of row numbers, as `KFold(5).split(x)` gives them; every row is held out once.

    Returns:
        Float array, shape (n,) or (n, n_classes), in the order of the rows.

    Raises:
        CourseError: rows that are held out never or twice, or that a fold trains on as well; predictions that are not
            finite or whose shapes disagree; class probabilities where a class is missing in what a fold trains on:
            its columns would stand for other classes than those of the other folds.
    """
    x = _rows("x", x)
    y = _rows("y", y)
    if len(y) != len(x):
        raise refused("y", f"shape {y.shape}", f"{(len(x),)}, one a sample")
    folds = _folds(folds, len(x))
    found = None
    for train, held_out in folds:
        part = arrays.numbers("fit_predict", fit_predict(x[train], y[train], x[held_out]))
        if found is None:
            found = np.full((len(x), *part.shape[1:]), np.nan)
        expected = (len(held_out), *found.shape[1:])
        if part.shape != expected:
            raise refused("fit_predict", f"shape {part.shape}", f"{expected}, as in the first fold")
        found[held_out] = part
    if found.ndim == 2 and found.shape[1] > 1:
        _check_classes(y, folds)
    return found


def _folds(folds, n):
    """Return the pairs of row numbers as a list; every row of the n is held out once, and not trained on then."""
    try:
        pairs = [tuple(pair) for pair in folds]
    except TypeError:
        raise refused("folds", f"{folds!r:.40}", "pairs (train, held_out), as KFold(5).split(x) gives them") from None
    times = np.zeros(n, int)
    for number, pair in enumerate(pairs):
        if len(pair) != 2:
            raise refused("folds", f"{len(pair)} things in fold {number}", "two, (train, held_out)")
        train, held_out = pairs[number] = tuple(arrays.row_numbers("folds", part, n) for part in pair)
        both = np.intersect1d(train, held_out)
        if len(both):
            raise refused("folds", f"row {both[0]} trained on and held out in fold {number}", "one of both")
        np.add.at(times, held_out, 1)
    if (times != 1).any():
        row = int(np.argmax(times != 1))
        raise CourseError(f"folds: row {row} is held out {times[row]} times; expected once.")
    return pairs


def _check_classes(y, folds):
    """Raise unless every fold trains on every class; of numbers that are no classes nothing is asked."""
    one_hot = y.ndim == 2 and y.shape[1] > 1
    numbers = y.dtype.kind == "f" and (y != np.round(y)).any()
    if numbers or (one_hot and not ((np.sort(y)[:, -2:] == [0, 1]).all() and (y.min(axis=1) == 0).all())):
        return
    classes = y.argmax(axis=1) if one_hot else y.reshape(len(y))
    for number, (train, _) in enumerate(folds):
        missing = np.setdiff1d(classes, classes[train])
        if len(missing):
            raise refused("folds", f"no row of class {missing[0]} in what fold {number} trains on", "every class: stratify")


# --- what may come in


def _one_of(name, value, choices):
    if value not in choices:
        raise refused(name, repr(value), " or ".join(map(repr, choices)))


def _stack(name, members, dims):
    """Return one array a member, of any dtype: all of one shape, which has one dimension less than one of `dims`."""
    if hasattr(members, "__array__"):
        members = arrays.array(name, members)
    if isinstance(members, Mapping) or not hasattr(members, "__iter__") or getattr(members, "ndim", 1) == 0:
        raise refused(name, f"a {type(members).__name__}", "one array a member")
    members = [arrays.array(name, member) for member in members]
    wanted = " or ".join({2: "(n_models, n_samples)", 3: "(n_models, n_samples, n_classes)"}[d] for d in dims)
    if not members:
        raise refused(name, "no members", f"shape {wanted}")
    for number, member in enumerate(members):
        if member.shape != members[0].shape:
            raise CourseError(f"{name}: member {number} has shape {member.shape}; expected {members[0].shape}, as member 0.")
    shape = (len(members), *members[0].shape)
    if len(shape) not in dims:
        raise refused(name, f"shape {shape}", wanted)
    if not members[0].size:
        raise refused(name, f"shape {shape}", "1 sample or more")
    return members


def _numbers(name, members):
    return np.stack([arrays.numbers(name, member) for member in members])


def _predictions(name, members):
    """Return numbers or class probabilities, one a member, as float64 with n_models first."""
    members = _stack(name, members, dims=(2, 3))
    return _numbers(name, members) if members[0].ndim == 1 else _probabilities(name, members)


def _probabilities(name, members):
    stacked = _numbers(name, members)
    sums = stacked.sum(axis=-1)
    if (stacked < -NEARLY).any():
        raise refused(name, f"the probability {stacked.min():.4g}", "0 to 1: are these logits?")
    if (np.abs(sums - 1) > NEARLY).any():
        odd = sums[np.abs(sums - 1) > NEARLY][0]
        raise refused(name, f"a row that sums to {odd:.4g}", "class probabilities that sum to 1")
    return stacked


def _labels(name, members):
    labels = [arrays.labels(name, member) for member in members]
    if len({each.dtype.kind for each in labels}) > 1:
        raise refused(name, "names and numbers", "class numbers or names of all members")
    return np.stack(labels)


def _classes(name, y, n):
    y = arrays.array(name, y)
    if y.ndim == 2 and y.shape[0] == n and y.shape[1] > 1:
        return arrays.from_one_hot(name, y)
    y = arrays.targets(name, y, n)
    if y.dtype.kind == "f":
        return arrays.numbers(name, y)
    return arrays.labels(name, y) if y.dtype == object else y


def _rows(name, x):
    x = arrays.array(name, x)
    if not x.ndim or not len(x):
        raise refused(name, f"shape {x.shape}", "rows, (n, ...)")
    return x


def _generator(seed):
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise refused("seed", f"{seed!r:.40}", "an int of 0 or more, or a Generator") from None


def _weights(weights, n):
    if weights is None:
        return np.ones(n)
    weights = arrays.numbers("weights", weights, finite=False)
    if weights.shape != (n,):
        raise refused("weights", f"shape {weights.shape}", f"{(n,)}")
    sound = np.isfinite(weights) & (weights >= 0)
    if not sound.all():
        raise refused("weights", f"{weights[~sound][0]:g}", "finite numbers of 0 or more")
    with np.errstate(over="ignore"):
        total = weights.sum()
    if not 0 < total < np.inf:
        raise refused("weights", f"a sum of {total:g}", "one above 0")
    return weights
