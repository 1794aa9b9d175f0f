"""Number formats, what they do to gradients, what a step costs in each."""

import numpy as np
import pandas as pd
from plotly.subplots import make_subplots

from lib import arrays
from lib.viz.look import BLUE, GREY, ORANGE, PURPLE, VERMILION, drawable, layout, name_once, style

# --- number formats, and what they do to gradients


FORMATS = {"float32": (8, 23), "bfloat16": (8, 7), "float16": (5, 10), "float8_e5m2": (5, 2), "float8_e4m3fn": (4, 3)}


def bits_data(number, formats=tuple(FORMATS)):
    """Take a number apart as each format stores it.

    Args:
        number: a float.
        formats: names from `FORMATS`, which says how many exponent and mantissa bits each has.

    Returns:
        A DataFrame, one row a format: format, sign, exponent, mantissa (str of 0 and 1), stored (float),
        error (relative, float; nan for a number that is 0, infinite or no number).

    Raises:
        CourseError: what is no number, or an unknown format.
    """
    import ml_dtypes  # numpy's own formats end with float16

    number = float(arrays.numbers("number", number, (), finite=False))
    rows = []
    for name in formats:
        if name not in FORMATS:
            raise arrays.refused("formats", repr(name), f"some of {', '.join(FORMATS)}")
        exponent_bits, mantissa_bits = FORMATS[name]
        width = 1 + exponent_bits + mantissa_bits
        with np.errstate(over="ignore"):
            stored = np.array(number).astype(getattr(ml_dtypes, name, None) or name)
        bits = f"{int(stored.view(f'uint{width}')):0{width}b}"
        error = abs(float(stored) - number) / abs(number) if number and np.isfinite(number) else np.nan
        cut = 1 + exponent_bits
        rows.append((name, bits[0], bits[1:cut], bits[cut:], float(stored), error))
    return pd.DataFrame(rows, columns=["format", "sign", "exponent", "mantissa", "stored", "error"])


FLOAT16 = {"smallest": 2.0**-24, "smallest normal": 2.0**-14, "largest": 65504.0}
FATES = {"lost: becomes 0": VERMILION, "coarse: subnormal": ORANGE, "kept": BLUE, "too large: becomes infinite": PURPLE}


def gradients_data(gradients, scale=1.0):
    """Sort gradients by size, and say what float16 makes of each once it is multiplied by a loss scale.

    Args:
        gradients: float array of any shape; zeros are left out, since there is nothing to lose.
        scale: the loss scale.

    Returns:
        A DataFrame: exponent (int, of two: the floor of log2 of the scaled size), fate (a key of `FATES`) and
        share (of all gradients that are not zero).

    Raises:
        CourseError: a gradient or a scale that is no finite number.
    """
    sizes = np.abs(arrays.numbers("gradients", gradients).ravel())
    sizes = sizes[sizes > 0] * arrays.number("scale", scale, above=0)
    lost = sizes <= FLOAT16["smallest"] / 2  # a tie rounds to the even neighbour, which is 0
    conditions = [lost, sizes < FLOAT16["smallest normal"], sizes < FLOAT16["largest"] + 16]
    fate = np.select(conditions, list(FATES)[:3], list(FATES)[3])
    table = pd.DataFrame({"exponent": np.floor(np.log2(sizes)).astype(int), "fate": fate})
    return (table.value_counts() / max(len(table), 1)).rename("share").reset_index().sort_values(["exponent", "fate"])


# --- what a step costs under each policy


def costs_data(table):
    """Express the spread of the measurements of each step as times of the first policy's median.

    Args:
        table: DataFrame with block, size, step, policy, ms, low, high and times_faster (see `lib.precision.compare`).

    Returns:
        The table with two more columns, slowest and fastest: times_faster at the measurements `high` and `low`.
    """
    first = table.times_faster * table.ms
    return table.assign(slowest=first / table.high, fastest=first / table.low)


def plot_costs(table, title):
    """Draw how many times faster each policy is than the first one, for each block and size; see `costs_data`."""
    drawable(table, "nothing was measured")
    table = costs_data(table)
    steps = list(table.step.unique())
    figure = make_subplots(1, len(steps), shared_yaxes=True, subplot_titles=steps, horizontal_spacing=0.04)
    for column, step in enumerate(steps, start=1):
        for number, (policy, part) in enumerate(table[table.step == step].groupby("policy", sort=False)):
            spread = {
                "array": part.fastest - part.times_faster, "arrayminus": part.times_faster - part.slowest,
                "color": GREY, "thickness": 1.5, "width": 4,
            }
            figure.add_bar(
                y=part.block + " " + part["size"].astype(str), x=part.times_faster, name=policy, orientation="h",
                marker_color=style(number)[0], customdata=part.ms, error_x=spread,
                hovertemplate="%{customdata:.2f} ms, %{x:.2f} times as fast<extra>" + policy + "</extra>",
                row=1, col=column,
            )
    figure.add_vline(x=1, line={"color": GREY, "dash": "dot"})
    figure.update_xaxes(title_text="times as fast", rangemode="tozero")
    figure.update_yaxes(autorange="reversed")
    return layout(name_once(figure), title, 200 + 28 * len(table) // len(steps), legend_traceorder="normal")
