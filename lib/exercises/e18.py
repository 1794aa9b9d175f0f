"""Exercises of notebook 18: three parts, a search that ends in time, a team that fits, rows in between, a change, a network."""

import functools

import numpy as np

from lib import tasks
from lib.exercises import kinds
from lib.exercises.asking import Seen, brief
from lib.exercises.core import Exercise, over_cases, wrong_if

# --- q1: three parts

PARTS = ("to train on", "to choose by", "to test on")


def _check_q1(divide):
    rng = np.random.default_rng(18)
    lists = [[0] * 5, [0] * 10, [0, 1] * 10, [0] * 20 + [1] * 10, rng.integers(0, 3, 60), rng.permutation([0] * 300 + [1] * 25)]
    for labels in map(np.array, lists):
        parts = divide(labels, 1)
        _judge_parts(labels, parts, f"For {divide.shown(labels, 1)}")
        again = divide(labels, 1)
        same = all(np.array_equal(np.sort(one), np.sort(other)) for one, other in zip(parts, again, strict=True))
        wrong_if(not same, "The same seed gives other parts each time. Draw with `np.random.default_rng(seed)`.")
    tests = {tuple(np.sort(divide(labels, seed)[2]).tolist()) for seed in range(1, 5)}
    wrong_if(len(tests) < 3, "With seeds 1 to 4 the same rows are to test on. The seed should decide which.")
    return "No row is in two parts, and each class is in all of them, in the same shares."


def _judge_parts(labels, parts, call):
    """Raise Wrong unless three parts hold each row once, and a fifth of each class in two of them."""
    counted = np.zeros(len(labels), int)
    for rows, words in zip(parts, PARTS, strict=True):
        wrong_if((rows < 0).any() or (rows >= len(labels)).any(), f"{call} there are rows {words} that the table does not have.")
        np.add.at(counted, rows, 1)
    twice, missing = np.flatnonzero(counted > 1), np.flatnonzero(counted == 0)
    wrong_if(len(twice), f"{call} row {(*twice, 0)[0]} comes {counted.max()} times. A row that is learned must not be tested on.")
    wrong_if(len(missing), f"{call} row {(*missing, 0)[0]} is in no part.")
    for label in np.unique(labels):
        whole = np.sum(labels == label)
        for rows, words in list(zip(parts, PARTS, strict=True))[1:]:
            found = np.sum(labels[rows] == label)
            wrong_if(
                abs(found - whole / 5) >= 1,
                f"{call} {found} of {whole} rows of class {label} are {words}; a fifth of each class is due, {whole / 5:g}.",
            )


def _divide(labels, seed):
    rng = np.random.default_rng(seed)
    train, val, test = [], [], []
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        fifth = round(len(rows) / 5)
        test.extend(rows[:fifth])
        val.extend(rows[fifth : 2 * fifth])
        train.extend(rows[2 * fifth :])
    return np.array(train), np.array(val), np.array(test)


q1 = Exercise(
    _check_q1,
    [
        "Go class by class: np.flatnonzero(labels == label) are its rows. Shuffle them by a generator with the seed.",
        "A fifth of a class's rows is to test on, the next fifth to choose by, what is left to train on.",
        "for label in np.unique(labels):\n    rows = rng.permutation(...)\n    fifth = round(...)\n    test.extend(...); ...",
    ],
    _divide,
    due=kinds.parts(
        *[kinds.array(1, "whole numbers")] * 3, words="three arrays of row numbers (to train on, to choose by, to test on)"
    ),
)


# --- q2: a search that ends in time


class _World:
    """Trials that take seconds of a clock which nothing else moves; each has its number for a score."""

    def __init__(self, durations):
        self.durations, self.now, self.count = durations, 1000.0, 0

    def clock(self):
        return self.now

    def try_one(self):
        wrong_if(self.count > 200, f"After {self.count} trials, at second {self.now - 1000:g}, your search still goes on.")
        self.now += self.durations[min(self.count, len(self.durations) - 1)]
        self.count += 1
        return float(self.count)


CASES_2 = [
    ((3,), 1, 9), ((3,), 6, 9), ((3,), 7, 9), ((3,), 8, 9), ((1,), 20, 4), ((5, 1, 1, 1, 1, 1), 12, 99),
    ((1, 1, 4, 1, 1, 1), 10, 99), ((2,), 0, 9), ((2, 6, 2, 2, 2), 20, 99), ((1,), 50, 99), ((4, 3, 2, 1), 11, 99),
    ((0.25,), 1, 9),
]


def _check_q2(search):
    def call(durations, seconds, most):
        world = _World(durations)
        return search(world.try_one, seconds, world.clock, most)

    def shown(durations, seconds, most):
        told = ", ".join(map(str, durations))
        return f"search(try_one, {seconds}, clock, {most}), with trials that take {told}{', …' * (len(durations) == 1)} s"

    def rule(may_begin):
        def scores(durations, seconds, most):
            world, taken = _World(durations), []
            while may_begin(taken, seconds - (world.now - 1000), most):
                before = world.now
                world.try_one()
                taken.append(world.now - before)
            return [float(number + 1) for number in range(len(taken))]

        return scores

    mistakes = [
        (rule(lambda taken, left, most: not taken or (left > 0 and len(taken) < most)),
         "You begin a trial while any time is left. One as long as the longest so far has to fit into it."),
        (rule(lambda taken, left, most: not taken or (taken[-1] <= left and len(taken) < most)),
         "You go by the last trial. A longer one has been seen."),
        (rule(lambda taken, left, most: not taken or (np.mean(taken) <= left and len(taken) < most)),
         "You go by the mean. A longer one has been seen: go by the longest."),
        (rule(lambda taken, left, most: not taken or (max(taken) < left and len(taken) < most)),
         "What takes just as long as is left does fit."),
        (rule(lambda taken, left, most: not taken or max(taken) <= left), "No more trials than `most` should be made."),
        (rule(lambda taken, left, most: len(taken) < most and max([0, *taken]) <= left and left > 0),
         "One trial is made in any case: nothing is known before."),
    ]
    why = "One trial in any case. Then another while one as long as the longest so far fits in, and there are fewer than `most`."
    right = rule(lambda taken, left, most: not taken or (max(taken) <= left and len(taken) < most))
    over_cases(Seen(search, call, shown, search.due), CASES_2, right, why, mistakes)
    return "It ends in time, unless a trial takes longer than all before it."


def _search(try_one, seconds, clock, most):
    ends = clock() + seconds
    scores, longest = [], 0.0
    while not scores or (clock() + longest <= ends and len(scores) < most):
        began = clock()
        scores.append(try_one())
        longest = max(longest, clock() - began)
    return scores


q2 = Exercise(
    _check_q2,
    [
        "Note clock() before and after each trial, and keep the longest difference.",
        "Go on while clock() + longest is no later than the end, and there are fewer than `most` scores. The first is free.",
        "while not scores or (... <= ... and ...):\n    began = clock()\n    scores.append(...)\n    longest = max(...)",
    ],
    _search,
    due=kinds.items(kinds.number).called("a list with the score of each trial"),
)


# --- q3: a team that fits

WANTED = 0.5  # of what the reference gains


def _pool(seed, classes):
    """Eight trials of a search that err in their own ways; the good ones have more weights."""
    rng = np.random.default_rng(seed)
    skill = rng.permutation(np.linspace(0.6, 1.4, 8))
    weights = np.round(200 * skill * rng.uniform(0.7, 1.6, 8)).astype(int)
    if classes:
        y = np.eye(classes)[rng.integers(0, classes, 150)]
        logits = 1.5 * skill[:, None, None] * y + rng.normal(size=(8, 150, classes))
        said = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
    else:
        y = rng.normal(size=(150, 1))
        said = y + rng.normal(size=(8, 150, 1)) / skill[:, None, None]
    return said, y, weights, int(weights.max() + np.sort(weights)[seed % 3 + 1])


def _pair():
    """Two trials that just fit together, each of them wrong where the other one is right."""
    y = np.eye(2)[[0, 1, 0, 1]]
    sure, wrong = 0.9 * y + 0.1 * (1 - y), 0.4 * y + 0.6 * (1 - y)
    first = np.array([True, True, False, False])[:, None]
    return np.stack([np.where(first, sure, wrong), np.where(first, wrong, sure)]), y, np.array([70, 50]), 120


def _team_loss(said, y, team):
    return tasks.loss_of(said[team].mean(axis=0), y)


def _check_q3(team_within):
    gained, due, alone = [], [], []
    for seed, classes in enumerate([2, 3, 0, 5, 0, 3]):
        said, y, weights, limit = _pool(seed, classes)
        team = team_within(said, y, weights, limit)
        told = f"For {team_within.shown(said, y, weights, limit)} you return {brief(team)}"
        wrong_if(not team, f"{told}: a team has one member at least.")
        wrong_if(not all(0 <= member < len(said) for member in team), f"{told}; trials have the numbers 0 to {len(said) - 1}.")
        whole = weights[list(set(team))].sum()
        wrong_if(whole > limit, f"{told}. They have {whole} weights together, and {limit} are allowed.")
        best = min(_team_loss(said, y, [k]) for k in range(len(said)) if weights[k] <= limit)
        gained.append(best - _team_loss(said, y, team))
        wrong_if(
            gained[-1] < -1e-9,
            f"{told}. Its loss is {_team_loss(said, y, team):.4f}, and the best trial that fits has {best:.4f} by itself.",
        )
        due.append(best - _team_loss(said, y, _team_within(said, y, weights, limit)))
        alone.append(len(set(team)) == 1)
    words = "Try for each trial that still fits what the loss of the team would be with it."
    words = "That is the best trial by itself. A second voice may still fit, and help." if all(alone) else words
    gain, wanted = np.mean(gained), WANTED * np.mean(due)
    told = f"Over six pools your teams gain {gain:.4f} of loss over the best trial; {wanted:.4f} is due."
    wrong_if(gain < wanted, f"{told} {words}")
    said, y, weights, limit = _pair()
    team = team_within(said, y, weights, limit)
    told = f"For {team_within.shown(said, y, weights, limit)} you return {brief(team)}"
    wrong_if(set(team) != {0, 1}, f"{told}. Both together have just as many weights as are allowed, and err in other rows.")
    return f"Within the limit, your teams gain {np.mean(gained):.3f} of loss over the best trial."


def _team_within(said, y, weights, limit):
    team, best = [], np.inf
    while True:
        losses = {}
        for k in range(len(said)):
            if weights[list({*team, k})].sum() <= limit:
                losses[k] = tasks.loss_of(said[[*team, k]].mean(axis=0), y)
        chosen = min(losses, key=losses.get)
        if losses[chosen] >= best:
            return team
        team, best = [*team, chosen], losses[chosen]


q3 = Exercise(
    _check_q3,
    [
        "As in choose_team: for each trial ask what the loss of the team would be with it. Leave out those that do not fit.",
        "A trial that is in the team already costs no further weights: weights[list({*team, k})].sum() counts each once.",
        "losses = {k: tasks.loss_of(said[[*team, k]].mean(axis=0), y) for k in ... if ...}\nchosen = min(losses, key=losses.get)",
    ],
    _team_within,
    due=kinds.items(kinds.whole).called("a list of trial numbers"),
)


# --- q4: rows in between


def _check_q4(between):
    rng = np.random.default_rng(4)
    apart = [rng.normal(size=(4, 6)), rng.normal(size=(6, 3, 4, 1)), rng.normal(size=(9, 40)).astype("float32")]
    for x, n in zip(apart, (5, 30, 200), strict=True):
        made = between(x, n, np.random.default_rng(1))
        call = f"For {between.shown(x, n, np.random.default_rng(1))}"
        wrong_if(made.shape != (n, *x.shape[1:]), f"{call} the shape is {made.shape}; {(n, *x.shape[1:])} is due.")
        shares = _shares_of(x, made, call)
        _judge_shares(shares, n, call)
        again = between(x, n, np.random.default_rng(1))
        other = between(x, n, np.random.default_rng(2))
        told = f"{call} the rng does not decide which rows come out. Draw with the `rng` that you get."
        wrong_if(not np.allclose(made, again) or np.allclose(made, other), told)
    return "Each of these rows lies between two that are known, and nobody has labelled it: the teacher will."


def _shares_of(x, made, call):
    """Return how much of each row of x is in each made one, shape (n, len(x)); the rows of x are independent of each other."""
    flat, rows = x.reshape(len(x), -1).astype(float), made.reshape(len(made), -1)
    shares = np.linalg.lstsq(flat.T, rows.T, rcond=None)[0].T
    missed = np.abs(shares @ flat - rows).max()
    wrong_if(missed > 1e-4, f"{call} a row is no mixture of rows of x. All numbers of a row are mixed in the same shares.")
    return shares


def _judge_shares(shares, n, call):
    sums, many = shares.sum(axis=1), (np.abs(shares) > 1e-4).sum(axis=1)
    beyond = (shares < -1e-3).any() or (shares > 1 + 1e-3).any()
    wrong_if(beyond, f"{call} a row lies beyond those it is made of: shares are 0 to 1.")
    worst = sums[np.argmax(np.abs(sums - 1))]
    wrong_if(abs(worst - 1) > 1e-3, f"{call} the shares of a row sum to {worst:.3g}; 1 is due.")
    wrong_if(many.max() > 2, f"{call} a row is made of {many.max()} rows; two are due.")
    if n < 30:  # of so few rows chance may make what a rule would not
        return
    wrong_if(np.mean(many == 1) > 0.6, f"{call} most rows are copies. Mix two rows, in shares drawn at random.")
    pairs = {tuple(np.flatnonzero(np.abs(row) > 1e-4)) for row in shares}
    wrong_if(len(pairs) < 3, f"{call} all rows are made of the same few. Draw a pair for each.")
    largest = shares.max(axis=1)[many == 2]
    wrong_if(np.ptp(largest) < 0.05, f"{call} all rows are mixed in the same shares. Draw the shares for each row.")


def _between(x, n, rng):
    first, second = rng.integers(len(x), size=(2, n))
    share = rng.random((n, *[1] * (x.ndim - 1)))
    return share * x[first] + (1 - share) * x[second]


q4 = Exercise(
    _check_q4,
    [
        "rng.integers(len(x), size=n) draws n row numbers; you need two such lists, and n shares between 0 and 1.",
        "A share for each row has the shape (n, 1) for a table, and (n, 1, 1, 1) for pictures, so that it multiplies whole rows.",
        "share = rng.random((n, *[1] * (x.ndim - 1)))\nreturn share * x[...] + (1 - share) * x[...]",
    ],
    _between,
    due=kinds.array(),
)


# --- q5: is it worth it?


def _cases_q5():
    """Row scores before and after a change, and seconds; no mean difference is just two standard errors."""
    rng = np.random.default_rng(5)
    cases = [(np.ones(4), np.ones(4), 2.0, 1.0), (np.ones(4), np.ones(4), 1.0, 2.0), (np.ones(4), np.ones(4), 1.0, 1.0)]
    cases += [(np.ones(4), np.zeros(4), 2.0, 1.0), (np.zeros(4), np.ones(4), 2.0, 1.0)]
    for n, turned, gained in ((50, 3, 2), (400, 3, 1), (400, 40, 5), (1000, 30, 28), (1000, 90, 30), (200, 0, 9)):
        before = (rng.random(n) < 0.6).astype(float)
        after = before.copy()
        after[np.flatnonzero(before)[:turned]] = 0
        after[np.flatnonzero(before == 0)[:gained]] = 1
        cases += [(before, after, 5.0, 4.0), (before, after, 4.0, 5.0)]
    first, noise = rng.normal(size=(2, 400))
    noise = 0.2 * (noise - noise.mean()) / noise.std(ddof=1)  # its mean has a standard error of 0.01
    return cases + [(first, first + noise - fall, 3.0, 1.0) for fall in (-0.005, 0.015, 0.025, 0.1)]


def _worth(fault):
    """Return a rule for `worth_it` that goes by the mean and the standard error of the differences, as a function wants them."""
    return lambda before, after, first, second: second < first and not fault(
        after - before, (after - before).std(ddof=1) / np.sqrt(len(before)))


def _check_q5(worth_it):
    def clearly_worse(apart, error):
        return apart.mean() < -2 * error

    def unpaired(before, after, first, second):
        error = np.sqrt((before.var(ddof=1) + after.var(ddof=1)) / len(before))
        return second < first and after.mean() - before.mean() >= -2 * error

    mistakes = [
        (lambda before, after, first, second: second < first, "It took less time; but how good is it?"),
        (lambda before, after, first, second: _worth(clearly_worse)(before, after, 2, 1),
         "It is not clearly worse; but did it take less time?"),
        (_worth(lambda apart, error: apart.mean() < 0), "A fall within two standard errors may be chance: not clearly worse."),
        (_worth(lambda apart, error: apart.mean() <= -2 * error), "Where nothing has changed at all, nothing is worse."),
        (_worth(lambda apart, error: apart.mean() < -2 * error or apart.mean() > 2 * error), "It is clearly *better* there."),
        (_worth(lambda apart, error: apart.mean() > 2 * error), "You have the sign the wrong way round: after minus before."),
        (unpaired, "Both answered the same rows: take the standard error of the differences, row by row."),
    ]
    why = "Worth it is what took less time, and is not worse by more than two standard errors of the differences, row by row."
    over_cases(worth_it, _cases_q5(), _worth(clearly_worse), why, mistakes)
    return "A change that costs nothing that you can see, and saves time, is adopted."


def _worth_it(before, after, seconds_before, seconds_after):
    apart = after - before
    error = apart.std(ddof=1) / np.sqrt(len(apart))
    return seconds_after < seconds_before and apart.mean() >= -2 * error


q5 = Exercise(
    _check_q5,
    [
        "after - before is the difference of each row. How large is its mean, and how large its standard error?",
        "The standard error of a mean is the standard deviation of the differences over the root of their number.",
        "apart = after - before\nerror = apart.std(ddof=1) / np.sqrt(...)\nreturn ... < ... and apart.mean() >= -2 * ...",
    ],
    _worth_it,
    due=kinds.truth,
)


# --- q6, the open task: a network of one's own

MOST = 20_000  # weights


@functools.cache
def _jobs():
    """Three small jobs: a table with classes, one with numbers, pictures; each as x, y, new x, new y, and what is due."""
    rng = np.random.default_rng(6)
    ring = rng.normal(size=(500, 2))
    inside = (np.linalg.norm(ring, axis=1) < 1.2).astype(int)
    columns = rng.normal(size=(500, 3))
    numbers = 2 * np.abs(columns[:, :1]) + columns[:, 1:2] / 2
    kind = rng.integers(0, 3, 500)
    pictures = 0.3 * rng.normal(size=(500, 8, 8, 1))
    for number, one in enumerate(kind):
        pictures[number, 2 * one : 2 * one + 3, 1:7] += 0.5
    scaled = (numbers - numbers.mean()) / numbers.std()
    pairs = [(ring, np.eye(2)[inside], 0.85), (columns, scaled, 0.6), (pictures, np.eye(3)[kind], 0.85)]
    jobs = [(x.astype("float32"), y.astype("float32"), due) for x, y, due in pairs]
    return [(x[:300], y[:300], x[300:], y[300:], due) for x, y, due in jobs]


def _check_q6(network):
    scores = []
    for x, y, x_new, y_new, due in _jobs():
        model = network(x, y)
        call = network.shown(x, y)
        with network.told(call, using="Your model"):
            said = np.asarray(model.predict(x_new, verbose=0))
        _judge_answers(said, y_new, f"For {call} your model")
        weights = model.count_params()
        wrong_if(weights > MOST, f"For {call} your model has {weights:,} weights; {MOST:,} are allowed.")
        scores.append(tasks.row_scores(said, y_new).mean())
        name = "the accuracy" if y.shape[1] > 1 else "R²"
        told = f"For {call} {name} on new rows is {scores[-1]:.2f}; {due:g} is due."
        wrong_if(scores[-1] < due, f"{told} Is it trained long enough, and on all of it?")
    first, second, third = scores
    return f"On new rows: accuracy {first:.2f} on rings, R² {second:.2f} on numbers, accuracy {third:.2f} on pictures."


def _judge_answers(said, y, call):
    """Raise Wrong unless these are answers to as many rows, and of classes probabilities."""
    wrong_if(said.shape != y.shape, f"{call} answers {len(y)} rows with the shape {said.shape}; {y.shape} is due.")
    wrong_if(not np.isfinite(said).all(), f"{call} answers with numbers that are not finite.")
    odd = y.shape[1] > 1 and (np.abs(said.sum(axis=1) - 1) > 1e-2).any()
    wrong_if(odd, f"{call} answers with rows that do not sum to 1: probabilities are due, as a softmax makes them.")


def _network(x, y):
    import keras

    last = "softmax" if y.shape[1] > 1 else None
    layers = [keras.Input(x.shape[1:]), keras.layers.Flatten(), keras.layers.Dense(64, activation="relu")]
    model = keras.Sequential([*layers, keras.layers.Dense(y.shape[1], activation=last)])
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy" if y.shape[1] > 1 else "mse")
    model.fit(x, y, epochs=20, batch_size=25, verbose=0)
    return model


q6 = Exercise(
    _check_q6,
    [
        "x.shape[1:] is the shape of a row, and y.shape[1] how many outputs there are: one for numbers, more for classes.",
        "Flatten takes rows of a table and pictures alike. Classes want a softmax and cross-entropy, numbers neither.",
        "last = 'softmax' if ... else None\nmodel = keras.Sequential([keras.Input(...), keras.layers.Flatten(), ...])\n...",
    ],
    _network,
    due=kinds.model,
    seconds=60,
)
