"""Combining models: vote, bootstrap, reweight, out-of-fold predictions; arrays in, arrays out.

Members come first in every array: class probabilities have the shape (n_models, n_samples, n_classes), class numbers
and predicted numbers (n_models, n_samples). A list with one array a member does as well. Whatever does not fit
together gets a ValueError of one line: the argument, what was found, what was expected.
"""

import numpy as np
from scipy.optimize import minimize

NEARLY = 5e-3  # by how much a row of probabilities may miss 1: a softmax in 16 bits misses it by 1e-3

# --- voting


def vote(votes, how="soft", weights=None):
    """Let the members vote on the class of each sample; at a tie the smaller class number wins, as in scikit-learn.

    Args:
        votes: class probabilities, shape (n_models, n_samples, n_classes); for a hard vote class numbers also do,
            int from 0 on, shape (n_models, n_samples).
        how: "soft" averages the probabilities, "hard" counts each member's most probable class.
        weights: of the members, shape (n_models,), 0 or more; None for equal ones.

    Returns:
        The class numbers, int, shape (n_samples,).

    Raises:
        ValueError: no members, shapes that disagree, rows that do not sum to 1, weights that sum to 0.
    """
    _one_of("how", how, ("soft", "hard"))
    votes = _members("votes", votes, dims=(2, 3) if how == "hard" else (3,))
    if how == "soft":
        return combine(_probabilities("votes", votes), weights=weights).argmax(axis=1)
    weights = _weights(weights, len(votes))
    labels = _labels("votes", votes) if votes.ndim == 2 else _probabilities("votes", votes).argmax(axis=2)
    counts = np.zeros((labels.shape[1], labels.max() + 1))
    for member, weight in zip(labels, weights, strict=True):
        counts[np.arange(len(member)), member] += weight
    return counts.argmax(axis=1)


def combine(predictions, how="mean", weights=None):
    """Combine predicted numbers, or class probabilities, into one prediction.

    Args:
        predictions: numbers, shape (n_models, n_samples), or class probabilities, (n_models, n_samples, n_classes).
        how: "mean" or "median"; the median of numbers only, and without weights.
        weights: of the members, shape (n_models,), 0 or more; None for equal ones.

    Returns:
        Float array, shape (n_samples,) or (n_samples, n_classes).

    Raises:
        ValueError: as in `vote`.
    """
    _one_of("how", how, ("mean", "median"))
    predictions = _members("predictions", predictions, dims=(2, 3))
    if predictions.ndim == 3:
        _probabilities("predictions", predictions)
    if how == "mean":
        return np.average(predictions, axis=0, weights=_weights(weights, len(predictions)))
    if predictions.ndim == 3 or weights is not None:
        found = "class probabilities" if predictions.ndim == 3 else "weights"
        raise ValueError(f"how: 'median' found with {found}; expected 'mean'.")
    return np.median(predictions, axis=0)


def best_weights(predictions, y):
    """Find the weights with which the mean of the members has the smallest loss on these samples.

    The loss is the cross-entropy for class probabilities and the squared error for numbers. Both are convex in the
    weights, so there is one best value, and SLSQP (Kraft, 1988; scipy's) finds it from equal weights.

    Args:
        predictions: class probabilities, shape (n_models, n_samples, n_classes), or numbers, (n_models, n_samples).
        y: class numbers, int, or numbers, shape (n_samples,). Samples that no member was trained on: on its training
            samples the member that has learned most by heart would win.

    Returns:
        Weights, float, shape (n_models,): each 0 or more, 1 together.

    Raises:
        ValueError: as in `vote`, or a `y` of another length or with a class that the probabilities do not have.
    """
    predictions = _members("predictions", predictions, dims=(2, 3))
    y = _targets(y, predictions.shape[1])
    if predictions.ndim == 3:
        classes = _probabilities("predictions", predictions).shape[2]
        _labels("y", y, classes)
        of_truth = predictions[:, np.arange(len(y)), y.astype(int)].clip(1e-12)  # (n_models, n_samples)

        def loss(weights):
            mixed = weights @ of_truth
            return -np.log(mixed).mean(), -(of_truth / mixed).mean(axis=1)

    else:
        errors = predictions - y
        errors = errors / (np.sqrt(np.mean(errors**2)) or 1)  # SLSQP's tolerance is made for values near 1

        def loss(weights):
            mixed = weights @ errors
            return np.mean(mixed**2), 2 * errors @ mixed / len(y)

    equal = np.full(len(predictions), 1 / len(predictions))
    to_one = {"type": "eq", "fun": lambda weights: weights.sum() - 1, "jac": np.ones_like}
    settings = {"bounds": [(1e-9, 1)] * len(equal), "constraints": to_one, "options": {"ftol": 1e-10, "maxiter": 500}}
    found = minimize(loss, equal, jac=True, method="SLSQP", **settings).x
    found[found < 1e-6] = 0  # the bound above keeps a mixture of zeros away from the logarithm
    return found / found.sum()


# --- how different the members are


def disagreement(labels):
    """Count for each pair of members on which share of the samples they name different classes.

    Args:
        labels: class numbers, int, shape (n_models, n_samples).

    Returns:
        Float array, shape (n_models, n_models): symmetric, in [0, 1], 0 on the diagonal.
    """
    labels = _labels("labels", _members("labels", labels, dims=(2,)))
    return (labels[:, None] != labels[None]).mean(axis=2)


def error_correlation(errors):
    """Correlate (Pearson) the errors of each pair of members.

    Args:
        errors: shape (n_models, n_samples); of classes whether each answer is wrong, bool; of numbers the prediction
            minus the truth, float.

    Returns:
        Float array, shape (n_models, n_models); NaN for a member whose errors are all the same.
    """
    errors = _members("errors", errors, dims=(2,)).astype(float)
    apart = errors - errors.mean(axis=1, keepdims=True)
    length = np.sqrt((apart**2).sum(axis=1))
    length[length == 0] = np.nan
    return (apart @ apart.T) / np.outer(length, length)


def pairs_mean(matrix):
    """Average what a symmetric matrix says of two different members.

    Args:
        matrix: shape (n_models, n_models).

    Returns:
        float.

    Raises:
        ValueError: the matrix is not square, or of fewer than two members.
    """
    matrix = np.asarray(matrix, float)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) < 2:
        raise ValueError(f"matrix: shape {matrix.shape} found; expected (n_models, n_models), 2 members or more.")
    return float(matrix[np.triu_indices(len(matrix), k=1)].mean())


# --- bagging


def bootstrap(n, seed, y=None, size=None):
    """Draw rows with replacement, and note which were never drawn.

    Args:
        n: rows to draw from.
        seed: int, or a `numpy.random.Generator` to go on drawing from.
        y: class numbers, shape (n,); with them a sample that lacks a class is an error.
        size: rows to draw; None for n.

    Returns:
        The rows drawn, int, shape (size,), and the out-of-bag mask, bool, shape (n,).

    Raises:
        ValueError: n or size below 1, a `y` of another length, or a class that was not drawn.
    """
    size = n if size is None else size
    for name, number in (("n", n), ("size", size)):
        if number < 1:
            raise ValueError(f"{name}: {number} found; expected 1 or more.")
    rows = np.random.default_rng(seed).integers(0, n, size)
    if y is not None:
        y = _targets(y, n)
        missing = np.setdiff1d(y, y[rows])
        if len(missing):
            raise ValueError(
                f"y: class {missing[0]} found in no row of this bootstrap of {size}; expected all {len(np.unique(y))} "
                "classes: take another seed, or more rows."
            )
    unseen = np.ones(n, bool)
    unseen[rows] = False
    return rows, unseen


def out_of_bag(predictions, unseen):
    """Average for each sample the predictions of those members that did not train on it.

    Args:
        predictions: numbers, shape (n_models, n_samples), or class probabilities, (n_models, n_samples, n_classes).
        unseen: the out-of-bag masks of `bootstrap`, bool, shape (n_models, n_samples).

    Returns:
        Float array, shape (n_samples,) or (n_samples, n_classes); NaN for a sample that every member has seen.

    Raises:
        ValueError: as in `combine`, or masks of another shape.
    """
    predictions = _members("predictions", predictions, dims=(2, 3))
    if predictions.ndim == 3:
        _probabilities("predictions", predictions)
    unseen = _members("unseen", unseen, dims=(2,)).astype(bool)
    if unseen.shape != predictions.shape[:2]:
        raise ValueError(f"unseen: shape {unseen.shape} found; expected {predictions.shape[:2]}, as the predictions.")
    members = unseen.sum(axis=0).astype(float)
    members[members == 0] = np.nan
    counted = unseen.reshape(*unseen.shape, *[1] * (predictions.ndim - 2))
    return ((predictions * counted).sum(axis=0).T / members).T


# --- boosting


def reweight(weights, wrong, n_classes, learning_rate=1.0):
    """Take one step of SAMME (Zhu, Zou, Rosset and Hastie, 2009): a member's say, and the samples' next weights.

    Args:
        weights: of the samples, shape (n_samples,), 0 or more; only their ratios matter. None for equal ones.
        wrong: whether the new member has each sample wrong, bool, shape (n_samples,).
        n_classes: how many classes there are, 2 or more.
        learning_rate: factor on the member's say, above 0.

    Returns:
        The new weights, float, shape (n_samples,), 1 together; and alpha, the member's weight in the final hard vote.
        A member without an error gets alpha 1, and one no better than guessing 0. Then the weights stay as they are:
        there is nothing to go on from, and scikit-learn's AdaBoostClassifier stops there.

    Raises:
        ValueError: weights or `wrong` of another shape, weights below 0, fewer than two classes, a rate not above 0.
    """
    wrong = np.asarray(wrong, bool)
    if wrong.ndim != 1:
        raise ValueError(f"wrong: shape {wrong.shape} found; expected (n_samples,).")
    weights = _weights(weights, len(wrong))
    if n_classes < 2:
        raise ValueError(f"n_classes: {n_classes} found; expected 2 or more.")
    if not learning_rate > 0:
        raise ValueError(f"learning_rate: {learning_rate} found; expected a number above 0.")
    weights = weights / weights.sum()
    error = weights[wrong].sum()
    if error == 0 or error >= 1 - 1 / n_classes:
        return weights, float(error == 0)
    alpha = learning_rate * (np.log((1 - error) / error) + np.log(n_classes - 1))
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
        ValueError: a `y` of another length, a shrinkage not above 0, predictions of another shape.
    """
    y = _targets(y, len(x)).astype(float)
    if not shrinkage > 0:
        raise ValueError(f"shrinkage: {shrinkage} found; expected a number above 0.")
    everything = np.concatenate([x, x_new])
    staged = [np.full(len(everything), y.mean())]
    for _ in range(rounds):
        step = np.asarray(fit_predict(x, y - staged[-1][: len(y)], everything), float)
        if step.shape != (len(everything),):
            raise ValueError(f"fit_predict: shape {step.shape} found; expected {(len(everything),)}, one a row.")
        staged.append(staged[-1] + shrinkage * step)
    return np.stack(staged)[:, len(y) :]


# --- stacking


def out_of_fold(fit_predict, x, y, folds):
    """Predict every row by a model that was not trained on it: the meta features of a stack.

    Args:
        fit_predict: function (x_train, y_train, x_held_out) -> predictions of a freshly trained model, shape (n,) or
            (n, n_classes).
        x, y: rows and targets, shapes (n, ...) and (n,).
        folds: pairs (train, held_out) of row numbers, as `KFold(5).split(x)` gives them; every row is held out once.

    Returns:
        Float array, shape (n,) or (n, n_classes), in the order of the rows.

    Raises:
        ValueError: rows that are held out never or twice, or predictions whose shapes disagree, as when a class is
            missing in a fold.
    """
    x = np.asarray(x)
    y = _targets(y, len(x))
    found, times = None, np.zeros(len(x), int)
    for train, held_out in folds:
        part = np.asarray(fit_predict(x[train], y[train], x[held_out]), float)
        if found is None:
            found = np.full((len(x), *part.shape[1:]), np.nan)
        expected = (len(x[held_out]), *found.shape[1:])
        if part.shape != expected:
            raise ValueError(f"fit_predict: shape {part.shape} found; expected {expected}, as in the first fold.")
        found[held_out] = part
        np.add.at(times, held_out, 1)
    if (times != 1).any():
        row = int(np.argmax(times != 1))
        raise ValueError(f"folds: row {row} is held out {times[row]} times; expected once.")
    return found


# --- what may come in


def _one_of(name, value, choices):
    if value not in choices:
        raise ValueError(f"{name}: {value!r} found; expected {' or '.join(map(repr, choices))}.")


def _members(name, arrays, dims):
    """Stack one array a member, all of one shape and finite; return them with n_models first."""
    arrays = [np.asarray(array) for array in arrays]
    wanted = {2: "(n_models, n_samples)", 3: "(n_models, n_samples, n_classes)"}
    if not arrays:
        raise ValueError(f"{name}: no members found; expected shape {' or '.join(wanted[d] for d in dims)}.")
    for number, array in enumerate(arrays):
        if array.shape != arrays[0].shape:
            raise ValueError(f"{name}: member {number} has shape {array.shape}; expected {arrays[0].shape}, as member 0.")
    stacked = np.stack(arrays)
    if stacked.ndim not in dims:
        raise ValueError(f"{name}: shape {stacked.shape} found; expected {' or '.join(wanted[d] for d in dims)}.")
    if stacked.dtype.kind not in "biuf":
        raise ValueError(f"{name}: {stacked.dtype} found; expected numbers.")
    if not stacked.shape[1]:
        raise ValueError(f"{name}: shape {stacked.shape} found; expected 1 sample or more.")
    if not np.isfinite(stacked).all():
        raise ValueError(f"{name}: {stacked[~np.isfinite(stacked)][0]} found; expected finite numbers.")
    return stacked


def _probabilities(name, stacked):
    sums = stacked.sum(axis=-1, dtype=float)
    if (stacked < -NEARLY).any():
        raise ValueError(f"{name}: the probability {stacked.min():.4g} found; expected 0 to 1: are these logits?")
    if (np.abs(sums - 1) > NEARLY).any():
        odd = sums[np.abs(sums - 1) > NEARLY][0]
        raise ValueError(f"{name}: a row that sums to {odd:.4g} found; expected class probabilities that sum to 1.")
    return stacked


def _labels(name, labels, n_classes=None):
    if labels.dtype.kind not in "biu":
        raise ValueError(f"{name}: {labels.dtype} found; expected class numbers, int from 0 on.")
    if labels.min() < 0 or (n_classes and labels.max() >= n_classes):
        odd = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"{name}: class {odd} found; expected {f'0 to {n_classes - 1}' if n_classes else '0 or more'}.")
    return labels.astype(int)


def _targets(y, n):
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y: shape {y.shape} found; expected {(n,)}, one a sample.")
    return y


def _weights(weights, n):
    if weights is None:
        return np.ones(n)
    weights = np.asarray(weights, float)
    if weights.shape != (n,):
        raise ValueError(f"weights: shape {weights.shape} found; expected {(n,)}.")
    sound = np.isfinite(weights) & (weights >= 0)
    if not sound.all():
        raise ValueError(f"weights: {weights[~sound][0]:g} found; expected finite numbers of 0 or more.")
    if not weights.sum() > 0:
        raise ValueError("weights: a sum of 0 found; expected one above 0.")
    return weights
