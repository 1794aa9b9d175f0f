"""Optuna's own figures in the look of the course."""

from datetime import datetime

import numpy as np
from plotly.colors import sample_colorscale, unlabel_rgb

from lib.viz.look import BLUE, GOOD, GREY, TIME, drawable, ending, layout, log_ticks


def dress(figure, title, height=400, **settings):
    """Give a figure of `optuna.visualization` the look of the course, legible on light and dark pages; return it.

    Args:
        figure: what a function of `optuna.visualization` returned; it is changed in place.
        title: the figure's title.
        height: int, pixels.
        settings: further settings of the layout.

    Raises:
        CourseError: there is nothing in the figure.
    """
    drawable(figure.data, "the study has no trials for this figure")
    kind = (figure.layout.title.text or "").split(" ")[0]
    own = {"Timeline": _dress_timeline, "Parallel": _dress_parallel, "Pareto-front": _dress_front, "Rank": _dress_rank}
    said = own.get(kind, _dress_colours)(figure)
    for part in figure.select_annotations():
        part.font.update(color=GREY, shadow="auto")  # they may stand on lines
    for letter in "xy":
        for axis in getattr(figure, f"select_{letter}axes")(selector={"type": "log"}):
            axis.update(log_ticks(_along(figure, letter, axis.plotly_name.replace("axis", "")), most=0))
    figure.update_layout(title={"text": None, "x": 0}, legend_orientation="h")
    return layout(figure, title, height, said, width=None, plot_bgcolor="rgba(0,0,0,0)", **settings)


def _along(figure, letter, name):
    """Return the numbers that are drawn along an axis, whose name is such as "x2"."""
    drawn = [trace[letter] for trace in figure.data if (trace[f"{letter}axis"] or letter) == name]
    return np.concatenate([np.asarray(values, float) for values in drawn if values is not None])


def _dress_colours(figure):
    for trace in figure.data:
        if trace.type == "contour":
            trace.colorscale = GOOD
        elif trace.type == "bar":
            trace.marker.color = BLUE
        elif trace.marker.colorscale:
            trace.marker.update(colorscale=TIME, size=8, line={"color": GREY, "width": 1})
        elif str(trace.marker.color).endswith(", 0.25)"):  # Optuna's pale for what came before there was enough to judge by
            trace.update(marker_color=GREY, line_color=GREY)


def _dress_rank(figure):
    """Colour the ranks anew, the highest strongest: Optuna's go from blue through yellow to red."""
    theirs = sample_colorscale("RdYlBu_r", np.linspace(0, 1, 101))
    known = np.array([unlabel_rgb(colour) for colour in theirs])
    for trace in figure.data:
        if trace.marker.showscale:
            trace.marker.update(colorscale=GOOD, colorbar_title_text="rank (score)")
        elif trace.marker.color is not None:
            own = np.array([unlabel_rgb(colour) for colour in trace.marker.color])
            places = np.abs(own[:, None] - known).sum(axis=2).argmin(axis=1) / 100
            trace.marker.update(color=sample_colorscale(GOOD, places), size=8, line={"color": GREY, "width": 1})


def _dress_front(figure):
    """Tell the front from the other trials by colour; when each ran does not matter here."""
    for trace, colour, size in zip(figure.data, (GREY, BLUE), (7, 11), strict=False):
        trace.update(marker={"color": colour, "showscale": False, "size": size}, showlegend=True)
        trace.name = "on the front" if colour == BLUE else "beaten by another trial"
        trace.hovertemplate = "%{x}, %{y}<extra></extra>"
        trace.text = None


def timeline_data(starts):
    """Turn points in time into seconds since the first of them.

    Args:
        starts: list of str, ISO 8601, or datetime.

    Returns:
        A float array, shape (n,).
    """
    times = [datetime.fromisoformat(str(start)) for start in starts]
    return np.array([(time - min(times)).total_seconds() for time in times])


def _dress_timeline(figure):
    """Count seconds from the start of the study instead of naming the day."""
    seconds = timeline_data([start for trace in figure.data for start in trace.base])
    done = 0
    for trace in figure.data:
        here = seconds[done : done + len(trace.base)]
        done += len(trace.base)
        # Bars on a linear axis are long in its own unit: seconds, not milliseconds.
        trace.update(base=here, x=np.array(trace.x, float) / 1000, text=None, marker_color=ending(trace.name)[1])
        trace.hovertemplate = "trial %{y}<extra>" + trace.name + "</extra>"
    figure.update_xaxes(type="linear", title_text="seconds since the first trial began")
    return [f"{ending(trace.name)[0]}: {len(trace.x)} trials, {np.min(trace.x):.3g} to {np.max(trace.x):.3g} s each."
            for trace in figure.data]


def _dress_parallel(figure):
    """Colour the lines anew, the best ones strongest."""
    *lines, bar = figure.data
    bar.marker.colorscale = GOOD
    for line in lines:
        if line.mode == "lines" and line.y and line.line.color:
            good = 1 - line.y[0] if bar.marker.reversescale else line.y[0]
            good = min(max(good, 0), 1)
            line.line.update(color=sample_colorscale(GOOD, [good])[0], width=1 + 1.2 * good**2)
            line.opacity = 1
    best = max((line for line in lines if line.mode == "lines"), key=lambda line: line.line.width or 0)
    where = ", ".join(f"{name} {value}" for name, value in best.customdata)
    return [f"{sum(line.mode == 'lines' for line in lines)} lines.", f"The best: {where}."]
