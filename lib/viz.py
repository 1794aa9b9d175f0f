"""Figures of the course, from a trials frame or a training history: `*_data` computes, `plot_*` only draws."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

# Okabe and Ito's colours, which colour-blind readers can tell apart (jfly.uni-koeln.de/color).
BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY = "#0072b2", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#56b4e9"
GREY = "#7d7d7d"  # readable on white and on near black alike

AXIS = {
    "showgrid": True,
    "gridcolor": "rgba(125,125,125,0.25)",
    "zeroline": False,
    "linecolor": GREY,
    "automargin": True,
    "ticks": "outside",
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"color": GREY, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": [BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY],
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY},
        "colorscale": {"sequential": "Viridis"},
        "xaxis": AXIS,
        "yaxis": AXIS,
        "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "title": {"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 15}, "yref": "container", "y": 0.97},
    }
)


def _layout(figure, title, height, **layout):
    return figure.update_layout(template=TEMPLATE, title_text=title, height=height, **layout)


# --- pictures of a data set


def pictures_data(x, y, classes):
    """Find the first picture of each class.

    Args:
        x: float32 pictures in [0, 1], shape (n, height, width).
        y: int labels, shape (n,).
        classes: names of the classes, each with a picture in x.

    Returns:
        A dict from class name to its picture, uint8 in [0, 255], shape (height, width).
    """
    firsts = {name: x[np.flatnonzero(y == label)[0]] for label, name in enumerate(classes)}
    return {name: np.round(picture * 255).astype(np.uint8) for name, picture in firsts.items()}


def plot_pictures(x, y, classes):
    """Draw one picture of each class under its name, in two rows; see `pictures_data`."""
    pictures = pictures_data(x, y, classes)
    columns = -(-len(pictures) // 2)
    figure = make_subplots(2, columns, subplot_titles=list(pictures), horizontal_spacing=0.02, vertical_spacing=0.12)
    for place, picture in enumerate(pictures.values()):
        heat = go.Heatmap(z=picture, colorscale="Greys", showscale=False, hoverinfo="skip")
        figure.add_trace(heat, row=place // columns + 1, col=place % columns + 1)
    for place, axis in enumerate(figure.select_yaxes()):
        axis.update(autorange="reversed", scaleanchor=f"x{place + 1}", constrain="domain")
    figure.update_xaxes(visible=False, constrain="domain").update_yaxes(visible=False)
    return _layout(figure, "One picture of each class", 400, margin={"l": 0, "r": 0, "t": 80, "b": 0})


# --- Hyperband's tournament


def brackets_data(rows):
    """Turn the rounds of each bracket into the outline of an area: trials that train, over epochs.

    Args:
        rows: list of dict with bracket, round, trials, epochs_from, epochs_to (see `lib.tuning.brackets`).

    Returns:
        A dict from bracket to (epochs, trials), two lists of equal length that a step line joins.
    """
    outlines = {}
    for row in rows:
        epochs, trials = outlines.setdefault(row["bracket"], ([], []))
        epochs += [row["epochs_from"], row["epochs_to"]]
        trials += [row["trials"], row["trials"]]
    return outlines


def plot_brackets(rows):
    """Draw each bracket as an area: its width is epochs, its height the trials still in, its area the cost."""
    outlines = brackets_data(rows)
    figure = make_subplots(1, len(outlines), shared_yaxes=True, subplot_titles=[f"bracket {b}" for b in outlines])
    for column, (bracket, (epochs, trials)) in enumerate(outlines.items(), start=1):
        name = f"bracket {bracket}"
        line = go.Scatter(
            x=epochs,
            y=trials,
            fill="tozeroy",
            mode="lines",
            name=name,
            hovertemplate="%{y} trials at epoch %{x}<extra></extra>",
        )
        figure.add_trace(line, row=1, col=column)
    figure.update_xaxes(title_text="epochs trained", rangemode="tozero").update_yaxes(rangemode="tozero")
    figure.update_yaxes(title_text="trials still in", col=1)
    return _layout(figure, "A tournament in brackets: the area is what it costs", 340, showlegend=False)


# --- where the seconds of a trial go


def plot_parts(parts, title):
    """Draw how the whole of each row divides into parts, as stacked horizontal bars.

    Args:
        parts: DataFrame of seconds, one row a bar (the index names it), one column a part.
        title: the figure's title.
    """
    figure = go.Figure()
    for part in parts.columns:
        figure.add_bar(
            y=parts.index,
            x=parts[part],
            name=part,
            orientation="h",
            hovertemplate="%{x:.2f} s<extra>" + part + "</extra>",
        )
    figure.update_layout(barmode="stack").update_xaxes(title_text="seconds").update_yaxes(autorange="reversed")
    return _layout(figure, title, 170 + 55 * len(parts), legend_traceorder="normal")


# --- all trials of a search


def parallel_data(frame):
    """Turn a trials frame into the axes of a parallel-coordinates picture, the objective last.

    Trials without a score and columns without two different values are left out. Learning rates and other
    positive columns that span a factor of 100 get a logarithmic axis; text and booleans one tick for each value.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.

    Returns:
        A list of dict with label, values (float array, one a trial), ticks (positions) and names (str).
    """
    scored = frame[frame["score"].notna()]
    outcome = {"score", "direction", "seconds", "epochs", "status"}
    columns = [c for c in scored if c not in outcome | {"trial"} and scored[c].nunique() > 1]
    return [_axis(c, scored[c]) for c in [*columns, "score"]]


def _axis(name, column):
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        names = sorted(column.astype(str).unique())
        values = column.astype(str).map(names.index).to_numpy(float)
        return {"label": name, "values": values, "ticks": list(range(len(names))), "names": names}
    values = column.to_numpy(float)
    if np.nanmin(values) > 0 and np.nanmax(values) / np.nanmin(values) >= 100:
        low, high = np.floor(np.log10(np.nanmin(values))), np.ceil(np.log10(np.nanmax(values)))
        ticks = np.arange(low, high + 1)
        return {
            "label": f"{name} (log)",
            "values": np.log10(values),
            "ticks": ticks.tolist(),
            "names": [f"{10**t:g}" for t in ticks],
        }
    unique = np.unique(values[~np.isnan(values)])
    ticks = unique if len(unique) <= 5 and name != "score" else np.linspace(unique[0], unique[-1], 5)
    return {"label": name, "values": values, "ticks": ticks.tolist(), "names": [f"{t:.4g}" for t in ticks]}


def plot_parallel(frame, title):
    """Draw every scored trial as a line across its hyperparameters to its score; see `parallel_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
    """
    axes = parallel_data(frame)
    dimensions = [
        {"label": a["label"], "values": a["values"], "tickvals": a["ticks"], "ticktext": a["names"]} for a in axes
    ]
    line = {
        "color": axes[-1]["values"],
        "colorscale": "Viridis",
        "showscale": True,
        "colorbar": {"title": "score", "thickness": 14},
    }
    quiet = {"color": GREY, "size": 12}
    figure = go.Figure(
        go.Parcoords(
            dimensions=dimensions, line=line, labelfont=quiet, tickfont=quiet, rangefont={"color": "rgba(0,0,0,0)"}
        )
    )
    # Plotly gives the tick labels a halo, white unless the paper has a colour: on a dark page that hides them.
    return _layout(figure, title, 420, margin={"l": 70, "r": 30, "t": 100, "b": 30}, paper_bgcolor="#ffffff")


# --- one training


def history_data(history):
    """Turn what `fit` returns into one long table.

    Args:
        history: dict from metric to its values, one an epoch, as `History.history`; "val_" marks validation.

    Returns:
        A DataFrame with epoch (int from 1), metric, part ("training" or "validation") and value.
    """
    rows = []
    for name, values in history.items():
        part = "validation" if name.startswith("val_") else "training"
        rows += [(epoch, name.removeprefix("val_"), part, value) for epoch, value in enumerate(values, start=1)]
    return pd.DataFrame(rows, columns=["epoch", "metric", "part", "value"])


def plot_history(history, metrics=("accuracy", "loss")):
    """Draw a learning curve: each metric over the epochs, on training and on validation data; see `history_data`."""
    table = history_data(history)
    figure = make_subplots(1, len(metrics), subplot_titles=metrics, horizontal_spacing=0.1)
    for column, metric in enumerate(metrics, start=1):
        for part, colour in (("training", BLUE), ("validation", ORANGE)):
            points = table[(table.metric == metric) & (table.part == part)]
            if len(points):
                figure.add_scatter(
                    x=points.epoch, y=points.value, name=part, mode="lines+markers", line_color=colour,
                    legendgroup=part, showlegend=column == 1, row=1, col=column,
                )  # fmt: skip
    figure.update_xaxes(title_text="epoch")
    return _layout(figure, "Learning curve", 380, legend={"x": 1, "xanchor": "right", "y": 1.12})


# --- what a classifier mistakes for what


def confusion_data(y_true, y_pred, classes):
    """Count how often each class was taken for each other.

    Args:
        y_true: int labels, shape (n,).
        y_pred: int labels, shape (n,).
        classes: names of the classes.

    Returns:
        A DataFrame of counts: a row for each true class, a column for each predicted one.
    """
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (np.asarray(y_true), np.asarray(y_pred)), 1)
    return pd.DataFrame(counts, index=classes, columns=classes)


def plot_confusion(counts, unit="pictures"):
    """Draw a confusion matrix of counted `unit`, coloured by the share of each true class; see `confusion_data`."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    heat = go.Heatmap(
        z=shares, x=list(counts.columns), y=list(counts.index), text=counts, texttemplate="%{text}",
        colorscale="Blues", zmin=0, zmax=1, colorbar={"title": "share of<br>the class", "thickness": 14, "tickformat": ".0%"},
        hovertemplate="%{text} " + unit + " of %{y} taken for %{x}<extra></extra>",
    )  # fmt: skip
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="predicted class").update_yaxes(title_text="true class", autorange="reversed")
    return _layout(
        figure, f"Confusion matrix of the test set, in {unit}", 540, margin={"l": 100, "r": 30, "t": 60, "b": 90}
    )


# --- number formats, and what they do to gradients


FORMATS = {"float32": (8, 23), "bfloat16": (8, 7), "float16": (5, 10), "float8_e5m2": (5, 2), "float8_e4m3fn": (4, 3)}


def bits_data(number, formats=tuple(FORMATS)):
    """Take a number apart as each format stores it.

    Args:
        number: a float.
        formats: names from `FORMATS`, which says how many exponent and mantissa bits each has.

    Returns:
        A DataFrame, one row a format: format, sign, exponent, mantissa (str of 0 and 1), stored (float),
        error (relative, float; nan for a number that is 0, infinite or no number).
    """
    import ml_dtypes  # numpy's own formats end with float16

    rows = []
    for name in formats:
        exponent_bits, mantissa_bits = FORMATS[name]
        width = 1 + exponent_bits + mantissa_bits
        with np.errstate(over="ignore"):
            stored = np.array(number).astype(getattr(ml_dtypes, name, None) or name)
        bits = f"{int(stored.view(f'uint{width}')):0{width}b}"
        error = abs(float(stored) - number) / abs(number) if number and np.isfinite(number) else np.nan
        cut = 1 + exponent_bits
        rows.append((name, bits[0], bits[1:cut], bits[cut:], float(stored), error))
    return pd.DataFrame(rows, columns=["format", "sign", "exponent", "mantissa", "stored", "error"])


def plot_bits(number, formats=tuple(FORMATS)):
    """Draw the bits of a number in each format, coloured by what they are for; see `bits_data`."""
    table = bits_data(number, formats)
    figure = go.Figure()
    for part, colour, ink in (("sign", VERMILION, "white"), ("exponent", ORANGE, "black"), ("mantissa", BLUE, "white")):
        before = {"sign": 0, "exponent": 1}.get(part)
        starts = [1 + len(row.exponent) if before is None else before for row in table.itertuples()]
        places = [
            (start + offset, row, bit)
            for row, (start, bits) in enumerate(zip(starts, table[part], strict=True))
            for offset, bit in enumerate(bits)
        ]
        x, y, text = zip(*places, strict=True)
        marker = {"symbol": "square", "size": 19, "color": colour}
        figure.add_scatter(
            x=x, y=y, text=text, mode="markers+text", marker=marker, textfont={"color": ink, "size": 12},
            name=part, hoverinfo="skip",
        )  # fmt: skip
    names = [f"<b>{row.format}</b><br>{row.stored:.9g}" for row in table.itertuples()]
    figure.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.5, -0.5], showgrid=False
    )
    figure.update_xaxes(visible=False, range=[-0.7, 31.7])
    return _layout(figure, f"The bits of {number:g}, and the number they stand for", 120 + 52 * len(table))


FLOAT16 = {"smallest": 2.0**-24, "smallest normal": 2.0**-14, "largest": 65504.0}
FATES = {"lost: becomes 0": VERMILION, "coarse: subnormal": ORANGE, "kept": BLUE, "too large: becomes infinite": PURPLE}


def gradients_data(gradients, scale=1.0):
    """Sort gradients by size, and say what float16 makes of each once it is multiplied by a loss scale.

    Args:
        gradients: float array of any shape; zeros are left out, since there is nothing to lose.
        scale: the loss scale.

    Returns:
        A DataFrame: exponent (int, of two: the floor of log2 of the scaled size), fate (a key of `FATES`) and
        share (of all gradients that are not zero).
    """
    sizes = np.abs(np.asarray(gradients, "float64").ravel())
    sizes = sizes[sizes > 0] * scale
    lost = sizes <= FLOAT16["smallest"] / 2  # a tie rounds to the even neighbour, which is 0
    conditions = [lost, sizes < FLOAT16["smallest normal"], sizes < FLOAT16["largest"] + 16]
    fate = np.select(conditions, list(FATES)[:3], list(FATES)[3])
    table = pd.DataFrame({"exponent": np.floor(np.log2(sizes)).astype(int), "fate": fate})
    return (table.value_counts() / max(len(table), 1)).rename("share").reset_index().sort_values(["exponent", "fate"])


def plot_gradients(gradients, scales=(1.0,)):
    """Draw how large gradients are, and what float16 loses of them, one panel a loss scale; see `gradients_data`."""
    panels = [gradients_data(gradients, scale) for scale in scales]
    titles = [f"loss scale {scale:,.0f}" for scale in scales]
    figure = make_subplots(len(scales), 1, shared_xaxes=True, subplot_titles=titles, vertical_spacing=0.13)
    named = set()  # each fate once in the legend, and only those that occur
    for row, table in enumerate(panels, start=1):
        for fate, colour in FATES.items():
            part = table[table.fate == fate]
            share = part.share.sum()
            first = len(part) > 0 and fate not in named
            named |= {fate} if first else set()
            figure.add_bar(
                x=part.exponent + 0.5, y=part.share, width=0.9, name=fate, marker_color=colour, legendgroup=fate,
                showlegend=first, hovertemplate="2<sup>%{x:.0f}</sup>: %{y:.2%}<extra>" + f"{fate}, {share:.1%} in all</extra>",
                row=row, col=1,
            )  # fmt: skip
    figure.add_vrect(x0=-25, x1=16, fillcolor=GREY, opacity=0.2, line_width=0, row="all", col=1)
    exponents = range(-60, 21, 5)
    figure.update_xaxes(tickvals=list(exponents), ticktext=[f"2<sup>{e}</sup>" for e in exponents])
    figure.update_xaxes(title_text="size of a gradient; the grey band is what float16 can hold", row=len(scales))
    figure.update_yaxes(title_text="share", tickformat=".0%", rangemode="tozero")
    height = 140 + 190 * len(scales)
    legend = {"y": 1 + 22 / (height - 150)}
    return _layout(figure, "What float16 makes of gradients", height, barmode="overlay", legend=legend, margin_t=100)


# --- several runs of several kinds


def curves_data(frame, x, y, kind):
    """Summarise the runs of each kind at each point.

    Args:
        frame: DataFrame with the columns named by the other arguments, one row a point of a run.
        x, y, kind: names of columns.

    Returns:
        A DataFrame: kind, x (under their own names), median, low, high (over the runs).
    """
    groups = frame.groupby([kind, x], sort=False)[y]
    return groups.agg(median="median", low="min", high="max").reset_index()


def plot_curves(frame, x, y, kind, title, log_x=False, log_y=False):
    """Draw the median of each kind's runs as a line, in a band from the lowest to the highest; see `curves_data`."""
    table = curves_data(frame, x, y, kind)
    figure = go.Figure()
    for number, (name, part) in enumerate(table.groupby(kind, sort=False)):
        colour = TEMPLATE.layout.colorway[number % 6]
        if (part.high > part.low).any():
            figure.add_scatter(
                x=[*part[x], *part[x][::-1]], y=[*part.high, *part.low[::-1]], fill="toself", fillcolor=colour,
                opacity=0.2, line_width=0, mode="lines", hoverinfo="skip", legendgroup=name, showlegend=False,
            )  # fmt: skip
        dash = ("solid", "dash", "dot")[number % 3]  # lines that lie on each other stay visible
        line = {"color": colour, "dash": dash}
        figure.add_scatter(x=part[x], y=part["median"], mode="lines", name=name, legendgroup=name, line=line)
    figure.update_xaxes(title_text=x, type="log" if log_x else "linear")
    figure.update_yaxes(title_text=y, type="log" if log_y else "linear")
    figure.update_xaxes(exponentformat="power").update_yaxes(exponentformat="power")
    return _layout(figure, title, 380)


# --- what a step costs under each policy


def costs_data(table):
    """Express the spread of the measurements of each step as times of the first policy's median.

    Args:
        table: DataFrame with block, size, step, policy, ms, low, high and times_faster (see `lib.precision.compare`).

    Returns:
        The table with two more columns, slowest and fastest: times_faster at the measurements `high` and `low`.
    """
    first = table.times_faster * table.ms
    return table.assign(slowest=first / table.high, fastest=first / table.low)


def plot_costs(table, title):
    """Draw how many times faster each policy is than the first one, for each block and size; see `costs_data`."""
    table = costs_data(table)
    steps = list(table.step.unique())
    figure = make_subplots(1, len(steps), shared_yaxes=True, subplot_titles=steps, horizontal_spacing=0.04)
    for column, step in enumerate(steps, start=1):
        for colour, (policy, part) in zip(
            TEMPLATE.layout.colorway, table[table.step == step].groupby("policy", sort=False), strict=False
        ):
            spread = {
                "array": part.fastest - part.times_faster, "arrayminus": part.times_faster - part.slowest,
                "color": GREY, "thickness": 1.5, "width": 4,
            }  # fmt: skip
            figure.add_bar(
                y=part.block + " " + part["size"].astype(str), x=part.times_faster, name=policy, legendgroup=policy,
                showlegend=column == 1, marker_color=colour, orientation="h", customdata=part.ms, error_x=spread,
                hovertemplate="%{customdata:.2f} ms, %{x:.2f} times as fast<extra>" + policy + "</extra>",
                row=1, col=column,
            )  # fmt: skip
    figure.add_vline(x=1, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(title_text="times as fast", rangemode="tozero", tickcolor=GREY)
    figure.update_yaxes(autorange="reversed", tickcolor=GREY)
    height = 200 + 28 * len(table) // len(steps)
    legend = {"y": 1 + 22 / (height - 150), "traceorder": "normal"}
    return _layout(figure, title, height, legend=legend, margin_t=100)


# --- a map of scores, and a path over it


def path_data(table, path):
    """Turn the cells that a search went through into places on the map, each with its number in the path.

    Args:
        table: DataFrame of scores; the index and the columns name the values of the two hyperparameters.
        path: the cells in the order of the search, as (row, column) counted from 0.

    Returns:
        A DataFrame with x and y (str, as the axes name them) and trial (int from 1), one row a cell of the path.
    """
    rows = [(str(table.columns[c]), str(table.index[r]), n) for n, (r, c) in enumerate(path, start=1)]
    return pd.DataFrame(rows, columns=["x", "y", "trial"])


def plot_map(table, title, path=()):
    """Draw a table of scores as a map, and the path of a search over it in numbered dots; see `path_data`.

    Args:
        table: DataFrame of scores; index and columns are values of hyperparameters and have names.
        title: the figure's title.
        path: the cells that a search tried, in order, as (row, column); none by default.
    """
    x, y = [str(c) for c in table.columns], [str(r) for r in table.index]
    heat = go.Heatmap(
        z=table, x=x, y=y, colorscale="Viridis", colorbar={"thickness": 14}, xgap=1, ygap=1,
        hovertemplate=f"{table.index.name} %{{y}}, {table.columns.name} %{{x}}: %{{z:.3f}}<extra></extra>",
        **({} if len(path) else {"text": table, "texttemplate": "%{text:.2f}"}),
    )  # fmt: skip
    figure = go.Figure(heat)
    if len(path):
        steps = path_data(table, path)
        figure.add_scatter(
            x=steps.x, y=steps.y, text=steps.trial, mode="lines+markers+text", textfont={"color": "#000000", "size": 11},
            marker={"size": 20, "color": "#ffffff", "line": {"color": "#000000", "width": 1}},
            line={"color": "#ffffff", "width": 2}, hovertemplate="trial %{text}<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=table.columns.name, type="category", showgrid=False)
    figure.update_yaxes(title_text=table.index.name, type="category", showgrid=False)
    return _layout(figure, title, 400)


# --- curves over many runs


def bands_data(x, curves):
    """Sum up curves of many runs: the mean, and the range that eight in ten of them keep to.

    Args:
        x: where the curves are measured, shape (points,).
        curves: dict from a line's name to its values, shape (runs, points).

    Returns:
        A DataFrame with line, x, mean, low (10th percentile) and high (90th), one row for each line and point.
    """
    tables = []
    for name, values in curves.items():
        low, high = np.quantile(values, [0.1, 0.9], axis=0)
        tables.append(pd.DataFrame({"line": name, "x": x, "mean": np.mean(values, axis=0), "low": low, "high": high}))
    return pd.concat(tables, ignore_index=True)


def plot_bands(table, title, x_title, y_title, log_x=False):
    """Draw the mean of each line, and a pale band for where eight in ten runs lie; see `bands_data`."""
    figure = go.Figure()
    for (name, line), colour in zip(table.groupby("line", sort=False), TEMPLATE.layout.colorway, strict=False):
        red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
        figure.add_scatter(
            x=[*line.x, *line.x[::-1]], y=[*line.high, *line.low[::-1]], fill="toself", mode="lines", line_width=0,
            fillcolor=f"rgba({red},{green},{blue},0.15)", hoverinfo="skip", showlegend=False, legendgroup=name,
        )  # fmt: skip
        figure.add_scatter(
            x=line.x, y=line["mean"], name=name, mode="lines+markers", line_color=colour, legendgroup=name,
            hovertemplate="%{y:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text=x_title).update_yaxes(title_text=y_title)
    if log_x:
        ticks = sorted(set(table.x))
        figure.update_xaxes(type="log", tickvals=ticks, ticktext=[f"{x:g}" for x in ticks])
    return _layout(figure, title, 420)


# --- the spread of repeated measurements


def spread_data(scores):
    """Sum up repeated measurements of one thing.

    Args:
        scores: dict from a way of measuring to its scores, shape (n,); ways may differ in n.

    Returns:
        A DataFrame, a row for each way: n, mean, sd (with n - 1), lowest and highest.
    """
    rows = {
        name: (len(s), np.mean(s), np.std(s, ddof=1), np.min(s), np.max(s)) for name, s in scores.items()
    }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index", columns=["n", "mean", "sd", "lowest", "highest"])


def plot_spread(scores, title, x_title, truth=None):
    """Draw every measurement as a dot beside a box, a row for each way of measuring, and the truth as a line."""
    figure = go.Figure()
    for name, values in scores.items():
        figure.add_box(
            x=values, name=name, boxpoints="all", jitter=0.6, pointpos=0, marker={"size": 6, "opacity": 0.75},
            fillcolor="rgba(125,125,125,0.12)", hovertemplate="%{x:.3f}<extra>" + name + "</extra>",
        )  # fmt: skip
    if truth is not None:
        figure.add_vline(x=truth, line={"color": VERMILION, "dash": "dash"})
        figure.add_annotation(
            x=truth, y=1, yref="paper", yanchor="bottom", text="measured on 10,000", showarrow=False,
            font={"color": VERMILION},
        )  # fmt: skip
    figure.update_xaxes(title_text=x_title).update_yaxes(autorange="reversed", showgrid=False)
    return _layout(figure, title, 170 + 90 * len(scores), showlegend=False)


# --- who is in which fold


def division_data(n, splits):
    """Say for each split what each sample is for.

    Args:
        n: samples.
        splits: dict from a split's name to a dict from role, as "train", to the sample numbers that have it.

    Returns:
        A DataFrame of roles (str, "" for none): a row for each split, a column for each sample.
    """
    table = pd.DataFrame("", index=list(splits), columns=range(n))
    for name, roles in splits.items():
        for role, samples in roles.items():
            table.loc[name, list(samples)] = role
    return table


def plot_division(table, roles, title):
    """Draw each split as a row of boxes, coloured by what each sample is for.

    Args:
        table: DataFrame of `division_data`.
        roles: its roles, in the order of the legend; at most four.
        title: the figure's title.
    """
    colours = dict(zip(roles, (SKY, ORANGE, VERMILION, PURPLE), strict=False))
    figure = go.Figure()
    for role, colour in colours.items():
        rows, columns = np.nonzero(table.to_numpy() == role)
        figure.add_scatter(
            x=columns, y=[table.index[r] for r in rows], name=role, mode="markers",
            marker={"symbol": "square", "size": 15, "color": colour}, hovertemplate="sample %{x}: " + role + "<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title_text="sample", showgrid=False, range=[-0.8, table.shape[1] - 0.2])
    figure.update_yaxes(categoryorder="array", categoryarray=list(table.index), autorange="reversed", showgrid=False)
    return _layout(figure, title, 170 + 24 * len(table))


# --- columns of a table, and searches of scikit-learn


def spreads_data(x, features):
    """Compute the standard deviation of each column, the largest first; columns that never change are left out.

    Args:
        x: float array, shape (n, n_features).
        features: names of the columns.

    Returns:
        A Series of float, indexed by the names.
    """
    spreads = pd.Series(np.std(x, axis=0), index=list(features)).sort_values(ascending=False, kind="stable")
    return spreads[spreads > 0]


def plot_spreads(x, features):
    """Draw how far the values of each column spread, on a logarithmic axis; see `spreads_data`."""
    spreads = spreads_data(x, features)
    figure = go.Figure(
        go.Scatter(
            x=spreads, y=spreads.index, mode="markers", marker={"size": 9, "color": BLUE},
            hovertemplate="%{y}: %{x:.3g}<extra></extra>",
        )
    )  # fmt: skip
    figure.update_xaxes(type="log", title_text="standard deviation, in the column's own unit", dtick=1)
    figure.update_yaxes(autorange="reversed", dtick=1)
    return _layout(figure, "How far each column spreads", 160 + 18 * len(spreads))


def folds_data(cv_results, name):
    """Put the scores of a scikit-learn search over one parameter into a long table.

    Args:
        cv_results: `cv_results_` of a fitted search.
        name: the parameter, as in its grid.

    Returns:
        A DataFrame with value (str), fold (int from 1), score, and the candidate's mean, std, rank and seconds (of all
        folds together), one row for each value and fold, in the order of the search.
    """
    folds = sum(key.startswith("split") and key.endswith("_test_score") for key in cv_results)
    rows = []
    for place, params in enumerate(cv_results["params"]):
        seconds = folds * (cv_results["mean_fit_time"][place] + cv_results["mean_score_time"][place])
        candidate = {
            "mean": cv_results["mean_test_score"][place],
            "std": cv_results["std_test_score"][place],
            "rank": int(cv_results["rank_test_score"][place]),
            "seconds": seconds,
        }
        for fold in range(folds):
            score = cv_results[f"split{fold}_test_score"][place]
            rows.append({"value": str(params[name]), "fold": fold + 1, "score": score, **candidate})
    return pd.DataFrame(rows)


def plot_folds(cv_results, name):
    """Draw the score of each fold, with mean and deviation, and the seconds, for each value; see `folds_data`."""
    table = folds_data(cv_results, name)
    means = table.drop_duplicates("value")
    label = name.rsplit("__", 1)[-1].replace("_", " ")
    figure = make_subplots(1, 2, subplot_titles=["score", "cost of all folds"], horizontal_spacing=0.12)
    figure.add_scatter(
        x=means.value, y=means["mean"], error_y={"array": means["std"], "thickness": 1.5}, mode="lines+markers",
        name="mean and standard deviation", marker={"size": 9}, line_color=BLUE, row=1, col=1,
    )  # fmt: skip
    figure.add_scatter(
        x=table.value, y=table.score, mode="markers", name="one fold", text=table.fold, row=1, col=1,
        marker={"symbol": "circle-open", "size": 8, "color": ORANGE, "line": {"width": 2}},
        hovertemplate="fold %{text}: %{y:.4f}<extra></extra>",
    )  # fmt: skip
    figure.add_bar(x=means.value, y=means.seconds, marker_color=SKY, showlegend=False, row=1, col=2)
    figure.update_xaxes(title_text=label, type="category").update_yaxes(title_text="accuracy", col=1)
    figure.update_yaxes(title_text="seconds", rangemode="tozero", col=2)
    return _layout(figure, f"A grid over {label}", 400, legend={"y": 1.12}, margin_t=110)


def slices_data(frame):
    """Turn a trials frame into one picture a hyperparameter: its values, and the scores they got; see `parallel_data`.

    Returns:
        A list of dict as `parallel_data` returns them, without the score; and the scores, float, shape (n_trials,).
    """
    *axes, score = parallel_data(frame)
    return axes, score["values"]


def plot_slices(frame, title, log=()):
    """Draw every trial's score over each of its hyperparameters, a panel each; see `slices_data`.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        log: names of hyperparameters whose axis is logarithmic.
    """
    axes, scores = slices_data(frame)
    columns = min(4, max(1, len(axes)))
    figure = make_subplots(-(-len(axes) // columns) or 1, columns, shared_yaxes=True, vertical_spacing=0.25)
    for place, axis in enumerate(axes):
        row, column = place // columns + 1, place % columns + 1
        figure.add_scatter(
            x=axis["values"], y=scores, mode="markers", marker={"size": 9, "color": BLUE, "opacity": 0.75},
            hovertemplate=axis["label"] + ": %{x:.4g}, score %{y:.4f}<extra></extra>", row=row, col=column,
        )  # fmt: skip
        named = axis["label"].endswith("(log)") or set(axis["names"]) != {f"{t:.4g}" for t in axis["ticks"]}
        ticks = {"tickvals": axis["ticks"], "ticktext": axis["names"]} if named else {"nticks": 4}
        if axis["label"] in log:
            ticks = {"type": "log", "dtick": 1}
        figure.update_xaxes(title_text=axis["label"].removeprefix("param_"), row=row, col=column, **ticks)
    figure.update_yaxes(title_text="score", col=1)
    return _layout(figure, title, 120 + 230 * (-(-len(axes) // columns)), showlegend=False)


def coverage_data(draws, rng):
    """Lay as many points in a square by a grid and by chance.

    Args:
        draws: how many, a square number.
        rng: `numpy.random.Generator`.

    Returns:
        A dict from "grid" and "random" to points in [0, 1], shape (draws, 2).
    """
    side = round(draws**0.5)
    ticks = (np.arange(side) + 0.5) / side
    return {"grid": np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2), "random": rng.random((draws, 2))}


def plot_coverage(points):
    """Draw where a grid and random draws look, and how many values of the first axis each tries; see `coverage_data`."""
    values = {kind: len(np.unique(xy[:, 0])) for kind, xy in points.items()}
    titles = [f"{kind}: {len(xy)} trials, {values[kind]} different values" for kind, xy in points.items()]
    figure = make_subplots(1, 2, subplot_titles=titles, horizontal_spacing=0.1)
    for column, (xy, colour) in enumerate(zip(points.values(), (ORANGE, BLUE), strict=True), start=1):
        figure.add_scatter(
            x=xy[:, 0], y=xy[:, 1], mode="markers", marker={"size": 11, "color": colour}, hoverinfo="skip", row=1, col=column
        )
        figure.add_scatter(
            x=xy[:, 0], y=np.full(len(xy), -0.06), mode="markers", hoverinfo="skip", row=1, col=column,
            marker={"symbol": "line-ns", "size": 14, "line": {"width": 2, "color": colour}},
        )  # fmt: skip
    figure.update_xaxes(title_text="a hyperparameter that matters", range=[-0.03, 1.03], showticklabels=False)
    figure.update_yaxes(range=[-0.12, 1.03], showticklabels=False)
    figure.update_yaxes(title_text="one that does not", col=1)
    return _layout(figure, "What nine trials see", 380, showlegend=False, margin_t=90)


def grid_data(cv_results, row, column):
    """Put the mean scores of a grid over two parameters into a table, a row and a column a value, both sorted.

    Args:
        cv_results: `cv_results_` of a fitted search.
        row, column: the two parameters, as in its grid.

    Returns:
        A DataFrame of float, indexed by the values.
    """
    values = pd.DataFrame(list(cv_results["params"]))[[row, column]]
    return values.assign(score=cv_results["mean_test_score"]).pivot_table(index=row, columns=column, values="score")


def plot_grid(cv_results, row, column):
    """Draw the mean score of each point of a grid over two parameters; see `grid_data`."""
    table = grid_data(cv_results, row, column)
    heat = go.Heatmap(
        z=table, x=[f"{v:.4g}" for v in table.columns], y=[f"{v:.3g}" for v in table.index], colorscale="Blues",
        texttemplate="%{z:.4f}", colorbar={"title": "mean<br>accuracy", "thickness": 14}, hoverinfo="skip",
    )  # fmt: skip
    figure = go.Figure(heat)
    names = [name.rsplit("__", 1)[-1].replace("_", " ") for name in (column, row)]
    figure.update_xaxes(title_text=names[0], type="category").update_yaxes(title_text=names[1], type="category")
    return _layout(figure, f"The detail: {names[1]} and {names[0]}", 360)
