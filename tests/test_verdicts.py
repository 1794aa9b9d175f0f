"""Each verdict that a lesson prints held in all of five runs, or a sentence beside it says in how many: data/verdicts.csv.

Each rule is a function that lists what breaks it; one test holds every notebook to it, another shows that it sees a breach.
"""

import re

import pytest
from kit.notebooks import read, source
from kit.prose import MEAN, TOLD
from verdicts import COMPARISONS, SEEDS, common, difference, figures, printed, read_table, seeded

from lib.metric import MIME

RUN_IT = "python tests/verdicts.py"
SHARING = ("06", "08", "09", "10", "11", "12", "13", "17")  # what they repeat with seed 1, they repeat in part with seed 2


def rows_of(number):
    return [row for row in read_table() if row["lesson"] == number]


def beside(document, row):
    """Return the cells of prose where a row may be told: those next to its cell; of a comparison, all of its section."""
    cells = document["cells"]
    here = next(i for i, cell in enumerate(cells) if cell["id"] == row["cell"])
    heads = [i for i, cell in enumerate(cells) if cell["cell_type"] == "markdown" and re.search(r"^## ", source(cell), re.M)]
    first = max([i for i in heads if i < here], default=0)
    last = min([i for i in heads if i > here], default=len(cells))
    above = [cell for cell in cells[first:here] if cell["cell_type"] == "markdown"]
    below = [cell for cell in cells[here:last] if cell["cell_type"] == "markdown"]
    return above + below if row["mean"] else above[-1:] + below[:1]


# --- the rules


def without_row(document, rows):
    """List the verdicts and answers that a notebook prints and that the table does not know."""
    known = [(row["cell"], row["verdict"], row["answer"]) for row in rows if not row["mean"]]
    wrong = []
    for (cell, _, _), (text, answer) in printed(document).items():
        match = next((each for each in known if each[0] == cell and each[2] == answer and fits(text, each[1])), None)
        wrong += [f"{cell}: {text}: {answer}"] if match is None else []
        known = [each for each in known if each is not match]
    return wrong


def fits(text, known):
    """Say whether a verdict is that of the table, where a number that differs from run to run is #."""
    try:
        return common([known, text]) == known
    except ValueError:  # not as many numbers
        return False


def without_verdict(document, rows):
    """List the rows whose verdict no cell prints any more."""
    found = [(cell, answer, text) for (cell, _, _), (text, answer) in printed(document).items()]
    return [f"{row['cell']}: {row['verdict']}" for row in rows if not row["mean"]
            and not any((row["cell"], row["answer"]) == each[:2] and fits(each[2], row["verdict"]) for each in found)]


def untold(document, rows):
    """List the rows that did not hold in every run, though no sentence beside their cell says in how many they did."""
    fell = [row for row in rows if row["held"] != row["runs"]]
    return [f"{row['cell']}: {row['verdict']}: in {row['held']} of {row['runs']} runs" for row in fell
            if not any((row["held"], row["runs"]) in TOLD.findall(source(cell)) for cell in beside(document, row))]


def untrue(document, rows):
    """List the sentences that say in how many runs something held, or what it came to on average, as no row beside them does."""
    wrong = []
    for cell in document["cells"]:
        text = source(cell) if cell["cell_type"] == "markdown" else ""
        near = [row for row in rows if TOLD.search(text) or MEAN.search(text) if cell in beside(document, row)]
        held = {(row["held"], row["runs"]) for row in near}
        wrong += [f"{cell['id']}: in {n} of {runs} runs" for n, runs in TOLD.findall(text) if (n, runs) not in held]
        means = [said for said in MEAN.findall(text) if not any(agrees(*said, row) for row in near)]
        wrong += [f"{cell['id']}: {mean} ± {error}" for mean, error, _ in means]
    return wrong


def agrees(mean, error, runs, row):
    """Say whether a sentence's mean and error are those of a row, to the digits that it gives."""
    if not row["mean"]:
        return False
    pairs = (mean.replace("−", "-"), row["mean"]), (error, row["error"])
    return runs == row["runs"] and all(f"{float(value):.{len(said.partition('.')[2])}f}" == said for said, value in pairs)


def unshared(document):
    """List the first cell of prose with a mean over runs, if it does not say that these have seeds in common."""
    first = [cell for cell in document["cells"] if cell["cell_type"] == "markdown" and MEAN.search(source(cell))][:1]
    return [cell["id"] for cell in first if not re.search(r"\bruns\b[^.]*\b(share|in common)\b", source(cell))]


# --- every notebook


def rows_for(notebook):
    if notebook.name[:2] not in seeded():
        pytest.skip("a lesson that draws nothing")
    return rows_of(notebook.name[:2])


def test_every_verdict_has_a_row(notebook):
    assert not without_row(read(notebook), rows_for(notebook)), f"{RUN_IT} {notebook.name[:2]}"


def test_every_row_has_a_verdict(notebook):
    assert not without_verdict(read(notebook), rows_for(notebook)), f"{RUN_IT} {notebook.name[:2]}"


def test_a_verdict_that_fell_is_told(notebook):
    assert not untold(read(notebook), rows_for(notebook)), "say it beside the cell, or claim less"


def test_what_is_told_of_runs_is_in_the_table(notebook):
    assert not untrue(read(notebook), rows_for(notebook)), "see data/verdicts.csv"


def test_runs_that_share_seeds_are_said_to(notebook):
    assert notebook.name[:2] not in SHARING or not unshared(read(notebook)), "their ± is smaller than it would be without"


def test_every_row_counts_all_seeds(notebook):
    assert {row["runs"] for row in rows_for(notebook)} == {str(len(SEEDS))}


def test_every_comparison_has_its_row(notebook):
    compared = {row["verdict"]: row["answer"] for row in rows_for(notebook) if row["mean"]}
    found = figures(read(notebook))
    signs = {text: f"{'<=>'[(difference(text, found) > 0) - (difference(text, found) < 0) + 1]} 0"
             for text in COMPARISONS.get(notebook.name[:2], ())}
    assert compared == signs, f"{RUN_IT} {notebook.name[:2]}"


# --- what the rules see


def cell(kind, name, text, **more):
    return {"cell_type": kind, "id": name, "metadata": {}, "source": text, **more}


def stream(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def notebook_of(said="better than 0.85: True\n", prose="Look.", metric=0.02):
    record = {"output_type": "display_data", "data": {MIME: {"name": "gain", "value": metric}}}
    verdict = cell("code", "verdict", "", outputs=[stream(said), record])
    return {"cells": [cell("markdown", "why", "See."), verdict, cell("markdown", "look", prose)]}


def row(held=5, verdict="better than 0.85", answer="True", mean="", error=""):
    values = ("01", "verdict", verdict, answer, str(held), "5", mean, error)
    return dict(zip(("lesson", "cell", "verdict", "answer", "held", "runs", "mean", "error"), values, strict=True))


def test_verdicts_are_read_from_lines_and_tables():
    table = "<table><tr><th></th><th>trials</th><th>as before</th></tr><tr><th>grid</th><td>9</td><td>False</td></tr></table>"
    outputs = [stream("took 3 s\nthe same True, shuffled:  False\nbest kind:  conv\nshuffle=True is meant\n"),
               {"output_type": "execute_result", "data": {"text/html": table}}]
    found = printed({"cells": [cell("code", "a", "", outputs=outputs)]})
    assert [*found.values()] == [("the same …, shuffled", "True, False"), ("best kind", "conv"), ("grid, as before", "False")]


def test_figures_are_read_from_records_and_tables():
    table = "<table><tr><th></th><th>%</th></tr><tr><th>one</th><td>0.81</td></tr><tr><th>two</th><td>1,000.5</td></tr></table>"
    shown = {"output_type": "execute_result", "data": {"text/html": table}}
    found = figures({"cells": [cell("code", "a", "", outputs=[shown])]})
    assert found == {"a[one]": 0.81, "a[two]": 1000.5}
    assert difference("a[two] - a[one]", found) == 1000.5 - 0.81
    assert figures(notebook_of(metric=0.5)) == {"gain": 0.5}


def test_a_number_that_differs_from_run_to_run_is_no_part_of_a_verdict():
    assert common(["12 of 30 trials", "14 of 30 trials"]) == "# of 30 trials"
    assert fits("13 of 30 trials", "# of 30 trials") and not fits("13 of 20 trials", "# of 30 trials")
    assert not fits("13 trials", "# of 30 trials")


@pytest.mark.parametrize("said", ["better than 0.95: True", "better than 0.85: False", "better by far: True",
                                  "better than 0.85: True\nand than 0.9: True"])
def test_a_verdict_without_its_row_is_seen(said):
    assert not without_row(notebook_of(), [row()]) and not without_verdict(notebook_of(), [row()])
    assert without_row(notebook_of(said), [row()])


@pytest.mark.parametrize("said", ["", "better than 0.95: True", "better than 0.85: False"])
def test_a_row_without_its_verdict_is_seen(said):
    assert without_verdict(notebook_of(said), [row()]) == ["verdict: better than 0.85"]


@pytest.mark.parametrize("prose", ["Look.", "It held in 5 of 5 runs.", "In four of five runs.", "It held in 4 of 6 runs."])
def test_a_verdict_that_fell_and_is_not_told_is_seen(prose):
    assert untold(notebook_of(prose=prose), [row(held=4)])


def test_a_verdict_that_fell_and_is_told():
    assert not untold(notebook_of(prose="It held in 4 of 5 runs."), [row(held=4)])
    assert not untrue(notebook_of(prose="It held in 4 of 5 runs."), [row(held=4)])


@pytest.mark.parametrize("prose", ["It held in 3 of 5 runs.", "It is ahead by 0.030 ± 0.004 over 5 runs.",
                                   "It is ahead by 0.021 ± 0.005 over 5 runs.", "It is ahead by 0.021 ± 0.004 over 3 runs."])
def test_a_sentence_that_says_other_than_the_table_is_seen(prose):
    compared = row(verdict="gain", answer="> 0", mean="0.02096", error="0.0041")
    assert untrue(notebook_of(prose=prose), [row(), compared])
    assert not untrue(notebook_of(prose="It is ahead by 0.021 ± 0.004 over 5 runs."), [row(), compared])


def test_runs_that_share_seeds_and_are_not_said_to_are_seen():
    told = "It is ahead by 0.021 ± 0.004 over 5 runs"
    assert unshared(notebook_of(prose=f"{told}.")) and not unshared(notebook_of(prose="Look."))
    assert not unshared(notebook_of(prose=f"{told}, of which neighbouring runs share some seeds."))
