"""One look for every figure: colours that colour-blind readers tell apart, legible on light and on dark pages."""

import plotly.graph_objects as go

from lib.errors import CourseError
from lib.viz.alt import describe

# Okabe and Ito's colours, which colour-blind readers can tell apart (jfly.uni-koeln.de/color).
BLUE = "#0072b2"
ORANGE = "#e69f00"
GREEN = "#009e73"
VERMILION = "#d55e00"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
GREY = "#7d7d7d"  # readable on white and on near black alike

COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
DASHES = ("solid", "dash", "dot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")

# How a trial ends, and the words for it that KerasTuner and Optuna have besides.
ENDS = {"completed": BLUE, "pruned": ORANGE, "failed": VERMILION, "running": GREEN, "waiting": GREY}
SYNONYMS = {"complete": "completed", "fail": "failed", "invalid": "failed"}

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
        "colorway": COLOURS,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY},
        "colorscale": {"sequential": "Viridis"},
        "xaxis": AXIS,
        "yaxis": AXIS,
        "margin": {"l": 60, "r": 30, "t": 60, "b": 50},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        "title": {"x": 0, "xanchor": "left", "xref": "paper", "font": {"size": 15}, "yref": "container", "y": 0.97},
    }
)


def layout(figure, title, height, **settings):
    """Give a figure the look of the course, a title, a height in pixels, and a text alternative; return it."""
    figure.update_layout(template=TEMPLATE, title_text=title, height=height, **settings)
    return figure.update_layout(meta={"alt": describe(figure)})


def drawable(things, otherwise):
    """Refuse in one line to draw what is empty: `otherwise` says, without a full stop, what there is none of."""
    if not len(things):
        raise CourseError(f"There is nothing to draw: {otherwise}.")


def style(number):
    """Return the colour, the dash and the symbol of a figure's series of this number, counted from 0."""
    return COLOURS[number % len(COLOURS)], DASHES[number % len(DASHES)], SYMBOLS[number % len(SYMBOLS)]


def ending(status):
    """Return what a figure calls a trial's status, and its colour: the same in every figure, whoever ran the trial."""
    name = SYNONYMS.get(status.lower(), status.lower())
    return name, ENDS.get(name, GREY)


def add_band(figure, x, low, high, colour, **settings):
    """Add a pale band between two curves over the same x to a figure; `settings` go to its `add_scatter`."""
    figure.add_scatter(
        x=[*x, *x[::-1]], y=[*high, *low[::-1]], fill="toself", fillcolor=colour, opacity=0.2, mode="lines", line_width=0,
        hoverinfo="skip", **{"showlegend": False} | settings,
    )


def name_once(figure):
    """Let the legend name each group once, however many panels show it; return the figure."""
    first = {trace.name: trace for trace in reversed(figure.data)}
    return figure.for_each_trace(lambda trace: trace.update(legendgroup=trace.name, showlegend=first[trace.name] is trace))
