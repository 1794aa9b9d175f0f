"""A text alternative for every figure, made from what the figure itself holds: what is drawn, and what it shows."""

import re
from itertools import chain

import numpy as np

from lib.viz.findings import number, numbers, reaches, said_of

KINDS = {"scatter": "lines or points", "scattergl": "lines or points", "bar": "bars", "heatmap": "a map of colours",
         "parcoords": "parallel coordinates", "parcats": "parallel categories", "box": "boxes", "violin": "violins",
         "histogram": "a histogram", "contour": "a map of contours", "table": "a table"}
NAMED_AT_MOST = 8  # places; more than that nobody wants to hear one by one


def describe(figure):
    """Say what a figure shows, for whoever cannot see it: its title, what is drawn over what, and what can be seen there.

    What can be seen stands in sentences with a colon and a number behind it; the others hold whatever the numbers are. What only
    the function that drew it knows, it leaves as sentences in the figure's `layout.meta["said"]`.

    Args:
        figure: a `plotly.graph_objects.Figure`.

    Returns:
        str, a few sentences.
    """
    title = plain(figure.layout.title.text)
    words = [title if title.endswith(("?", "!")) else f"{title}." if title else ""]
    own = (figure.layout.meta or {}).get("said")
    words.append(_kinds(figure))
    axes = [] if own else [_axis("Across", figure, "x"), _axis("Upwards", figure, "y")]
    words += axes
    panels = [plain(note.text) for note in figure.layout.annotations if note.text and (note.xref == "paper" or not any(axes))]
    words.append(f"Written in it, {'; '.join(_few(filter(None, panels)))}." if any(panels) and not own else "")
    words += own or said_of(figure)
    return " ".join(word for word in words if word)


def _kinds(figure):
    """Name what is drawn: lines, points, or both."""
    kinds = []
    for trace in figure.data:
        kind = KINDS.get(trace.type, trace.type)
        if trace.type in ("scatter", "scattergl"):
            mode = trace.mode or "lines"
            kind = "lines" if "lines" in mode else "points" if "markers" in mode else "words"
        kinds.append(kind)
    kinds = list(dict.fromkeys(kind for kind in kinds if kind != "words" or len(set(kinds)) == 1))
    return f"A figure of {' and '.join(kinds)}." if kinds else "An empty figure."


def _axis(direction, figure, letter):
    """Name an axis and its range, over all panels that have the same title; without a title, what stands along it."""
    axes = list(getattr(figure, f"select_{letter}axes")())
    titles = {plain(axis.title.text) for axis in axes if axis.title.text}
    if not titles:
        along = [trace[letter] for trace in figure.data if letter in trace and trace[letter] is not None]
        named = _named([text for axis in axes for text in axis.ticktext or ()]) or _named(chain(*along))
        return f"{direction}, {'; '.join(_few(named))}." if named else ""
    values = [numbers(trace[letter]) for trace in figure.data if letter in trace and not reaches(trace)]
    values = np.concatenate(values) if values else np.empty(0)
    values = values[np.isfinite(values)]
    if len(titles) == 1 and next(iter(titles)).endswith("(log)"):
        values = 10.0**values
    span = f", from {number(values.min())} to {number(values.max())}" if len(values) and len(titles) == 1 else ""
    return f"{direction}, {' and '.join(sorted(titles))}{span}."


def _named(places):
    """Return those of the places along an axis that have names, each once."""
    return list(dict.fromkeys(plain(place) for place in places if isinstance(place, str) and re.search(r"[^\W\d]", place)))


def _few(names):
    names = list(names)
    return names if len(names) <= NAMED_AT_MOST else [*names[:NAMED_AT_MOST], f"and {len(names) - NAMED_AT_MOST} more"]


def plain(text):
    """Return a text without its tags, on one line, without a full stop at its end."""
    return " ".join(re.sub(r"<[^>]+>", " ", str(text)).split()).rstrip(".") if text else ""
