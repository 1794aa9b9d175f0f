"""The pages of a sweep: parallel.html, whose lines can be brushed, and index.html, a table of all runs; both work from disk."""

import json
import math
from html import escape

from lib.files import replace_text
from lib.runner.books import LAST
from lib.runner.page import PLOTLY_FILE, plotly_div, script_json, write_plotly
from lib.runner.report import STYLE

PAGE = """<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{style}
body {{ max-width: none; }} th[data-sort] {{ cursor: pointer; }} td {{ white-space: nowrap; }} td.error {{ white-space: normal; }}
</style>{head}</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
{figure}
<div class="wide"><table>
<thead><tr>{names}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
<script>{script}</script>
</body>
</html>
"""

# A click on a name sorts by it, a second one turns the order round; numbers as numbers, gaps last.
SORT = """
document.querySelectorAll("th[data-sort]").forEach((th, place) => th.addEventListener("click", () => {
  const body = document.querySelector("tbody"), down = th.dataset.sort === "up";
  const key = row => row.cells[place].dataset.value ?? row.cells[place].textContent;
  const compare = (a, b) => (a === "") - (b === "") ||
    (down ? -1 : 1) * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  [...body.rows].sort((a, b) => compare(key(a), key(b))).forEach(row => body.append(row));
  th.dataset.sort = down ? "down" : "up";
}));
"""

# Plotly keeps what is brushed as constraintrange: one pair of numbers, or several.
BRUSH = """
const figure = document.getElementById("parallel"), lines = %s;
figure.on("plotly_restyle", () => {
  const kept = lines.map(line => figure.data[0].dimensions.every((dimension, axis) => {
    const range = dimension.constraintrange;
    if (!range || !range.length) return true;
    return (Array.isArray(range[0]) ? range : [range]).some(([low, high]) => low <= line[axis] && line[axis] <= high);
  }));
  document.querySelectorAll("tbody tr").forEach(row => {
    const line = row.dataset.line;
    row.hidden = line === "" ? kept.includes(false) : !kept[line];
  });
});
"""


def write_pages(books):
    """Write parallel.html and index.html over what the books have so far.

    Args:
        books: `lib.runner.books.Books`.
    """
    rows = books.rows()
    figure, lines, head, script = "", [], "", SORT
    scored = _scored(rows, books)
    if scored:
        figure, values = _parallel(scored, books)
        places = {row["notebook"]: place for place, row in enumerate(scored)}
        lines = [places.get(row["notebook"], "") for row in rows]
        write_plotly(books.out)
        head, script = f'<script src="{PLOTLY_FILE}"></script>', SORT + BRUSH % script_json(values)
    hint = " Drag along an axis to keep only the runs that pass there; the table follows." if scored else ""
    _write(books, rows, "parallel.html", figure, head, script, lines or [""] * len(rows), hint)
    _write(books, rows, "index.html", "", "", SORT, [""] * len(rows), " A click on a name sorts by it.")


def _scored(rows, books):
    metrics = _metrics(rows, books)
    return [row for row in rows if row["status"] == "done" and any(_number(row.get(name)) for name in metrics)]


def _metrics(rows, books):
    """Return the metrics that are numbers in some run, in the order in which they were recorded."""
    names = dict.fromkeys(name for row in rows for name in row if name not in (*LAST, *books.columns()))
    return [name for name in names if any(_number(row.get(name)) for row in rows)]


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _parallel(rows, books):
    """Return the figure's HTML, and the values of each line along the axes: what varies, seconds, metrics, the last as colour."""
    import pandas as pd

    from lib.viz import parallel_data, plot_parallel

    metrics = _metrics(rows, books)
    last = metrics[-1]
    columns = [name for name in books.columns() if len({json.dumps(row[name]) for row in rows}) > 1]
    table = [{name: _plain(row.get(name)) for name in [*columns, *metrics[:-1]]} for row in rows]
    frame = pd.DataFrame(table).assign(score=[row.get(last) for row in rows]).astype({"score": float})
    frame.insert(0, "trial", range(1, len(rows) + 1))
    figure = plot_parallel(frame, f"{len(rows)} runs of {books.info.title}", objective=last).to_plotly_json()
    axes = parallel_data(frame)
    text = json.loads(_json(figure))
    values = [[None if math.isnan(v) else v for v in line] for line in zip(*[a["values"].tolist() for a in axes], strict=True)]
    return plotly_div(text, "parallel"), values


def _json(figure):
    import plotly.io

    return plotly.io.to_json(figure, validate=False)


def _plain(value):
    return json.dumps(value) if isinstance(value, list) else value


def _write(books, rows, name, figure, head, script, lines, hint):
    shown = list(dict.fromkeys(name for row in rows for name in row if name not in LAST))
    numbers = {"run", "seconds", *[name for name in shown if any(_number(row.get(name)) for row in rows)]}
    names = "".join(_name(column, column in numbers) for column in ("run", *shown, "seconds", "status"))
    planned = books.count("planned")
    still = f", {planned} not run yet" if planned else ""
    summary = f"{len(rows)} runs: {books.count('done')} done, {books.count('failed')} failed{still}.{hint}"
    body = "\n".join(_row(number, row, shown, line) for number, (row, line) in enumerate(zip(rows, lines, strict=True), 1))
    page = PAGE.format(title=escape(f"Sweep of {books.info.title}"), style=STYLE, head=head, summary=escape(summary),
                       figure=figure, names=names, rows=body, script=script)
    replace_text(books.out / name, page)


def _name(column, number):
    kind = ' class="number"' if number else ""
    return f'<th{kind} data-sort="">{escape(column)}</th>'


def _row(number, row, shown, line):
    run = f'<a href="{row["notebook"]}">{number}</a>' if row["notebook"] else number
    cells = [f'<td class="number" data-value="{number}">{run}</td>', *[_cell(row.get(name)) for name in shown]]
    seconds = "" if row["seconds"] is None else f"{row['seconds']:.1f}"
    error = f'<small class="failed">{escape(row["error"])}</small>' if row["error"] else ""
    status = f'<td class="error">{row["status"]}{error}</td>'
    return f'<tr data-line="{line}">{"".join(cells)}<td class="number">{seconds}</td>{status}</tr>'


def _cell(value):
    if isinstance(value, float):
        return f'<td class="number" data-value="{value!r}">{value:,.4g}</td>'
    kind = ' class="number"' if _number(value) else ""
    return f"<td{kind}>{'' if value is None else escape(str(_plain(value)))}</td>"
