"""A brush that moves: lines, points and a table of the same trials, which a slider narrows down to the best."""

import numpy as np
from plotly.subplots import make_subplots

from lib.errors import CourseError
from lib.viz.living import animate, short
from lib.viz.look import BLUE, GREY, layout
from lib.viz.parallel import parallel_data, sign
from lib.viz.still import add_axis, still_data

SHARES = (1, 0.75, 0.5, 0.35, 0.25, 0.15)  # of the trials, kept by the brush


def narrowed_data(frame, objective="score", scales=None, order=None):
    """Keep the best trials of a search, fewer and fewer, and say through which values their lines go.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`; trials without a score are left out.
        objective, scales, order: see `lib.viz.parallel.parallel_data`.

    Returns:
        A dict from how many are kept (int, all of them first) to (kept, words): a bool array, one a trial with a score, and
        a dict from each axis' label to the values that are kept on it, in words.
    """
    axes = parallel_data(frame, objective, scales=scales, order=order)
    scored = frame[frame.score.notna()]
    best_first = np.argsort(-sign(scored) * scored.score.to_numpy(), kind="stable")
    narrowed = {}
    for share in SHARES:
        kept = np.isin(np.arange(len(scored)), best_first[: max(2, round(share * len(scored)))])
        narrowed[int(kept.sum())] = kept, {axis["label"]: _through(axis, kept) for axis in axes}
    return narrowed


def _through(axis, kept):
    """Say in words between which values, or through which names, the lines that are kept meet an axis."""
    if axis["kind"] == "names":
        names = dict(zip(axis["ticks"], axis["names"], strict=True))
        return ", ".join(names[place] for place in sorted(set(axis["values"][kept])))
    values = axis["values"][kept & axis["real"]]
    if not len(values):
        return ", ".join(axis["apart"])
    ends = [f"{10.0**end if axis['kind'] == 'log' else end:.3g}" for end in (values.min(), values.max())]
    return " to ".join(dict.fromkeys(ends))


def plot_narrowed(frame, across, title, objective="score", scales=None, order=None):
    """Draw trials as lines and as points, and a table of the values they go through; the slider keeps the best of them.

    What the slider does not keep fades, in the lines and in the points alike.

    Args:
        frame, objective, scales, order: as for `narrowed_data`.
        across: name of the hyperparameter that the points stand over.
        title: the figure's title.
    """
    narrowed = narrowed_data(frame, objective, scales, order)
    axes, heights, _, _ = still_data(frame, objective, scales=scales, order=order)
    known = {axis["column"]: place for place, axis in enumerate(axes)}
    if across not in known:
        raise CourseError(f"across: {across!r} has no axis in this picture; there are {', '.join(known)}.")
    place = known[across]
    states = {str(count): _narrowed(kept, words, axes, heights, place) for count, (kept, words) in narrowed.items()}
    opens = list(states)[len(states) // 2]
    opening = states[opens]
    figure = make_subplots(
        2, 2, column_widths=[0.68, 0.32], row_heights=[0.52, 0.48], vertical_spacing=0.13, horizontal_spacing=0.04,
        specs=[[{}, {}], [{"type": "table", "colspan": 2}, None]],
    )
    for number, (name, colour, opacity) in enumerate((("others", GREY, 0.3), ("kept", BLUE, 1))):
        lines, points = opening[2 * number], opening[2 * number + 1]
        thin, dot = {"color": colour, "width": 1.5}, {"size": 8, "color": colour}
        here = {"hoverinfo": "skip", "name": name, "row": 1}
        figure.add_scatter(mode="lines", line=thin, opacity=opacity, **here, col=1, **lines)
        figure.add_scatter(mode="markers", marker=dot, opacity=opacity, **here, col=2, **points)
    plain = {"fill_color": "rgba(0,0,0,0)", "line_color": "rgba(125,125,125,0.4)", "align": "left", "font_color": GREY}
    figure.add_table(header={"values": ["axis", "the lines kept go through"], **plain}, columnwidth=[1, 2], row=2, col=1)
    figure.data[4].update(cells={**opening[4]["cells"], **plain, "height": 24})
    for number, axis in enumerate(axes):
        add_axis(figure, number, axis, [])
    labels = {"tickvals": [*range(len(axes))], "ticktext": [axis["label"] for axis in axes]}
    figure.update_xaxes(**labels, side="top", showgrid=False, ticks="", range=[-0.6, len(axes) - 0.9], linewidth=0, col=1)
    figure.update_yaxes(visible=False, range=[-0.04, 1.04], col=1)
    _place(figure, axes[place], "x")
    _place(figure, axes[-1], "y")
    figure.update_yaxes(side="right", row=1, col=2)
    layout(figure, title, 440 + 48 * len(axes), margin={"l": 20, "r": 20, "t": 110, "b": 20}, showlegend=False)
    words = narrowed[int(opens)][1]
    finding = f"Of {len(heights)} trials the best {opens} are kept. " + " ".join(f"{a}: {w}." for a, w in words.items())
    return animate(figure, states, "Best trials kept:", finding, milliseconds=1200, opens=opens)


def _place(figure, axis, letter):
    """Give the panel of points the ticks and the name of an axis."""
    span = np.ptp(axis["values"]) or 1.0
    ends = [axis["values"].min() - 0.06 * span, axis["values"].max() + 0.06 * span]
    ticks = {"tickvals": axis["ticks"], "ticktext": axis["names"], "title_text": axis["label"], "range": ends}
    getattr(figure, f"update_{letter}axes")(**ticks, row=1, col=2)


def _narrowed(kept, words, axes, heights, place):
    """Return what changes by the number of the trace: lines and points of the others, those of what is kept, the table."""
    state = {}
    for number, rows in enumerate((~kept, kept)):
        lines = heights[rows]
        x = [at for _ in lines for at in (*range(len(axes)), None)]
        state[2 * number] = {"x": x, "y": [height for line in lines for height in (*short(line), None)]}
        state[2 * number + 1] = {"x": short(axes[place]["values"][rows]), "y": short(axes[-1]["values"][rows])}
    return state | {4: {"cells": {"values": [list(words), list(words.values())]}}}
