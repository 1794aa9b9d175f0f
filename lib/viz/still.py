"""Parallel coordinates that stand still: drawn in lines like any figure, for pages that hold more than a few of them.

Chrome and its kin keep sixteen WebGL drawings on a page and wipe the oldest, and each living picture of `plot_parallel` takes
three of them: the sixth one empties the first.
"""

import numpy as np
import plotly.graph_objects as go
from plotly.colors import hex_to_rgb, label_rgb, sample_colorscale

from lib.viz.look import ENDS, GREY, NARROW, PURPLE, layout
from lib.viz.parallel import SLANT, brushed, extremes, line_colours, parallel_data, passes, too_wide

SHADES = 51  # lines of nearly one colour are one trace; fine enough to keep what was pruned from the worst that was not
FAILED = label_rgb(hex_to_rgb(ENDS["failed"]))


def still_data(frame, objective="score", every=False, scales=None, order=None, brush=None, ranks=False):
    """Turn a trials frame into heights of lines, their colours and what a brush holds; see `plot_parallel`.

    Returns:
        axes: those of `parallel_data`.
        heights: float array, shape (n_lines, n_axes), shares of each axis from 0 to 1.
        kept: bool array, shape (n_lines,), what the brush holds.
        line: as `lib.viz.parallel.line_colours` returns it.
    """
    axes = parallel_data(frame, objective, every, scales, order, brush)
    heights = np.stack([_shares(axis, axis["values"]) for axis in axes], axis=1)
    kept = np.full(len(heights), True)
    ranges = brushed(axes, brush)
    for axis in axes:
        kept &= passes(axis["values"], ranges.get(axis["column"], []))
    return axes, heights, kept, line_colours(frame, axes[-1], every, ranks)


def _shares(axis, places):
    return (np.asarray(places, float) - axis["values"].min()) / (np.ptp(axis["values"]) or 1.0)


def plot_still(frame, title, objective="score", every=False, scales=None, order=None, brush=None, ranks=False):
    """Draw what `plot_parallel` draws as a picture that cannot be brushed by hand.

    Args:
        frame, title, objective, every, scales, order, brush, ranks: as for `plot_parallel`.
    """
    axes, heights, kept, line = still_data(frame, objective, every, scales, order, brush, ranks)
    figure = go.Figure()
    places = _places(axes)
    if not kept.all():
        _add_lines(figure, places, heights[~kept], GREY, max(0.06, min(0.3, 20 / len(heights))))
    shades = np.round(line["color"] * (SHADES - 1)) / (SHADES - 1)
    for shade in np.unique(shades[kept]):  # the best last, above the others
        (colour,) = sample_colorscale(line["colorscale"], [shade])
        strong = {"width": 1 + 1.2 * float(shade) ** 2, "dash": "dot" if colour == FAILED else "solid"}
        faint = min(0.9, len(heights) / 400) * (1 - float(shade) ** 4)  # where there are many, the good ones would drown
        _add_lines(figure, places, heights[kept & (shades == shade)], colour, 1 - faint, **strong)
    ranges = brushed(axes, brush)
    for place, axis in zip(places, axes, strict=True):
        add_axis(figure, place, axis, ranges.get(axis["column"], []))
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=line | {"color": [0]}, hoverinfo="skip")  # for its bar
    labels = [axis["label"] for axis in axes]
    ends = [-0.45, len(axes) - 0.9]
    aslant = too_wide(labels, np.diff(places) * (NARROW - 74) / (ends[1] - ends[0]))
    figure.update_xaxes(tickvals=places, ticktext=labels, tickangle=-SLANT if aslant else 0, side="top", range=ends)
    figure.update_xaxes(showgrid=False, ticks="", linewidth=0)
    figure.update_yaxes(visible=False, range=[-0.04, 1.04])
    said = extremes(frame, axes, line["color"])
    return layout(figure, title, 380, said, showlegend=False, margin={"l": 44, "r": 30, "t": 80, "b": 20})


def _places(axes):
    """Return where the axes stand from left to right, list of float from 0: further apart before one whose names are long."""
    room = [max(map(len, axis["names"]), default=0) + 2 for axis in axes[1:]]
    gaps = np.maximum(room, 5) if room else np.ones(0)
    return [0.0, *(np.cumsum(gaps) / (gaps.mean() if room else 1)).round(3).tolist()]


def _add_lines(figure, places, heights, colour, opacity, **line):
    """Add lines of one colour as one trace, a gap between each and the next; `line` has more settings of it."""
    gaps = np.full((len(heights), 1), np.nan)
    x = np.tile([*places, np.nan], len(heights)).astype("float32")
    y = np.hstack([heights, gaps]).ravel().round(4).astype("float32")
    figure.add_scatter(x=x, y=y, mode="lines", line={"color": colour, "width": 1.3} | line, opacity=opacity, hoverinfo="skip")


def add_axis(figure, place, axis, ranges):
    """Add an axis of `still_data` at a place of a figure's first panel, with its ticks and what is brushed on it."""
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, line={"color": GREY, "width": 1})
    for pair in ranges:
        low, high = np.clip(_shares(axis, pair), 0, 1)
        figure.add_shape(type="line", x0=place, x1=place, y0=low, y1=high, line={"color": PURPLE, "width": 6}, opacity=0.8)
    inside = [(y, name) for y, name in zip(_shares(axis, axis["ticks"]), axis["names"], strict=True) if -1e-6 <= y <= 1 + 1e-6]
    if axis["kind"] == "log" and len(inside) < 2 and not axis["apart"]:  # within one power of ten: its own ends
        ends = 10 ** np.quantile(axis["values"], [0, 1])
        inside = [(0.0, f"{ends[0]:.2g}"), *inside, (1.0, f"{ends[1]:.2g}")]
    y, names = zip(*inside, strict=True) if inside else ((), ())
    figure.add_scatter(
        x=[place] * len(y), y=y, text=[f"{name} –" for name in names], mode="text", textposition="middle left",
        textfont={"size": 12, "color": GREY, "shadow": "auto"}, hoverinfo="skip", cliponaxis=False,
    )
