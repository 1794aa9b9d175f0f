"""One look for every figure: colours that colour-blind readers tell apart, legible on light and on dark pages."""

import plotly.graph_objects as go

from lib.viz.alt import describe

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


def layout(figure, title, height, **settings):
    """Give a figure the look of the course, a title, a height in pixels, and a text alternative; return it."""
    figure.update_layout(template=TEMPLATE, title_text=title, height=height, **settings)
    return figure.update_layout(meta={"alt": describe(figure)})
