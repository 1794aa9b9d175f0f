"""Exercises of notebook 10: a member's say, drawing by weight, early stopping, boosting the absolute error, wrong labels."""

import itertools
import math

import numpy as np

from lib import ensembles
from lib.exercises import kinds
from lib.exercises.core import Exercise, Wrong, over_cases, same, wrong_if

# --- q1: a member's say


def _members():
    """Cases of q1: weights of any sum, some of them 0; the wrong ones hold a half, three quarters, or as much as guessing."""
    cases = [([1, 1], [1, 0], 3), ([1, 3], [0, 1], 2), ([3, 1], [0, 1], 2), ([1, 1, 1], [1, 1, 0], 3), ([2, 0, 2], [1, 0, 0], 4)]
    cases += [([1, 199], [1, 0], 2), ([1, 99], [0, 1], 3)]
    cases = [(np.array(weights, float), np.array(wrong, bool), n) for weights, wrong, n in cases]
    rng = np.random.default_rng(1)
    for n_classes, share in ((2, 0.3), (3, 0.4), (10, 0.7), (10, 0.5), (3, 0.9), (2, 0.95), (5, 0.1)):
        cases.append((5 * rng.random(60), np.append(rng.random(58) < share, [True, False]), n_classes))
    return cases


def _check_q1(member_say):
    def error(weights, wrong):
        return weights[wrong].sum() / weights.sum()

    def odds(share):
        return math.log((1 - share) / share)

    def unclipped(w, wrong, n):
        return odds(error(w, wrong)) + math.log(n - 1)

    def plain(w, wrong, n):
        return max(0.0, odds(wrong.mean()) + math.log(n - 1))

    two = "That is so for two classes. For more of them log(n_classes - 1) is added."
    upside = "Your fraction is upside down, or you take the right ones for the wrong ones."
    early = "With more than two classes a member that is wrong on half of the weight can be better than guessing."
    mistakes = [
        (unclipped, "That is worse than guessing; such a member gets 0."),
        (plain, "That belongs to the plain error, where all count alike. Where do the weights come in?"),
        (lambda w, wrong, n: max(0.0, odds(error(w, wrong))), two),
        (lambda w, wrong, n: odds(error(w, wrong)), two),
        (lambda w, wrong, n: _member_say(w, wrong, n) / 2, "That is half of what SAMME says. (Some books have it.)"),
        (lambda w, wrong, n: max(0.0, math.log(n - 1) - odds(error(w, wrong))), upside),
        (lambda w, wrong, n: math.log(n - 1) - odds(error(w, wrong)), upside),
        (lambda w, wrong, n: max(0.0, odds(error(w, wrong)) + math.log(n)), "It is log(n_classes - 1), not log(n_classes)."),
        (lambda w, wrong, n: max(0.0, odds(error(w, wrong))) + math.log(n - 1), "Take 0 if the *sum* of the two is below it."),
        (lambda w, wrong, n: max(0.0, odds(error(w, wrong)) + math.log(n - 1)) if error(w, wrong) < 0.5 else 0.0, early),
        (lambda w, wrong, n: _member_say(w, wrong, n) / math.log(10), "Natural logarithms are due, not those to base 10."),
        (lambda w, wrong, n: _member_say(w, wrong, n) / math.log(2), "Natural logarithms are due, not those to base 2."),
    ]
    why = "It is log((1 - error) / error) + log(n_classes - 1), or 0; the error is the wrong ones' share of all weight."

    def right(w, wrong, n):
        say = ensembles.reweight(w, wrong, n)[1]
        return say if say > 1e-12 else 0.0  # as good as guessing, but for rounding

    def alike(given, due):  # a logarithm near 0 in float32 is off by that
        return same(given, due) or abs(given - due) < 1e-6

    over_cases(member_say, _members(), right, why, mistakes, alike)
    return "A member that is wrong on 70 % of the weight still has a say among ten classes, and none among two."


def _member_say(weights, wrong, n_classes):
    error = weights[wrong].sum() / weights.sum()
    return max(0.0, np.log((1 - error) / error) + np.log(n_classes - 1))


q1 = Exercise(
    _check_q1,
    [
        "The weighted error is the weight of what is wrong, divided by all weight.",
        "Section 1 has the say that follows from an error. What should become of a negative one?",
        "error = weights[...].sum() / ...; return max(0, ...)",
    ],
    _member_say,
    due=kinds.number,
)


# --- q2: without weights


def _check_q2(resample):
    cases = [([3.0], 2), ([0, 5.0], 3), ([1.0, 1.0], 1), ([2.0, 4.0, 6.0], 2), ([3, 3, 6, 12, 0, 36.0], 40)]
    cases += [([0.2, 0, 0.1, 0.1], 24)]
    for weights, size in cases:
        weights = np.array(weights)
        called = f"For {resample.shown(weights, size, None).replace('None', 'rng')}"
        drawn = [_drawn(resample, weights, size, seed, called) for seed in range(300 if len(weights) > 2 else 3)]
        counts = np.stack([np.bincount(rows, minlength=len(weights)) for rows in drawn])
        fixed = len(drawn) > 3 and all(np.array_equal(rows, drawn[0]) for rows in drawn)
        wrong_if(fixed, f"{called} you return the same rows for each of {len(drawn)} generators. Draw with `rng`.")
        _is_in_proportion(counts, weights, size, called)
        again = np.sort(_drawn(resample, weights, size, 0, called))
        chance = "The same generator gives other rows the second time. Draw with `rng`, and with nothing else."
        wrong_if(not np.array_equal(again, np.sort(drawn[0])), chance)
        if len(drawn) > 3:
            _is_one_by_one(counts, weights, size, called)
    return "A heavy row comes often, and one without weight never. So a model without `sample_weight` can be boosted too."


def _drawn(resample, weights, size, seed, called):
    rows = resample(weights, size, np.random.default_rng(seed))
    wrong_if(len(rows) != size, f"{called} you return {len(rows)} row numbers, and {size} are due.")
    last = len(weights) - 1
    outside = rows[(rows < 0) | (rows > last)]
    wrong_if(len(outside), f"{called} there are rows 0 to {last}, and you return {outside[0] if len(outside) else ''}.")
    empty = rows[weights[rows] == 0]
    row = empty[0] if len(empty) else ""
    wrong_if(len(empty), f"{called} you draw row {row}, whose weight is 0. Draw in proportion to the weights.")
    return rows


def _is_in_proportion(counts, weights, size, called):
    """Raise Wrong where a row comes too often, or too seldom: so far off is chance once in a million."""
    shares, due, draws = counts.mean(axis=0) / size, weights / weights.sum(), counts.sum()
    far = abs(shares - due) / np.sqrt(np.maximum(due * (1 - due), 1e-9) / draws)
    row = int(far.argmax())
    told = f"{called} row {row} has {due[row]:.0%} of the weight, and {shares[row]:.0%} of your draws"
    wrong_if(far[row] > 6 and abs(shares[row] - due[row]) > 1e-9, f"{told} over {len(counts)} generators.")


def _is_one_by_one(counts, weights, size, called):
    """Raise Wrong unless the counts of the rows vary from draw to draw as those of independent draws do."""
    due = size * weights / weights.sum()
    some = due > 0
    spread = ((counts[:, some] - due[some]) ** 2 / due[some]).sum(axis=1).mean() / (some.sum() - 1)  # 1 on average
    same_each = "Two generators give every row equally often." if (counts == counts[0]).all() else ""
    told = f"{called} the counts of the rows vary {spread:.1f} times as much as those of independent draws. {same_each}"
    wrong_if(spread < 0.65, f"{told} Draw each one by itself with `rng`, and put it back.")
    wrong_if(spread > 1.35, f"{told} Do not repeat what was drawn: draw all {size} of them.")


def _resample(weights, size, rng):
    return rng.choice(len(weights), size, p=weights / weights.sum())


q2 = Exercise(
    _check_q2,
    [
        "rng.choice draws with replacement, unless it is told otherwise, and takes probabilities as `p`.",
        "Probabilities sum to 1, and the weights need not: divide them by their sum.",
        "return rng.choice(..., size, p=...)",
    ],
    _resample,
    due=kinds.array(ndim=1, of="whole numbers").called("an array with `size` row numbers, which are whole numbers,"),
)


# --- q3: early stopping


def _kept(errors, patience, better=lambda error, best, before: error < best, reset=True, more=0):
    """Return how many rounds are kept by a rule: what counts as better, and whether the waiting then begins anew."""
    best, waited = 0, 0
    for k in range(1, len(errors)):
        if better(errors[k], errors[best], errors[k - 1]):
            best, waited = k, 0 if reset else waited
        else:
            waited += 1
            if waited >= patience + more:
                break
    return best + 1


def _check_q3(rounds_to_keep):
    rng = np.random.default_rng(5)
    cases = [(errors, patience) for n in (1, 2, 3, 4) for errors in itertools.product((1, 2, 3), repeat=n) for patience in (1, 2)]
    cases += [((5, 6, 4, 5, 3), 2), ((5, 4, 3, 2, 1), 2), ((5, 3, 4, 2, 4, 4, 4, 1), 3)]
    zeros = [(np.array(errors), 2) for errors in ([0.0, 0.5], [0.5, 0.0, 0.25], [0.5, 0.0, 0.0, 0.25])]
    zeros += [(np.array([0.5, 0.5 - 2.0**-20, 0.5]), 1), (1 - np.arange(6) * 2.0**-20, 1)]  # by a little is smaller, too
    cases += [(rng.integers(1, 30, 14) - np.arange(14), patience) for patience in (1, 2, 3, 4, 20) for _ in range(12)]
    cases = [(np.array(errors, float) / 4 + 8, patience) for errors, patience in cases]
    cases += [(rng.integers(1, 30, 9) / 4096 + 0.25, patience) for patience in (1, 2, 3)]
    cases += zeros

    def stopped(errors, patience):
        kept = _kept(errors, patience)
        return min(kept + patience, len(errors))

    mistakes = [
        (lambda e, p: int(np.argmin(e)) + 1, "That is the best of all. But training has stopped before, and nobody has seen it."),
        (lambda e, p: _kept(e, p) - 1, "errors[0] is the error after *one* round: you return its place, counted from 0."),
        (stopped, "There training stops; but keep only the rounds up to the smallest error."),
        (lambda e, p: _kept(e, p, reset=False), "Your count of rounds in vain goes on after a better one. Set it back to 0."),
        (lambda e, p: _kept(e, p, more=1), "You wait one round longer than `patience`."),
        (lambda e, p: _kept(e, p, more=-1), "You wait one round less than `patience`."),
        (lambda e, p: _kept(e, p, lambda error, best, before: error <= best), "An equal error is not smaller: keep the first."),
        (lambda e, p: _kept(e, p, lambda error, best, before: error < before), "Compare with the smallest so far, not the last."),
        (lambda e, p: len(e), "Those are all rounds."),
    ]

    def why(errors, patience):
        kept = _kept(errors, patience)
        end = "to the end" if kept + patience > len(errors) else f"for {patience} round{'s' if patience > 1 else ''} in a row"
        return f"After round {kept} no error is smaller than that one, {errors[kept - 1]:g}, {end}."

    over_cases(rounds_to_keep, cases, _kept, why, mistakes)
    return "What comes after the stop, nobody knows. That is the price of patience, and of impatience."


def _rounds_to_keep(errors, patience):
    best = 0
    for k in range(1, len(errors)):
        if errors[k] < errors[best]:
            best = k
        elif k - best >= patience:
            break
    return best + 1


q3 = Exercise(
    _check_q3,
    [
        "Go through the errors one by one, and remember where the smallest one was.",
        "When the current round is `patience` rounds after the best one, break. Round numbers begin at 1.",
        "best = 0; for k in range(1, len(errors)): if errors[k] < ...: best = k; elif ... >= patience: break; return ...",
    ],
    _rounds_to_keep,
    due=kinds.whole,
)


# --- q4: another loss


def fit_bins(x, targets, x_new):
    """A small member: in each of three ranges of x the mean of the targets, bent a little, so that it is not linear in them."""
    targets = np.asarray(targets, float)
    inside, new = np.digitize(x[:, 0], [-0.5, 0.5]), np.digitize(x_new[:, 0], [-0.5, 0.5])
    means = np.array([targets[inside == k].mean() if (inside == k).any() else 0.0 for k in range(3)])
    return (np.tanh(2 * means) + means / 4)[new]


def fit_signs(x, targets, x_new):
    """A member that knows its rows by heart."""
    known = {tuple(row): target for row, target in zip(np.asarray(x).tolist(), np.asarray(targets, float), strict=True)}
    return np.array([known[tuple(row)] for row in np.asarray(x_new).tolist()])


def _loop(start=np.median, targets=lambda y, now, first: np.sign(y - now), share=None, more=0):
    """Return a rule that boosts: where it begins, what members learn, which share of their answers is added."""

    def rule(fit_predict, x, y, rounds, shrinkage):
        first = now = np.full(len(y), start(y))
        for _ in range(max(0, rounds + more)):
            now = now + (shrinkage if share is None else share) * fit_predict(x, targets(y, now, first), x)
        return now

    return rule


def _check_q4(boost_absolute):
    def tables():
        for seed, (n, rounds) in enumerate(((5, 0), (5, 1), (6, 2), (21, 3), (40, 5)), start=4):
            rng = np.random.default_rng(seed)
            x = rng.normal(size=(n, 2))
            y = 2 * x[:, 0] + rng.normal(size=n)
            y[0] = 60.0  # one value that is far off
            yield fit_bins, x, y, rounds, 0.5
            yield fit_signs, x, np.round(2 * y) / 2, rounds, 0.25  # predictions meet the truth, and no rounding decides

    def shrunk(fit_predict, x, y, rounds, shrinkage):
        return _loop(targets=lambda y, now, first: shrinkage * np.sign(y - now), share=1.0)(fit_predict, x, y, rounds, shrinkage)

    equal = "Where truth and prediction are equal the target is 0"
    upside = "Your targets point the wrong way: +1 where the truth lies above the prediction."
    mistakes = [
        (_loop(targets=lambda y, now, first: y - now), "Your members learn the residual. Here they learn its sign: +1, -1 or 0."),
        (_loop(start=np.mean), "You begin with the mean. The absolute error is smallest at the median."),
        (_loop(start=lambda y: 0.0), "You begin with 0. Begin with the median of y."),
        (_loop(targets=lambda y, now, first: np.sign(now - y)), upside),
        (shrunk, "You shrink the targets. They are +1, -1 and 0: it is the members' answers that are shrunk."),
        (_loop(share=1.0), "You add each member's whole answer. Only the share `shrinkage` of it is added."),
        (_loop(targets=lambda y, now, first: np.where(y > now, 1.0, -1.0)), f"{equal}, not -1."),
        (_loop(targets=lambda y, now, first: np.where(y >= now, 1.0, -1.0)), f"{equal}, not 1."),
        (_loop(targets=lambda y, now, first: np.sign(y - first)), "All members get the same targets. Compute them anew."),
        (_loop(more=-1), "You train one member less than `rounds`."),
        (_loop(more=1), "You train one member more than `rounds`."),
        (lambda *case: _loop()(*case) - np.median(case[2]), "The median that you begin with is missing in the end."),
    ]
    why = "Begin with the median; in each round add shrinkage * fit_predict(x, targets, x). Targets: signs of y - prediction."
    over_cases(boost_absolute, list(tables()), _loop(), why, mistakes, _nearly)
    return "One value that is far off pulls no harder than any other. So this loss is robust."


def _nearly(given, due):
    return same(np.asarray(given) / 60, np.asarray(due) / 60)


def _boost_absolute(fit_predict, x, y, rounds, shrinkage):
    prediction = np.full(len(y), np.median(y))
    for _ in range(rounds):
        prediction = prediction + shrinkage * fit_predict(x, np.sign(y - prediction), x)
    return prediction


q4 = Exercise(
    _check_q4,
    [
        "It is the loop of section 7 with other targets: np.sign of the residual.",
        "Begin with np.full(len(y), np.median(y)). In each round the targets are computed anew, from the current prediction.",
        "prediction = ...; for _ in range(rounds): prediction = prediction + ... * fit_predict(x, ..., x); return prediction",
    ],
    _boost_absolute,
    due=kinds.array(ndim=1),
)


# --- q5, the open task: wrong labels

TABLES, WANTED = 10, 0.75  # by chance a fifth is found, by a tree's own training errors up to 0.7, by boosting with rate 1 too


def _spoilt(seed, n=400, n_classes=3, share=0.2):
    """A made-up table, two heaps to a class, whose columns have different units; its labels, and which of them are wrong."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(2 * n_classes, 6))
    heap = rng.integers(0, 2 * n_classes, n)
    x = 3.8 * (centres / np.linalg.norm(centres, axis=1, keepdims=True))[heap] + rng.normal(size=(n, 6))
    wrong = rng.permutation(n) < share * n
    y = np.where(wrong, heap + rng.integers(1, n_classes, n), heap) % n_classes
    return x * 10.0 ** rng.integers(-2, 3, 6), y, wrong


def _check_q5(suspects):
    found = []
    for seed in range(300, 300 + TABLES):
        x, y, wrong = _spoilt(seed)
        looks = int(wrong.sum())
        rows = suspects(x, y, looks)
        called = f"For {suspects.shown(x, y, looks)} you return"
        wrong_if(len(rows) > looks, f"{called} {len(rows)} rows, and there is time for {looks}.")
        wrong_if(len(np.unique(rows)) != len(rows), f"{called} a row twice.")
        outside = not ((rows >= 0) & (rows < len(y))).all()
        wrong_if(outside, f"{called} rows that there are not; they have the numbers 0 to {len(y) - 1}.")
        found.append(wrong[rows].sum() / looks)
    told = f"Of the wrong labels in {TABLES} tables you find {np.mean(found):.2f} on average"
    if np.mean(found) < WANTED:
        heart = "Members that know single rows by heart would not see what is wrong with them"
        raise Wrong(f"{told}; {WANTED} is due. {heart}: keep them small, or ask about rows that they were not trained on.")
    return f"{told}. With as many looks, chance finds {looks / len(y):.2f}."


def _suspects(x, y, looks):
    from sklearn.tree import DecisionTreeClassifier

    weights = np.ones(len(y))
    for _ in range(12):
        tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(x, y, sample_weight=weights)
        weights, _ = ensembles.reweight(weights, tree.predict(x) != y, len(np.unique(y)), 0.3)
    return np.argsort(weights)[-looks:]


q5 = Exercise(
    _check_q5,
    [
        "Section 6 has one way: boost, and look at the heaviest rows. Small trees as members, a shrinkage, and not many rounds.",
        "Or train on some rows, and ask for the others how probable their label is. (Some models want columns of one unit.)",
        "weights = np.ones(len(y)); for _ in range(...): tree = DecisionTreeClassifier(...).fit(x, y, sample_weight=...); "
        "weights, _ = ensembles.reweight(...). Then return np.argsort(weights)[...]",
    ],
    _suspects,
    due=kinds.array(ndim=1, of="whole numbers").called("an array of row numbers"),
    seconds=60,
)
