"""Exercises of notebook 09: the size of a bag, an out-of-bag error, how many members, a bag without a leak, a team that knows."""

import math

import numpy as np

from lib import ensembles
from lib.exercises import kinds
from lib.exercises.core import Exercise, Wrong, over_cases, wrong_if

# --- q1: the size of a bag


def _check_q1(share_in_bag):
    cases = [(2, 1), (5, 1), (10, 4), (10, 10), (4, 12), (100, 50), (50, 200), (1000, 1000), (100_000, 30)]
    as_large = "That is right only for a bag as large as the data. Where does `size` come in?"
    again = "That would be so without replacement. Here a row may be drawn twice."
    limit = "That is the limit for large n; here n is not large. How likely do `size` draws all miss a row?"
    mistakes = [
        (lambda n, size: (1 - 1 / n) ** size, "That is the share that is left *out*."),
        (lambda n, size: 1 - (1 - 1 / n) ** n, as_large),
        (lambda n, size: 1 - 1 / math.e, as_large),
        (lambda n, size: 1 - math.exp(-size / n), limit),
        (lambda n, size: min(1, size / n), again),
        (lambda n, size: size / n, again),
        (lambda n, size: 1 - (1 - 1 / size) ** n, "You have `n` and `size` the wrong way round."),
        (lambda n, size: n * _share_in_bag(n, size), "That is how many rows. The share of the n rows is due."),
        (lambda n, size: 1 - n**-size, "That is the chance that not all draws take one and the same given row."),
        (lambda n, size: 100 * _share_in_bag(n, size), "That is percent. A share between 0 and 1 is due."),
    ]
    why = "One draw misses a given row with probability 1 - 1/n. The bag holds it unless all `size` draws miss it: a formula."

    def row_by_row(n, size):
        return 1 - math.exp(size * math.log1p(-1 / n))

    over_cases(share_in_bag, cases, row_by_row, why, mistakes)
    return "A bag of half the size holds 39 % of the rows, and one of twice the size 86 %."


def _share_in_bag(n, size):
    return 1 - (1 - 1 / n) ** size


q1 = Exercise(
    _check_q1,
    [
        "A row is missing if every single draw misses it.",
        "One draw misses it with probability 1 - 1/n, and the draws know nothing of each other: probabilities are multiplied.",
        "return 1 - (...) ** ...",
    ],
    _share_in_bag,
    due=kinds.number,
)


# --- q2: an out-of-bag error


def _bags(seed, members, n, size):
    """Members that know the rows they have drawn by heart, and are off elsewhere; all have seen row 0, if size is above 2."""
    rng = np.random.default_rng(seed)
    y = 10 * rng.normal(size=n)
    rows = rng.integers(0, n, (members, size))
    rows[:, 0] = 0 if size > 2 else rows[:, 0]
    seen = np.stack([np.isin(np.arange(n), drawn) for drawn in rows])
    return np.where(seen, y + 0.05, y + rng.normal(1, 3, (members, n))), rows, y


def _out_of_bag(predictions, rows, y):
    """Return for each person that somebody has not seen the mean prediction of those, and the truth; two arrays."""
    judges = [[said[i] for said, drawn in zip(predictions, rows, strict=True) if i not in drawn] for i in range(len(y))]
    judged = np.array([len(said) > 0 for said in judges])
    return np.array([np.mean(said) for said in judges if said]), y[judged]


def _squared(predicted, truth):
    return np.mean((predicted - truth) ** 2)


def _check_q2(oob_error):
    cases = [_bags(*case) for case in ((0, 2, 3, 2), (1, 3, 5, 5), (2, 4, 30, 30), (3, 5, 40, 12), (4, 8, 25, 50))]
    cases.insert(2, (np.array([[1.0, 0, 2, 5], [0, 3, 4, 5]]), np.array([[0, 0, 2, 3], [3, 1, 3, 3]]), np.array([1.0, 2, 2, 9])))

    def unseen(rows, y):
        return np.stack([~np.isin(np.arange(len(y)), drawn) for drawn in rows])

    def of_the_seen(predictions, rows, y):
        return np.nanmean((ensembles.out_of_bag(predictions, ~unseen(rows, y)) - y) ** 2)

    def of_members(predictions, rows, y):
        each = [_squared(said[mask], y[mask]) for said, mask in zip(predictions, unseen(rows, y), strict=True)]
        return np.mean(each)

    def summed(predictions, rows, y):
        predicted, truth = _out_of_bag(predictions, rows, y)
        return len(truth) * _squared(predicted, truth)

    single = "That is the mean error of single members. Average each row's predictions first, then square."
    mistakes = [
        (lambda p, rows, y: _squared(p.mean(axis=0), y), "Here all members judge a row. Only those who have not drawn it may."),
        (of_the_seen, "It is the other way round: you let those judge a row who were trained on it."),
        (lambda p, rows, y: ((p - y) ** 2)[unseen(rows, y)].mean(), single),
        (of_members, single),
        (lambda p, rows, y: summed(p, rows, y) / len(y), "A row that all have seen counts as an error of 0 here; leave it out."),
        (lambda p, rows, y: np.mean((ensembles.out_of_bag(p, unseen(rows, y)) - y) ** 2), "A row that all have seen is NaN."),
        (lambda p, rows, y: _squared(*_out_of_bag(p, rows, y)) ** 0.5, "That is the root. The mean squared error is due."),
        (summed, "That is the sum of the squared errors. Their mean is due."),
        (lambda p, rows, y: _squared((p * unseen(rows, y)).mean(axis=0), y), "Divide by the members that have not seen a row."),
        (lambda p, rows, y: np.mean(abs(np.subtract(*_out_of_bag(p, rows, y)))), "That is the mean *absolute* error."),
    ]
    why = "Average for each row the predictions of the members that have not drawn it; then the mean of the squared errors."
    over_cases(oob_error, cases, lambda p, rows, y: _squared(*_out_of_bag(p, rows, y)), why, mistakes)
    return "These members know their own rows by heart, and out of bag nobody can hide it."


def _oob_error(predictions, rows, y):
    everyone = np.arange(len(y))
    unseen = np.stack([~np.isin(everyone, drawn) for drawn in rows])
    judged = unseen.any(axis=0)
    total = (predictions * unseen).sum(axis=0)[judged]
    return np.mean((total / unseen.sum(axis=0)[judged] - y[judged]) ** 2)


q2 = Exercise(
    _check_q2,
    [
        "For one member: `~np.isin(np.arange(len(y)), drawn)` says whom it has not seen. Stack that for all members.",
        "ensembles.out_of_bag(predictions, unseen) is NaN for those whom everybody has seen; np.nanmean leaves them out.",
        "unseen = np.stack([... for drawn in rows]); left_out = ensembles.out_of_bag(...); return np.nanmean((...) ** 2)",
    ],
    _oob_error,
    due=kinds.number,
)


# --- q3: how many members


def _targets():
    """Cases of q3: exact ones in powers of two, so that no rounding decides, and others between two numbers."""
    cases = [(2.0, 0.5, 3.0), (4.0, 0.25, 4.0), (4.0, 0.0, 2.0), (4.0, 0.25, 2.5), (4.0, 0.5, 2.0), (4.0, 0.5, 1.0)]
    cases += [(4.0, 1.0, 4.0), (4.0, 1.0, 2.0), (1.0, 0.0, 0.125), (4.0, 0.25, 2.0), (4.0, 0.25, 1.375), (8.0, 0.5, 4.25)]
    cases += [(4.0, 0.5, 2 + 2 / 256), (4.0, 0.5, 2 + 2 / 2048)]  # so many that a search with an end does not reach them
    rng = np.random.default_rng(3)
    for k in (2, 3, 4, 6, 9, 23, 60):
        variance, rho = float(rng.integers(1, 9)), float(rng.choice([0.0, 0.125, 0.5, 0.75]))
        share = 0.2 if k % 2 else 0.7  # of the way back to one member fewer
        cases.append((variance, rho, (1 - share) * _formula(variance, rho, k) + share * _formula(variance, rho, k - 1)))
    return cases


def _formula(variance, rho, k):
    return rho * variance + (1 - rho) * variance / k


def _by_trying(variance, rho, wanted):
    return next((k for k in range(1, 20_000) if _formula(variance, rho, k) <= wanted), None)


def _check_q3(members_needed):
    def shifted(by):
        return lambda *case: None if _by_trying(*case) is None else _by_trying(*case) + by

    def solved(rounded):
        def rule(variance, rho, wanted):
            left = wanted - rho * variance
            return 1 if wanted >= variance else rounded((1 - rho) * variance / left) if left > 0 else None

        return rule

    def never_one(variance, rho, wanted):
        return None if wanted <= rho * variance else _by_trying(variance, rho, wanted)

    mistakes = [
        (lambda v, rho, wanted: math.ceil(v / wanted), "That is so for independent members. These share a part of their luck."),
        (solved(math.floor), "Round up: with one member fewer than needed, or a part of one, it is not reached."),
        (solved(round), "Do not round to the nearest, round up."),
        (solved(lambda k: math.floor(k) + 1), "Where k comes out whole, it is enough: the variance may be `wanted` itself."),
        (shifted(1), "That is one more than needed: the variance may be `wanted` itself."),
        (shifted(-1), "That is one too few."),
        (never_one, "One member is enough where `wanted` is not below `variance`, whatever rho is."),
    ]

    def why(variance, rho, wanted):
        k = _by_trying(variance, rho, wanted)
        if k is None:
            return f"However many they are, rho * variance = {rho * variance:g} stays, and that is not below {wanted:g}."
        less = f", and {k - 1} only {_formula(variance, rho, k - 1):g}" if k > 1 else "; a team has one member at least"
        return f"{k} reach a variance of {_formula(variance, rho, k):g}{less}."

    nothing = members_needed(2.0, 0.5, 3.0) is None
    words = "`print` shows a value, `return` hands it over." if members_needed.printed.strip() else "One member is enough."
    wrong_if(nothing, f"For {members_needed.shown(2.0, 0.5, 3.0)} your answer returned nothing (None), and 1 is due. {words}")
    over_cases(members_needed, _targets(), _by_trying, why, mistakes)
    return "Halving what can still be saved takes twice the members. That is why the curve in section 7 lies flat so soon."


def _members_needed(variance, rho, wanted):
    if wanted >= variance:
        return 1
    left = wanted - rho * variance
    return math.ceil((1 - rho) * variance / left) if left > 0 else None


q3 = Exercise(
    _check_q3,
    [
        "The mean of k members has the variance rho * variance + (1 - rho) * variance / k. Solve that for k, and round up.",
        "If wanted <= rho * variance there is no such k, unless one member is enough already (wanted >= variance).",
        "if ...: return 1; left = wanted - ...; return math.ceil(... / left) if left > 0 else ...",
    ],
    _members_needed,
    due=kinds.optional(kinds.whole),
)


# --- q4: a bag without a leak


def _check_q4(split_bag):
    for seed, (size, n, first) in enumerate(((500, 500, 0), (2000, 400, 0), (600, 5000, 0), (1000, 1000, 7000)), start=1):
        drawn = first + np.random.default_rng(seed).integers(0, n, size)
        parts = split_bag(drawn, np.random.default_rng(seed))
        called = f"For the {size} entries of a bag of rows {first} to {first + n - 1}"
        wrong_if(min(map(len, parts)) == 0, f"{called}, one of your two parts is empty.")
        _is_a_split(drawn, *parts, called)
        share = len(parts[1]) / size
        told = f"{called}, {share:.0%} of the entries are for validation"
        wrong_if(share > 0.5, f"{told}. Are the two parts in the right order, training first?")
        wrong_if(not 0.1 < share < 0.3, f"{told}; about 20 % are asked for.")
        again = split_bag(drawn, np.random.default_rng(seed))
        chance = "The same generator gives another split the second time. Draw with `rng`, and with nothing else."
        wrong_if(not all(map(np.array_equal, map(np.sort, parts), map(np.sort, again))), chance)
    return "No row has copies on both sides, and the copies are still there."


def _is_a_split(drawn, train, validation, called):
    """Raise Wrong unless the two parts are the entries of drawn, those of one row on one side."""
    distinct, together = np.unique(drawn), np.sort(np.concatenate([train, validation]))
    places = len(together) == len(drawn) and np.array_equal(together, np.arange(len(drawn)))
    places = places and not np.array_equal(together, np.sort(drawn))
    wrong_if(places, f"{called}, you return places in `drawn`. Return its entries.")
    both = np.intersect1d(train, validation)
    if len(both):
        count = f", as are {len(both) - 1} more" if len(both) > 1 else ""
        raise Wrong(f"{called}, row {both[0]} is on both sides{count}. Split the *distinct* rows first: np.unique(drawn).")
    copies = "The copies belong to the bootstrap: take the entries of `drawn`; np.isin finds them."
    wrong_if(np.array_equal(together, distinct), f"{called}, your parts hold each row once. {copies}")
    wrong_if(
        not np.array_equal(together, np.sort(drawn)),
        f"{called}, your parts hold {len(together)} entries that are not those of `drawn`, each as often as it stands there.",
    )


def _split_bag(drawn, rng):
    distinct = rng.permutation(np.unique(drawn))
    held_out = np.isin(drawn, distinct[: len(distinct) // 5])
    return drawn[~held_out], drawn[held_out]


_ROWS = kinds.array(ndim=1, of="whole numbers")
q4 = Exercise(
    _check_q4,
    [
        "np.unique(drawn) has each row once. Choose a fifth of *those* at random for validation.",
        "held_out = np.isin(drawn, chosen) says which entries of `drawn` go there; the others are drawn[~held_out].",
        "chosen = rng.permutation(...)[: ... // 5]; held_out = np.isin(..., chosen); return ..., ...",
    ],
    _split_bag,
    due=kinds.parts(_ROWS, _ROWS, words="two arrays (the rows to train on, and the rows to validate on)"),
)


# --- q5, the open task: a team that knows its error

BUDGET, TABLES = 50, 12


def _table(seed, n=120, n_new=500):
    """A made-up table of six columns, one of them useless, in a unit of its own; and new rows of it."""
    rng = np.random.default_rng(seed)
    x = rng.random((n + n_new, 6))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    y = 10.0 ** rng.integers(-1, 3) * (y + rng.normal(0, rng.choice([0.5, 1.5, 3.0]), n + n_new))
    return x[:n], y[:n], x[n:], y[n:]


def _tree(x, y, x_new):
    from sklearn.tree import DecisionTreeRegressor

    return DecisionTreeRegressor(random_state=0).fit(x, y).predict(x_new)


def _check_q5(bagged):
    better, told = [], []
    for seed in range(200, 200 + TABLES):
        x, y, x_new, y_new = _table(seed)
        calls = []

        def fit_predict(x, y, x_new, calls=calls):
            calls.append(len(x))
            return _tree(x, y, x_new)

        predictions, estimate = bagged(fit_predict, x, y, x_new)
        wrong_if(len(calls) > BUDGET, f"You train {len(calls)} trees for one table. The budget is {BUDGET}.")
        wrong_if(len(predictions) != len(x_new), f"You return {len(predictions)} predictions for {len(x_new)} new rows.")
        wrong_if(not np.isfinite(predictions).all(), "Not all of your predictions are finite numbers.")
        above = np.isfinite(estimate) and estimate > 0
        wrong_if(not above, f"You say that your error is {estimate:g}. Of noisy numbers it is a finite number above 0.")
        error = _squared(predictions, y_new)
        better.append(math.log(max(error, 1e-300) / _squared(_tree(x, y, x_new), y_new)))
        told.append(math.log(estimate / max(error, 1e-300)))
    better, told = math.exp(np.mean(better)), math.exp(np.mean(told))
    seen = f"Over {TABLES} tables your squared error is on average {better:.2f} of one tree's"
    wrong_if(better > 0.7, f"{seen}, and 0.70 is due. Bag: each tree on its own bootstrap, and the mean of what they say.")
    seen += f", and your estimate {told:.2f} of your error"
    rows = "Is it squared? And do only those trees judge a row that have not seen it? Its own rows flatter a tree."
    single = "You hand over the mean of the trees. Do you judge that, or single ones?"
    wrong_if(not 0.7 <= told <= 1.45, f"{seen}; between 0.70 and 1.45 is due. {rows if told < 1 else single}")
    return f"{seen}. And no row was kept apart for it."


def _bagged(fit_predict, x, y, x_new):
    rng, said, unseen = np.random.default_rng(0), [], []
    for _ in range(40):
        rows, left_out = ensembles.bootstrap(len(x), rng)
        said.append(fit_predict(x[rows], y[rows], np.concatenate([x, x_new])))
        unseen.append(left_out)
    said = np.stack(said)
    judged = ensembles.out_of_bag(said[:, : len(x)], unseen)
    return said[:, len(x) :].mean(axis=0), np.nanmean((judged - y) ** 2)


q5 = Exercise(
    _check_q5,
    [
        "A bag for each tree, and the mean of their predictions. For the estimate ask each tree about the rows it has not drawn.",
        "One call can do both: fit_predict(x[rows], y[rows], np.concatenate([x, x_new])). Keep the out-of-bag mask of each tree.",
        "for _ in range(40): rows, left_out = ensembles.bootstrap(...); said.append(...); unseen.append(...). "
        "Then return said[:, len(x) :].mean(axis=0), and the error of ensembles.out_of_bag(...) on the rows of x.",
    ],
    _bagged,
    due=kinds.parts(kinds.array(ndim=1), kinds.number, words="two things (an array of predictions, and a number, your error)"),
)
