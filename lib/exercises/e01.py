"""Exercises of notebook 01: when to stop, what nesting costs, and folds that do not leak."""

import numpy as np

from lib.exercises.core import Exercise, Wrong, wrong_if
from lib.exercises.old import compare, parts, there

# --- q1: a search that stops when nothing improves


def _check_q1(stop_at):
    cases = [
        ([0.7, 0.8, 0.75, 0.79, 0.9, 0.6], 2, 4),
        ([0.5, 0.6, 0.7, 0.8], 2, 4),
        ([0.5, 0.9, 0.6, 0.7, 0.8, 0.95], 3, 5),
        ([0.6, 0.6, 0.6, 0.9], 2, 3),
        ([0.4, 0.6, 0.5, 0.65, 0.6, 0.62, 0.7], 2, 6),
    ]
    for scores, patience, right in cases:
        answer = there(stop_at(list(scores), patience))
        if answer == right:
            continue
        where = f"For {scores} and patience {patience}"
        ran = f"{where} you run {answer} trials"
        wrong_if(
            scores == [0.6, 0.6, 0.6, 0.9], f"{ran}. A score that is only as good as the best has not improved it."
        )
        wrong_if(right == len(scores) == answer + 1, f"{ran}. Are you counting from 0, or stopping before the end?")
        seen = f"{where} you say where the best score is. A search does not know that yet when it has to stop."
        mistakes = [
            (_since_previous(scores, patience), f"{ran}. Compare each score with the best so far, not with the one before."),
            (right - 1, f"{ran}, one too few. The trial that uses up the patience has been run too."),
            (int(np.argmax(scores)) + 1, seen),
            (int(np.argmax(scores)), seen),
        ]
        compare(answer, right, mistakes, f"{where} the search runs {right} trials; you say {answer}.")
    return "The search's own early stopping. A patience that is too short stops in a run of bad luck."


def _since_previous(scores, patience):
    since = 0
    for number in range(1, len(scores)):
        since = 0 if scores[number] > scores[number - 1] else since + 1
        if since == patience:
            return number + 1
    return len(scores)


def _stop_at(scores, patience):
    best, since = float("-inf"), 0
    for number, score in enumerate(scores, start=1):
        if score > best:
            best, since = score, 0
        else:
            since += 1
        if since == patience:
            return number
    return len(scores)


q1 = Exercise(
    _check_q1,
    [
        "Keep two variables: the best score so far, and how many trials have passed since it was found.",
        (
            "A score above the best sets the count back to 0, any other adds 1. "
            "When the count reaches `patience`, return the number of the trial."
        ),
    ],
    _stop_at,
)


# --- q2: what nesting costs


def _check_q2(trainings):
    for candidates, outer, inner in ((6, 5, 4), (20, 5, 5), (3, 10, 2)):
        answer, right = there(trainings(candidates, outer, inner)), (outer + 1) * (candidates * inner + 1)
        where = f"{candidates} candidates, {outer} outer and {inner} inner folds"
        mistakes = [
            (
                outer * (candidates * inner + 1),
                f"{where}: {answer} trainings give you the estimate, and no model yet. "
                "The last search and its winner are missing.",
            ),
            (
                outer * candidates * inner,
                f"{where}: {answer} counts the inner trainings only. In each outer fold the winner is trained once more.",
            ),
            (
                (outer + 1) * candidates * inner,
                f"{where}: {answer} leaves out the winners. Each search ends with one training on all that it was given.",
            ),
            (
                outer * (candidates * inner + 1) + 1,
                f"{where}: {answer} trains one model at the end, but which? Its values have to be searched first.",
            ),
            (
                candidates * (outer + inner),
                f"{where}: you add the folds. The inner folds are gone through in every outer fold.",
            ),
        ]
        otherwise = f"{where} make {right} trainings; you say {answer}. "
        compare(answer, right, mistakes, otherwise + "Count one search first: candidates, inner folds, and its winner.")
    return "That is why nested cross-validation is for few data and small models."


def _trainings(candidates, outer, inner):
    search = candidates * inner + 1
    return outer * search + search


q2 = Exercise(
    _check_q2,
    [
        "One search trains each candidate once in each inner fold, and then its winner on everything it was given.",
        "There is one such search in each outer fold, and one more on all the data, for the model that you keep.",
    ],
    _trainings,
)


# --- q3: scaling that does not leak


def _check_q3(scaled):
    rng = np.random.default_rng(3)
    x_fit, x_held = rng.normal([5, -2, 100], [1, 3, 20], (40, 3)), rng.normal([6, -2, 150], [2, 3, 20], (10, 3))
    answer = there(scaled(x_fit.copy(), x_held.copy()))
    fit, held = (part.astype(float) for part in parts(answer, 2, "two arrays: the scaled x_fit and the scaled x_held"))
    wrong_if(
        fit.shape != x_fit.shape or held.shape != x_held.shape,
        f"The shapes {fit.shape} and {held.shape} come back; each array should keep its own.",
    )
    both = np.concatenate([x_fit, x_held])
    wrong_if(
        np.allclose(fit, (x_fit - both.mean(axis=0)) / both.std(axis=0), atol=0.05),
        "Your mean and deviation come from both parts together: the held-out part has leaked into the training.",
    )
    wrong_if(
        np.allclose(held.mean(axis=0), 0, atol=1e-6),
        "You scale the held-out part by its own mean. "
        "Then the same sample gets another value in another company: use x_fit's.",
    )
    centred = np.allclose(fit.mean(axis=0), 0, atol=1e-6)
    wrong_if(
        np.isclose(fit.mean(), 0, atol=1e-6) and not centred,
        "You take one mean over all columns. Each column has its own unit: mean and deviation along axis 0.",
    )
    wrong_if(
        not centred, f"The columns of the scaled x_fit have the means {np.round(fit.mean(axis=0), 2)}; they should be 0."
    )
    wrong_if(
        not np.allclose(fit.std(axis=0), 1, atol=0.03),
        f"The columns of the scaled x_fit have the deviations {np.round(fit.std(axis=0), 2)}; they should be 1.",
    )
    wrong_if(
        not np.allclose(held, (x_held - x_fit.mean(axis=0)) / x_fit.std(axis=0), rtol=0.05, atol=0.05),
        "x_held is not scaled as x_fit is. Take the same mean off, and divide by the same deviation.",
    )
    _check_constant(scaled, x_fit, x_held)
    return "Whatever is learned from data, a mean too, is learned inside the fold."


def _check_constant(scaled, x_fit, x_held):
    x_fit[:, 1] = x_held[:, 1] = 7
    with np.errstate(all="ignore"):
        constant = np.asarray(scaled(x_fit.copy(), x_held.copy())[0], float)[:, 1]
    wrong_if(
        not np.allclose(constant, 0),
        f"A column that is 7 everywhere becomes {constant[0]:g}: its deviation is 0. Divide by 1 there.",
    )


def _scaled(x_fit, x_held):
    mean, deviation = x_fit.mean(axis=0), x_fit.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1)
    return (x_fit - mean) / deviation, (x_held - mean) / deviation


q3 = Exercise(
    _check_q3,
    [
        "x_fit.mean(axis=0) is the mean of each column. The held-out part must not take part in it.",
        "Compute mean and deviation of x_fit, put 1 where the deviation is 0 (np.where), and use both for both arrays.",
    ],
    _scaled,
)


# --- q4: folds that keep groups together


def _check_q4(group_folds):
    rng = np.random.default_rng(4)
    for groups, k in ((np.repeat([3, 1, 4, 9, 5, 8], 4), 3), (rng.permutation(np.arange(60) % 11), 4)):
        folds = [tuple(np.asarray(part, int) for part in fold) for fold in there(group_folds(groups.copy(), k))]
        wrong_if(len(folds) != k, f"With k={k} you return {len(folds)} folds.")
        wrong_if(
            any(len(fold) != 2 for fold in folds), "Each fold is a pair: the row numbers to fit on, and those held out."
        )
        for number, (fit, held) in enumerate(folds):
            wrong_if(not len(held), f"Nothing is held out in fold {number} of {k}.")
            _check_fold(groups, number, fit, held)
        times = np.bincount(np.concatenate([held for _, held in folds]), minlength=len(groups))
        wrong_if(times.min() < 1, f"Row {times.argmin()} is never held out. Every row is, once.")
        wrong_if(times.max() > 1, f"Row {times.argmax()} is held out {times.max()} times. Every row is, once.")
    return "No patient, writer or camera is on both sides. scikit-learn has it as GroupKFold."


def _check_fold(groups, number, fit, held):
    wrong_if(set(fit) & set(held), f"In fold {number} some rows are on both sides: they are fitted and measured.")
    both = np.intersect1d(groups[fit], groups[held])
    if len(both):
        raise Wrong(f"In fold {number} group {both[0]} is on both sides. Deal the groups into folds, not the rows.")
    wrong_if(
        len(fit) + len(held) != len(groups),
        f"Fold {number} has {len(fit)} + {len(held)} rows of {len(groups)}. What is not held out is fitted on.",
    )


def _group_folds(groups, k):
    names = np.unique(groups)
    held = [np.flatnonzero(np.isin(groups, names[fold::k])) for fold in range(k)]
    return [(np.setdiff1d(np.arange(len(groups)), rows), rows) for rows in held]


q4 = Exercise(
    _check_q4,
    [
        "np.unique(groups) lists the groups. Cut that list into k parts, as k_folds cuts row numbers.",
        "np.flatnonzero(np.isin(groups, part)) are the rows of the groups in `part`; all other rows are fitted on.",
    ],
    _group_folds,
)


# --- q5: the smallest model that is as good as the best


def _check_q5(smallest_good):
    cases = [
        ([[0.80, 0.82, 0.84, 0.78], [0.83, 0.87, 0.83, 0.87], [0.84, 0.88, 0.84, 0.88]], [16, 64, 256], 1),
        ([[0.90, 0.92, 0.91, 0.89], [0.70, 0.72, 0.71, 0.69]], [128, 8], 0),
        ([[0.84, 0.88, 0.80, 0.92], [0.81, 0.88, 0.80, 0.89], [0.76, 0.84, 0.82, 0.82]], [256, 128, 32], 1),
        ([[0.60, 0.61], [0.70, 0.70], [0.65, 0.66]], [4, 512, 64], 1),
    ]
    for scores, sizes, right in cases:
        scores, sizes = np.array(scores), np.array(sizes)
        answer = there(smallest_good(scores.copy(), sizes.copy()))
        wrong_if(np.ndim(answer), "Your function returns several candidates; return the position of one.")
        means, best = scores.mean(axis=1), int(scores.mean(axis=1).argmax())
        where = f"Means {np.round(means, 3).tolist()}, sizes {sizes.tolist()}"
        wrong_if(
            answer in sizes and answer not in range(len(sizes)),
            f"{where}: you return a size. Return the candidate's position, counted from 0.",
        )
        wide = [c for c in range(len(sizes)) if means[c] >= means[best] - scores[best].std(ddof=1)]
        mistakes = [
            (
                min(wide, key=lambda c: sizes[c]),
                f"{where}: you allow a whole standard deviation. "
                "The error of a mean of n folds is smaller, by the root of n.",
            ),
            (best, f"{where}: you return the best. A smaller one is within its standard error."),
            (int(sizes.argmin()), f"{where}: you return the smallest, which is clearly worse than the best."),
        ]
        compare(
            answer, right, mistakes,
            f"{where}: candidate {right} is the smallest within one standard error of the best; you say {answer}.",
        )
    return "A difference inside the noise is no reason to pay for a larger model."


def _smallest_good(scores, sizes):
    means = scores.mean(axis=1)
    best = means.argmax()
    error = scores[best].std(ddof=1) / np.sqrt(scores.shape[1])
    good = np.flatnonzero(means >= means[best] - error)
    return good[sizes[good].argmin()]


q5 = Exercise(
    _check_q5,
    [
        "The standard error of a mean is the standard deviation of its scores divided by the root of their number.",
        (
            "np.flatnonzero(means >= means[best] - error) are the candidates that are good enough; "
            "sizes[...].argmin() finds the smallest among them."
        ),
    ],
    _smallest_good,
)
