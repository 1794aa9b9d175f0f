"""A report of a finished study: is its space wide enough, were there enough points, what does one value do, and the curves.

Source of the questions: Varun Godbole, George Dahl, Justin Gilmer, Christopher Shallue and Zachary Nado, "Deep Learning
Tuning Playbook", 2023.
"""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots
from scipy.stats import hypergeom

from lib import arrays
from lib.columns import OUTCOME, check_trials
from lib.errors import CourseError
from lib.viz.look import BLUE, GREY, ORANGE, SKY, VERMILION, drawable, layout, name_once
from lib.viz.parallel import parallel_data, sign, way
from lib.viz.training import is_loss

RARE = 0.01  # by chance alone, an edge looks crowded no oftener than this
BAND = (0.1, 0.9)  # eight in ten
FEW = 6  # epochs, the fewest that a curve is diagnosed by: half of them have to tell a slope from its noise

# --- is the space wide enough?


def edges_data(frame, share=0.1, edge=0.2, scales=None):
    """Count how many of a study's best trials lie at either edge of each axis, and how many would by chance.

    The best trials crowd an edge if as many or more lie there in at most one of 100 draws of as many trials without looking
    at their scores (the hypergeometric distribution, so it does not matter how the study chose its points).

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        share: of the scored trials, the best ones that are looked at.
        edge: share of an axis, from its lowest value tried to its highest, that is its edge on either side; at most 0.5.
        scales: see `parallel_data`.

    Returns:
        A DataFrame, two rows a hyperparameter that is a number: column, label, side ("low" or "high"), end (the outermost
        value tried), trials (scored ones at this edge, int), best (how many of them are among the best, int), expected (by
        chance, float), crowded (bool), and failed (share of all trials at this edge that have no score; NaN without trials).

    Raises:
        CourseError: as `parallel_data`; a share that is none; or no hyperparameter is a number.
    """
    share = _share_of("share", share, 1)
    edge = _share_of("edge", edge, 0.5)
    axes = _number_axes(frame, scales)
    scored = frame["score"].notna().to_numpy()
    best = _best(frame, share)
    rows = []
    for axis in axes:
        place = _places(axis)
        for side, here in (("low", place <= edge), ("high", place >= 1 - edge)):
            counted = axis["real"] & scored
            trials, ours, hits = (int((part & counted).sum()) for part in (here, best, here & best))
            chance = hypergeom.sf(hits - 1, counted.sum(), trials, ours)
            end = (np.nanmin if side == "low" else np.nanmax)(frame[axis["column"]].to_numpy(float))
            failed = 1 - scored[here].mean() if here.any() else np.nan
            expected = ours * trials / max(1, counted.sum())
            rows.append((axis["column"], axis["label"], side, end, trials, hits, expected, chance <= RARE, failed))
    names = ["column", "label", "side", "end", "trials", "best", "expected", "crowded", "failed"]
    return pd.DataFrame(rows, columns=names)


def _share_of(name, value, most):
    if arrays.number(name, value, above=0) > most:
        raise arrays.refused(name, value, f"{most} at most")
    return value


def _number_axes(frame, scales):
    """Return the axes of `parallel_data`, for every trial, of the hyperparameters that are numbers."""
    check_trials(frame, ("score", "status"))
    _some_score(frame)
    chosen = [c for c in frame if c not in ("trial", *OUTCOME) and frame[c].nunique() > 1]
    axes = parallel_data(frame, every=True, scales=scales, order=chosen)[:-1] if chosen else []
    axes = [axis for axis in axes if axis["kind"] != "names"]
    if not axes:
        raise CourseError("There is nothing to look at: no hyperparameter of these trials is a number with two values.")
    return axes


def _best(frame, share):
    """Say which trials are the best share of the scored ones, bool array, one a trial."""
    ranks = (-sign(frame) * frame["score"]).rank(method="first").to_numpy()
    return ranks <= max(1, round(share * frame["score"].notna().sum()))


def _places(axis):
    """Return where the trials lie on an axis, from 0 at its lowest value to 1 at its highest; NaN where they have none."""
    real = axis["values"][axis["real"]]
    places = (axis["values"] - real.min()) / (np.ptp(real) or 1.0)
    return np.where(axis["real"], places, np.nan)


def plot_edges(frame, title, share=0.1, edge=0.2, scales=None):
    """Draw where the trials lie on each axis, the best above the others, and the edges as grey fields; see `edges_data`."""
    table = edges_data(frame, share, edge, scales)
    best, scored = _best(frame, share), frame["score"].notna().to_numpy()
    kinds = [(f"the best {share:.0%}", best, 0.16, BLUE, "circle", 10), ("other trials", scored & ~best, 0, GREY, "circle", 5),
             ("without a score", ~scored, -0.16, VERMILION, "x", 6)]
    axes = _number_axes(frame, scales)
    figure = go.Figure()
    for number, axis in enumerate(axes):
        place = _places(axis)
        for name, which, height, colour, symbol, size in kinds:
            if which.any():
                figure.add_scatter(
                    x=place[which], y=np.full(which.sum(), number + height), mode="markers", name=name,
                    marker={"color": colour, "symbol": symbol, "size": size}, hoverinfo="skip",
                )
    for low, high in ((0, edge), (1 - edge, 1)):
        figure.add_vrect(x0=low, x1=high, fillcolor="rgba(125,125,125,0.07)", line_width=0, layer="below")
    for row in table.itertuples():
        at = {"x": float(row.side == "high"), "xanchor": "left" if row.side == "low" else "right"}
        words = f"{row.end:.3g}{' – crowded' * row.crowded}<br>{row.best} of the best, {row.expected:.1f} expected"
        font = {"color": GREY, "size": 12, "weight": 700 if row.crowded else 400}
        height = [axis["column"] for axis in axes].index(row.column) + 0.42
        figure.add_annotation(y=height, text=words, align=at["xanchor"], showarrow=False, font=font, **at)
    figure.update_xaxes(title_text="share of the axis, from its lowest value to its highest", tickformat=".0%")
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(
        tickvals=list(range(len(axes))), ticktext=[axis["label"] for axis in axes], range=[-0.4, len(axes) - 0.4], showgrid=False,
    )
    said = [f"{row.label}, its {row.side} end, {row.end:.3g}: {row.best} of the best, {row.expected:.1f} expected"
            + (", crowded." if row.crowded else ".") for row in table.itertuples()]
    return layout(name_once(figure), title, 150 + 90 * len(axes), said)


# --- were there enough points?


def best_of_data(frames):
    """Say what the best of fewer trials would have been, for every number of trials up to those that a study has.

    This is what drawing k of the study's trials with replacement, again and again, comes to in the end, worked out exactly: the
    best of k is at most the i-th of n with probability (i / n) ** k. A trial without a score counts as the worst. At k near n
    the band is too narrow: no draw finds what the study has not found.

    Args:
        frames: dict from a study's name to its DataFrame of `lib.trials.trials_frame`, all of one direction.

    Returns:
        A DataFrame with line (the study), x (number of trials, from 1), mean, low and high (eight in ten draws lie between
        them), as `plot_bands` draws it.

    Raises:
        CourseError: there is no study, one without scores, or studies of both directions.

    Source: Jesse Dodge, Suchin Gururangan, Dallas Card, Roy Schwartz and Noah Smith, "Show Your Work: Improved Reporting of
    Experimental Results", 2019.
    """
    drawable(frames, "there are no studies")
    if len({sign(frame) for frame in frames.values()}) > 1:
        raise CourseError("direction: some of these studies have 'max' and some 'min'; draw those of one direction at a time.")
    tables = []
    for name, frame in frames.items():
        scores = _worst_first(frame)
        counts = np.arange(1, len(scores) + 1)
        lines = pd.DataFrame([_best_of(scores, k) for k in counts], columns=["mean", "low", "high"])
        if sign(frame) < 0:
            lines = -lines.rename(columns={"low": "high", "high": "low"})
        tables.append(pd.DataFrame({"line": name, "x": counts}).join(lines[["mean", "low", "high"]]))
    return pd.concat(tables, ignore_index=True)


def _worst_first(frame):
    """Return the scores so that greater is better, the worst first; a trial without one counts as the worst."""
    _some_score(frame)
    return np.sort(sign(frame) * _filled(frame))


def _some_score(frame):
    check_trials(frame, ("score",))
    if not frame["score"].notna().any():
        raise CourseError(f"There is nothing to draw: none of the {len(frame)} trials has a score.")


def _best_of(scores, k):
    """Return the mean and the ends of the band of the best of k, drawn with replacement from scores, the worst first."""
    n = len(scores)
    below = np.arange(n + 1) / n
    ends = [scores[int(np.ceil(n * q ** (1 / k) - 1e-9)) - 1] for q in BAND]
    return float(np.diff(below**k) @ scores), *ends


def halves_data(frame):
    """Read a study as two: the first half of its trials and the second, each with the trial that it would have chosen.

    Quasi-random points are made for that: two halves of a Sobol sequence of 2 ** n points each cover the space evenly.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.

    Returns:
        A DataFrame of two rows, "first half" and "second half": trials (int, also those without a score) and the columns
        of the half's best trial, its hyperparameters and its score.

    Raises:
        CourseError: a half has no score.
    """
    check_trials(frame, ("trial", "score"))
    ordered = frame.sort_values("trial", kind="stable").reset_index(drop=True)
    middle = (len(ordered) + 1) // 2
    rows = {}
    for name, half in (("first half", ordered[:middle]), ("second half", ordered[middle:])):
        if not half["score"].notna().any():
            raise CourseError(f"The {name} of these trials has no score: there is nothing to compare.")
        winner = half.loc[(sign(frame) * half["score"]).idxmax()]
        rows[name] = {"trials": len(half), **winner.drop([c for c in OUTCOME[1:] if c in winner])}
    return pd.DataFrame.from_dict(rows, orient="index")


# --- what does one hyperparameter do, with the others at their best for it?


def isolation_data(frame, column, parts=6, scales=None):
    """Say how good the best trials near each value of a hyperparameter are: the data of an isolation plot.

    A number's axis is cut into parts with about as many trials each; what is no number has a part for each of its values.
    The best of many trials is better than the best of few, so all parts are compared at the same number: the best of as many
    as the smallest part has, drawn with replacement, worked out as in `best_of_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        column: name of a hyperparameter.
        parts: int, into how many the axis of a number is cut.
        scales: see `parallel_data`.

    Returns:
        A DataFrame, one row a part, in the axis' order: name (str), place (float, on the axis), low_value and high_value (ends of
        what the part holds; the place itself of what is no number), trials (int), average (median score of all its trials),
        best (expected best of `of` trials), low, high (eight in ten draws lie between) and of (int, the same in every row).

    Raises:
        CourseError: as `parallel_data`; no such hyperparameter.
    """
    parts = arrays.whole("parts", parts, least=2)
    check_trials(frame, ("score", "status"))
    here = frame[frame[column].notna()] if column in frame else frame
    _some_score(here)
    axis = _axis_of(here, column, scales)
    groups = _parts(axis, parts)
    count = min(len(group) for group in groups)
    rows = []
    for group in groups:
        scores = _filled(here)[group]
        best, *band = (sign(here) * value for value in _best_of(np.sort(sign(here) * scores), count))
        places = axis["values"][group]
        name = axis["names"][int(places[0])] if axis["kind"] == "names" else _range(axis, places)
        low, high = sorted(band)
        ends = [10**end if axis["kind"] == "log" else end for end in (places.min(), places.max())]
        rows.append((name, np.mean(places), *ends, len(group), np.median(scores), best, low, high, count))
    names = ["name", "place", "low_value", "high_value", "trials", "average", "best", "low", "high", "of"]
    return pd.DataFrame(rows, columns=names)


def _axis_of(frame, column, scales):
    own = {name: scale for name, scale in (scales or {}).items() if name == column}
    return parallel_data(frame, every=True, order=[column], scales=own)[0]


def _filled(frame):
    """Return the scores of a frame; a trial without one counts as the worst."""
    scores = frame["score"].to_numpy(float)
    worst = sign(frame) * np.nanmin(sign(frame) * scores)
    return np.where(np.isnan(scores), worst, scores)


def _parts(axis, parts):
    """Return the trials of each part of an axis, as arrays of row numbers: those of a name, or of as many neighbours."""
    values = axis["values"]
    if axis["kind"] == "names" or len(np.unique(values)) <= parts:
        return [np.flatnonzero(values == value) for value in np.unique(values)]
    return np.array_split(np.argsort(values, kind="stable"), min(parts, len(values)))


def _range(axis, places):
    low, high = (10**end if axis["kind"] == "log" else end for end in (places.min(), places.max()))
    return f"{low:.2g}" if low == high else f"{low:.2g} to {high:.2g}"


def plot_isolation(frame, column, title, parts=6, y_title="score", floor=None, scales=None):
    """Draw every trial over a hyperparameter, and beside it the best near each of its values; see `isolation_data`.

    Args:
        frame, column, parts, scales: as for `isolation_data`.
        title, y_title: texts of the figure.
        floor: where the lower axis of the score begins, for a study with a few very bad trials; None: at the worst.
    """
    table = isolation_data(frame, column, parts, scales)
    here = frame[frame[column].notna()]
    axis = _axis_of(here, column, scales)
    of = table.of.iloc[0]
    panels = ["every trial, and the middle one", f"the best of {of} near each value"]
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=panels, horizontal_spacing=0.05)
    figure.add_scatter(
        x=axis["values"], y=_filled(here), mode="markers", name="trial", hovertemplate="%{y:.4f}<extra></extra>", row=1, col=1,
        marker={"size": 5, "color": GREY, "symbol": "circle-open"},
    )
    figure.add_scatter(
        x=table.place, y=table.average, mode="lines+markers", line={"color": ORANGE, "dash": "dash"}, name="middle", row=1, col=1,
    )
    bars = {"type": "data", "symmetric": False, "array": table.high - table.best, "arrayminus": table.best - table.low}
    figure.add_scatter(
        x=table.place, y=table.best, error_y=bars | {"color": SKY}, mode="lines+markers", line_color=BLUE, name="best",
        marker_size=9, text=table.name, hovertemplate="%{text}: %{y:.4f}<extra></extra>", row=1, col=2,
    )
    figure.update_xaxes(title_text=axis["label"], tickvals=axis["ticks"], ticktext=axis["names"])
    figure.update_yaxes(title_text=y_title, col=1)
    if floor is not None:
        figure.update_yaxes(range=[floor, _filled(here).max() + 0.05 * (_filled(here).max() - floor)])
    return layout(figure, title, 400, showlegend=False)


# --- what do the curves of the best trials say?


def diagnosis_data(histories, metric="accuracy", direction=None):
    """Diagnose learning curves by numbers, all in the metric's own unit: is it noisy late, does it improve, does it overfit?

    Late means the second half of the epochs. The noise is what is left of three neighbouring epochs when a straight line
    is taken away, so a curve that only rises has none.

    Args:
        histories: dict from a trial to what its `fit` returned, a dict with metric and "val_" + metric, one value an epoch.
        metric: str, name of the metric.
        direction: "max" where greater is better, "min" for a loss; None: as the metric's name has it.

    Returns:
        A DataFrame, one row a trial (its index): noise (late, from epoch to epoch, as a standard deviation), improving (how much
        better the validation value became over the late epochs, by a straight line through them), overfitting (how far the
        mean of the last three epochs lies below the best three neighbours), gap (training value minus validation value, the last
        three epochs, positive if training is better), and says ("still improving", "overfits" or "settled": a number
        counts beyond twice its error).

    Raises:
        CourseError: there are no curves, the metric is missing, the direction is none, or a curve has fewer than six epochs.
    """
    drawable(histories, "there are no curves")
    by_name = "min" if is_loss(metric) else "max"
    better = way(by_name if direction is None else direction)
    curves = {name: _curves(name, history, metric) for name, history in histories.items()}
    rows = {name: _diagnosed(better * train, better * check) for name, (train, check) in curves.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["noise", "improving", "error", "overfitting", "gap", "says"])


def _curves(name, history, metric):
    """Return a history's values in training and in validation, float arrays of the same length."""
    for key in (metric, f"val_{metric}"):
        if key not in history:
            raise CourseError(f"Trial {name}: its history has no {key!r}; it has {', '.join(map(str, history))}.")
    train = arrays.numbers(metric, history[metric])
    check = arrays.numbers(f"val_{metric}", history[f"val_{metric}"], train.shape)
    if train.ndim != 1 or len(train) < FEW:
        raise CourseError(f"Trial {name}: {train.size} epochs are too few for a diagnosis; it takes {FEW} or more.")
    return train, check


def _diagnosed(train, check):
    """Return a row of `diagnosis_data`, of values of which the greater is better."""
    late = check[len(check) // 2 :]
    epochs = np.arange(len(late)) - (len(late) - 1) / 2
    noise = np.sqrt(np.mean(np.diff(late, 2) ** 2) / 6)  # a second difference of independent values has 6 times their variance
    slope = epochs @ late / (epochs @ epochs)
    improving = slope * (len(late) - 1)
    error = noise * (len(late) - 1) / np.sqrt(epochs @ epochs)
    threes = np.convolve(check, np.ones(3) / 3, "valid")
    says = "settled" if abs(improving) <= 2 * error else "still improving" if improving > 0 else "overfits"
    return noise, improving, error, threes.max() - threes[-1], np.mean(train[-3:] - check[-3:]), says


def plot_diagnosis(histories, title, metric="accuracy", direction=None):
    """Draw the curves of some trials, a panel each, with its diagnosis above; see `diagnosis_data`."""
    table = diagnosis_data(histories, metric, direction)
    panels = [f"{name}: {says}" for name, says in table.says.items()]
    figure = make_subplots(1, len(table), shared_yaxes=True, subplot_titles=panels, horizontal_spacing=0.02)
    for column, history in enumerate(histories.values(), start=1):
        epochs = list(range(1, len(history[metric]) + 1))
        for part, name, colour, dash in ((metric, "training", BLUE, "dash"), (f"val_{metric}", "validation", ORANGE, "solid")):
            figure.add_scatter(
                x=epochs, y=history[part], mode="lines+markers", name=name, line={"color": colour, "dash": dash},
                hovertemplate="epoch %{x}: %{y:.4f}<extra>" + name + "</extra>", row=1, col=column,
            )
    figure.update_xaxes(title_text="epoch", nticks=5).update_yaxes(title_text=metric, col=1)
    return layout(name_once(figure), title, 380)
