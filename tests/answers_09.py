"""Answers to the exercises of notebook 09: right ones that are not the reference, and likely mistakes."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, KFold

from lib import ensembles
from lib.exercises import e09

# --- q1


def draw_by_draw(n, size):
    held = 0.0
    for _ in range(size):
        held += (1 - held) / n
    return held


def row_by_row(n, size):
    return np.mean(np.full(min(n, 1000), 1.0) - np.power(1 - 1 / n, size))


def by_dice(n, size):
    rng = np.random.default_rng(0)
    return np.mean([len(np.unique(rng.integers(0, n, size))) / n for _ in range(50)])


RIGHT_1 = [
    draw_by_draw,
    row_by_row,
    lambda n, size: -np.expm1(size * np.log1p(-1 / n)),
    lambda n, size, *more, power=pow: np.float32(1 - power((n - 1) / n, size)),
    lambda n, size: (n**size - (n - 1) ** size) / n**size if n < 100 else float(1 - Fraction(n - 1, n) ** size),
]
MISTAKES_1 = [
    (lambda n, size: (1 - 1 / n) ** size, r"left \*out\*"),
    (lambda n, size: 1 - (1 - 1 / n) ** n, "as large as the data"),
    (lambda n, size: 1 - 1 / math.e, "as large as the data"),
    (lambda n, size: 1 - math.exp(-size / n), "limit for large n"),
    (lambda n, size: size / n, "without replacement"),
    (lambda n, size: min(size / n, 1), "without replacement"),
    (lambda n, size: 1 - (1 - 1 / size) ** n, "wrong way round"),
    (lambda n, size: n - n * (1 - 1 / n) ** size, "how many rows"),
    (lambda n, size: 1 - (1 / n) ** size, "one and the same given row"),
    (lambda n, size: 100 - 100 * (1 - 1 / n) ** size, "percent"),
    (lambda n, size: 1 - (1 - 1 / n) ** (size - 1), "unless all `size` draws miss it"),
    (lambda n, size: round(1 - (1 - 1 / n) ** size, 3), "unless all `size` draws miss it"),
    (lambda n, size: 0.5, "unless all `size` draws miss it"),
    (by_dice, "a formula"),
    (lambda n, size: str(size / n), "the text '0.5' where a number is due"),
    (lambda n, size: print(end=""), "Does every way through it end with a `return`"),
]

# --- q2


def unseen_by(rows, n):
    return np.array([np.bincount(drawn, minlength=n) == 0 for drawn in rows])


def with_the_library(predictions, rows, y):
    return np.nanmean((ensembles.out_of_bag(predictions, unseen_by(rows, len(y))) - y) ** 2)


def person_by_person(predictions, rows, y):
    errors = []
    for i in range(len(y)):
        said = [predictions[m][i] for m in range(len(rows)) if i not in set(rows[m].tolist())]
        if said:
            errors.append((sum(said) / len(said) - y[i]) ** 2)
    return sum(errors) / len(errors)


def masked(predictions, rows, y, axis=0):
    left_out = np.ma.array(predictions, mask=~unseen_by(rows, len(y))).mean(axis=axis)
    return np.float64(((left_out - y) ** 2).mean())


def with_pandas(predictions, rows, y):
    table = pd.DataFrame(predictions).where(unseen_by(rows, len(y)))
    return ((table.mean() - y) ** 2).mean()


def with_nans(predictions, rows, y):
    predictions[np.arange(len(rows))[:, None], rows] = np.nan
    known = ~np.isnan(predictions).all(axis=0)
    return np.square(np.nanmean(predictions[:, known], axis=0) - y[known]).mean()


def with_nan(predictions, rows, y):
    return np.mean((ensembles.out_of_bag(predictions, unseen_by(rows, len(y))) - y) ** 2)


def each_member(predictions, rows, y):
    errors = [np.mean((p - y)[mask] ** 2) for p, mask in zip(predictions, unseen_by(rows, len(y)), strict=True)]
    return np.mean(errors)


def mean_of_all(p, rows, y):
    mask = unseen_by(rows, len(y))
    return np.mean(((p * mask).mean(axis=0) - y) ** 2)


def weighted_by_copies(p, rows, y):
    errors = (ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y) ** 2
    return np.nanmean(errors[rows[0]])


def zero_is_seen(predictions, rows, y):
    kept = predictions * unseen_by(rows, len(y))
    count = (kept != 0).sum(axis=0)
    return np.mean((kept.sum(axis=0)[count > 0] / count[count > 0] - y[count > 0]) ** 2)


RIGHT_2 = [with_the_library, person_by_person, masked, with_pandas, with_nans]
MISTAKES_2 = [
    (lambda p, rows, y: np.mean((p.mean(axis=0) - y) ** 2), "all members judge a row"),
    (lambda p, rows, y: np.nanmean((ensembles.out_of_bag(p, ~unseen_by(rows, len(y))) - y) ** 2), "other way round"),
    (lambda p, rows, y: ((p - y) ** 2)[unseen_by(rows, len(y))].mean(), "first, then square"),
    (each_member, "first, then square"),
    (lambda p, rows, y: np.nansum((ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y) ** 2) / len(y), "leave it out"),
    (with_nan, "NaN"),
    (lambda p, rows, y: with_the_library(p, rows, y) ** 0.5, "the root"),
    (lambda p, rows, y: np.nansum((ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y) ** 2), "the sum of"),
    (mean_of_all, "Divide by the members that have not seen a row|have not drawn it"),
    (lambda p, rows, y: np.nanmean(abs(ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y)), r"mean \*absolute\* error"),
    (lambda p, rows, y: with_the_library(p[:1], rows[:1], y), "have not drawn it"),
    (lambda p, rows, y: np.nanmean(ensembles.out_of_bag(p, unseen_by(rows, len(y))) - y) ** 2, "have not drawn it"),
    (weighted_by_copies, "have not drawn it"),
    (zero_is_seen, "have not drawn it"),
    (lambda p, rows, y: np.sort(p[~unseen_by(rows, len(y))])[0], "have not drawn it"),
    (lambda p, rows, y: 0.0, "have not drawn it"),
    (lambda p, rows, y: ensembles.out_of_bag(p, unseen_by(rows, len(y))), "where a number is due"),
    (lambda p, rows, y: print(end=""), "Does every way through it end with a `return`"),
]

# --- q3


def by_trying(variance, rho, wanted):
    for k in range(1, 10_000):
        if rho * variance + (1 - rho) * variance / k <= wanted:
            return k
    return None


def by_while(variance, rho, wanted, *more):
    if rho * variance >= wanted and variance > wanted:
        return None
    k = 1
    while rho * variance + (1 - rho) * variance / k > wanted:
        k += 1
    return np.int64(k)


def by_halving(variance, rho, wanted):
    def enough(k):
        return rho * variance + (1 - rho) * variance / k <= wanted

    low, high = 1, 1 << 20
    if not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return float(low)


def by_fractions(variance, rho, wanted):
    variance, rho, wanted = map(Fraction, (variance, rho, wanted))
    if variance <= wanted:
        return 1
    return math.ceil((variance - rho * variance) / (wanted - rho * variance)) if wanted > rho * variance else None


def in_numpy(variance, rho, wanted):
    k = np.arange(1, 5000)
    enough = k[rho * variance + (1 - rho) * variance / k <= wanted]
    return enough[0] if enough.size else None


def solved(variance, rho, wanted):
    return math.ceil((1 - rho) * variance / (wanted - rho * variance)) if wanted != rho * variance else None


def rounded(how):
    def answer(variance, rho, wanted):
        if wanted >= variance:
            return 1
        return how((1 - rho) * variance / (wanted - rho * variance)) if wanted > rho * variance else None

    return answer


def zero_for_none(variance, rho, wanted):
    return by_trying(variance, rho, wanted) or 0


def up_to_a_thousand(variance, rho, wanted):
    return next((k for k in range(1, 1000) if rho * variance + (1 - rho) * variance / k <= wanted), None)


def no_single(variance, rho, wanted):
    return by_trying(variance, rho, wanted) if wanted > rho * variance else None


def strictly_below(variance, rho, wanted):
    return next((k for k in range(1, 10_000) if rho * variance + (1 - rho) * variance / k < wanted), None)


RIGHT_3 = [by_trying, by_while, by_halving, by_fractions, in_numpy]
MISTAKES_3 = [
    (lambda variance, rho, wanted: math.ceil(variance / wanted), "independent members"),
    (solved, "However many they are"),
    (rounded(math.floor), "Round up"),
    (rounded(int), "Round up"),
    (rounded(round), "Do not round to the nearest"),
    (rounded(lambda k: int(k) + 1), "Where k comes out whole"),
    (lambda variance, rho, wanted: by_trying(variance, rho, wanted) and by_trying(variance, rho, wanted) + 1, "one more"),
    (lambda variance, rho, wanted: by_trying(variance, rho, wanted) and 1, "only"),
    (no_single, "whatever rho is"),
    (zero_for_none, "However many they are"),
    (up_to_a_thousand, "2048 reach a variance"),
    (strictly_below, "one member at least|reach a variance"),
    (lambda variance, rho, wanted: min(by_trying(variance, rho, wanted) or 99, 50), "However many they are"),
    (lambda variance, rho, wanted: by_trying(variance, rho**2, wanted), "reach a variance|However many"),
    (lambda variance, rho, wanted: 0, "one member at least"),
    (lambda variance, rho, wanted: math.inf, "the float inf where a whole number"),
    (lambda variance, rho, wanted: str(by_trying(variance, rho, wanted)), "the text '1' where a whole number"),
    (lambda variance, rho, wanted: print(end=""), "nothing .None., and 1 is due"),
]

# --- q4


def with_a_mask_of_rows(drawn, rng):
    for_validation = rng.random(drawn.max() + 1) < 0.2
    held_out = for_validation[drawn]
    return [drawn[~held_out], drawn[held_out]]


def without_copies(drawn, rng):
    distinct = rng.permutation(np.unique(drawn))
    return distinct[len(distinct) // 5 :], distinct[: len(distinct) // 5]


def by_groups(drawn, rng):
    splitter = GroupShuffleSplit(1, test_size=0.2, random_state=int(rng.integers(1000)))
    train, validation = next(splitter.split(drawn, groups=drawn))
    return drawn[train], drawn[validation]


def row_by_row_until_a_fifth(drawn, rng):
    rows = sorted(set(drawn.tolist()))
    rng.shuffle(rows)
    validation = []
    while len(validation) < len(drawn) / 5:
        row = rows.pop()
        validation += [row] * int((drawn == row).sum())
    return tuple(row for row in drawn.tolist() if row in rows), validation


def with_choice(drawn, rng, share=0.2):
    distinct = np.unique(drawn)
    chosen = set(rng.choice(distinct, int(share * len(distinct)), replace=False).tolist())
    told = pd.Series(drawn).isin(chosen)
    return drawn[~told.to_numpy()], pd.Series(drawn)[told]


def every_fifth(drawn, rng):
    held_out = np.isin(drawn, np.unique(drawn)[::5])
    return drawn[~held_out], drawn[held_out]


def with_another_generator(drawn, rng):
    return with_a_mask_of_rows(drawn, np.random.default_rng())


def places(drawn, rng):
    held_out = np.isin(drawn, np.unique(drawn)[::5])
    return np.flatnonzero(~held_out), np.flatnonzero(held_out)


def by_entries(drawn, rng):
    shuffled = rng.permutation(drawn)
    return shuffled[len(drawn) // 5 :], shuffled[: len(drawn) // 5]


def by_folds(drawn, rng):
    train, validation = next(KFold(5).split(drawn))
    return drawn[train], drawn[validation]


def known_numbers(drawn, rng):
    chosen = rng.permutation(len(drawn))[: len(drawn) // 5]
    held_out = np.isin(drawn, chosen)
    return drawn[~held_out], drawn[held_out]


def without_the_shared(drawn, rng):
    train, validation = by_entries(drawn, rng)
    return train, validation[~np.isin(validation, train)]


RIGHT_4 = [with_a_mask_of_rows, by_groups, row_by_row_until_a_fifth, with_choice, every_fifth]
MISTAKES_4 = [
    (lambda drawn, rng: (drawn[:400], drawn[400:]), "is on both sides, as are"),
    (by_entries, "on both sides"),
    (by_folds, "on both sides"),
    (without_copies, "hold each row once"),
    (without_the_shared, "that are not those of `drawn`"),
    (places, "places in `drawn`|on both sides"),
    (known_numbers, "0% of the entries|is empty|% of the entries"),
    (with_another_generator, "with nothing else"),
    (lambda drawn, rng: with_a_mask_of_rows(drawn, rng)[::-1], "right order"),
    (lambda drawn, rng: (drawn[drawn < 250], drawn[drawn >= 450]), "which are not the 500|not those of `drawn`"),
    (lambda drawn, rng: (drawn[drawn < 475], drawn[drawn >= 475]), "about 20 %"),
    (lambda drawn, rng: (drawn, drawn[:0]), "is empty"),
    (lambda drawn, rng: drawn, "where two arrays"),
    (lambda drawn, rng: np.isin(drawn, np.unique(drawn)[::5]), "where two arrays"),
    (lambda drawn, rng: print(end=""), "Does every way through it end with a `return`"),
]

# --- q5


def team(k=30, how="out of bag", by=ensembles.bootstrap):
    def answer(fit_predict, x, y, x_new):
        rng, said, masks = np.random.default_rng(5), [], []
        for _ in range(k):
            rows, unseen = by(len(x), rng)
            said.append(fit_predict(x[rows], y[rows], np.concatenate([x, x_new])))
            masks.append(unseen)
        said, masks = np.array(said), np.array(masks)
        own, new = said[:, : len(x)], said[:, len(x) :]
        if how == "single":
            return new.mean(axis=0), ((own - y) ** 2)[masks].mean()
        judged = own.mean(axis=0) if how == "all" else ensembles.out_of_bag(own, masks)
        error = np.nanmean((judged - y) ** 2)
        return new.mean(axis=0), error**0.5 if how == "root" else error

    return answer


def pasted(n, rng):
    rows = rng.permutation(n)[: round(0.632 * n)]
    return rows, ~np.isin(np.arange(n), rows)


def by_five_folds(fit_predict, x, y, x_new):
    errors = []
    for train, held_out in KFold(5, shuffle=True, random_state=0).split(x):
        said, _ = team(8)(fit_predict, x[train], y[train], x[held_out])
        errors += list((said - y[held_out]) ** 2)
    return list(team(10)(fit_predict, x, y, x_new)[0]), float(np.mean(errors))


def held_out_team(fit_predict, x, y, x_new, apart=24):
    said, _ = team(24)(fit_predict, x[apart:], y[apart:], x[:apart])
    return team(25)(fit_predict, x, y, x_new)[0], np.float32(np.mean((said - y[:apart]) ** 2))


def median_team(fit_predict, x, y, x_new):
    rng, own, new = np.random.default_rng(1), np.full((40, len(x)), np.nan), []
    for k in range(40):
        rows = rng.integers(0, len(x), len(x))
        others = np.setdiff1d(np.arange(len(x)), rows)
        own[k, others] = fit_predict(x[rows], y[rows], x[others])
        new.append(rng.bit_generator.seed_seq and fit_predict(x[rows], y[rows], x_new) if k < 10 else new[-1])
    return np.mean(new[:10], axis=0), np.nanmean((np.nanmean(own, axis=0) - y) ** 2)


def one_tree(fit_predict, x, y, x_new):
    said = fit_predict(x[24:], y[24:], x[:24])
    return fit_predict(x, y, x_new), np.mean((said - y[:24]) ** 2)


RIGHT_5 = [team(), team(50), team(40, by=pasted), by_five_folds, held_out_team, median_team]
MISTAKES_5 = [
    (team(100), "The budget is 50"),
    (team(how="all"), "have not seen it"),
    (team(how="single"), "Do you judge that, or single ones"),
    (team(how="root"), "Is it squared"),
    (one_tree, "Bag: each tree"),
    (team(2), "0.70 is due|NaN|between 0.70"),
    (lambda fit_predict, x, y, x_new: (team()(fit_predict, x, y, x_new)[0], y.var()), "between 0.70 and 1.45"),
    (lambda fit_predict, x, y, x_new: (np.full(len(x_new), y.mean()), y.var()), "Bag: each tree"),
    (lambda fit_predict, x, y, x_new: (team()(fit_predict, x, y, x)[0], 1.0), "120 predictions for 500 new rows"),
    (lambda fit_predict, x, y, x_new: team()(fit_predict, x, y, x_new)[0], "where two things"),
    (lambda fit_predict, x, y, x_new: (team()(fit_predict, x, y, x_new)[0], np.nan), "a finite number above 0"),
    (lambda fit_predict, x, y, x_new: (team()(fit_predict, x, y, x_new)[0], 0), "You say that your error is 0"),
    (lambda fit_predict, x, y, x_new: print(end=""), "Does every way through it end with a `return`"),
]

ALL = [
    (e09.q1, RIGHT_1, MISTAKES_1),
    (e09.q2, RIGHT_2, MISTAKES_2),
    (e09.q3, RIGHT_3, MISTAKES_3),
    (e09.q4, RIGHT_4, MISTAKES_4),
    (e09.q5, RIGHT_5, MISTAKES_5),
]
EQUIVALENT = {
    "e09.q4": {
        "2: rng.permutation(np.unique(drawn)) → np.unique(drawn)": "which rows are chosen is left open",
        "3: 5 → 6": "a sixth lies between 10 % and 30 %",
        "3: 5 → 4": "a quarter lies between 10 % and 30 %",
    },
    "e09.q5": {
        "3: 40 → 41": "within the budget",
        "3: 40 → 39": "within the budget",
        "2: 0 → 1": "any seed will do",
    },
}
