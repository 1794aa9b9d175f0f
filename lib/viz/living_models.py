"""Models that move: the bits of a number, gradients under a loss scale, pictures that gain weight, weights by epoch."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.viz.living import animate, short
from lib.viz.look import BLUE, GREY, ORANGE, PURPLE, VERMILION, drawable, layout, log_ticks
from lib.viz.precision import FATES, FORMATS, bits_data, gradients_data

# --- the bits of a number, flipped one by one

PARTS = {"sign": (PURPLE, "white"), "exponent": (ORANGE, "black"), "mantissa": (BLUE, "white")}


def flips_data(number, flipped, formats=tuple(FORMATS)):
    """Flip one bit of a number as each format stores it.

    Args:
        number: a float.
        flipped: int, which bit, counted from 1 at the sign; 0 for none. A format that has no such bit keeps all of its own.
        formats: as for `bits_data`.

    Returns:
        The DataFrame of `bits_data`, with the flipped bits in sign, exponent and mantissa, and with one more column, now
        (float, the number that the bits stand for after the flip).
    """
    import ml_dtypes

    flipped = arrays.whole("flipped", flipped)
    table = bits_data(number, formats)
    now = []
    for place, row in table.iterrows():
        bits = row.sign + row.exponent + row.mantissa
        if 0 < flipped <= len(bits):
            bits = bits[: flipped - 1] + str(1 - int(bits[flipped - 1])) + bits[flipped:]
        cut = 1 + len(row.exponent)
        table.loc[place, ["sign", "exponent", "mantissa"]] = bits[0], bits[1:cut], bits[cut:]
        kind = np.dtype(getattr(ml_dtypes, row.format, None) or row.format)
        now.append(float(np.array(int(bits, 2), f"uint{len(bits)}").view(kind)))
    return table.assign(now=now)


def plot_flips(number, formats=tuple(FORMATS)):
    """Draw the bits of a number in each format, coloured by what they are for; the slider flips one of them, in all.

    Args:
        number, formats: as for `flips_data`.
    """
    states = {"none": _flipped(number, 0, formats)} | {str(bit): _flipped(number, bit, formats) for bit in range(1, 17)}
    opening = states["none"]
    figure = go.Figure()
    for place, (part, (colour, ink)) in enumerate(PARTS.items()):
        figure.add_scatter(
            mode="markers+text", marker={"symbol": "square", "size": 15, "color": colour}, hoverinfo="skip",
            textfont={"color": ink, "size": 12}, name=part, **opening[place],
        )
    ring = {"symbol": "square-open", "size": 18, "color": VERMILION, "line": {"width": 3}}
    figure.add_scatter(mode="markers", marker=ring, name="flipped", hoverinfo="skip", **opening[3])
    figure.add_scatter(
        mode="text", textposition="middle right", textfont_color=GREY, showlegend=False, hoverinfo="skip", **opening[4]
    )
    figure.update_yaxes(
        tickvals=[*range(len(formats))], ticktext=[f"<b>{name}</b>" for name in formats], range=[len(formats) - 0.3, -0.7],
        showgrid=False,
    )
    figure.update_xaxes(visible=False, range=[-0.7, 41])
    figure.update_layout(meta={"room": 760})  # on a narrower page the bits would cover each other
    layout(figure, f"The bits of {number:g}, and the number they stand for", 200 + 52 * len(formats))
    first = flips_data(number, 2, formats)
    worst = "; ".join(f"{row.format} {row.stored:.4g} becomes {row.now:.4g}" for row in first.itertuples())
    finding = f"With the first bit of the exponent flipped, {worst}."
    return animate(figure, states, "Flipped bit:", finding, opens="none")


def _flipped(number, bit, formats):
    """Return what changes in each trace of `plot_flips`, by its number: three parts, the ring, the numbers in words."""
    table = flips_data(number, bit, formats)
    rows = list(table.itertuples())
    state = {}
    for place, part in enumerate(PARTS):
        dots = []
        for height, row in enumerate(rows):
            start = {"sign": 0, "exponent": 1, "mantissa": 1 + len(row.exponent)}[part]
            dots += [(start + offset, height, text) for offset, text in enumerate(getattr(row, part))]
        x, y, text = zip(*dots, strict=True)
        state[place] = {"x": list(x), "y": list(y), "text": list(text)}
    widths = [1 + len(row.exponent) + len(row.mantissa) for row in rows]
    ringed = [height for height, wide in enumerate(widths) if 0 < bit <= wide]
    state[3] = {"x": [bit - 1] * len(ringed), "y": ringed}
    words = [f"= {row.now:.7g}" for row in rows]
    state[4] = {"x": [wide - 0.2 for wide in widths], "y": [*range(len(rows))], "text": words}
    return state


# --- gradients under a loss scale


def plot_scaling(gradients, powers=range(41), opens=15):
    """Draw what float16 makes of gradients as the loss scale grows: their sizes, and below the share that comes to harm.

    The slider goes through the scales, powers of two. Where the gradients are without a scale stays as an outline. See
    `gradients_data`.

    Args:
        gradients: as for `gradients_data`.
        powers: int, the powers of two that are tried as scales.
        opens: int, the one of them that is shown first.
    """
    tables = {power: gradients_data(gradients, 2.0**power) for power in powers}
    places = sorted({int(e) for table in tables.values() for e in table.exponent})
    states = {f"2<sup>{power}</sup>": _scaled(table, power, places) for power, table in tables.items()}
    figure = _scaling_panels(tables, states[f"2<sup>{opens}</sup>"], places)
    layout(figure, "A loss scale moves gradients into what float16 can hold", 600, barmode="overlay")
    fates = {power: table.groupby("fate").share.sum().reindex(FATES, fill_value=0) for power, table in tables.items()}
    first, last = min(fates), max(fates)
    best = max(fates, key=lambda power: fates[power]["kept"])
    finding = (
        f"At a scale of 2 to the {first}, {fates[first].iloc[0]:.1%} of the gradients are lost; at 2 to the {opens}, "
        f"{fates[opens].iloc[0]:.1%}. Most are kept at 2 to the {best}; at 2 to the {last}, {fates[last].iloc[-1]:.1%} become "
        f"infinite."
    )
    return animate(figure, states, "Loss scale:", finding, milliseconds=350, opens=f"2<sup>{opens}</sup>")


def _scaling_panels(tables, opening, places):
    """Return the figure as it opens: the sizes over the exponents of `places`, and what becomes of them at every scale."""
    figure = make_subplots(2, 1, row_heights=[0.6, 0.4], vertical_spacing=0.22)
    for number, (fate, colour) in enumerate(FATES.items()):
        figure.add_bar(width=0.9, name=fate, legendgroup=fate, marker_color=colour, row=1, col=1, **opening[number])
    before = tables[min(tables)].groupby("exponent").share.sum().reindex(places, fill_value=0)
    outline = {"color": GREY, "width": 1.5, "shape": "hvh", "dash": "dot"}
    figure.add_scatter(
        x=[e + 0.5 for e in places], y=short(before), mode="lines", line=outline, name=f"at 2<sup>{min(tables)}</sup>",
        hoverinfo="skip", row=1, col=1,
    )
    for fate, colour in FATES.items():
        shares = [table.share[table.fate == fate].sum() for table in tables.values()]
        figure.add_scatter(
            x=list(tables), y=short(shares), mode="lines", line_color=colour, name=fate, legendgroup=fate, showlegend=False,
            hovertemplate="2<sup>%{x}</sup>: %{y:.1%}<extra></extra>", row=2, col=1,
        )
    cursor = {"color": GREY, "dash": "dash"}
    figure.add_scatter(mode="lines", line=cursor, hoverinfo="skip", showlegend=False, row=2, col=1, **opening[9])
    figure.add_vrect(x0=-25, x1=16, fillcolor=GREY, opacity=0.2, line_width=0, row=1, col=1)
    ticks = [*range(-60, 41, 10)]
    tallest = max(table.groupby("exponent").share.sum().max() for table in tables.values())
    figure.update_xaxes(
        tickvals=ticks, ticktext=[f"2<sup>{e}</sup>" for e in ticks], range=[places[0] - 1, places[-1] + 2], row=1,
        title_text="size of a gradient; the grey band is what float16 can hold",
    )
    figure.update_yaxes(title_text="share", tickformat=".0%", range=[0, 1.05 * tallest], row=1)
    scales = list(tables)[::4]
    figure.update_xaxes(
        title_text="loss scale", tickvals=scales, ticktext=[f"2<sup>{power}</sup>" for power in scales], row=2
    )
    figure.update_yaxes(title_text="share of all", tickformat=".0%", range=[-0.03, 1.03], row=2)
    return figure


def _scaled(table, power, places):
    """Return what changes in `plot_scaling`, by the number of the trace: bars of each fate, and where the scale stands."""
    state = {}
    for number, fate in enumerate(FATES):
        shares = table[table.fate == fate].set_index("exponent").share.reindex(places, fill_value=0)
        there = [(exponent + 0.5, share) for exponent, share in shares.items() if share]
        x, y = zip(*there, strict=True) if there else ((places[0],), (0,))  # an empty one would not be in the legend
        state[number] = {"x": list(x), "y": short(y)}
    state[9] = {"x": [power, power], "y": [0, 1]}
    return state


# --- pictures that gain weight


def weights_by_round(said, y, rate=1.0):
    """Follow the weights of samples through the rounds of boosting (SAMME; see `lib.ensembles.reweight`).

    Args:
        said: probabilities that the members give the classes of their training samples, shape (rounds, samples, classes).
        y: the truth, shape (samples,): class numbers from 0 on, or names, as in `lib.arrays.class_numbers`.
        rate: float above 0, the shrinkage.

    Returns:
        A float array, shape (rounds + 1, samples): the weights before the first round, as multiples of their mean, and
        after each round.

    Raises:
        CourseError: another shape, a class that has no probability, or a rate not above 0.
    """
    from lib import ensembles

    said = arrays.numbers("said", said)
    if said.ndim != 3:
        raise arrays.refused("said", f"shape {said.shape}", "(rounds, samples, classes)")
    y = arrays.class_numbers("y", y, *said.shape[1:])
    weights = np.full(len(y), 1 / len(y))
    history = [weights]
    for probabilities in said:
        weights, _ = ensembles.reweight(weights, probabilities.argmax(axis=1) != y, said.shape[2], rate)
        history.append(weights)
    return len(y) * np.array(history)


def plot_gaining(x, history, names, n=16, title="Pictures that gain weight, round by round"):
    """Draw some pictures the larger the more they weigh: the n / 2 that are heaviest in the end, and as many of the lightest.

    The slider goes through the rounds. Sixteen times the weight is twice the side: the lightest are still to be seen.

    Args:
        x: pictures in [0, 1], shape (samples, height, width).
        history: as `weights_by_round` returns it.
        names: of the pictures, one str a sample.
        n: an even int, how many pictures.
        title: the figure's title.
    """
    history = arrays.numbers("history", history)
    order = np.argsort(history[-1], kind="stable")
    rows = [*order[::-1][: n // 2], *order[: n // 2]]
    largest = history[:, rows].max(axis=0)
    words = [names[row] for row in rows]
    states = {str(n): _weighed(weights, largest, words, np.shape(x)[1:3]) for n, weights in enumerate(history[:, rows])}
    opening = states[str(len(history) - 1)]
    figure = go.Figure()
    for place, row in enumerate(rows):
        dots = np.round(255 * np.clip(x[row], 0, 1)).astype("uint8")
        figure.add_heatmap(z=dots, colorscale="Greys", zmin=0, zmax=255, showscale=False, hoverinfo="skip", **opening[place])
    words = {"mode": "text", "textposition": "bottom center", "textfont": {"color": GREY, "size": 12}}
    figure.add_scatter(hoverinfo="skip", **words, **opening[len(rows)])
    half = n // 2
    figure.update_xaxes(visible=False, range=[-0.55, half - 0.45])
    figure.update_yaxes(visible=False, range=[2, -0.55], scaleanchor="x", constrain="domain", constraintoward="top")
    layout(figure, title, 500, showlegend=False, margin={"l": 10, "r": 10, "b": 10})
    heavy, light = history[-1, rows[:half]], history[-1, rows[half:]]
    finding = (
        f"All begin with the same weight. After {len(history) - 1} rounds the {half} heaviest weigh {heavy.min():.3g} to "
        f"{heavy.max():.3g} times the mean, and the {half} lightest {light.max():.2g} times or less."
    )
    return animate(figure, states, "Rounds:", finding)


def _weighed(weights, largest, names, dots):
    """Return what changes in each trace of `plot_gaining`: where each picture begins and how large a dot is; the words."""
    half = len(weights) // 2
    sizes, reach = (0.9 * (some / largest.max()) ** 0.25 for some in (weights, largest))
    below = [reach[:half].max() / 2] * half + [reach[half:].max() / 2] * half  # what a row's largest picture ever reaches
    state, x, y, words = {}, [], [], []
    for place, (weight, size, name) in enumerate(zip(weights, sizes, names, strict=True)):
        column, row = place % half, 1.25 * (place // half)
        across, down = size / dots[1], size / dots[0]
        corner = {"x0": column - (size - across) / 2, "dx": across, "y0": row - (size - down) / 2, "dy": down}
        state[place] = {name: round(float(value), 4) for name, value in corner.items()}
        x.append(column)
        y.append(round(float(row + below[place]), 4))
        words.append(f"{name}<br>× {weight:.2g}")
    return state | {len(weights): {"x": x, "y": y, "text": words}}


# --- weights, epoch by epoch


def ridges_data(by_epoch, bins=41):
    """Cut the buckets of TensorBoard's histograms anew, at the same places for all epochs, as its page does.

    Args:
        by_epoch: dict from an epoch to its buckets, shape (n, 3): left edge, right edge, and how many weights lie between.
        bins: int, how many new ones.

    Returns:
        The middles of the new bins, shape (bins,), and the share of the weights in each, shape (epochs, bins).

    Raises:
        CourseError: there are no epochs, or buckets of another shape.
    """
    drawable(by_epoch, "there are no epochs")
    tables = [arrays.numbers(f"epoch {epoch}", buckets) for epoch, buckets in by_epoch.items()]
    for epoch, table in zip(by_epoch, tables, strict=True):
        if table.ndim != 2 or table.shape[1] != 3 or not table[:, 2].sum():
            raise arrays.refused(f"epoch {epoch}", f"shape {table.shape}", "(buckets, 3), with some weights in them")
    edges = np.linspace(min(t[0, 0] for t in tables), max(t[-1, 1] for t in tables), bins + 1)
    shares = []
    for left, right, count in (table.T for table in tables):
        below = np.interp(edges, [left[0], *right], [0, *np.cumsum(count)])  # spread evenly within a bucket
        shares.append(np.diff(below) / count.sum())
    return (edges[:-1] + edges[1:]) / 2, np.array(shares)


def plot_ridges(by_epoch, title):
    """Draw the weights of each epoch as a hill, the first at the back, and below one of them against the first.

    The slider goes through the epochs.

    Args:
        by_epoch: as for `ridges_data`.
        title: the figure's title.
    """
    middles, shares = ridges_data(by_epoch)
    epochs = list(by_epoch)
    x = short([middles[0], *middles, middles[-1]])
    hills = [epoch - 2.2 * share / shares.max() for epoch, share in zip(epochs, shares, strict=True)]
    outlines = [short([epoch, *hill, epoch]) for epoch, hill in zip(epochs, hills, strict=True)]
    logs = [short(np.where(share > 0, share, np.nan)) for share in shares]
    last = len(epochs)
    states = {str(epoch): {last: {"y": outlines[n]}, last + 2: {"y": logs[n]}} for n, epoch in enumerate(epochs)}
    figure = make_subplots(2, 1, row_heights=[0.62, 0.38], vertical_spacing=0.16, shared_xaxes=True)
    quiet = {"mode": "lines", "hoverinfo": "skip", "showlegend": False}
    for outline in outlines:
        pale = {"color": GREY, "width": 1}
        figure.add_scatter(x=x, y=outline, line=pale, fill="toself", fillcolor="rgba(125,125,125,0.15)", row=1, col=1, **quiet)
    strong = {"color": BLUE, "width": 2.5}
    figure.add_scatter(x=x, y=outlines[-1], line=strong, row=1, col=1, **quiet)
    steps = {"mode": "lines", "hoverinfo": "skip", "row": 2, "col": 1}
    dotted = {"color": GREY, "dash": "dot", "width": 2, "shape": "hvh"}
    figure.add_scatter(x=short(middles), y=logs[0], line=dotted, name=f"epoch {epochs[0]}", **steps)
    figure.add_scatter(x=short(middles), y=logs[-1], line=strong | {"shape": "hvh"}, name="this epoch", **steps)
    figure.update_yaxes(title_text="epoch", autorange="reversed", tickvals=epochs, showgrid=False, row=1)
    figure.update_yaxes(title_text="share of<br>the weights", type="log", row=2, **log_ticks(shares, most=0))
    figure.update_xaxes(title_text="weight", row=2)
    layout(figure, title, 620)
    begin = np.flatnonzero(shares[0])
    beyond = shares[-1].sum() - shares[-1, begin[0] : begin[-1] + 1].sum()
    finding = (
        f"The weights reach from {_reach(middles, shares[0])} in epoch {epochs[0]}, and from {_reach(middles, shares[-1])} in "
        f"epoch {epochs[-1]}, where {beyond:.2%} of them lie beyond all of the first."
    )
    return animate(figure, states, "Epoch:", finding)


def _reach(middles, shares):
    there = middles[shares > 0]
    return f"{there.min():.3g} to {there.max():.3g}"
