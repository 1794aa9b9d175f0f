"""A lesson's figures on record: what `record` puts into a cell's output, `collect_metrics` finds in the notebook."""

MIME = "application/vnd.course.metric+json"


def record(name, value):
    """Show a figure to the learner and put it on record: `course run` collects it into metrics.json.

    Args:
        name: what the figure is, as in metrics.json.
        value: a number, bool or str.
    """
    from IPython.display import display  # inside: the command `course` only collects

    value = value.item() if hasattr(value, "item") else value  # numpy's scalars are not JSON
    text = f"{value:,.4g}" if isinstance(value, float) else str(value)
    display({"text/plain": f"{name}: {text}", MIME: {"name": name, "value": value}}, raw=True)


def collect_metrics(notebook):
    """Collect what `record` put into the outputs of a notebook.

    Args:
        notebook: the notebook's JSON as a dict.

    Returns:
        A dict {metric: value}; the last record of a name counts.
    """
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    records = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    return {record["name"]: record["value"] for record in records}
