"""Pictures that move without a kernel: plotly's frames, a slider to go through them, and a button that plays them.

A living picture opens, and prints, with a state that says its finding alone; the slider shows how it comes about.
"""

import re

import numpy as np

from lib.viz.alt import describe
from lib.viz.look import LINE, drawable

PLAYED = {"mode": "immediate", "transition": {"duration": 0}}
BELOW = {"y": 0, "yanchor": "top"}
PLAIN = {"bgcolor": "rgba(0,0,0,0)", "bordercolor": "rgba(125,125,125,0.6)", "borderwidth": 1}


def animate(figure, states, label, finding, milliseconds=700, opens=None):
    """Give a figure that has the look of the course a slider, a button that plays, and a frame for each state; return it.

    Args:
        figure: `plotly.graph_objects.Figure`, as `lib.viz.look.layout` returns it; it shows one of the states.
        states: dict from what the slider says of a state to a dict from the number of a trace to what changes in it, which
            is the same for each state.
        label: str before what the slider says.
        finding: str, sentences on what the figure shows, for its text alternative.
        milliseconds: int, how long a state stays while it is played.
        opens: str, the state that the figure shows; the last one by default.
    """
    drawable(states, "there are no states")
    names = list(states)
    figure.frames = [
        {"name": name, "traces": list(changes), "data": [{"type": figure.data[n].type, **new} for n, new in changes.items()]}
        for name, changes in states.items()
    ]
    steps = [
        {"label": name, "method": "animate", "args": [[name], PLAYED | {"frame": {"duration": 0, "redraw": True}}]}
        for name in names
    ]
    play = [None, PLAYED | {"frame": {"duration": milliseconds, "redraw": True}, "fromcurrent": False}]
    button = {
        "type": "buttons", "showactive": False, "x": 0, "xanchor": "left", **BELOW, "pad": {"t": 62}, **PLAIN,
        "buttons": [{"label": "▶ Play", "method": "animate", "args": play}],
    }
    below = slider(steps, label, active=names.index(opens or names[-1]))
    figure.update_layout(sliders=[below], updatemenus=[button]).update_xaxes(title_standoff=6)
    _make_room(figure)
    slid = f"A slider goes through {len(names)} states, {label} {names[0]} to {names[-1]}."
    return add_finding(figure, [finding, re.sub(r"<sup>(.*?)</sup>", r"^\1", slid)])


def _make_room(figure):
    """Put the legend between the title and the panels: the slider has the place below."""
    if figure.layout.showlegend is not False:
        above = 20 + LINE * (1 + figure.layout.title.text.count("<br>"))
        place = {"y": 1 - above / figure.layout.height, "yanchor": "top"}
        figure.update_layout(margin_t=figure.layout.margin.t + 26, legend=place)


def add_finding(figure, said):
    """Add sentences on what a figure shows to its text alternative; return it.

    Args:
        figure: `plotly.graph_objects.Figure`.
        said: list of str, sentences that only the figure's own function knows.
    """
    figure.update_layout(meta=(figure.layout.meta or {}) | {"said": said})
    return figure.update_layout(meta=figure.layout.meta | {"alt": describe(figure)})


def slider(steps, label, active=-1, top=45, start=0.15):
    """Return a slider below a figure, as plotly takes it, in the colours of any page.

    Args:
        steps: list of dict, plotly's: label, method and args.
        label: str before what the slider says.
        active: int, the step at which it stands.
        top: int, pixels between the figure's panels and the slider.
        start: float, the share of the figure's width at which it begins.
    """
    return {
        "steps": steps, "active": active % len(steps), "currentvalue": {"prefix": f"{label} "}, "x": start, "len": 1 - start,
        "pad": {"t": top}, "ticklen": 3, "minorticklen": 3, "activebgcolor": "rgba(125,125,125,0.4)", **BELOW, **PLAIN,
    }


def short(values, digits=4):
    """Return numbers as a list, rounded to so many significant digits, and None for a gap: frames are stored as text."""
    return [None if value is None or np.isnan(value) else float(f"{value:.{digits}g}") for value in values]
