"""One look for every figure.

What it asks of each, held by tests/test_look.py and, in a browser, by tests/legible.py:

1. Strong means good: the best line, dot or field is the one that stands out most from the page, by day and by night.
2. One colour for one meaning: BLUE is completed, chosen, or on training data; ORANGE on validation data, or what is compared with
   it; GREEN is next, running, or the goal; VERMILION failed, lost, or a limit; GREY is pruned, or stands beside the message;
   PURPLE is late, or brushed; SKY goes with BLUE. Where colours only tell series apart, dashes and symbols do so too.
3. Words have 4.5 to 1 of contrast to what lies under them, marks 3 to 1, on a white page and on a dark one.
4. The title, 16 px and bold, says the finding, or what is compared. Panels have titles of 14 px, axes of 13 px.
5. An axis has its unit, and ticks where something was tried; counts are written out, and powers only on a logarithmic axis.
6. Fewer than ten values are dots with their mean; a box is for ten or more.
7. Where a comparison is meant, there is a line to compare with.
8. Legends, scales and lines to compare with cover no data, and no words: the legend has a place of its own.
"""

import textwrap

import numpy as np
import plotly.graph_objects as go

from lib.errors import CourseError
from lib.viz.alt import describe

# Near Okabe and Ito's colours (jfly.uni-koeln.de/color), moved until each has 3 to 1 on white and on near black, and any two
# stay as far apart as theirs for whoever sees no red or no green.
BLUE = "#205bf1"
ORANGE = "#f46600"
GREEN = "#00a67d"
VERMILION = "#d31a3b"
PURPLE = "#856088"
SKY = "#2c9cd0"
GREY = "#767676"  # 4.5 to 1 on white; where the page is known to be ours, its style sheet puts its ink for words of this grey

COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
DASHES = ("solid", "dash", "dot")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star")

# Scales are drawn as on white paper: on a dark page the style sheet turns over whatever stands beside a colour bar.
GOOD = [[0.0, "#cfdcf4"], [0.5, "#85a6f3"], [1.0, BLUE]]  # of lines and dots, from bad to good
TIME = [[0.0, "#eee2ee"], [0.5, "#bd9cbf"], [1.0, "#7d4d81"]]  # from early to late
FIELD = [[0.0, "#f1f5fb"], [1.0, "#6fa0f5"]]  # of maps, from bad to good, never too dark for words in black
AGAINST = [[0.0, "#fbf4ee"], [1.0, "#f59a5a"]]  # of maps of what one would rather have little of

# How a trial ends, and the words for it that KerasTuner and Optuna have besides.
ENDS = {"completed": BLUE, "pruned": GREY, "failed": VERMILION, "running": GREEN, "waiting": SKY}
SYNONYMS = {"complete": "completed", "fail": "failed", "invalid": "failed"}

AXIS = {
    "showgrid": True,
    "gridcolor": "rgba(125,125,125,0.25)",
    "zeroline": False,
    "linecolor": GREY,
    "automargin": True,
    "ticks": "outside",
    "tickcolor": GREY,
    "tickfont": {"size": 12},
    "separatethousands": True,
    "exponentformat": "none",
    "title": {"font": {"size": 13}, "standoff": 10},
}
TEMPLATE = go.layout.Template(
    layout={
        "font": {"color": GREY, "size": 13},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "colorway": COLOURS,
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": GREY},
        "colorscale": {"sequential": GOOD},
        "xaxis": AXIS,
        "yaxis": AXIS,
        "margin": {"l": 60, "r": 30, "b": 50},
        "legend": {"orientation": "h", "font": {"size": 13}},
        "title": {"x": 0, "xanchor": "left", "xref": "container", "font": {"size": 16, "weight": 700}, "yref": "container",
                  "y": 1, "yanchor": "top", "automargin": True},
    }
)

# --- what stands where, in pixels

NARROW = 500  # what a phone gives the words of a figure
LINE, LETTER = 21, 7.8  # of the title: the height of its lines, and the width that a letter needs
PANEL = 18, 7.6  # the same of the titles of panels
HEAD = {"parcoords": 52, "parcats": 24}  # what these draw above themselves, beside what stands there at a slant


def layout(figure, title, height, said=None, **settings):
    """Give a figure the look of the course, a title, and a text alternative; return it.

    Args:
        figure: a `plotly.graph_objects.Figure`.
        title: str; it is wrapped.
        height: int, pixels, with a title of one line.
        said: list of str, what can be seen in it, where only its own function knows that; see `lib.viz.alt`.
        **settings: further settings of the layout; `margin_t` is the least of the margin above.
    """
    lines = textwrap.wrap(title, int(NARROW / LETTER)) or [""]
    pad = {"t": 12 + 9 * (len(lines) - 1), "l": 12}  # plotly lets the first of several lines rise
    figure.update_layout(template=TEMPLATE, title={"text": "<br>".join(lines), "pad": pad}, **settings)
    above = 20 + LINE * len(lines)
    panels = _wrap_panels(figure)
    more = max([HEAD.get(trace.type, 0) for trace in figure.data], default=0) + PANEL[0] * panels
    height += LINE * (len(lines) - 1) + PANEL[0] * max(0, panels - 1)
    figure.update_layout(height=height, margin_t=max(above + more + 8, figure.layout.margin.t or 0))
    below = panels or figure.layout.xaxis.side == "top"  # nothing may come between panels and their titles
    place = {"y": 0, "yanchor": "bottom"} if below else {"y": 1 - above / height, "yanchor": "top"}
    figure.update_layout(legend={"xref": "container", "yref": "container", "x": 0.01, "xanchor": "left"} | place)
    if said:
        figure.update_layout(meta={"said": said})
    return figure.update_layout(meta=(figure.layout.meta or {}) | {"alt": describe(figure)})


def _wrap_panels(figure):
    """Wrap the titles of panels to the width of their column; return how many lines the longest has, 0 without any."""
    titles = [note for note in figure.layout.annotations
              if note.text and note.yref == "paper" and note.yanchor == "bottom" and note.xanchor == "center"]
    rows = [round(note.y, 6) for note in titles]
    wrapped = [0]
    for note, row in zip(titles, rows, strict=True):
        width = max(8, int(NARROW / rows.count(row) / PANEL[1]))
        whole = {"break_long_words": False, "break_on_hyphens": False}
        parts = [part for line in note.text.split("<br>") for part in textwrap.wrap(line, width, **whole)]
        note.update(text="<br>".join(parts), font={"size": min(14, note.font.size or 14)})
        wrapped.append(len(parts))
    return max(wrapped)


def ticks_at(values, most=10):
    """Return the ticks of a linear axis as plotly takes them: at the values that were tried, if these are few and apart."""
    tried = np.unique(np.asarray([value for value in values if value is not None], float))
    tried = tried[np.isfinite(tried)]
    span = np.ptp(tried) if len(tried) else 0.0
    if 1 < len(tried) <= most and np.diff(tried).min() >= 0.05 * span:
        return {"tickvals": tried.tolist(), "ticktext": [f"{value:,.5g}" for value in tried]}
    whole = len(tried) > 0 and (tried == tried.round()).all()
    return {"dtick": 1} if whole and span <= 5 else {"tickformat": ",.6~g"}


def log_ticks(values, most=8, room=6):
    """Return the ticks of a logarithmic axis as plotly takes them: at few values that were tried, else some `room` round ones."""
    tried = np.unique(np.asarray(values, float))
    tried = tried[np.isfinite(tried) & (tried > 0)]
    if not len(tried):
        return {}
    low, high = np.log10(tried[[0, -1]])
    if len(tried) <= most and np.diff(np.log10(tried)).min(initial=np.inf) >= 0.06 * (high - low):
        places = tried
    else:
        step = max(1, int(np.ceil((high - low) / room)))
        digits = (1,) if high - low > 2.2 * room / 6 else (1, 2, 5)
        powers = range(int(np.floor(low)), int(np.ceil(high)) + 1, step)
        places = [digit * 10.0**power for power in powers for digit in digits]
    return {"tickvals": [float(place) for place in places], "ticktext": [in_words(place) for place in places]}


def in_words(number):
    """Write a number on a logarithmic axis: plainly from 0.0001 to below 10 millions, else as a power of ten."""
    if 1e-4 <= number < 1e7:
        return f"{number:,.5g}" if number < 1e5 else f"{number:,.0f}"
    power = int(np.floor(np.log10(number) + 1e-9))
    digit = number / 10.0**power
    return ("" if abs(digit - 1) < 0.01 else f"{digit:.2g} × ") + f"10<sup>{power}</sup>".replace("-", "−")


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
    return name, ENDS.get(name, PURPLE)


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
