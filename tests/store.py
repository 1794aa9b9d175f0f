"""Run notebooks top to bottom at their lesson profile and store the outputs: python tests/store.py 03_keras_tuner.

A notebook that fails is left as it was.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

QUIET = ["--IPKernelApp.log_level=CRITICAL"]
NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"


def store(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    # Time stamps would differ with each run, and say nothing to a reader.
    place = {"metadata": {"path": NOTEBOOKS}}
    NotebookClient(notebook, timeout=1800, record_timing=False, extra_arguments=QUIET, resources=place).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = joined(cell.outputs)
    # What the kernel writes here names the Python it ran on.
    notebook.metadata["language_info"] = {"name": "python"}
    path.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")
    print(path.name, "stored")


def joined(outputs):
    """Join neighbouring pieces of one stream: where a stream was cut depends on the machine's mood."""
    kept = []
    for output in outputs:
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.stem for path in NOTEBOOKS.glob("[0-9][0-9]_*.ipynb")):
        store(NOTEBOOKS / f"{name.removesuffix('.ipynb')}.ipynb")
