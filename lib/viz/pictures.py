"""Pictures of a data set, and what a classifier mistakes for what."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from lib.viz.look import layout

# --- pictures of a data set


def pictures_data(x, y, classes):
    """Find the first picture of each class.

    Args:
        x: float32 pictures in [0, 1], shape (n, height, width).
        y: int labels, shape (n,).
        classes: names of the classes, each with a picture in x.

    Returns:
        A dict from class name to its picture, uint8 in [0, 255], shape (height, width).
    """
    firsts = {name: x[np.flatnonzero(y == label)[0]] for label, name in enumerate(classes)}
    return {name: np.round(picture * 255).astype(np.uint8) for name, picture in firsts.items()}


def plot_pictures(x, y, classes):
    """Draw one picture of each class under its name, in two rows; see `pictures_data`."""
    pictures = pictures_data(x, y, classes)
    figure = two_rows(pictures.values(), list(pictures), horizontal_spacing=0.02, vertical_spacing=0.12)
    return layout(figure, "One picture of each class", 400, margin={"l": 0, "r": 0, "t": 80, "b": 0})


def two_rows(pictures, texts, **spacing):
    """Draw pictures in two rows, each under its text.

    Args:
        pictures: uint8 in [0, 255], each of shape (height, width).
        texts: as many str.
        **spacing: of `plotly.subplots.make_subplots`.

    Returns:
        A `plotly.graph_objects.Figure`, still without a title.
    """
    columns = -(-len(texts) // 2)
    figure = make_subplots(2, columns, subplot_titles=texts, **spacing)
    for place, picture in enumerate(pictures):
        heat = go.Heatmap(z=picture, colorscale="Greys", showscale=False, hoverinfo="skip")
        figure.add_trace(heat, row=place // columns + 1, col=place % columns + 1)
    for place, axis in enumerate(figure.select_yaxes()):
        axis.update(autorange="reversed", scaleanchor=f"x{place + 1}", constrain="domain")
    return figure.update_xaxes(visible=False, constrain="domain").update_yaxes(visible=False)


# --- what a classifier mistakes for what


def confusion_data(y_true, y_pred, classes):
    """Count how often each class was taken for each other.

    Args:
        y_true: int labels, shape (n,).
        y_pred: int labels, shape (n,).
        classes: names of the classes.

    Returns:
        A DataFrame of counts: a row for each true class, a column for each predicted one.
    """
    counts = np.zeros((len(classes), len(classes)), int)
    np.add.at(counts, (np.asarray(y_true), np.asarray(y_pred)), 1)
    return pd.DataFrame(counts, index=classes, columns=classes)


def plot_confusion(counts, unit="pictures"):
    """Draw a confusion matrix of counted `unit`, coloured by the share of each true class; see `confusion_data`."""
    shares = counts.div(counts.sum(axis=1).clip(lower=1), axis=0)
    heat = go.Heatmap(
        z=shares, x=list(counts.columns), y=list(counts.index), text=counts, texttemplate="%{text}",
        colorscale="Blues", zmin=0, zmax=1, colorbar={"title": "share of<br>the class", "thickness": 14, "tickformat": ".0%"},
        hovertemplate="%{text} " + unit + " of %{y} taken for %{x}<extra></extra>",
    )
    figure = go.Figure(heat)
    figure.update_xaxes(title_text="predicted class").update_yaxes(title_text="true class", autorange="reversed")
    return layout(
        figure, f"Confusion matrix of the test set, in {unit}", 540, margin={"l": 100, "r": 30, "t": 60, "b": 90}
    )
