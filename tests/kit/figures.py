"""What stored figures and tables show, compared with what the same code draws now.

Where a figure's data come out the same, everything else of it must. Where they do not, the machine or a clock has had a
hand in them, and what is left to compare is what it shows apart from its numbers: title, traces, axes, ticks, words.
"""

import re

from lib.data import FASHION_CLASSES
from lib.viz.look import ENDS, SYNONYMS

PLOTLY = "application/vnd.plotly.v1+json"
DATA = ("x", "y", "z", "base", "dimensions", "values", "customdata")  # what a trace draws
PLACES = ("x", "y", "x0", "x1", "y0", "y1")  # of a line or a note
NUMBER = re.compile(r"[-−+]?\d[\d.,]*(?<![.,])(?:e[-+]?\d+)?%?")
ENDED = {*ENDS, *SYNONYMS}  # which trials ended how is often the machine's


def figures(outputs):
    """Return the plotly figures among a cell's outputs, as dicts."""
    return [output["data"][PLOTLY] for output in outputs if PLOTLY in output.get("data", {})]


def apart_from_numbers(text):
    """Return a text with # for every number and * for the classes of pictures: those that a network confuses are its own."""
    text = re.sub(r"<[^>]+>", " ", str(text or ""))
    for name in FASHION_CLASSES:
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "*", text)
    return " ".join(NUMBER.sub("#", text).split())


def forms(texts):
    """Return the different texts of a list, apart from numbers, sorted: how many ticks there are follows the data."""
    return sorted({apart_from_numbers(text) for text in texts} - {""})


# --- one figure


def same_data(stored, fresh):
    """Say whether two figures draw the same numbers."""
    return [[trace.get(part) for part in DATA] for trace in stored["data"]] == [
        [trace.get(part) for part in DATA] for trace in fresh["data"]]


def leaves(value, path):
    """Return every value in JSON by its path, a dict; of a float nine digits, since Python 3.12 adds more exactly than 3.11."""
    if isinstance(value, dict) and value:
        return {key: leaf for name, part in value.items() for key, leaf in leaves(part, f"{path} {name}".strip()).items()}
    if isinstance(value, list) and value:
        return {key: leaf for i, part in enumerate(value, 1) for key, leaf in leaves(part, f"{path} {i}").items()}
    return {path: float(f"{value:.9g}") if isinstance(value, float) else value}


def everything(figure):
    """Return by its path all that a figure is made of beside its data, and beside where a computed line or note stands."""
    traces = [{key: part for key, part in trace.items() if key not in DATA} for trace in figure["data"]]
    layout = {key: part for key, part in figure["layout"].items() if key != "meta"}
    for marks in ("shapes", "annotations"):  # a mean of 10,000 pictures differs in a digit where the shares of 80 do not
        layout[marks] = [{key: "#" if key in PLACES and isinstance(part, float) else part for key, part in mark.items()}
                         for mark in layout.get(marks, [])]
    return leaves({"trace": traces, "layout": layout, "meta": figure["layout"].get("meta")}, "")


def essence(figure):
    """Return what a figure shows apart from its numbers, a dict from what to str or list of str."""
    layout = figure["layout"]
    texts = [text for trace in figure["data"] if "text" in trace.get("mode", "") for text in trace.get("text") or []]
    shows = {"title": apart_from_numbers(layout.get("title", {}).get("text")), "traces": forms_of_traces(figure["data"]),
             "annotations": forms(note.get("text") for note in layout.get("annotations", [])),
             "texts": forms(texts)}
    for key, axis in layout.items():
        if re.fullmatch(r"[xy]axis\d*", key):
            name = f"axis {key.replace('axis', '')}"
            shows[f"{name} title"] = apart_from_numbers(axis.get("title", {}).get("text"))
            shows[f"{name} type"] = axis.get("type")
            shows[f"{name} ticks"] = forms(axis.get("ticktext") or [])
    for number, trace in enumerate(figure["data"], 1):
        if trace["type"] == "parcoords":
            shows[f"axes of trace {number}"] = [apart_from_numbers(axis.get("label")) for axis in trace["dimensions"]]
            shows[f"ticks of trace {number}"] = forms(tick for axis in trace["dimensions"] for tick in axis.get("ticktext") or [])
    return shows | {"text alternative": forms_of_sentences((layout.get("meta") or {}).get("alt"))}


def forms_of_traces(traces):
    """Return the different kinds of traces with their names, and how many there are where the trials do not decide on that."""
    counts = {}
    for trace in traces:
        name = apart_from_numbers(trace.get("name"))
        ended = name.lower() in ENDED
        kind = " ".join(filter(None, [trace["type"], trace.get("mode"), trace.get("fill"), "" if ended else name]))
        loose = ended or (not name and trace.get("mode") in ("lines", "text") and "fill" not in trace)
        counts[kind] = "some" if loose else counts.get(kind, 0) + 1
    return sorted(f"{count} {kind}" for kind, count in counts.items())


def forms_of_sentences(alternative):
    """Return the sentences of a text alternative that name what is there; those that say what can be seen go."""
    sentences = re.split(r"(?<=[.?]) ", apart_from_numbers(alternative))
    seen = {line for line in sentences if re.search(r": .*#|^# lines", line) or line.rstrip(".").lower() in ENDED}
    return sorted({*sentences} - seen)


def figure_differences(stored, fresh):
    """List what differs between a stored figure and one that was drawn now, one line each."""
    look = everything if same_data(stored, fresh) else essence
    before = look(stored)
    now = look(fresh)
    return [f"{what} {short(before.get(what))} is stored, {short(now.get(what))} drawn now"
            for what in dict.fromkeys([*before, *now]) if before.get(what) != now.get(what)]


def short(value):
    text = repr(value)
    return text if len(text) < 160 else f"{text[:80]} … {text[-70:]}"


# --- one cell


def pages(outputs):
    """Return the HTML among a cell's outputs, each piece as one str."""
    return ["".join(output["data"]["text/html"]) for output in outputs if "text/html" in output.get("data", {})]


def heads(outputs):
    """Return the names of the columns of each table among a cell's outputs, apart from numbers."""
    tables = [head for page in pages(outputs) for head in re.findall(r"<thead>.*?</thead>", page, flags=re.DOTALL)]
    return [forms(re.findall(r"<th\b[^>]*>(.*?)</th>", head, flags=re.DOTALL)) for head in tables]


def pictures(outputs):
    """Return the kind of each picture among a cell's outputs that is no plotly figure."""
    return sorted(kind for output in outputs for kind in output.get("data", {}) if kind.startswith("image/"))


def differences(stored, fresh):
    """List what differs between what a cell has stored and what it shows now, apart from its text, one line each.

    Args:
        stored, fresh: lists of outputs as dicts.
    """
    wrong = [f"figure {number}: {line}" for number, pair in enumerate(zip(figures(stored), figures(fresh), strict=False), 1)
             for line in figure_differences(*pair)]
    for look, name in ((figures, "figures"), (heads, "tables")):
        if len(look(stored)) != len(look(fresh)):
            wrong.append(f"{len(look(stored))} {name} are stored, {len(look(fresh))} drawn now")
    if pictures(stored) != pictures(fresh):
        wrong.append(f"pictures {pictures(stored)} are stored, {pictures(fresh)} drawn now")
    for number, (before, now) in enumerate(zip(heads(stored), heads(fresh), strict=False), 1):
        if before != now:
            wrong.append(f"table {number}: columns {short(before)} are stored, {short(now)} shown now")
    return wrong
