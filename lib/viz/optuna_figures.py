"""Optuna's own figures in the look of the course."""

from datetime import datetime

import numpy as np
from plotly.colors import sample_colorscale

from lib.viz.look import BLUE, GREY, PURPLE, SKY, VERMILION, drawable, ending, layout

# From early, or bad, to late, or good: each colour stands out on white and on black.
SCALE = [[0.0, SKY], [0.4, BLUE], [0.7, PURPLE], [1.0, VERMILION]]


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
    own = {"Timeline": _dress_timeline, "Parallel": _dress_parallel, "Pareto-front": _dress_front, "Rank": lambda _: None}
    own.get(kind, _dress_colours)(figure)
    for part in figure.select_annotations():
        part.font.color = GREY
    powers = {"dtick": 1, "exponentformat": "power"}
    figure.update_xaxes(powers, selector={"type": "log"}).update_yaxes(powers, selector={"type": "log"})
    settings = {"legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"}} | settings
    figure.update_layout(title={"text": None, "x": 0, "y": 0.97, "yref": "container", "yanchor": "auto"})
    return layout(figure, title, height, width=None, plot_bgcolor="rgba(0,0,0,0)", **settings)


def _dress_colours(figure):
    for trace in figure.data:
        if trace.type == "contour":
            trace.colorscale = "Viridis"
        elif trace.type == "bar":
            trace.marker.color = BLUE
        elif trace.marker.colorscale:
            trace.marker.colorscale = SCALE


def _dress_front(figure):
    """Tell the front from the other trials by colour; when each ran does not matter here."""
    for trace, colour, size in zip(figure.data, (SKY, VERMILION), (7, 10), strict=False):
        trace.update(marker={"color": colour, "showscale": False, "size": size}, showlegend=True)
        trace.name = "on the front" if colour == VERMILION else "beaten by another trial"
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


def _dress_parallel(figure):
    """Colour the lines anew: Optuna's best ones are too dark for a dark page."""
    *lines, bar = figure.data
    bar.marker.colorscale = SCALE
    for line in lines:
        if line.mode == "lines" and line.y and line.line.color:
            good = 1 - line.y[0] if bar.marker.reversescale else line.y[0]
            line.line.color = sample_colorscale(SCALE, [min(max(good, 0), 1)])[0]
            line.opacity = 0.8
