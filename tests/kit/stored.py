"""The figures that a notebook has stored: what its outputs show, what it records, what stands in its code and its parameters."""

import ast
import re
from functools import cached_property

from kit.figures import PLOTLY
from kit.notebooks import is_compared, source, tags
from kit.prose import claims
from lib.metric import MIME

FIGURE = re.compile(r"(?<![\w.])[−-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:e[+-]?\d+)?(?![A-Za-z_]\w|\.\d)", re.I)
NEAR = 5  # cells above and below a sentence, in its own section
NO_RESULT = ("Exercises", "Where to read on")  # the one asks, the other names books


class Lesson:
    """A notebook: its prose, and the numbers of each cell by the kind of their source."""

    def __init__(self, name, document):
        self.name = name
        self.cells = document["cells"]
        self.numbers = [sources(cell) for cell in self.cells]
        self.parameters = parameters(self.cells)
        self.metrics = {key: value for cell in self.cells for key, value in recorded(cell).items()}
        self.sections = []
        for cell in self.cells:
            heads = re.findall(r"^## (.*)", source(cell), re.M) if cell["cell_type"] == "markdown" else []
            self.sections.append(heads[-1] if heads else (self.sections or [""])[-1])

    @cached_property
    def prose(self):
        """The numbers of the cells that may state a result."""
        return [index for index, cell in enumerate(self.cells)
                if cell["cell_type"] == "markdown" and self.sections[index] not in NO_RESULT]

    def sums_up(self, index):
        return index == 0 or self.sections[index] == "Summary"

    @cached_property
    def everywhere(self):
        """What a summary may repeat: metrics, parameters, and what the sections say. A dict from kind to a set."""
        said = [claim for index in self.prose if not self.sums_up(index) for claim in claims(source(self.cells[index]))]
        return {"metric": numbers(self.metrics.values()), "parameter": numbers(self.parameters.values()),
                "section": {(claim.low + claim.high) / 2 for claim in said}}

    def near(self, index):
        """Return the numbers near a cell of prose, a dict from kind to a set."""
        if self.sums_up(index):
            return self.everywhere
        found = {"parameter": self.everywhere["parameter"]}
        for place in range(max(0, index - NEAR), min(len(self.cells), index + NEAR + 1)):
            for kind, values in self.numbers[place].items() if self.sections[place] == self.sections[index] else ():
                found[kind] = found.get(kind, set()) | values
        return found

    def place(self, cell):
        """Return the number of the cell with an id."""
        return next(index for index, one in enumerate(self.cells) if one["id"] == cell)


def sources(cell):
    """Return the numbers of a code cell, a dict from the kind of their source to a set; what nbval does not compare is noise."""
    if cell["cell_type"] != "code":
        return {}
    output = "output" if is_compared(cell) or cell["metadata"].get("ignored") == "picture" else "noise"
    return {"metric": numbers(recorded(cell).values()), output: shown(cell), "code": literals(source(cell))}


def figures_in(text):
    """Return the numbers in a text, a set of floats."""
    return {float(found.replace(",", "").replace("−", "-")) for found in FIGURE.findall(text)}


def numbers(values):
    """Return the numbers among values, also in lists of them, a set of floats."""
    flat = [part for value in values for part in (value if isinstance(value, list) else [value])]
    return {float(value) for value in flat if isinstance(value, int | float) and not isinstance(value, bool)}


def literals(code):
    """Return the numbers that stand in code."""
    code = re.sub(r"^[%!].*", "", code, flags=re.M)
    return numbers(node.value for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Constant))


def parameters(cells):
    """Return a notebook's parameters, a dict."""
    cell = next(cell for cell in cells if "parameters" in tags(cell))
    assigned = [node for node in ast.parse(source(cell)).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assigned}


def recorded(cell):
    """Return what a cell records, a dict."""
    records = [output["data"][MIME] for output in cell.get("outputs", []) if MIME in output.get("data", {})]
    return {record["name"]: record["value"] for record in records}


def shown(cell):
    """Return the numbers that a cell's stored outputs show: in a text, in a table, in the words of a figure."""
    found = set()
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        page = re.sub(r"<style.*?</style>|<script.*?</script>|<[^>]+>", " ", "".join(data.get("text/html", "")), flags=re.S)
        texts = ["".join(output.get("text", data.get("text/plain", ""))), page]
        layout = data.get(PLOTLY, {}).get("layout", {})
        texts += [(layout.get("meta") or {}).get("alt", ""), *words_of(layout)]
        if MIME not in data:
            found = found.union(*map(figures_in, texts))
    return found


def words_of(layout):
    """Yield the titles, annotations and ticks in a figure's layout."""
    if isinstance(layout, list):
        for part in layout:
            yield from words_of(part)
    if isinstance(layout, dict):
        for key, part in layout.items():
            if isinstance(part, str) and key == "text":
                yield re.sub(r"<[^>]+>", " ", part)
            elif key == "ticktext":
                yield " ".join(map(str, part))
            elif key != "template":
                yield from words_of(part)
