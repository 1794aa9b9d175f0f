"""What can be seen in a figure, in sentences: which line rises, which leads from where to where, what is highest and lowest.

Each sentence has a colon and a number behind it. What is computed here is what the figure draws, so two figures of the same
numbers say the same.
"""

import re

import numpy as np

NAMED_AT_MOST = 8  # series that are told one by one
LEVEL = 0.04  # of what a panel spans: a line that keeps within this stays where it is
OURS = ("The ", "At ", "By ", "All ")  # how sentences begin that begin with no name
TURN = 0.15  # of what a line spans itself: by less than this it does not turn


def said_of(figure):
    """Return the sentences on a figure, a list of str."""
    said = []
    for panel in _panels(figure):
        for find in (lines_said, points_said, bars_said, boxes_said):
            said += [f"{panel.name}, {line[0].lower()}{line[1:]}" if panel.name and line.startswith(OURS) else
                     f"{panel.name}, {line}" if panel.name else line for line in find(panel)]
    said += maps_said(figure)
    said += [line for trace in figure.data if trace.type == "parcoords" for line in parallel_said(trace)]
    said += [categories_said(trace) for trace in figure.data if trace.type == "parcats"]
    return said + marks_said(figure)


# --- numbers and names


def number(value):
    """Write a number as one says it: four digits of it."""
    return f"{value:,.4g}" if 1e-4 <= abs(value) < 1e6 or not value else f"{value:.3g}"


def numbers(values):
    """Return values as a float array, shape (n,), not a number where there is none; names and dates are no values at all."""
    try:
        return np.asarray([] if values is None else values, float).ravel()
    except (TypeError, ValueError):
        return np.empty(0)


def name_of(trace):
    """Return the name of a trace, without tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", trace.name or "").split())


def listed(values):
    """Write down the least and the greatest of some numbers; one number where they are one."""
    low, high = number(np.min(values)), number(np.max(values))
    return low if low == high else f"{low} to {high}"


def reaches(trace):
    """Say whether a trace is nothing but bars beside the points of a line: they say how far its runs reach."""
    beside = trace.type == "scatter" and trace.mode == "markers" and trace.showlegend is False
    return beside and trace.error_y.arrayminus is not None


class Panel:
    """The traces that share two axes, with the title above them; empty where there is one panel alone."""

    def __init__(self, figure, axes, traces):
        self.traces = traces
        self.across = figure.layout[_long(axes[0])]
        self.upwards = figure.layout[_long(axes[1])]
        self.stacked = figure.layout.barmode == "stack"
        self.name = ""

    def named_by(self, figure):
        """Take the title that stands above the panel, if there is one."""
        domain = self.across.domain or (0, 1)
        top = (self.upwards.domain or (0, 1))[1]
        for note in figure.layout.annotations:
            over = note.yref == "paper" and note.yanchor == "bottom" and note.text
            if over and abs(note.x - sum(domain) / 2) < 0.01 and abs(note.y - top) < 0.01:
                self.name = " ".join(re.sub(r"<[^>]+>", " ", note.text).split())
        return self


def _long(short):
    return short[0] + "axis" + short[1:]


def _panels(figure):
    """Return the panels of a figure that have lines, points, bars or boxes."""
    groups = {}
    for trace in figure.data:
        if trace.type in ("scatter", "scattergl", "bar", "box"):
            groups.setdefault((trace.xaxis or "x", trace.yaxis or "y"), []).append(trace)
    panels = [Panel(figure, axes, traces) for axes, traces in groups.items()]
    return [panel.named_by(figure) for panel in panels] if len(panels) > 1 else panels


# --- lines


def curves(panel):
    """Return the lines of a panel that say something, a dict from name to (x, y): no bands, and none that is skipped."""
    found = {}
    for trace in _line_traces(panel):
        x, y = numbers(trace.x), numbers(trace.y)
        if len(x) != len(y) and len(y):
            x = np.arange(len(y), dtype=float)
        seen = np.isfinite(x) & np.isfinite(y) if len(y) else np.empty(0, bool)
        if seen.sum() > 1 and np.ptp(x[seen]) > 0 and np.isfinite(x).all():
            order = np.argsort(x[seen], kind="stable")
            found.setdefault(name_of(trace), []).append((x[seen][order], y[seen][order]))
    return {name: many[0] for name, many in found.items() if len(many) == 1} if len(found) > 1 else _several(found)


def _line_traces(panel):
    return [trace for trace in panel.traces if trace.type in ("scatter", "scattergl") and "lines" in (trace.mode or "lines")
            and trace.fill != "toself"]


def _several(found):
    """Return the lines of one name, or of none, each under a number of its own."""
    many = [(name, line) for name, lines in found.items() for line in lines]
    return {f"{name or 'line'} {place}".strip() if len(many) > 1 else name or "The line": line
            for place, (name, line) in enumerate(many, 1)}


def lines_said(panel):
    """Say how each line goes, which is the highest at the end, and which was before."""
    lines = curves(panel)
    if not lines:
        return _bundles(panel)
    lines = {name: (x, at(panel.upwards, y)) for name, (x, y) in lines.items()}
    powers = panel.upwards.type == "log" or (panel.upwards.title.text or "").endswith("(log)")
    scale = np.log10 if powers else np.asarray
    span = np.ptp(scale(np.concatenate([y for _, y in lines.values()])))
    said = [f"{name}: {course(at(panel.across, x), y, span, scale)}." for name, (x, y) in list(lines.items())[:NAMED_AT_MOST]]
    if len(lines) > NAMED_AT_MOST:
        ends = {name: y[-1] for name, (_, y) in lines.items()}
        said = [f"{len(lines)} lines: they end at {listed(list(ends.values()))}, {_ends(ends)}."]
    lines = {name: (at(panel.across, x), y) for name, (x, y) in lines.items()}
    return said + (_leaders(lines) if len(lines) > 1 else []) + _bundles(panel)


def at(axis, places):
    """Return what places along an axis stand for: on one whose title says "(log)", they are powers of ten."""
    return 10.0**places if (axis.title.text or "").endswith("(log)") else places


def course(x, y, span=None, scale=np.asarray):
    """Say in words how a line goes.

    Args:
        x: float, shape (n,), rising.
        y: float, shape (n,).
        span: what all lines beside it span, on their scale; None for its own.
        scale: function that makes of y what is drawn, as a logarithm.
    """
    low, high = int(np.argmin(y)), int(np.argmax(y))
    drawn = scale(y)
    own = drawn[high] - drawn[low]
    first, last = number(y[0]), number(y[-1])
    if own <= LEVEL * (own if span is None else span) or own == 0:
        return f"stays at about {number(np.median(y))}"
    for extreme, word, then in ((high, "rises", "falls"), (low, "falls", "rises")):
        before, after = abs(drawn[extreme] - drawn[0]), abs(drawn[extreme] - drawn[-1])
        if min(before, after) > TURN * own:
            return f"{word} from {first} to {number(y[extreme])} at {number(x[extreme])}, then {then} to {last}"
    change = drawn[-1] - drawn[0]
    if abs(change) < (1 - 2 * TURN) * own:
        return f"goes from {first} to {last}, between {number(y[low])} and {number(y[high])}"
    return f"{'rises' if change > 0 else 'falls'} from {first} to {last}"


def _ends(ends):
    best, worst = max(ends, key=ends.get), min(ends, key=ends.get)
    return f"the highest {best}, the lowest {worst}"


def _leaders(lines):
    """Say which of some lines is the highest, from where to where, and which is the lowest at the end."""
    shared = sorted(set.intersection(*(set(x.tolist()) for x, _ in lines.values())))
    ends = {name: y[-1] for name, (_, y) in lines.items()}
    lowest = min(ends, key=ends.get)
    if len(shared) < 2 and len(set(ends.values())) == 1:
        return []
    if len(shared) < 2:
        highest = max(ends, key=ends.get)
        return [f"At their ends: {highest} is the highest, {number(ends[highest])}, {lowest} the lowest, {number(ends[lowest])}."]
    heights = {name: y[np.searchsorted(x, shared)] for name, (x, y) in lines.items()}
    names = list(heights)
    leads = np.argmax(np.stack(list(heights.values())), axis=0)
    changes = [0, *(np.flatnonzero(np.diff(leads)) + 1).tolist()]
    ends = {name: values[-1] for name, values in heights.items()}
    lowest = min(ends, key=ends.get)
    if len(changes) > 3:
        runs = f"{names[leads[-1]]} at the end, {number(ends[names[leads[-1]]])}, after {len(changes) - 1} changes"
    elif len(changes) == 1:
        runs = f"{names[leads[0]]} throughout, {number(ends[names[leads[0]]])} at the end"
    else:
        parts = [f"{names[leads[place]]} from {number(shared[place])}" for place in changes]
        runs = f"{', then '.join(parts)}, {number(ends[names[leads[-1]]])} at the end"
    return [f"The highest: {runs}; the lowest there: {lowest}, {number(ends[lowest])}."]


def _bundles(panel):
    """Sum up lines that share a name, as those of the trials that ended in one way."""
    groups = {}
    for trace in _line_traces(panel):
        y = numbers(trace.y)
        y = y[np.isfinite(y)]
        if len(y) and trace.name:
            groups.setdefault(name_of(trace), []).append(y[-1])
    many = {name: ends for name, ends in groups.items() if len(ends) > 1 and len(groups) > 1}
    return [f"{name}: {len(ends)} lines, which end at {listed(ends)}." for name, ends in many.items()]


# --- points


def points_said(panel):
    """Say of each group of points how many there are, where they lie, and whether they rise with what stands across."""
    rows = _rows(panel)
    if rows:
        return _rows_said(rows)
    said = []
    for trace in panel.traces:
        if trace.type not in ("scatter", "scattergl") or "lines" in (trace.mode or "lines") or "markers" not in trace.mode:
            continue
        x, y = numbers(trace.x), numbers(trace.y)
        aside = (trace.showlegend is False and trace.hoverinfo == "skip") or reaches(trace)
        if len(x) != len(y) or not np.isfinite(y).any() or aside:
            continue
        seen = np.isfinite(x) & np.isfinite(y)
        said += _cloud(name_of(trace), at(panel.across, x[seen]), at(panel.upwards, y[seen]), trace.text, panel)
    return said[:NAMED_AT_MOST] + _beside(panel) + _reaches_said(panel)


def _reaches_said(panel):
    """Say between what the bars of each line stand, at the last place that has them."""
    ends = []
    for trace in (trace for trace in panel.traces if reaches(trace) and len(trace.y)):
        middle, up, down = (numbers(values)[-1] for values in (trace.y, trace.error_y.array, trace.error_y.arrayminus))
        ends.append(f"{name_of(trace)} {listed(at(panel.upwards, np.array([middle - down, middle + up])))}")
    return [f"The last bars: {', '.join(ends)}."] if ends else []


def _beside(panel):
    """Say how many points lie above a line on which what stands upwards equals what stands across."""
    straight = [trace for trace in _line_traces(panel) if len(numbers(trace.x)) == 2]
    equal = [trace for trace in straight if list(numbers(trace.x)) == list(numbers(trace.y))]
    dots = [trace for trace in panel.traces if trace.type == "scatter" and trace.mode == "markers"]
    if not equal or not dots:
        return []
    over = np.concatenate([numbers(trace.y) - numbers(trace.x) for trace in dots])
    return [f"{name_of(equal[0])}: of {len(over)} points {(over > 0).sum()} lie above that line."]


def _cloud(name, x, y, texts, panel):
    if not len(y):
        return []
    name = name or f"Over {re.sub(r'<[^>]+>', ' ', panel.across.title.text or 'what stands across')}"
    named = texts is not None and not isinstance(texts, str) and len(texts) == len(y) and isinstance(texts[0], str)
    if len(y) == 1:
        return [f"{name}: {texts[0] if named else 'one point'} at {number(x[0])}, {number(y[0])}."]
    top, foot = int(np.argmax(y)), int(np.argmin(y))
    where = f", {texts[top]} the highest, {texts[foot]} the lowest" if named else f", the highest at {number(x[top])} across"
    way = ""
    if len(y) >= 5 and np.ptp(x) > 0 and np.ptp(y) > 0:
        r = np.corrcoef(_ranks(x), _ranks(y))[0, 1]
        way = "" if abs(r) < 0.3 else f", {'rising' if r > 0 else 'falling'} with what stands across, rank correlation {r:.1f}"
    return [f"{name}: {len(y)} points, {listed(y)}{where}{way}."]


def _ranks(values):
    return np.unique(values, return_inverse=True)[1]


def _rows(panel):
    """Return the numbers that lie in rows with names, a dict from row to float array, if that is what the panel has."""
    rows = {}
    for trace in panel.traces:
        if trace.type != "scatter" or "lines" in (trace.mode or "lines") or trace.y is None or "markers" not in trace.mode:
            continue
        names = list(trace.y)
        if not names or not all(isinstance(name, str) for name in names):
            return {}
        if "mean" in name_of(trace):
            continue
        for name, value in zip(names, numbers(trace.x), strict=False):
            rows.setdefault(name, []).append(value)
    return {name: np.array(values) for name, values in rows.items()}


def _rows_said(rows):
    means = {name: float(np.nanmean(values)) for name, values in rows.items()}
    best, worst = max(means, key=means.get), min(means, key=means.get)
    counts = {len(values) for values in rows.values()}
    if counts == {1}:
        return [f"The highest: {best}, {number(means[best])}; the lowest: {worst}, {number(means[worst])}."]
    if len(rows) == 1:
        return [f"{best}: {len(rows[best])} points, {listed(rows[best])}, mean {number(means[best])}."]
    told = f"{len(rows)} rows: means {listed(list(means.values()))}"
    if len(rows) <= NAMED_AT_MOST:
        told = "means: " + ", ".join(f"{name} {number(mean)} ({listed(rows[name])})" for name, mean in means.items())
    return [f"{told}; the highest is {best}, the lowest {worst}."]


# --- bars and boxes


def bars_said(panel):
    """Say which bar is the longest and which the shortest; of bars in parts, which whole, and what each part comes to."""
    bars = [trace for trace in panel.traces if trace.type == "bar" and trace.hoverinfo != "skip"]
    parts = [(name_of(trace), *_bar(trace)) for trace in bars]
    parts = [(name, places, values) for name, places, values in parts if len(values)]
    if not parts:
        return []
    if len(parts) == 1:
        name, places, values = parts[0]
        if len(values) <= 4:
            return [f"{name or 'Bars'}: {_bar_range(places, values)}."]
        most, least = _at(places, values, np.argmax), _at(places, values, np.argmin)
        return [f"{name or 'Bars'}: {len(values)}, the longest {most}, the shortest {least}."]
    said = [f"{name}: {_bar_range(places, values)}." for name, places, values in parts[:NAMED_AT_MOST]]
    totals = {}
    for _, places, values in parts:
        for place, value in zip(places, values, strict=True):
            totals[place] = totals.get(place, 0.0) + value
    if panel.stacked and 1 < len(totals) <= 20:
        names, wholes = list(totals), np.array(list(totals.values()))
        most, least = _at(names, wholes, np.argmax), _at(names, wholes, np.argmin)
        said.append(f"All parts together: the most is {most}, the least {least}.")
    return said


def _bar(trace):
    along, places = (trace.x, trace.y) if trace.orientation == "h" else (trace.y, trace.x)
    values = numbers(along)
    places = list(places) if places is not None else list(range(len(values)))
    keep = np.isfinite(values)
    return [place for place, kept in zip(places, keep, strict=False) if kept], values[keep]


def _bar_range(places, values):
    if len(values) <= 4:
        return ", ".join(f"{_place(place)} {number(value)}" for place, value in zip(places, values, strict=True))
    return f"{number(values.sum())} in all, the most {_at(places, values, np.argmax)}"


def _at(places, values, which):
    place = int(which(values))
    return f"{_place(places[place])}, {number(values[place])}"


def _place(place):
    return number(place) if isinstance(place, int | float | np.number) else re.sub(r"<[^>]+>", " ", str(place))


def boxes_said(panel):
    """Say which box lies the highest by its middle, which the lowest, and what each spans."""
    boxes = {}
    for trace in panel.traces:
        values = numbers(trace.x if trace.x is not None else trace.y) if trace.type == "box" else np.empty(0)
        values = values[np.isfinite(values)]
        if len(values):
            boxes[name_of(trace)] = values
    if not boxes:
        return []
    middles = {name: float(np.median(values)) for name, values in boxes.items()}
    said = [f"{name}: {len(values)} values, {listed(values)}, the middle one {number(middles[name])}."
            for name, values in list(boxes.items())[:NAMED_AT_MOST]]
    best, worst = max(middles, key=middles.get), min(middles, key=middles.get)
    return said + ([f"By their middles: {best} is the highest, {number(middles[best])}, {worst} the lowest, "
                    f"{number(middles[worst])}."] if len(boxes) > 1 else [])


# --- maps


def maps_said(figure):
    """Say where a map is highest and lowest; of a table of classes by classes, what lies on its diagonal and beside it."""
    maps = [trace for trace in figure.data if trace.type in ("heatmap", "contour") and trace.showscale is not False]
    return [line for trace in maps for line in _map_said(trace)]


def _map_said(trace):
    heights = np.asarray(trace.z, float)
    if heights.ndim != 2 or not np.isfinite(heights).any():
        return []
    what = re.sub(r"<[^>]+>", " ", trace.colorbar.title.text or "values")
    across = list(trace.x) if trace.x is not None else list(range(heights.shape[1]))
    upwards = list(trace.y) if trace.y is not None else list(range(heights.shape[0]))

    def field(which, of=heights):
        row, column = np.unravel_index(which(of), of.shape)
        return f"{number(of[row, column])} at {_place(across[column])} across, {_place(upwards[row])} upwards"

    said = [f"Colours, {what}: the highest is {field(np.nanargmax)}, the lowest {field(np.nanargmin)}."]
    if across == upwards and len(across) > 1 and np.isfinite(np.diag(heights)).all():
        diagonal = np.diag(heights)
        beside = np.where(np.eye(len(heights), dtype=bool), np.nan, heights)
        most, least = _at(across, diagonal, np.argmax), _at(across, diagonal, np.argmin)
        said = [f"On the diagonal: the highest is {most}, the lowest {least}.",
                f"Beside it: the highest is {field(np.nanargmax, beside)}."]
    return said


# --- parallel axes


def parallel_said(trace):
    """Say what each axis spans, and which one tells the colours apart, if these are a few."""
    axes = [(axis.label, numbers(axis["values"]), axis.ticktext) for axis in trace.dimensions]
    said = [f"{len(axes[0][1])} lines across {len(axes)} axes: "
            + ", ".join(f"{label} {_span(values, names)}" for label, values, names in axes) + "."]
    colours = numbers(trace.line.color)
    groups = np.unique(colours)
    if 1 < len(groups) <= 5:
        said += _apart(axes, colours, groups)
    return said


def _span(values, names):
    named = names is not None and any(re.search(r"[^\W\d]", str(name)) for name in names)
    return f"{len(set(names))} names" if named else listed(values)


def _apart(axes, colours, groups):
    """Name the axis whose values differ most from colour to colour, beside those within one."""
    def ratio(values):
        means = [values[colours == group].mean() for group in groups]
        within = np.sqrt(np.mean([values[colours == group].var() for group in groups]))
        return np.std(means) / within if within else 0.0

    label, values, _ = max(axes, key=lambda axis: ratio(axis[1]))
    parts = ", ".join(listed(values[colours == group]) for group in groups)
    return [f"{label} tells the {len(groups)} colours apart best: {parts}."] if ratio(values) else []


def categories_said(trace):
    """Say which path through parallel categories most lines take."""
    columns = [list(axis["values"]) for axis in trace.dimensions]
    paths, counts = np.unique(np.array([list(map(str, row)) for row in zip(*columns, strict=True)]), axis=0, return_counts=True)
    most = paths[int(np.argmax(counts))]
    labels = ", ".join(str(axis.label) for axis in trace.dimensions)
    return f"{len(columns[0])} lines across the axes {labels}: most, {counts.max()}, go through {', '.join(most)}."


# --- lines to compare with


def marks_said(figure):
    """Name the lines and edges that are drawn to compare with, those that have a name."""
    said = []
    for shape in figure.layout.shapes:
        if shape.name and shape.type == "line":
            upright = shape.x0 == shape.x1
            said.append(f"{shape.name}: a line at {number(float(shape.x0 if upright else shape.y0))}.")
    return said
