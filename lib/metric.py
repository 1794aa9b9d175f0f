"""A lesson's figures on record: what `record` puts into a cell's output, `collect_metrics` finds in the notebook."""

import json
import sys

MIME = "application/vnd.course.metric+json"


def record(name, value):
    """Show a figure to the learner and put it on record: `course run` collects it into metrics.json.

    Args:
        name: what the figure is, as in metrics.json.
        value: a number, bool or str.
    """
    from IPython.display import display  # inside: the command `course` only collects

    value = value.item() if hasattr(value, "item") else value  # numpy's scalars are not JSON
    # A number that is none, as a loss that went to infinity, is none in JSON either: its text would be taken for a word.
    display({"text/plain": f"{name}: {shown(value)}", MIME: {"name": name, "value": _finite(value)}}, raw=True)


def shown(value):
    """Return a figure, or a parameter, as a reader sees it: a float with four digits, a list as JSON."""
    if isinstance(value, float):
        return f"{value:,.4g}"
    if value is None:
        return "no number"
    return json.dumps(value) if isinstance(value, list) else str(value)


def collect_metrics(notebook):
    """Collect what `record` put into the outputs of a notebook.

    Args:
        notebook: the notebook's JSON as a dict.

    Returns:
        A dict {metric: value}; the last record of a name counts. What is no record, as one without a name, is left out.
    """
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    records = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    return {record["name"]: _finite(record["value"]) for record in records if _is_record(record)}


def _is_record(record):
    plain = isinstance(record, dict) and isinstance(record.get("name"), str)
    return plain and isinstance(record.get("value", ()), int | float | str | None)


def _finite(value):
    return value if not isinstance(value, int | float) or abs(value) <= sys.float_info.max else None
