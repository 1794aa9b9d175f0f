"""Parallel coordinates: every trial a line across its hyperparameters to its score; brushed, and read back into Python."""

import base64
import itertools
import os
import zlib

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from lib.columns import OUTCOME, check_trials, is_gap, texts
from lib.errors import CourseError, did_you_mean
from lib.table import to_number
from lib.viz.look import ENDS, GOOD, GREY, NARROW, SYNONYMS, ending, layout

APART = ("failed", "pruned")  # in colours below those of the scores; other trials without a score look like the worst
BAND = 0.08  # of the colour bar, for each end that has no score to compare
NONE = "(none)"
SLANT = 18  # degrees, of names that would not fit side by side
LETTER = 7.4  # pixels that a letter of them needs
GAP = 0.12  # of an axis, between its outermost value and a place that lies apart
LARGEST = float(np.finfo("float32").max)  # that a picture can draw; a loss beyond has diverged

# --- from a table to axes


def parallel_data(frame, objective="score", every=False, scales=None, order=None, brush=None):
    """Turn a trials frame into the axes of a parallel-coordinates picture, the objective last.

    Columns without two different values are left out. Learning rates and other positive columns that span a factor of
    100 get a logarithmic axis; what is no number one tick for each value, told in words. Where a trial has no value,
    because another hyperparameter switched this one off, it has a place of its own below the others, called "(none)";
    what is infinite, or too large for single precision, has one too, called "inf" or "-inf".

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        objective: str, what the axis of the score is called.
        every: bool, whether trials without a score are kept: at "(none)" on the score's axis, with an axis for the status.
        scales: dict from a column to "log" or "linear", where the rule for logarithms is not what you want.
        order: names of columns from left to right; those not named are left out. None for the frame's own order.
        brush: see `plot_parallel`; a column that it names has an axis also without two different values.

    Returns:
        A list of dict with column, label, values (float array, one a line), ticks (positions), names (str), kind
        ("log", "number" or "names"), apart (names of the ticks that lie apart) and real (bool array, one a line: False
        where it lies at one of these).

    Raises:
        CourseError: there is nothing to draw: no trial, none with a score, or no column with two different values; or
            an order or a scale for a column that has no axis.
    """
    lines = drawn_lines(frame, every)
    scales = scales or {}
    brush = brush or {}
    wanted = [c for c in lines if c not in ("trial", *OUTCOME)] if order is None else list(order)
    _check_names("order", wanted, list(lines))
    columns = {c: _read(lines[c]) for c in wanted}
    if order is None:
        wanted = [c for c, (missing, known) in columns.items() if len(set(known)) + missing.any() > 1 or c in brush]
    if (every and lines["status"].nunique() > 1) or ("status" in brush and "status" in lines and order is None):
        wanted.append("status")
        columns["status"] = _read(lines["status"])
    if not wanted and order is None:
        raise CourseError("There is nothing to compare: in the trials that would be drawn no hyperparameter has two values.")
    _check_names("scales", scales, [*wanted, "score"])
    axes = [_axis(c, *columns[c], scales.get(c)) for c in wanted]
    score = _axis("score", *_read(lines["score"]), scales.get("score"))
    return [*axes, score | {"label": score["label"].replace("score", objective, 1)}]


def _check_names(argument, names, known):
    for name in names:
        if name not in known:
            hint = did_you_mean(str(name), list(map(str, known)), repr) or f" There are: {', '.join(map(str, known))}."
            raise CourseError(f"{argument}: {name!r} has no axis in this picture.{hint}")


def drawn_lines(frame, every=False):
    """Return the trials that have a line: those with a score, or every one."""
    check_trials(frame, ("score", "status") if every else ("score",))
    lines = frame if every else frame[frame["score"].notna()]
    if not len(lines):
        raise CourseError(f"There is nothing to draw: none of the {len(frame)} trials has a score. every=True draws them all.")
    return lines


def _read(column):
    """Return which lines have no value (bool array), and the values of the others: floats if all are numbers, else words."""
    missing = column.isna().to_numpy(bool)
    known = column[~missing]
    numbers = known.to_numpy(float) if known.dtype.kind in "iuf" else _numbers(known.to_numpy(object))
    return missing, np.array(texts(known), object) if numbers is None else numbers


def _numbers(known):
    """Return numbers of several types as floats; None if not all are numbers, or two would become one, as 1 and 1.0."""
    if not all(isinstance(v, int | float | np.integer | np.floating) and not isinstance(v, bool) for v in known):
        return None
    try:
        numbers = known.astype(float)
    except OverflowError:
        return None
    return numbers if len(set(numbers)) == len(set(texts(known))) else None


def _axis(column, missing, known, scale):
    """Place the lines along an axis; what has no value, or an infinite one, beyond the ends of the others."""
    if scale not in (None, "log", "linear"):
        raise CourseError(f"scales: {column} is {scale!r}; it can be 'log' or 'linear'.")
    side = np.zeros(len(missing))
    if known.dtype == object:
        if scale:
            raise CourseError(f"scales: {column} holds names, and only numbers have a scale.")
        axis = _names(known)
    else:
        beyond = np.where(np.abs(known) > LARGEST, np.sign(known), 0)
        side[~missing] = beyond
        axis = _ruler_of(column, known[beyond == 0], scale)
    real = ~missing & (side == 0)
    places = np.empty(len(missing))
    places[real] = axis["values"]
    label = f"{column} (log)" if axis["kind"] == "log" else column
    axis = {"column": column, "label": label, **axis, "values": places, "real": real, "apart": []}
    for name, lines, way in (("inf", side > 0, 1), ("-inf", side < 0, -1), (NONE, missing, -1)):
        if lines.any():
            _set_apart(axis, name, lines, way)
    return axis


def _set_apart(axis, name, lines, way):
    """Give some lines a tick and a place of their own, above (way 1) or below (-1) everything else on their axis."""
    while name in axis["names"]:  # a category may be called so
        name = f"({name})"
    taken = [*axis["ticks"], *axis["values"][axis["real"]]] or [0.0, 1.0]
    span = 0.0 if axis["kind"] == "names" else np.ptp(taken)
    place = (max(taken) if way > 0 else min(taken)) + way * (GAP * span or 1.0)
    axis["values"][lines] = place
    axis["apart"].append(name)
    first = 0 if way < 0 else len(axis["ticks"])
    axis["ticks"].insert(first, place)
    axis["names"].insert(first, name)


def _names(words):
    names = sorted(set(words), key=_in_order)
    place = {name: number for number, name in enumerate(names)}
    return {
        "values": np.array([place[word] for word in words], float),
        "ticks": list(range(len(names))),
        "names": names,
        "kind": "names",
    }


def _in_order(word):
    """Return what names are sorted by: numbers first, and as numbers."""
    number = to_number(word, ".")
    return number is None, number or 0.0, word


def _ruler_of(column, values, scale):
    low, high = (values.min(), values.max()) if len(values) else (0.0, 0.0)
    if scale == "log" and low <= 0 and len(values):
        raise CourseError(f"scales: {column} has values such as {low:g}, and a logarithmic axis begins above 0.")
    if low > 0 and scale != "linear" and (scale == "log" or high >= 100 * low):
        powers = np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        ticks = powers[:: -(-len(powers) // 20)]
        names = [f"{10**t:g}" for t in ticks]
        return {"values": np.log10(values), "ticks": ticks.tolist(), "names": names, "kind": "log"}
    unique = np.unique(values)
    few = len(unique) <= 5 and column != "score" and np.diff(unique).min(initial=np.inf) >= (high - low) / 20
    ticks = unique if few else _round_ticks(low, high)
    names = [f"{t:.4g}" for t in ticks]
    if len(set(names)) < len(names):
        names = [repr(float(t)) for t in ticks]
    return {"values": values, "ticks": ticks.tolist(), "names": names, "kind": "number"}


def _round_ticks(low, high):
    """Return three to six round numbers between two ends; if these are equal, or as good as, only them."""
    third = (high - low) / 3
    if third <= 1e-12 * max(abs(low), abs(high)) or third < 1e-300:
        return np.unique([low, high])
    power = 10.0 ** np.floor(np.log10(third))
    step = power * max(digit for digit in (1, 2, 2.5, 5) if digit * power <= third)
    return np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1) * step + 0.0  # no minus zero


# --- from axes to a picture


def plot_parallel(frame, title, objective="score", every=False, scales=None, order=None, brush=None, ranks=False):
    """Draw every scored trial as a line across its hyperparameters to its score; see `parallel_data`.

    The better a trial, the stronger its line, and the higher it lies above the others.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        title: the figure's title.
        objective, every, scales, order: see `parallel_data`; with `every`, failed and pruned trials have their own colours.
        brush: dict from a column to what stays selected on its axis, in the column's own values: for numbers a pair
            (low, high) or a list of such pairs, or of single numbers, but two of them are a range; else a list of
            values; and "(none)", "inf" and "-inf" by name.
        ranks: bool, whether colours follow the rank of a trial instead of its score; for many trials, or for a few
            scores that lie far out.
    """
    axes = parallel_data(frame, objective, every, scales, order, brush)
    ranges = brushed(axes, brush)
    dimensions = [_dimension(axis, ranges.get(axis["column"])) for axis in axes]
    quiet = {"color": GREY, "size": 12}
    rows = np.arange(len(frame)) if every else np.flatnonzero(frame["score"].notna())
    faint = {"line": {"color": GREY, "opacity": float(np.clip(60 / max(1, len(rows)), 0.02, 0.3))}}
    line = line_colours(frame, axes[-1], every, ranks)
    labels = [axis["label"] for axis in axes]
    aslant = too_wide(labels, np.full(len(labels) - 1, NARROW / max(1, len(labels) - 1)))
    lines = go.Parcoords(
        dimensions=dimensions, line=line, unselected=faint, labelfont=quiet, labelangle=-SLANT if aslant else 0,
        tickfont=quiet, rangefont={"color": "rgba(0,0,0,0)"}, customdata=stored(rows), meta=_mark(frame),
    )
    rise = LETTER * max(map(len, labels)) * np.sin(np.radians(SLANT)) if aslant else 0
    # Plotly gives the tick labels a halo, white unless the paper has a colour: on a dark page that hides them.
    margin = {"l": 70, "r": 30, "t": 100 + rise, "b": 30}
    said = extremes(frame, axes, line["color"])
    return layout(go.Figure(lines), title, 400, said, margin=margin, paper_bgcolor="#ffffff")


def too_wide(labels, gaps):
    """Say whether the names of two neighbouring axes would meet, which stand so many pixels apart on a phone."""
    pairs = zip(itertools.pairwise(labels), gaps, strict=True)
    return any(LETTER * (len(one) + len(other)) / 2 > gap for (one, other), gap in pairs)


def extremes(frame, axes, colours):
    """Say in words where the best line goes and where the worst, of those that `line_colours` has coloured; a list of str.

    A frame that does not say which way is better, as that of a sweep, has a highest and a lowest.
    """
    named = ("best", "worst") if "direction" in frame else ("highest", "lowest")
    said = [f"{len(colours)} lines."]
    scored = np.where(axes[-1]["real"], colours, np.inf)  # what has failed is no worst
    worst = np.argmin(scored if axes[-1]["real"].any() else colours)
    for name, line in zip(named, (np.argmax(colours), worst), strict=True):
        where = [f"{axis['label'].removesuffix(' (log)')} {_told(axis, line)}" for axis in reversed(axes)]
        said.append(f"The {name}: {', '.join(where)}.")
    return said


def _told(axis, line):
    """Say in words where a line meets an axis."""
    place = axis["values"][line]
    if axis["kind"] == "names" or not axis["real"][line]:
        return axis["names"][int(np.argmin(np.abs(np.asarray(axis["ticks"]) - place)))]
    return f"{10**place if axis['kind'] == 'log' else place:.4g}"


def _dimension(axis, ranges):
    """Return one axis as plotly takes it: single precision is enough for a picture, and half the bytes."""
    dimension = {"label": axis["label"], "values": stored(axis["values"])}
    if ranges is not None:
        dimension["constraintrange"] = ranges[0] if len(ranges) == 1 else ranges
    if axis["kind"] != "number" or axis["apart"] or np.isin(axis["values"], axis["ticks"]).all():
        ticks, names = _ruler(axis, [end for pair in ranges or [] for end in pair])
        dimension |= {"tickvals": ticks, "ticktext": names}
    return dimension  # without ticks of its own, plotly finds round ones, and a brush ends wherever it is let go


def stored(values):
    """Return positions in few bytes, unless that would show: for numbers that are long and close together."""
    if np.abs(values).max(initial=0) < 2**15 and np.all(values.astype("int16") == values):  # as of names
        return values.astype("int16")
    short = values.astype("float32")
    return short if np.abs(short - values).max(initial=0) <= 1e-3 * np.ptp(values) or np.all(short == values) else values


def _ruler(axis, brushed):
    """Add nameless marks between ticks: plotly lets a brush end near ticks only, and would round it to whole powers."""
    named = [*zip(axis["ticks"], axis["names"], strict=True)]
    values = np.unique(axis["values"])
    if np.isin(values, axis["ticks"]).all():  # a brush shall hold on to them
        return zip(*[(t, name) for t, name in named if values[0] <= t <= values[-1]], strict=True)
    own = [t for t, name in named if name not in axis["apart"]]
    tenths = np.log10(np.arange(2, 10)) if axis["kind"] == "log" else np.arange(1, 10) / 10
    marks = [low + share * (high - low) for low, high in itertools.pairwise(own) for share in tenths]
    # Two marks close together where a brush ends hold it there.
    marks += [end + step * np.ptp(values) for end in brushed for step in (-1e-5, 0, 1e-5)]
    marks = np.setdiff1d([*marks, values[0], values[-1]], axis["ticks"]).tolist()
    # Plotly takes two marks of one name for one: so each gets another number of blanks, which nobody sees.
    every = [*named, *((mark, " " * n) for n, mark in enumerate(marks, start=1))]
    inside = [(t, name) for t, name in every if values[0] <= t <= values[-1]]  # others would stick out of the axis
    if axis["kind"] == "log" and sum(bool(name.strip()) for _, name in inside) <= 2:
        digits = {f"{10 ** (power + np.log10(digit)):g}" for power in own for digit in (2, 5)}
        inside = [(t, word if (word := f"{10**t:g}") in digits and not name.strip() else name) for t, name in inside]
    return zip(*inside, strict=True)


# --- what a brush holds


def brushed(axes, brush):
    """Turn what is brushed, in the columns' own values, into ranges of positions along the axes.

    Args:
        axes: list of dict, as `parallel_data` returns it.
        brush: see `plot_parallel`; or None.

    Returns:
        A dict from each column that is brushed to a list of pairs [low, high].

    Raises:
        CourseError: a column that has no axis, or what is neither a range nor a name on it.
    """
    brush = brush or {}
    known = {axis["column"]: axis for axis in axes}
    _check_names("brush", brush, known)
    return {column: axis_ranges(known[column], parts) for column, parts in brush.items()}


def axis_ranges(axis, parts):
    """Turn ranges or names, in the column's own values, into ranges of positions along its axis."""
    parts = list(parts) if isinstance(parts, tuple | list) else [parts]
    if not parts:
        raise CourseError(f"brush: nothing is named for {axis['column']}; it has {', '.join(axis['names'])}.")
    if axis["kind"] == "names":
        parts = [parts] if _word(axis, parts) in axis["names"] else parts  # a list may be one value
        return [_named_range(axis, part) for part in parts]
    if len(parts) == 2 and all(map(_is_number, parts)):  # a range, also as plotly's own constraintrange writes it
        parts = [parts]
    return [_named_range(axis, part) if part in axis["apart"] else _number_range(axis, part) for part in parts]


def _is_number(value):
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)


def _word(axis, value):
    exact = repr(value)  # so a text is told where a number has the same word
    return exact if exact in axis["names"] else texts([value])[0]


def _named_range(axis, part):
    known = dict(zip(axis["names"], axis["ticks"], strict=True))
    word = _word(axis, part)
    if word not in known and axis["column"] == "status" and word.lower() in {**ENDS, **SYNONYMS}:
        return [len(known) - 0.4, len(known) - 0.3]  # where no line is: no trial ended so
    if word not in known:
        raise CourseError(f"brush: {axis['column']} has no {part!r}; it has {', '.join(known)}.")
    place = known[word]
    near = 0.25 * min((abs(other - place) for other in axis["ticks"] if other != place), default=1)
    return [place - near, place + near]


def _number_range(axis, part):
    """Return positions of a pair (low, high) or of one value; what lies apart is only in a range that ends there."""
    if isinstance(part, str) and (number := to_number(part, ".")) is not None:
        part = number
    pair = [part, part] if _is_number(part) else part
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(map(_is_number, pair)) or not pair[0] <= pair[1]:
        raise CourseError(f"brush: {axis['column']} is {part!r}; give a pair (low, high), or {' or '.join(axis['names'])}.")
    ends = np.asarray([_position(axis, end) for end in pair], np.result_type(stored(axis["values"]), "float32"))
    # One step further, since the values on the axis may have been rounded to single precision.
    return np.nextafter(ends, ends.dtype.type([-np.inf, np.inf])).tolist()


def _position(axis, value):
    """Return where a number lies; beyond all others it is halfway to what lies apart, so as not to reach there."""
    places = dict(zip(axis["names"], axis["ticks"], strict=True))
    if np.isinf(value) and f"{value:g}" in axis["apart"]:
        return places[f"{value:g}"]
    above = [places[name] for name in axis["apart"] if name == "inf"]
    below = [places[name] for name in axis["apart"] if name != "inf"]
    if axis["real"].any():
        low, high = np.quantile(axis["values"][axis["real"]], [0, 1])
    else:
        low = high = (max(below, default=min(above, default=0) - 2) + min(above, default=max(below, default=0) + 2)) / 2
    far = high - low or abs(low) or 1.0
    floor = (low + max(below, default=low - far)) / 2
    ceiling = (high + min(above, default=high + far)) / 2
    if axis["kind"] == "log":
        value = np.log10(value) if value > 0 else -np.inf
    return min(max(value, floor), ceiling)


def line_colours(frame, score, every=False, ranks=False):
    """Colour lines by how good they are: plotly draws one with a higher number above the others, so the best has 1.

    Args:
        frame: DataFrame of `lib.trials.trials_frame`.
        score: the last axis that `parallel_data` made of it.
        every, ranks: see `plot_parallel`.

    Returns:
        Plotly's settings of a line, a dict: color (float32 array in [0, 1], one a line), its scale and its bar.
    """
    lines = drawn_lines(frame, every)
    ends = np.array([ending(status)[0] for status in lines["status"]] if every else [""] * len(lines))
    bands = [end for end in APART if end in ends]
    first = BAND * len(bands)
    good, marks = _goodness(lines, score, ~np.isin(ends, bands), ranks)
    colours = first + (1 - first) * (np.maximum(good, 0.01) if bands else good)  # the worst is not on a band's border
    for place, end in enumerate(bands):
        colours[ends == end] = BAND * (place + 0.5)
    bar = _colour_bar(bands, marks, score["label"])
    return {"color": colours.astype("float32"), "cmin": 0, "cmax": 1, "showscale": True, **bar}


def _colour_bar(bands, marks, title):
    """Return plotly's scale and its bar: a band of one colour for each end that has no score to compare, then the scores."""
    first = BAND * len(bands)
    scale = [[BAND * place + far, ENDS[end]] for place, end in enumerate(bands) for far in (0, BAND - 1e-6)]
    scale += [[first + (1 - first) * at, colour] for at, colour in GOOD]
    ticks = {end: BAND * (place + 0.5) for place, end in enumerate(bands)}
    ticks |= {name: first + (1 - first) * at for name, at in marks.items()}
    bar = {"title": title, "thickness": 14, "tickvals": [*ticks.values()], "ticktext": [*ticks]}
    return {"colorscale": scale, "colorbar": bar}


def _goodness(lines, score, compared, ranks):
    """Return how good each line is, from 0 to 1 (the best), and where on that scale some of the scores lie, a dict."""
    compared = compared & lines["score"].notna().to_numpy()
    values = sign(lines) * score["values"]
    good = np.zeros(len(values))
    if ranks:
        good[compared] = pd.Series(values[compared]).rank(pct=True)
        return good, {"worst": 0.0, "median": 0.5, "best": 1.0}
    real = values[compared & score["real"]]
    low = min(real, default=0.0)
    span = max(real, default=0.0) - low or 1.0
    good[compared] = np.clip((values[compared] - low) / span, 0, 1)  # an infinite score is as bad, or good, as can be
    named = zip(score["names"], score["ticks"], strict=True)
    marks = {name: (sign(lines) * tick - low) / span for name, tick in named if name not in score["apart"]}
    return good, {name: at for name, at in marks.items() if -1e-9 <= at <= 1 + 1e-9}


def sign(frame):
    """Return -1 where the lowest score of a trials frame is the best, else 1; refuse a frame of both directions."""
    told = frame["direction"].unique() if "direction" in frame else []
    ways = {way(direction) for direction in told if not is_gap(direction) and direction != ""}
    if len(ways) > 1:
        raise CourseError("direction: some of these trials have 'max' and some 'min'; draw those of one direction at a time.")
    return ways.pop() if ways else 1


def way(direction):
    """Return 1 for "max", where greater is better, and -1 for "min"; refuse anything else."""
    if direction not in ("max", "min"):
        raise CourseError(f"direction is {direction!r}; it can be 'max' or 'min'.")
    return 1 if direction == "max" else -1


# --- brushing, and reading it back


def brushable(figure):
    """Return the figure as a living widget, where one can live: what is brushed in it comes back to Python.

    That is in JupyterLab, whose server names the notebook to the kernel that it starts. Elsewhere, in a page, in a run
    by papermill or by a test, nobody answers a widget, and the figure is returned as it is.

    Args:
        figure: `plotly.graph_objects.Figure`.

    Returns:
        A `plotly.graph_objects.FigureWidget`, or the figure.
    """
    return go.FigureWidget(figure) if os.environ.get("JPY_SESSION_NAME") else figure


def selected(figure, frame):
    """Return the rows of a frame whose lines pass through everything that is brushed in its picture.

    A line passes an axis with nothing brushed, or if it is in one of the ranges there. The comparison is made on the
    axes' own positions, so logarithms and names need no care.

    Args:
        figure: of `plot_parallel` or `plotly.express.parallel_coordinates`, or what `brushable` made of it; one that
            `plotly.io.read_json` has read will do.
        frame: the DataFrame that it was made from.

    Returns:
        A DataFrame: these rows, with all their columns, in the frame's order.

    Raises:
        CourseError: the figure was made from another frame.
    """
    trace = figure.data[0]
    n = len(_read_back(trace.dimensions[0].values))
    rows = np.arange(n) if trace.customdata is None else _read_back(trace.customdata).astype(int)
    fits = len(rows) == n and (not n or rows.max() < len(frame)) and (trace.customdata is not None or n == len(frame))
    if not fits:
        raise CourseError(
            f"The picture has {n} lines, and the frame {len(frame)} rows: give the frame that it was made from."
        )
    known = trace.meta == _mark(frame) if trace.meta is not None else _agrees(trace, frame)
    if not known:
        raise CourseError("The picture was made from other rows than these: give the frame that it was made from.")
    kept = np.full(n, True)
    for dimension in trace.dimensions:
        ranges = dimension.constraintrange
        kept &= passes(_read_back(dimension.values).astype(float), [] if ranges is None else ranges)
    return frame.iloc[rows[kept]]


def _read_back(values):
    """Return an array of a figure; of one that was read from JSON too, where plotly leaves it as it was written there."""
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.asarray(values)


def _agrees(trace, frame):
    """Say whether the axes that are called like columns of a frame have their numbers."""
    axes = {axis.label: _read_back(axis.values) for axis in trace.dimensions if axis.label in frame}
    return all(np.array_equal(values, frame[label]) for label, values in axes.items() if frame[label].dtype.kind in "iuf")


def _mark(frame):
    """Return a short text that other trials, or the same in another order, do not have."""
    columns = [frame[name] for name in ("trial", "score", "status") if name in frame]
    words = "\n".join(" ".join(map(str, column)) for column in columns)
    return f"{zlib.crc32(words.encode()):08x}"


def passes(values, ranges):
    """Say which values lie in one of the ranges, ends included; all of them, if there are no ranges."""
    if not len(ranges):
        return np.full(len(values), True)
    ranges = np.atleast_2d(np.asarray(ranges, float))
    return ((ranges[:, :1] <= values) & (values <= ranges[:, 1:])).any(axis=0)
