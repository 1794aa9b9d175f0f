"""Searches that move: Hyperband's tournament, a sampler that thinks, a grid beside random draws, a climber on a map."""

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from lib import arrays
from lib.viz.effects import path_data, plot_map
from lib.viz.living import animate, short
from lib.viz.look import BLUE, GREEN, GREY, ORANGE, SKY, drawable, layout

# --- Hyperband's tournament


def tournament_data(curves):
    """Play a Hyperband search again, bracket by bracket and epoch by epoch.

    Args:
        curves: DataFrame of `lib.trials.curves_frame`, of a search with one iteration; a greater score is better.

    Returns:
        A list of dict, one a moment: bracket, epoch (of its models), paid (int, epochs that all models together have
        trained by then), lines (dict from a model to its scores after each of its epochs), out (set of the models that
        train no further though others of their bracket will) and best (model, epoch and score of the greatest score).
    """
    drawable(curves, "the search has no curves")
    ends = curves.groupby("model").epoch.max()
    last = ends.groupby(curves.groupby("model").bracket.first()).transform("max")  # of its bracket
    lines, moments = {}, []
    for bracket, part in curves.sort_values("epoch").groupby("bracket", sort=False):
        for epoch, now in part.groupby("epoch"):
            lines = lines | {row.model: [*lines.get(row.model, []), row.score] for row in now.itertuples()}
            out = {model for model, scores in lines.items() if ends[model] < last[model] and len(scores) == ends[model]}
            best = max(((m, n, s) for m, scores in lines.items() for n, s in enumerate(scores, 1)), key=lambda item: item[2])
            paid = sum(map(len, lines.values()))
            moments.append({"bracket": bracket, "epoch": epoch, "paid": paid, "lines": lines, "out": out, "best": best})
    return moments


def plot_tournament(curves, title="A tournament in brackets: who falls behind trains no further"):
    """Draw each model's scores over its epochs, a panel a bracket, and below what all epochs cost; see `tournament_data`.

    The slider goes through the epochs as they were paid for. Models that train no further fade.

    Args:
        curves: as for `tournament_data`.
        title: the figure's title.
    """
    moments = tournament_data(curves)
    brackets = {model: part.bracket.iloc[0] for model, part in curves.groupby("model")}
    whole = len(brackets) * int(curves.epoch.max())
    columns = list(dict.fromkeys(moment["bracket"] for moment in moments))
    states = {
        f"bracket {moment['bracket']}, epoch {moment['epoch']}": dict(enumerate(_tournament_state(moment, brackets, columns)))
        for moment in moments
    }
    figure = _tournament_panels(brackets, columns, list(states.values())[-1], whole)
    figure.update_xaxes(title_text="epoch", dtick=2, range=[0.5, curves.epoch.max() + 0.5], row=1)
    low, high = curves.score.quantile(0.02), curves.score.max()
    figure.update_yaxes(range=[low - 0.05 * (high - low), high + 0.05 * (high - low)], row=1)
    layout(figure, title, 520)
    model, epoch, score = moments[-1]["best"]
    finding = (
        f"{moments[-1]['paid']} epochs are paid for, and {len(brackets)} models to their end would cost {whole}. "
        f"{len(moments[-1]['out'])} models go out early. The best score: {score:.4g}, from bracket {brackets[model]}, "
        f"after epoch {epoch}."
    )
    return animate(figure, states, "After", finding, milliseconds=350)


def _tournament_panels(brackets, columns, opening, whole):
    """Return the figure as it opens: a panel a bracket, and below it the bar of what is paid."""
    names = [f"bracket {bracket}: {list(brackets.values()).count(bracket)} models" for bracket in columns]
    figure = make_subplots(
        2, len(columns), shared_yaxes=True, row_heights=[0.86, 0.14], vertical_spacing=0.2, subplot_titles=names,
        horizontal_spacing=0.03, specs=[[{}] * len(columns), [{"colspan": len(columns)}, *[None] * (len(columns) - 1)]],
    )
    star = {"symbol": "star", "size": 13, "color": GREEN, "line": {"color": GREY, "width": 1}}
    for place in range(len(columns)):
        on, out, best = (opening[3 * place + part] for part in range(3))
        here = {"row": 1, "col": place + 1, "showlegend": place == 0}
        points = here | {"mode": "lines+markers", "marker_size": 4, "hovertemplate": "epoch %{x}: %{y:.3f}<extra></extra>"}
        figure.add_scatter(line={"color": BLUE, "width": 1.6}, name="still in", **points, **on)
        figure.add_scatter(line={"color": GREY, "width": 1.2}, opacity=0.45, name="out", **points, **out)
        figure.add_scatter(mode="markers", marker=star, name="best so far", **here, **best)
    figure.add_bar(
        orientation="h", marker_color=ORANGE, showlegend=False, textposition="inside", insidetextanchor="end",
        insidetextfont_color="#000000",
        hoverinfo="skip", row=2, col=1, **opening[3 * len(columns)],
    )
    figure.add_vline(x=whole, line={"color": GREY, "dash": "dash"}, row=2, col=1)
    words = f"epochs paid for; dashed: all {len(brackets)} models to their end, {whole}"
    figure.update_xaxes(title_text=words, range=[0, whole * 1.03], row=2)
    figure.update_yaxes(showticklabels=False, showgrid=False, ticks="", row=2)
    return figure.update_yaxes(title_text="score", row=1, col=1)


def _tournament_state(moment, brackets, columns):
    """Return what changes in each trace: three a bracket (still in, out, best so far), then the bar of what is paid."""
    traces = []
    best, epoch, score = moment["best"]
    for bracket in columns:
        own = {model: scores for model, scores in moment["lines"].items() if brackets[model] == bracket}
        for out in (False, True):
            lines = [scores for model, scores in own.items() if (model in moment["out"]) == out]
            x = [place for scores in lines for place in (*range(1, len(scores) + 1), None)]
            traces.append({"x": x, "y": [place for scores in lines for place in (*short(scores), None)]})
        here = best in own
        traces.append({"x": [epoch if here else None], "y": [round(score, 4) if here else None]})
    return [*traces, {"x": [moment["paid"]], "y": [""], "text": [f"{moment['paid']}"]}]


# --- a sampler that thinks


def plot_thinking(looks, seen, x_title, y_title, title="What it believes, and where it looks next"):
    """Draw a Gaussian process as it learns: mean and band over the points seen, and below where it would look next.

    The slider goes through the trainings. The first belief stays, as a dotted line.

    Args:
        looks: list of DataFrame with x, mean, sd (the band is two of them to either side) and improvement (the expected
            one), one after each training, of the same x.
        seen: what was measured, (x, y), two lists of equal length, of y the greater the better; the last look knows all of
            it, and each look before one point less.
        x_title, y_title, title: str.
    """
    drawable(looks, "there is no look")
    x, y = (arrays.numbers(name, values) for name, values in zip("xy", seen, strict=True))
    first = len(x) - len(looks) + 1
    if len(x) != len(y) or first < 1:
        raise arrays.refused("seen", f"{len(x)} and {len(y)} points", f"as many of each, and {len(looks)} or more")
    states = {f"{first + n}": _thought(look, x[: first + n], y[: first + n]) for n, look in enumerate(looks)}
    figure = _thought_panels(looks[0], states[f"{len(x)}"], first)
    low, high, tallest = _span(looks)
    figure.update_yaxes(title_text=y_title, range=[low, high], row=1)
    figure.update_yaxes(title_text="expected<br>improvement", range=[0, tallest], nticks=4, row=2)
    figure.update_xaxes(title_text=x_title, row=2)
    layout(figure, title, 520)
    best = int(np.argmax(y))
    finding = (
        f"The best of {len(x)} measured points is number {best + 1}, {y[best]:.3g} at {x[best]:.3g}; the best of the first "
        f"{first} is {y[:first].max():.3g}. The expected improvement falls from {looks[0].improvement.max():.2g} to "
        f"{looks[-1].improvement.max():.2g}."
    )
    return animate(figure, states, "Trainings:", finding, milliseconds=1200)


def _thought_panels(begin, opening, first):
    """Return the figure as it opens, with the mean of the first look, after so many trainings, as a dotted line."""
    figure = make_subplots(2, 1, shared_xaxes=True, row_heights=[0.7, 0.3], vertical_spacing=0.06)
    band, mean, measured, improvement, *marks = opening.values()
    places = short(begin.x)
    figure.add_scatter(
        x=[*places, *places[::-1]], fill="toself", fillcolor=SKY, opacity=0.2, mode="lines", line_width=0, hoverinfo="skip",
        name="two standard deviations", row=1, col=1, **band,
    )
    figure.add_scatter(x=places, mode="lines", name="mean", line_color=BLUE, row=1, col=1, **mean)
    figure.add_scatter(
        mode="markers+text", name="measured, in this order", textposition="top center", row=1, col=1,
        marker={"size": 9, "color": ORANGE}, cliponaxis=False, **measured,
    )
    figure.add_scatter(
        x=places, mode="lines", fill="tozeroy", line_color=GREEN, name="expected improvement", row=2, col=1, **improvement
    )
    for row, mark in enumerate(marks, start=1):
        line = {"color": GREEN, "dash": "dash"}
        figure.add_scatter(mode="lines", line=line, name="next", showlegend=row == 1, hoverinfo="skip", row=row, col=1, **mark)
    dotted = {"color": GREY, "dash": "dot", "width": 1.5}
    figure.add_scatter(
        x=places, y=short(begin["mean"]), mode="lines", line=dotted, name=f"mean after {first}", hoverinfo="skip",
        row=1, col=1,
    )
    return figure


def _thought(look, x, y):
    """Return what changes in each trace of `plot_thinking`, by its number."""
    chosen = round(float(look.x[look.improvement.idxmax()]), 4)
    upper, lower = look["mean"] + 2 * look.sd, look["mean"] - 2 * look.sd
    return {
        0: {"y": [*short(upper), *short(lower[::-1])]},
        1: {"y": short(look["mean"])},
        2: {"x": short(x), "y": short(y), "text": [str(n) for n in range(1, len(x) + 1)]},
        3: {"y": short(look.improvement, 3)},
        4: {"x": [chosen, chosen], "y": short([lower.min(), upper.max()])},
        5: {"x": [chosen, chosen], "y": short([0, look.improvement.max()])},
    }


def _span(looks):
    """Return the lowest and the highest place of all bands, and of all expected improvements the highest."""
    table = pd.concat(looks)
    low, high = (table["mean"] - 2 * table.sd).min(), (table["mean"] + 2 * table.sd).max()
    return low, high, 1.05 * table.improvement.max()


# --- a grid beside random draws, on a landscape of which one axis is idle


def margins_data(draws, rng, landscapes=1000):
    """Lay as many points by a grid and by chance over a made-up landscape that only one of two hyperparameters shapes.

    The landscape is a hill across, at a place that is drawn, and falls by a fiftieth upwards. (After the picture of Bergstra and
    Bengio, *Random Search for Hyper-Parameter Optimization*, Journal of Machine Learning Research 13, 2012.)

    Args:
        draws: how many points, a square number.
        rng: `numpy.random.Generator`.
        landscapes: how many of them, each with a hill and random points of its own; the first one is drawn.

    Returns:
        A dict: hill (float, its place on the landscape that is drawn), points (dict from "grid" and "random" to an array in
        [0, 1], shape (draws, 2)), best (dict to an array, shape (draws,): the best score after each trial, mean over all
        landscapes) and ahead (float, in which share of them random is in the end).
    """
    side = arrays.whole("draws", draws, least=1) ** 0.5
    if side != round(side):
        raise arrays.refused("draws", str(draws), "a square number, as a grid of equal sides has")
    ticks = (np.arange(round(side)) + 0.5) / side
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    hills = rng.uniform(0.1, 0.9, landscapes)
    at_random = rng.random((landscapes, draws, 2))
    scores = {"grid": response(*grid.T, hills[:, None]), "random": response(*at_random.T, hills).T}
    best = {name: np.maximum.accumulate(found, axis=1) for name, found in scores.items()}
    return {
        "hill": float(hills[0]), "points": {"grid": grid, "random": at_random[0]},
        "best": {name: found.mean(axis=0) for name, found in best.items()},
        "ahead": float(np.mean(best["random"][:, -1] > best["grid"][:, -1])),
    }


def response(x, y, hill):
    """Return the score of places (x, y) in [0, 1] on the landscape of `margins_data`: a hill across, and next to nothing up."""
    return np.exp(-(((np.asarray(x) - hill) / 0.12) ** 2)) - 0.02 * np.asarray(y)


def plot_margins(draws, rng):
    """Draw where a grid and random draws look, what they see on the margins, and the best of each so far.

    The slider goes through the trials. The lowest panel is the mean over a thousand landscapes, of which one is above.

    Args:
        draws, rng: as for `margins_data`.
    """
    data = margins_data(draws, rng)
    values = {name: len(np.unique(xy[:, 0])) for name, xy in data["points"].items()}
    figure = _margins_panels(data, draws, [f"{name}: {values[name]} different values" for name in data["points"]])
    title = f"{draws} trials: a grid sees {values['grid']} values of what matters, chance {values['random']}"
    layout(figure, title, 640)
    states = {str(n): dict(enumerate(_margins_state(data, n), start=4)) for n in range(1, draws + 1)}
    best, row = data["best"], values["grid"]
    finding = (
        f"Only the place across matters. After {row} trials the best score so far is {best['grid'][row - 1]:.2f} for the grid "
        f"and {best['random'][row - 1]:.2f} for random draws, on average over 1,000 landscapes; after {draws} it is "
        f"{best['grid'][-1]:.2f} and {best['random'][-1]:.2f}, and random is ahead in {data['ahead']:.0%} of them."
    )
    return animate(figure, states, "Trials:", finding)


def _margins_panels(data, draws, titles):
    """Return the figure as it opens, after the last trial: both squares with their margins, and the best so far below."""
    figure = make_subplots(
        3, 4, row_heights=[0.22, 0.5, 0.28], column_widths=[0.42, 0.08, 0.42, 0.08], vertical_spacing=0.09,
        horizontal_spacing=0.02, specs=[[{}, None, {}, None], [{}, {}, {}, {}], [{"colspan": 4}, None, None, None]],
        subplot_titles=[titles[0], titles[1], *[""] * 5],
    )
    curve = np.linspace(0, 1, 101)
    side = {"mode": "lines", "line": {"color": GREY, "width": 1.5}, "hoverinfo": "skip", "showlegend": False}
    for column in (1, 3):
        figure.add_scatter(x=short(curve), y=short(response(curve, 0, data["hill"])), row=1, col=column, **side)
        figure.add_scatter(x=short(response(data["hill"], curve, data["hill"])), y=short(curve), row=2, col=column + 1, **side)
    opening = _margins_state(data, draws)
    places = [(2, 1), (1, 1), (2, 2), (3, 1), (2, 3), (1, 3), (2, 4), (3, 1)]
    for number, ((row, col), trace) in enumerate(zip(places, opening, strict=True)):
        name, colour, dash = [("grid", ORANGE, "dash"), ("random", BLUE, "solid")][number // 4]
        look = {"mode": "markers", "marker": {"size": 10, "color": colour}, "showlegend": False}
        if row == 3:
            look = {"mode": "lines+markers", "line": {"color": colour, "dash": dash}, "marker": {"color": colour}}
        figure.add_scatter(name=name, hoverinfo="skip", row=row, col=col, **look, **trace)
    bare = {"showticklabels": False, "ticks": ""}
    for row in (1, 2):
        figure.update_xaxes(range=[-0.03, 1.03], **bare, row=row)
    figure.update_yaxes(range=[-0.03, 1.03], **bare, row=2).update_yaxes(range=[-0.1, 1.1], **bare, row=1)
    for column in (2, 4):
        figure.update_xaxes(range=[-0.25, 1.25], row=2, col=column)  # a narrow panel: room for whole dots
    for column in (1, 3):
        figure.update_xaxes(title_text="a hyperparameter that matters", row=2, col=column)
    figure.update_yaxes(title_text="score", row=1, col=1).update_yaxes(title_text="one that does not", row=2, col=1)
    figure.update_xaxes(title_text="trials", range=[0.5, draws + 0.5], dtick=1, row=3)
    figure.update_yaxes(title_text="best so far,<br>mean", range=[0, 1.05], row=3, col=1)
    return figure


def _margins_state(data, trials):
    """Return what changes in each trace after so many trials: places, both margins, the best so far; grid, then random."""
    traces = []
    for name, points in data["points"].items():
        x, y = (short(part) for part in points[:trials].T)
        scores = short(response(points[:trials, 0], 0, data["hill"]))
        idle = short(response(data["hill"], points[:trials, 1], data["hill"]))
        best = short(data["best"][name][:trials])
        traces += [{"x": x, "y": y}, {"x": x, "y": scores}, {"x": idle, "y": y}, {"x": [*range(1, trials + 1)], "y": best}]
    return traces


# --- searches on a map of all scores


def climb_data(table, paths):
    """Follow searches over a map of scores, trial by trial.

    Args:
        table: DataFrame of scores, of which a greater one is better; the index and the columns name the values of the two
            hyperparameters.
        paths: dict from a search's name to the cells that it tried, in order, as (row, column) counted from 0.

    Returns:
        A DataFrame with search, trial (int from 1), x and y (str, as the map's axes name them), score and best (float, so
        far).
    """
    drawable(paths, "there are no paths")
    scores = table.to_numpy()
    parts = []
    for name, path in paths.items():
        found = [scores[tuple(cell)] for cell in path]
        parts.append(path_data(table, path).assign(search=name, score=found, best=np.maximum.accumulate(found)))
    return pd.concat(parts, ignore_index=True)[["search", "trial", "x", "y", "score", "best"]]


def plot_climb(table, paths, title="The same number of trials on the same map"):
    """Draw two searches on a map of all scores, beside each other, and below the best score of each so far.

    The slider goes through the trials; see `climb_data`.

    Args:
        table, paths: as for `climb_data`; paths has one search or two.
        title: the figure's title.
    """
    steps = climb_data(table, paths)
    last = int(steps.trial.max())
    figure = _climb_panels(table, steps, list(paths))
    span = np.ptp(steps.best) or 1.0
    figure.update_yaxes(range=[steps.best.min() - 0.1 * span, steps.best.max() + 0.1 * span], row=2)
    layout(figure, title, 600)
    states = {str(n): dict(enumerate(_climb_state(steps, n), start=len(paths))) for n in range(1, last + 1)}
    ends = steps.groupby("search", sort=False).best.last()
    reached = "; ".join(f"{name} reaches {score:.3g}" for name, score in ends.items())
    finding = f"After {last} trials {reached}. The best place of the map has {np.nanmax(table.to_numpy()):.3g}."
    return animate(figure, states, "Trials:", finding)


def _climb_panels(table, steps, names):
    """Return the figure as it opens, after the last trial: a map a search, and the best of each so far below."""
    one_row = [{"colspan": len(names)}, *[None] * (len(names) - 1)]
    figure = make_subplots(
        2, len(names), row_heights=[0.68, 0.32], vertical_spacing=0.2, horizontal_spacing=0.03, shared_yaxes=True,
        subplot_titles=names, specs=[[{}] * len(names), one_row],
    )
    for column in range(1, len(names) + 1):
        heat = plot_map(table, "", path=[(0, 0)]).data[0]  # without numbers in its cells
        scale = {"len": 0.68, "y": 1, "yanchor": "top"}
        figure.add_trace(heat.update(showscale=column == len(names), colorbar=scale), row=1, col=column)
    last = int(steps.trial.max())
    for number, trace in enumerate(_climb_state(steps, last)):
        name = names[number // 2]
        colour, dash = [(BLUE, "solid"), (ORANGE, "dash")][number // 2]
        if number % 2:
            line = {"color": colour, "dash": dash}
            figure.add_scatter(mode="lines+markers", line=line, name=name, row=2, col=1, **trace)
        else:
            dot = {"size": 19, "color": "#ffffff", "line": {"color": "#000000", "width": 1.5}}
            figure.add_scatter(
                mode="lines+markers+text", textfont={"color": "#000000", "size": 11}, marker=dot, name=name, showlegend=False,
                line={"color": "#000000", "width": 1.5}, hovertemplate="trial %{text}<extra></extra>",
                row=1, col=number // 2 + 1, **trace,
            )
    figure.update_xaxes(type="category", title_text=table.columns.name, showgrid=False, autotickangles=[0, -45], row=1)
    figure.update_yaxes(type="category", showgrid=False, row=1).update_yaxes(title_text=table.index.name, row=1, col=1)
    figure.update_xaxes(title_text="trials", range=[0.5, last + 0.5], row=2).update_yaxes(title_text="best so far", row=2)
    return figure


def _climb_state(steps, trials):
    """Return what changes in each trace after so many trials: the path and the best so far, of one search, then the other."""
    traces = []
    for _, part in steps[steps.trial <= trials].groupby("search", sort=False):
        traces.append({"x": list(part.x), "y": list(part.y), "text": [str(n) for n in part.trial]})
        traces.append({"x": list(part.trial), "y": short(part.best)})
    return traces
