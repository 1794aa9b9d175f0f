"""Run notebooks top to bottom at their lesson profile and store the outputs: python tests/store.py 03_keras_tuner.

With --stale, the notebooks whose code has changed since their outputs were stored, and then the screenshots that no longer
show what they were taken of; with --list, nothing is run and those are named. A notebook that fails is left as it was.
"""

import os
import sys
import tempfile

import nbformat
import shots
from kit.notebooks import NOTEBOOKS, code_digest, is_stale
from nbclient import NotebookClient

QUIET = ["--IPKernelApp.log_level=CRITICAL"]


def store(path):
    """Run a notebook and write its outputs into what its file holds by then.

    Returns:
        None, or one line that says why nothing was written.
    """
    notebook = nbformat.read(path, as_version=4)
    code = code_digest(notebook.cells)
    # Time stamps would differ with each run, and say nothing to a reader.
    place = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=1800, record_timing=False, extra_arguments=QUIET, resources=place).execute()
    ran = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    written = nbformat.read(path, as_version=4)  # its prose may have been edited while it ran
    if code_digest(written.cells) != code:
        return f"{path.name}: its code was changed while it ran, and nothing is stored: run this again"
    for cell in written.cells:
        cell.metadata.pop("execution", None)
        if cell.id in ran and cell.cell_type == "code":
            cell.outputs = joined(ran[cell.id].outputs)
            cell.execution_count = ran[cell.id].execution_count
    # What the kernel writes here names the Python it ran on.
    written.metadata["language_info"] = {"name": "python"}
    written.metadata["course"] = {"code": code}
    path.write_text(nbformat.writes(written, indent=1) + "\n", encoding="utf-8")
    print(path.name, "stored")
    return None


def joined(outputs):
    """Join neighbouring pieces of one stream: where a stream was cut depends on the machine's mood."""
    kept = []
    for output in outputs:
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def main(words):
    """Store the notebooks that are named, those that are stale, or all; or say which are stale."""
    names = [word.removesuffix(".ipynb") for word in words if word not in ("--stale", "--list")]
    if unknown := set(names) - {path.stem for path in NOTEBOOKS}:
        sys.exit(f"there is no notebook {', '.join(sorted(unknown))}; there are {', '.join(path.stem for path in NOTEBOOKS)}")
    if "--list" in words:
        print("\n".join([*[path.name for path in NOTEBOOKS if is_stale(path)], *shots.stale()]) or "nothing is out of date")
        return
    os.environ["COURSE_PROGRESS"] = tempfile.mkdtemp()  # nobody's
    wanted = [path for path in NOTEBOOKS if path.stem in names or (not names and ("--stale" not in words or is_stale(path)))]
    refused = [line for path in wanted if (line := store(path))]
    if refused:
        sys.exit("\n".join(refused))
    if "--stale" in words:
        shots.take(shots.stale())


if __name__ == "__main__":
    main(sys.argv[1:])
