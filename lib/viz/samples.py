"""Samples: the pictures and columns of a data set, and what a classifier mistakes for what."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib import arrays
from lib.viz.look import BLUE, FIELD, drawable, layout, log_ticks

# --- pictures


def picture_grid(rows, **settings):
    """Draw pictures in rows.

    Args:
        rows: rows of pictures, float in [0, 1] or uint8, each of shape (height, width) or (height, width, 1); what lies
            outside [0, 1] is cut off.
        **settings: of `plotly.subplots.make_subplots`.

    Returns:
        A `plotly.graph_objects.Figure`, still without a title.

    Raises:
        CourseError: there are no pictures, or one is of another shape, or not finite.
    """
    drawable(rows, "there are no pictures")
    figure = make_subplots(len(rows), max(map(len, rows)), **settings)
    for row, pictures in enumerate(rows, start=1):
        for column, picture in enumerate(pictures, start=1):
            heat = go.Heatmap(z=_dots(picture), colorscale="Greys", zmin=0, zmax=255, showscale=False, hoverinfo="skip")
            figure.add_trace(heat, row=row, col=column)
    for place, axis in enumerate(figure.select_yaxes(), start=1):
        axis.update(autorange="reversed", scaleanchor=f"x{place}", constrain="domain")
    return figure.update_xaxes(visible=False, constrain="domain").update_yaxes(visible=False)


def _dots(picture):
    """Return the bytes of a picture."""
    picture = arrays.array("picture", picture)
    picture = picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
    if picture.ndim != 2:
        raise arrays.refused("picture", f"shape {picture.shape}", "(height, width): a picture in shades of grey")
    if picture.dtype == np.uint8:
        return picture
    arrays.numbers("picture", picture)
    return np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8)


def pictures_data(x, y, classes):
    """Find the first picture of each class.

    Args:
        x: pictures, shape (n, height, width).
        y: int labels, or names of `classes`, shape (n,) or (n, 1).
        classes: names of the classes, each with a picture in x.

    Returns:
        A dict from class name to its picture, shape (height, width).

    Raises:
        CourseError: labels that do not fit, or a class without a picture.
    """
    x = arrays.array("x", x)
    y = _places("y", y, classes, len(x))
    missing = [name for label, name in enumerate(classes) if label not in y]
    if missing:
        raise arrays.refused("y", f"no picture of class {missing[0]!r}", "one of each, or fewer classes")
    return {name: x[np.flatnonzero(y == label)[0]] for label, name in enumerate(classes)}


def _places(name, y, classes, n):
    """Return the places in `classes` of n labels: class numbers, or the names themselves."""
    known = arrays.names("classes", classes, len(classes))
    found = arrays.targets(name, arrays.labels(name, y, len(known)), n)
    if found.dtype.kind != "U":
        return found
    odd = np.setdiff1d(found, known)
    if len(odd):
        raise arrays.refused(name, f"the class {str(odd[0])!r:.40}", f"one of {', '.join(known):.80}")
    return np.array([known.index(word) for word in found], int)


def plot_pictures(x, y, classes):
    """Draw one picture, in [0, 1], of each class under its name, in two rows; see `pictures_data`."""
    pictures = [*pictures_data(x, y, classes).values()]
    half = -(-len(pictures) // 2)
    spacing = {"horizontal_spacing": 0.02, "vertical_spacing": 0.12}
    figure = picture_grid([pictures[:half], pictures[half:]], subplot_titles=list(classes), **spacing)
    return layout(figure, "One picture of each class", 400, margin={"l": 0, "r": 0, "b": 0})


def plot_variants(kinds, title):
    """Draw a row of pictures for each thing that was done to them.

    Args:
        kinds: dict from what was done to its pictures, float in [0, 1], shape (n, height, width).
        title: the figure's title.
    """
    figure = picture_grid([*kinds.values()], row_titles=list(kinds), horizontal_spacing=0.01, vertical_spacing=0.03)
    return layout(figure, title, 60 + 110 * len(kinds), margin={"l": 0, "r": 40, "b": 0})


# --- columns


def deviations_data(x, features):
    """Compute the standard deviation of each column, the largest first; columns that never change are left out.

    Args:
        x: float array, shape (n, n_features).
        features: names of the columns.

    Returns:
        A Series of float, indexed by the names.

    Raises:
        CourseError: what is no finite number, no rows, or other names than one for each column.
    """
    x = arrays.numbers("x", x)
    if x.ndim != 2 or not len(x):
        raise arrays.refused("x", f"shape {x.shape}", "(n, n_features)")
    features = arrays.names("features", features, x.shape[1])
    deviations = pd.Series(np.std(x, axis=0), index=features).sort_values(ascending=False, kind="stable")
    return deviations[deviations > 0]


def plot_deviations(x, features):
    """Draw how far the values of each column spread, on a logarithmic axis; see `deviations_data`."""
    deviations = deviations_data(x, features)
    figure = go.Figure()
    figure.add_scatter(
        x=deviations, y=deviations.index, mode="markers", marker={"size": 9, "color": BLUE},
        hovertemplate="%{y}: %{x:.3g}<extra></extra>",
    )
    figure.update_xaxes(type="log", title_text="standard deviation, in the column's own unit", **log_ticks(deviations, most=0))
    figure.update_yaxes(autorange="reversed", dtick=1)
    return layout(figure, "How far each column spreads", 160 + 18 * len(deviations))


# --- what a classifier mistakes for what


def confusion_data(y_true, y_pred, classes):
    """Count how often each class was taken for each other.

    Args:
        y_true: int labels, or names of `classes`, shape (n,).
        y_pred: the same.
        classes: names of the classes, each another one.

    Returns:
        A DataFrame of counts: a row for each true class, a column for each predicted one.

    Raises:
        CourseError: what is no class number below len(classes), or other numbers of labels.
    """
    n = len(y_true)
    pairs = {"y_true": y_true, "y_pred": y_pred}
    places = tuple(_places(name, y, classes, n) for name, y in pairs.items())
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, places, 1)
    return pd.DataFrame(counts, index=classes, columns=classes)


def plot_confusion(y_true, y_pred, classes, unit="pictures"):
    """Draw a confusion matrix, coloured by the share of each true class.

    Args:
        y_true, y_pred, classes: as for `confusion_data`.
        unit: what is counted, a word in the plural.
    """
    counts = confusion_data(y_true, y_pred, classes)
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    heat = go.Heatmap(
        z=shares, x=list(counts.columns), y=list(counts.index), text=counts, texttemplate="%{text}",
        colorscale=FIELD, zmin=0, zmax=1, textfont={"color": "#000000", "size": 12},
        colorbar={"title": "share of<br>the class", "thickness": 14, "tickformat": ".0%"},
        hovertemplate="%{text} " + unit + " of %{y} taken for %{x}<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="predicted class").update_yaxes(title_text="true class", autorange="reversed")
    right = np.diag(counts).sum() / max(1, counts.to_numpy().sum())
    title = f"{right:.1%} of the test {unit} are right: those on the diagonal"
    return layout(figure, title, 540, margin={"l": 100, "r": 30, "b": 90})
