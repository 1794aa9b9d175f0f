"""The rules that leave no way around nbval, and those on what a notebook stores: each lists what breaks it, from JSON alone."""

import ast
import base64
import re
import symtable

import numpy as np
import plotly.graph_objects as go
from nbval.plugin import find_comment_markers, metadata_tags

from kit.figures import PLOTLY, figures
from kit.notebooks import is_compared, is_ignored, source, tags
from lib.metric import MIME
from lib.metric import shown as as_read
from lib.viz.alt import KINDS, describe

# Why a cell is not compared, and what its output then shows. A picture is told by the kind of its output; "progress" is that of
# a run, which counts on one line, or a learner's; "loss" and "progress" count against a notebook.
WORDS = {
    "time": r"(?<![a-z])(seconds?|minutes?|ms|times.faster|times as fast)(?![a-z])|\d m?s\b|\d min\b|latency|speed|efficiency",
    "loss": r"\d[.,]\d|\d%",
    "picture": "",
    "machine": r"\b(\d+ cores|[GMk]i?B|bytes|Python|AVX\w+|127\.0\.0\.1|offline|no key)\b|was here",
    "progress": r"\b\d+ of \d+\b|^[\d,]+ (networks|trainings)|^waiting for|\bsolved\b|: None\b",
}
PROGRESS_LINE = re.compile(r"trial \d+ of \d+.*")  # its seconds are no measurement
EMPTY = {"figure", "figures", "picture", "image", "plot", "chart", "graph", "diagram", "untitled", "title"}  # no titles
ADDRESS = re.compile(r"\b(?:https?|wss?|ftp|postgresql)://\S+|\x1b\[[\d;]*m")
ROOTS = "Applications|Library|Users|Volumes|bin|content|data|dev|etc|home|media|mnt|opt|private|proc|root|srv|tmp|usr|var|work"
PATH = re.compile(
    r"file:/\S+"
    r"""|(?:(?<![\w.~}])|(?<=\\[nrt])|(?<=[\s>'"]-[A-Za-z]))/(?:[\w.+@-]+/)+[\w.+@-]+"""  # /srv/data; not ~/data, ./data
    rf"|(?<![\w.~}}</])/(?:{ROOTS})(?![\w>-]|\.\w)"  # /tmp
    r"|(?<!\w)[A-Za-z]:(?:\\+|/(?!/)\w)"
    r"|(?<!\\)\\\\+[\w.-]+\\+[\w$.-]+"  # \\server\share
    r"|(?<![\w/])~\w+/"  # ~somebody/data
)


def shown(cell):
    """Return the outputs that nbval compares if it compares the cell: a metric is held to its bounds instead."""
    return [output for output in cell["outputs"] if MIME not in output.get("data", {})]


def has_picture(cell):
    """Say whether a cell's stored output holds a figure or an image."""
    kinds = {kind for output in cell["outputs"] for kind in output.get("data", {})}
    drawn = re.search(r"<(svg|img|canvas)\b", words_of(cell, tagless=False))
    return bool(drawn) or any(kind == PLOTLY or kind.startswith("image/") for kind in kinds)


def words_of(cell, tagless=True):
    """Return the text and the HTML in a cell's stored output, with or without HTML's own tags."""
    found = []
    for output in cell["outputs"]:
        data = {"text/plain": output.get("text", ""), **output.get("data", {})}
        found += ["".join(data[kind]) for kind in ("text/plain", "text/html") if kind in data]
    text = "\n".join(found)
    return re.sub(r"<style.*?</style>|<[^>]+>", " ", text, flags=re.DOTALL) if tagless else text


def strings(value):
    """Yield every text in JSON but for the bytes of arrays and images."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, part in value.items():
            if key != "bdata" and not key.startswith("image/"):
                yield from strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from strings(part)


def decoded(value):
    """Return a stored figure's JSON with numpy arrays in the place of their bytes."""
    if isinstance(value, list):
        return [decoded(part) for part in value]
    if not isinstance(value, dict):
        return value
    if "bdata" in value:
        shape = [int(size) for size in str(value.get("shape", -1)).split(",")]
        return np.frombuffer(base64.b64decode(value["bdata"]), value["dtype"]).reshape(shape)
    return {key: decoded(part) for key, part in value.items()}


def code(document):
    return [cell for cell in document["cells"] if cell["cell_type"] == "code"]


# --- what takes a cell out of nbval


def forbidden_marks(document):
    """List what tells nbval to skip a cell or to expect its error, and every mark that stands in a comment."""
    marks = [(cell["id"], tag) for cell in code(document) for tag in tags(cell)
             if tag in metadata_tags and tag != "nbval-ignore-output"]
    return marks + [(cell["id"], "a comment") for cell in code(document) if [*find_comment_markers(source(cell))]]


def wrong_reasons(document):
    """List the cells that are not compared and do not say why, or say it though they are, or by a word that is not true."""
    wrong = []
    for cell in document["cells"]:
        ignored = cell["cell_type"] == "code" and is_ignored(cell)
        word = cell["metadata"].get("ignored")
        if ignored != ("ignored" in cell["metadata"]) or (ignored and not is_true(word, cell)):
            wrong.append((cell["id"], word))
    return wrong


def is_true(word, cell):
    """Say whether a word is true of a cell's stored output, as far as a program can tell."""
    if word not in WORDS or has_picture(cell) != (word == "picture"):
        return False
    if not cell["outputs"]:
        return word == "progress"
    text = words_of(cell) if word == "progress" else PROGRESS_LINE.sub("", words_of(cell))
    if '"ms"' in source(cell):
        text += "\nms"  # a pivot of a table of milliseconds does not show their unit
    return bool(re.search(WORDS[word], text, flags=re.MULTILINE))


def more_than_metrics(document):
    """List the cells where something stands in a metric's output, which nbval does not compare, beside its name and its value."""
    outputs = [(cell["id"], output.get("data", {})) for cell in code(document) for output in cell["outputs"]]
    records = [(name, data) for name, data in outputs if MIME in data]
    return [name for name, data in records if set(data) != {MIME, "text/plain"} or set(data[MIME]) != {"name", "value"}
            or "".join(data["text/plain"]) != f"{data[MIME]['name']}: {as_read(data[MIME]['value'])}"]


def comparable(document):
    """Return the cells with an output that is no picture and no time; what is written beside a picture counts."""
    cells = [cell for cell in code(document) if any(not has_picture({"outputs": [output]}) for output in shown(cell))]
    return [cell for cell in cells if cell["metadata"].get("ignored") != "time"]


def compared_share(document):
    return np.mean([bool(is_compared(cell)) for cell in comparable(document)])


def absolute_paths(document):
    """List the absolute paths in a notebook, of any root and any system."""
    return [path for text in strings(document) for path in PATH.findall(ADDRESS.sub(" ", text))]


def bound(table):
    """Yield the names of the notebook that code gives a value to, from the table of its symbols."""
    for symbol in table.get_symbols():
        gets_one = symbol.is_assigned() or symbol.is_imported()
        if gets_one and (table.get_type() == "module" or symbol.is_declared_global()):
            yield symbol.get_name()
    for inner in table.get_children():
        yield from bound(inner)


def overwritten_parameters(document):
    """List the parameters that a cell below theirs gives another value, in whatever way, and the ways to give one unseen."""
    cells = [cell for cell in code(document) if source(cell).strip()]
    first = next(i for i, cell in enumerate(cells) if "parameters" in tags(cell))
    names = set(bound(symtable.symtable(source(cells[first]), "parameters", "exec")))
    found = []
    for cell in cells[first + 1 :]:
        given = names & set(bound(symtable.symtable(source(cell), cell["id"], "exec")))
        found += [(cell["id"], name) for name in sorted(given | {*changed_in_place(source(cell), names), *reached(source(cell))})]
    return found


CHANGES = {"append", "clear", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update"}
REACHES = {"__import__", "__main__", "eval", "exec", "get_ipython", "globals", "locals", "setattr", "vars"}


def changed_in_place(text, names):
    """Yield those of the names whose lists or dicts code changes."""
    for node in ast.walk(ast.parse(text)):
        item = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
        called = isinstance(node, ast.Attribute) and node.attr in CHANGES
        if (item or called) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield node.value.id


def reached(text):
    """Yield by what code could give any name a value, so that no reader of the code would see it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.alias) and node.name == "*":
            yield "import *"
        if isinstance(node, ast.Name) and node.id in REACHES:
            yield node.id
        if isinstance(node, ast.Constant) and node.value == "__main__":
            yield "__main__"


def lacks_full(document, profiles):
    """Say whether a notebook that trains or measures anything has no full profile, or one that changes nothing."""
    words = {cell["metadata"].get("ignored") for cell in code(document)}
    records = any(len(shown(cell)) < len(cell["outputs"]) for cell in code(document))
    lines = [line for cell in code(document) if "parameters" in tags(cell) for line in ast.parse(source(cell)).body]
    lesson = {line.targets[0].id: ast.literal_eval(line.value) for line in lines}
    full = profiles.get("full") or {}
    return bool(records or words & {"loss", "time"}) and not any(lesson.get(name) != value for name, value in full.items())


def bare_pictures(document):
    """List the cells with a stored image that cannot say what it shows: no plotly figure, or HTML without a text alternative."""
    wrong = []
    for cell in code(document):
        images = [kind for output in cell["outputs"] for kind in output.get("data", {}) if kind.startswith("image/")]
        drawn = re.findall(r"<(?:img|svg|canvas)\b[^>]*>", words_of(cell, tagless=False))
        wrong += [(cell["id"], one) for one in [*images, *drawn] if not re.search(r"\b(?:alt|aria-label)=\W?\w", one)]
    return wrong


def wrong_alternatives(document):
    """List the cells with a stored figure whose text alternative is missing, or is not what that very figure shows."""
    wrong = []
    for cell in code(document):
        for stored in figures(cell["outputs"]):
            meta = stored["layout"].get("meta") or {}
            says = meta.get("alt")
            drawn = describe(go.Figure(decoded({"data": stored["data"], "layout": stored["layout"]})))
            if says != drawn or not says_something(says, bool(meta.get("said"))):
                wrong.append((cell["id"], says))
    return wrong


def says_something(alternative, own=False):
    """Say whether a text alternative has a title of its own, names a kind of figure, and says what its axes or its parts are.

    With `own`, the function that drew it has said itself what can be seen, in sentences with a colon and a number behind it.
    """
    found = re.fullmatch(r"(.+?)[.?!] A figure of ([^.]+)\.(.*)", alternative or "", flags=re.DOTALL)
    kinds = {*KINDS.values(), "lines", "points", "words"}
    if not found or found[1].lower() in EMPTY or not set(found[2].split(" and ")) <= kinds:
        return False
    named = re.search(r"(Across|Upwards|Written in it), .*\w|lines across (the|\d+) axes\W+\w", found[3])
    return bool(named or (own and re.search(r"\w: .*\d", found[3])))
