"""The pages of a sweep: parallel.html, whose lines and points can be brushed, and index.html, a table of all runs.

Both work from disk.
"""

import json
import math
import sys

from lib.errors import CourseError
from lib.files import replace_text
from lib.runner.books import LAST
from lib.runner.page import PLOTLY_FILE, plotly_div, script_json, write_plotly
from lib.runner.report import page

# A click on a name sorts by it, a second one turns the order round; numbers as numbers, gaps last.
# Plotly keeps what is brushed as constraintrange: one pair of numbers, or several.
PAGE = """{% extends "table" %}
{% block style %}
body { max-width: none; } th[data-sort] { cursor: pointer; } th button { all: unset; cursor: pointer; }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
td { white-space: nowrap; } td.error { white-space: normal; }
{% endblock %}
{% block head %}{% if figure %}<script src="{{ plotly }}"></script>{% endif %}{% endblock %}
{% block figure %}<p><a href="{{ other[0] }}">{{ other[1] }}</a></p>{{ figure | safe }}{% endblock %}
{% block names %}
{% for name in ["run"] + columns + ["seconds", "status"] %}
<th{% if name in numbers %} class="number"{% endif %} data-sort=""><button>{{ name | replace("_", " ") }}</button></th>
{% endfor %}
{% endblock %}
{% block rows %}
{% for row in rows %}
{% set number = loop.index %}
<tr data-line="{{ lines.get(row["notebook"], "") }}"><td class="number" data-value="{{ number }}">
{%- if row["notebook"] %}<a href="{{ row["notebook"] }}">{{ number }}</a>{% else %}{{ number }}{% endif %}</td>
{% for name in columns %}
{% set value = row.get(name) %}
<td{% if value is number and value is not boolean %} class="number"{% endif %}
{% if value is float %} data-value="{{ value }}"{% endif %}>{% if value is not none %}{{ value | shown }}{% endif %}</td>
{% endfor %}
<td class="number">{% if row["seconds"] is not none %}{{ "%.1f" | format(row["seconds"]) }}{% endif %}</td>
<td class="error">{{ row["status"] }}{% if row["error"] %}<small class="failed">{{ row["error"] }}</small>{% endif %}</td></tr>
{% endfor %}
{% endblock %}
{% block script %}<script>
document.querySelectorAll("th[data-sort]").forEach((th, place) => th.addEventListener("click", () => {
  const body = document.querySelector("tbody"), down = th.dataset.sort === "up";
  const key = row => row.cells[place].dataset.value ?? row.cells[place].textContent;
  const compare = (a, b) => (a === "") - (b === "") ||
    (down ? -1 : 1) * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : a - b);
  [...body.rows].sort((a, b) => compare(key(a), key(b))).forEach(row => body.append(row));
  th.dataset.sort = down ? "down" : "up";
  document.querySelectorAll("th[aria-sort]").forEach(other => other.removeAttribute("aria-sort"));
  th.setAttribute("aria-sort", down ? "descending" : "ascending");
}));
{% if figure %}
addEventListener("load", () => {  // then the lines are drawn
  const figure = document.getElementById("parallel"), lines = {{ axes | safe }};
  const points = document.getElementById("points");
  // A box over the points is a brush on the two axes that they have in common with the lines: the first, and the last.
  // Plotly's own box goes: it would outlive the brush.
  const boxed = async ends => {
    const last = figure.data[0].dimensions.length - 1;
    await Plotly.relayout(points, { selections: [] });
    Plotly.restyle(figure, {
      "dimensions[0].constraintrange": [ends ? ends.x : null], [`dimensions[${last}].constraintrange`]: [ends ? ends.y : null],
    });
  };
  points.on("plotly_selected", box => box?.range && boxed(box.range));
  points.on("plotly_deselect", () => boxed(null));
  figure.on("plotly_restyle", () => {
    const kept = lines.map(line => figure.data[0].dimensions.every((dimension, axis) => {
      const range = dimension.constraintrange;
      if (!range || !range.length) return true;
      return (Array.isArray(range[0]) ? range : [range]).some(([low, high]) => low <= line[axis] && line[axis] <= high);
    }));
    const all = !kept.includes(false), there = kept.flatMap((stays, line) => stays ? [line] : []);
    Plotly.restyle(points, { selectedpoints: [all ? null : there] });
    document.querySelectorAll("tbody tr").forEach(row => {
      const line = row.dataset.line;
      row.hidden = line === "" ? kept.includes(false) : !kept[line];
    });
  });
});
{% endif %}
</script>{% endblock %}
"""


def write_pages(books):
    """Write parallel.html and index.html over what the books have so far.

    Args:
        books: `lib.runner.books.Books`.
    """
    rows = books.rows()
    columns = list(dict.fromkeys(name for row in rows for name in row if name not in LAST))
    planned = books.count("planned")
    still = f", {planned} not run yet" if planned else ""
    table = {
        "title": f"Sweep of {books.info.title}",
        "summary": f"{len(rows)} runs: {books.count('done')} done, {books.count('failed')} failed{still}. "
        "A click on a name sorts by it.",
        "rows": rows,
        "columns": columns,
        "numbers": {"run", "seconds", *[name for name in columns if any(_number(row.get(name)) for row in rows)]},
        "lines": {},
        "other": ("parallel.html", "The runs as a picture"),
    }
    replace_text(books.out / "index.html", page(PAGE, **table))
    scored = _scored(rows, books)
    if drawn := _parallel(scored, books):
        figure, axes = drawn
        write_plotly(books.out)
        lines = {row["notebook"]: place for place, row in enumerate(scored)}
        table |= {"plotly": PLOTLY_FILE, "figure": figure, "axes": script_json(axes), "lines": lines}
        table["summary"] += " Drag along an axis, or a box over the points, to keep only some runs; the table follows."
    table["other"] = ("index.html", "The table alone")
    replace_text(books.out / "parallel.html", page(PAGE, **table))


def _scored(rows, books):
    metrics = _metrics(rows, books)
    return [row for row in rows if row["status"] == "done" and any(_number(row.get(name)) for name in metrics)]


def _metrics(rows, books):
    """Return the metrics that are numbers in some run, in the order in which they were recorded."""
    names = dict.fromkeys(name for row in rows for name in row if name not in (*LAST, *books.columns()))
    return [name for name in names if any(_number(row.get(name)) for row in rows)]


def _number(value):
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _parallel(rows, books):
    """Return the figures' HTML, and the values of each line along the axes: what varies, metrics, the last as colour.

    None where there is nothing to compare, as after the first run.
    """
    import pandas as pd

    from lib.columns import OUTCOME
    from lib.viz import parallel_data, plot_parallel

    metrics = _metrics(rows, books)
    if not metrics:
        return None
    last = metrics[-1]
    columns = [name for name in books.columns() if len({json.dumps(row[name]) for row in rows}) > 1]
    # A trials frame has names of its own: parameters and metrics that are called so get a blank that nobody sees.
    named = {name: f"{name} " if name in ("trial", *OUTCOME) else name for name in [*columns, *metrics[:-1]]}
    table = [{column: _plain(row.get(name)) for name, column in named.items()} for row in rows]
    scores = [row[last] if _number(row.get(last)) else None for row in rows]
    frame = pd.DataFrame(table).assign(score=scores, trial=range(1, len(rows) + 1)).astype({"score": float})
    try:
        axes = parallel_data(frame, last)
    except CourseError:
        return None
    figure = plot_parallel(frame, f"{len(rows)} runs of {books.info.title}", objective=last).to_plotly_json()
    text = json.loads(_json(figure))
    values = [[None if math.isnan(v) else v for v in line] for line in zip(*[a["values"].tolist() for a in axes], strict=True)]
    points = json.loads(_json(_points(axes[0], axes[-1]).to_plotly_json()))
    return f"{plotly_div(text, 'parallel', late=True)}\n{plotly_div(points, 'points')}", values


def _points(across, upwards):
    """Return the runs as points over two axes of their lines: the first thing that varies, and the metric."""
    import plotly.graph_objects as go

    from lib.viz.look import BLUE, GREY, layout

    figure = go.Figure()
    figure.add_scatter(
        x=across["values"], y=upwards["values"], mode="markers", marker={"size": 8, "color": BLUE}, hoverinfo="skip",
        unselected={"marker": {"color": GREY, "opacity": 0.25}},
    )
    figure.update_xaxes(title_text=across["label"], tickvals=across["ticks"], ticktext=across["names"])
    figure.update_yaxes(title_text=upwards["label"], tickvals=upwards["ticks"], ticktext=upwards["names"])
    return layout(figure, f"{upwards['label']} over {across['label']}: drag a box", 320, dragmode="select")


def _json(figure):
    import plotly.io

    return plotly.io.to_json(figure, validate=False)


def _plain(value):
    return json.dumps(value) if isinstance(value, list) else value
