"""A text alternative for every figure, made from what the figure itself holds."""

import re
from itertools import chain

import numpy as np

KINDS = {"scatter": "lines or points", "scattergl": "lines or points", "bar": "bars", "heatmap": "a map of colours",
         "parcoords": "parallel coordinates", "parcats": "parallel categories", "box": "boxes", "violin": "violins",
         "histogram": "a histogram", "contour": "a map of contours", "table": "a table"}
NAMED_AT_MOST = 8  # series and places; more than that nobody wants to hear one by one


def describe(figure):
    """Say what a figure shows, for whoever cannot see it: its title, its axes with their ranges, each series.

    Args:
        figure: a `plotly.graph_objects.Figure`.

    Returns:
        str, a few sentences.
    """
    title = _plain(figure.layout.title.text)
    kinds = list(dict.fromkeys(KINDS.get(trace.type, trace.type) for trace in figure.data))
    words = [title if title.endswith(("?", "!")) else f"{title}." if title else ""]
    words.append(f"A figure of {' and '.join(kinds)}." if kinds else "An empty figure.")
    axes = [_axis("Across", figure, "x"), _axis("Upwards", figure, "y")]
    panels = [_plain(note.text) for note in figure.layout.annotations if note.text and (note.xref == "paper" or not any(axes))]
    words.append(f"Written in it: {'; '.join(_few(filter(None, panels)))}." if any(panels) else "")
    words += [_axes(trace) for trace in figure.data if trace.type in ("parcoords", "parcats")]
    words += axes
    words += [_map(trace) for trace in figure.data if trace.type in ("heatmap", "contour") and trace.showscale is not False]
    series = [trace for trace in figure.data if (trace.name and trace.showlegend is not False) or trace.type == "bar"]
    words += [_series(trace) for trace in series[:NAMED_AT_MOST]]
    if len(series) > NAMED_AT_MOST:
        words.append(f"And {len(series) - NAMED_AT_MOST} more series.")
    return " ".join(word for word in words if word)


def _axes(trace):
    labels = ", ".join(_plain(dimension.label) for dimension in trace.dimensions)
    return f"{len(trace.dimensions[0]['values'])} lines across the axes {labels}."


def _axis(direction, figure, letter):
    """Name an axis and its range, over all panels that have the same title; without a title, what stands along it."""
    axes = list(getattr(figure, f"select_{letter}axes")())
    titles = {_plain(axis.title.text) for axis in axes if axis.title.text}
    if not titles:
        along = [trace[letter] for trace in figure.data if letter in trace and trace[letter] is not None]
        named = _named([text for axis in axes for text in axis.ticktext or ()]) or _named(chain(*along))
        return f"{direction}: {'; '.join(_few(named))}." if named else ""
    values = [_numbers(trace[letter]) for trace in figure.data if letter in trace]
    values = np.concatenate(values) if values else np.empty(0)
    span = f", from {values.min():.4g} to {values.max():.4g}" if len(values) and len(titles) == 1 else ""
    return f"{direction}: {' and '.join(sorted(titles))}{span}."


def _named(places):
    """Return those of the places along an axis that have names, each once."""
    return list(dict.fromkeys(_plain(place) for place in places if isinstance(place, str) and re.search(r"[^\W\d]", place)))


def _few(names):
    names = list(names)
    return names if len(names) <= NAMED_AT_MOST else [*names[:NAMED_AT_MOST], f"and {len(names) - NAMED_AT_MOST} more"]


def _map(trace):
    """Say what a map's colours stand for, and where it is highest."""
    heights = np.asarray(trace.z, float)
    if heights.ndim != 2 or not np.isfinite(heights).any():
        return ""
    row, column = np.unravel_index(np.nanargmax(heights), heights.shape)
    span = f"{_plain(trace.colorbar.title.text) or 'values'} from {np.nanmin(heights):.4g} to {np.nanmax(heights):.4g}"
    return f"Colours: {span}, the greatest at {_place(trace.x, column)} across and {_place(trace.y, row)} upwards."


def _place(values, number):
    """Return what stands at a place of an axis, or its number."""
    value = number if values is None else values[number]
    return f"{value:.4g}" if isinstance(value, (int, float, np.number)) else _plain(value)


def _series(trace):
    along = "x" if trace.orientation == "h" else "y"
    values = _numbers(trace[along] if trace.type in ("scatter", "scattergl", "bar") else None)
    name = _plain(trace.name) or "The series"
    if not len(values):
        return f"{name}."
    if len(values) <= 3:
        return f"{name}: {', '.join(f'{value:.4g}' for value in values)}."
    return f"{name}: {len(values)} values, the first {values[0]:.4g}, the last {values[-1]:.4g}, the greatest {values.max():.4g}."


def _numbers(values):
    if values is None:
        return np.empty(0)
    try:
        numbers = np.asarray(values, float).ravel()
    except (TypeError, ValueError):  # names, dates
        return np.empty(0)
    return numbers[np.isfinite(numbers)]


def _plain(text):
    return " ".join(re.sub(r"<[^>]+>", " ", str(text)).split()).rstrip(".") if text else ""
