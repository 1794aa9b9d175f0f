"""The engine of the exercises: stages, copies, the clock, cases, kinds, and progress."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import numpy as np
import pandas as pd
import pytest
from kit.notebooks import ROOT
from nbclient import NotebookClient

from lib import places
from lib.exercises import answers, asking, core, kinds, progress, what_next
from lib.exercises.kinds import Other
from lib.runner import cli


def exercise(check=None, key="e99.q1", reference=lambda values: max(values), **more):
    """Make an exercise that takes a list of numbers; without a check, its answer is their maximum."""

    def by_cases(answer):
        core.over_cases(answer, [([1],), ([2, 1],), ([-2, -1],)], reference, "The largest.", [(sum, "You add them up.")])
        return "The largest."

    check = check or by_cases
    check.__module__, _, check.__name__ = key.partition(".")
    return core.Exercise(check, ["one", "two"], reference, **{"due": kinds.number} | more)


# --- stages


def test_an_error_is_told_with_its_line_and_the_call():
    def divides(values):
        return values[0] / 0

    verdict = exercise().judge(divides)
    assert verdict.state == "wrong"
    assert verdict.message.startswith("Your answer raised ZeroDivisionError: division by zero, in its line ")
    assert verdict.message.endswith(", `return values[0] / 0`, for <lambda>([1]).")


def test_an_error_of_the_check_is_never_the_answers():
    def broken(answer):
        answer([1])
        raise KeyError("rate")

    verdict = exercise(broken).judge(max)
    assert verdict.state == "error" and "not your answer: KeyError: 'rate'" in verdict.message
    assert "report" in verdict.message and "test_exercises_engine.py, line " in verdict.message


def test_a_result_of_another_kind_is_told_as_that():
    assert "returned the text '3' where a number is due" in exercise().judge(lambda values: "3").message
    assert "returned a list of length 2 where a number is due" in exercise().judge(lambda values: [1, 2]).message
    assert "returned nothing (None)" in exercise().judge(lambda values: [].append(1)).message


def test_the_smallest_failing_case_is_told():
    message = exercise().judge(lambda values: values[-1]).message
    assert "not right for <lambda>([2, 1]): it gives 1.0, and 2.0 is due. The largest." in message


def test_a_mistake_speaks_only_where_the_answer_makes_it_in_every_case():
    assert "You add them up." in exercise().judge(sum).message
    assert "You add them up." not in exercise().judge(lambda values: sum(values) if len(values) > 1 else 9).message
    once = exercise().judge(lambda values: 3 if values == [2, 1] else max(values))  # as the sum would, in one case
    assert once.state == "wrong" and "You add them up." not in once.message


def test_another_signature_is_told():
    assert "It is called as <lambda>([1]), and your answer takes (a, b)" in exercise().judge(lambda a, b: 1).message


def test_an_error_in_what_an_answer_made_is_told_as_its_own():
    code = "def check(answer):\n    with answer.told('predict(x)', using='Your model'):\n        np.linalg.inv(np.zeros(2))"
    space = {"np": np}
    exec(compile(code, ROOT / "lib" / "a_check.py", "exec"), space)
    message = exercise(space["check"]).judge(lambda values: 1).message
    assert message.startswith("Your model raised LinAlgError: ") and message.endswith("for predict(x).")


def test_a_class_and_a_value():
    def check(answer):
        return "Right."

    takes = exercise(check, takes="class", reference=dict)
    assert takes.judge(dict).state == "right"
    assert "the class itself" in takes.judge({}).message and "A class is due" in takes.judge(lambda: 1).message
    value = exercise(lambda answer: str(answer), takes="value", reference=4)
    assert value.judge(np.int64(4)).message == "4.0"
    assert value.judge("4").message == "You handed over the text '4' where a number is due."


# --- copies, prints, time


def test_every_call_hands_over_copies():
    given = {"list": [3, [1]], "array": np.arange(3), "frame": pd.DataFrame({"a": [1]}), "set": {1}, "tuple": ([1],)}

    def spoils(values):
        values["list"][1].clear()
        values["array"][:] = 9
        values["frame"].loc[0, "a"] = 9
        values["set"].add(9)
        values["tuple"][0].append(9)
        values.clear()
        return 1

    def check(answer):
        answer(given)
        return "Right."

    assert exercise(check).judge(spoils).state == "right"
    assert given["list"] == [3, [1]] and given["array"].tolist() == [0, 1, 2] and given["frame"].a[0] == 1
    assert given["set"] == {1} and given["tuple"] == ([1],)


def test_what_an_answer_prints_is_shown_once(capsys):
    def prints(values):
        print("largest of", values)
        return max(values)

    exercise().check(prints)
    out = capsys.readouterr().out
    assert out.count("largest of") == 1 and "largest of [-2, -1]" in out


def test_what_is_shown_was_printed_in_the_call_that_the_verdict_is_about(capsys):
    def prints(values):
        print("first of", values)
        return values[-1]

    exercise().check(prints)
    out = capsys.readouterr().out
    assert "first of [2, 1]" in out and out.count("first of") == 1 and "for <lambda>([2, 1])" in out


def waits(values):
    time.sleep(60)


def spins(values):
    while True:
        pass


def swallows(values):
    while True:
        try:
            while True:
                pass
        except:  # noqa: E722 - what a learner may write
            pass


@pytest.mark.parametrize("endless", [waits, spins, swallows])
def test_an_endless_answer_is_stopped_and_leaves_nothing(endless, monkeypatch):
    before = signal.getsignal(signal.SIGALRM), sys.gettrace()
    began = time.monotonic()
    verdict = exercise(seconds=1).judge(endless)
    assert verdict.state == "wrong" and time.monotonic() - began < 30
    assert "ran for 1 seconds and was stopped, in its line" in verdict.message
    assert (signal.getsignal(signal.SIGALRM), sys.gettrace()) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert exercise(seconds=1).judge(max).state == "right"


def test_a_slow_answer_hears_after_two_seconds(capsys):
    def slow(values):
        time.sleep(0.8)
        return max(values)

    assert exercise(seconds=20).judge(slow).state == "right"
    assert capsys.readouterr().out == "Your answer takes its time. It may run for up to 20 seconds.\n"


def test_an_alarm_without_signals(monkeypatch):
    """As where the system has no timer of its own: the path of Windows."""
    monkeypatch.delattr(signal, "setitimer")
    monkeypatch.delattr(signal, "SIGALRM")
    assert "was stopped" in exercise(seconds=1).judge(spins).message
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


KERNEL = """
from lib.exercises import core, kinds
def check(answer):
    core.over_cases(answer, [([1],)], max, "The largest.")
    return "Right."
check.__module__, check.__name__ = "e99", "q1"
q1 = core.Exercise(check, ["one", "two"], max, due=kinds.number, seconds=SECONDS)
"""


def cells(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def printed(cell):
    return "".join(str(output.get("text", output.get("data", {}).get("text/plain", ""))) for output in cell.outputs)


def test_a_kernel_goes_on_after_an_endless_answer():
    endless = "def f(values):\n    while True:\n        pass\nq1.check(f)"
    notebook = cells(KERNEL.replace("SECONDS", "3"), endless, "q1.check(max)")
    NotebookClient(notebook, kernel_name="python3", timeout=60, resources={"metadata": {"path": ROOT}}).execute()
    assert "takes its time" in printed(notebook.cells[1])
    assert "was stopped, in its line " in printed(notebook.cells[1])
    assert "Right." in printed(notebook.cells[2])


def test_a_kernel_goes_on_after_a_cell_that_was_interrupted():
    endless = "def f(values):\n    while True:\n        pass\nq1.check(f)"
    notebook = cells(KERNEL.replace("SECONDS", "2"), endless, "import time; time.sleep(4); q1.check(max)")
    how = {"kernel_name": "python3", "timeout": 60, "resources": {"metadata": {"path": ROOT}}}
    client = NotebookClient(notebook, allow_errors=True, **how)
    with client.setup_kernel():
        client.execute_cell(notebook.cells[0], 0)
        code = f"import _thread, threading; threading.Timer(1, _thread.interrupt_main).start()\n{endless}"
        notebook.cells[1].source = code
        client.execute_cell(notebook.cells[1], 1)
        client.execute_cell(notebook.cells[2], 2)
    assert notebook.cells[1].outputs[-1].ename == "KeyboardInterrupt"
    assert "Right." in printed(notebook.cells[2])  # no alarm of the cell before rings in this one


# --- kinds


@pytest.mark.parametrize(
    "kind, value, read",
    [
        (kinds.number, np.float32(0.5), 0.5),
        (kinds.number, np.array(2), 2.0),
        (kinds.whole, 5.0, 5),
        (kinds.whole, np.int8(5), 5),
        (kinds.truth, np.bool_(True), True),
        (kinds.text, "a", "a"),
        (kinds.array(1), [1, 2], [1.0, 2.0]),
        (kinds.array(1, "whole numbers"), pd.Series([1.0, 2.0]), [1, 2]),
        (kinds.array(shape=(None, 2)), ((1, 2), (3, 4)), [[1, 2], [3, 4]]),
        (kinds.array(1), [], []),
        (kinds.array(1, "truths"), [True], [True]),
        (kinds.items(kinds.whole), np.arange(3), [0, 1, 2]),
        (kinds.group(kinds.text), {"a"}, ["a"]),
        (kinds.mapping(kinds.number), pd.Series({"a": 1}), {"a": 1.0}),
        (kinds.optional(kinds.whole), None, None),
    ],
)
def test_a_relative_is_read_as_the_kind(kind, value, read):
    found = kind(value)
    assert (found.tolist() if isinstance(found, np.ndarray) else found) == read


@pytest.mark.parametrize(
    "kind, value",
    [
        (kinds.number, True),
        (kinds.number, "1"),
        (kinds.number, [1]),
        (kinds.number, 1j),
        (kinds.whole, 1.5),
        (kinds.whole, np.nan),
        (kinds.whole, np.inf),
        (kinds.truth, 1),
        (kinds.text, 1),
        (kinds.array(1), {1, 2}),
        (kinds.array(1), "12"),
        (kinds.array(1), [[1], [2, 3]]),
        (kinds.array(1), np.zeros((2, 2))),
        (kinds.array(1), [None, 1]),
        (kinds.array(1, "truths"), [0, 1]),
        (kinds.array(1, "whole numbers"), [0.5]),
        (kinds.items(kinds.whole), {1: 2}),
        (kinds.items(kinds.whole, 2), [1]),
        (kinds.items(kinds.whole), [1, "a"]),
        (kinds.parts(kinds.number, kinds.number, words="two numbers"), [1, 2, 3]),
        (kinds.mapping(kinds.number), [1]),
        (kinds.model, 1),
        (kinds.frame, {}),
    ],
)
def test_another_kind_is_told_in_one_line(kind, value):
    with pytest.raises(Other, match=" is due") as told:
        kind(value)
    assert "\n" not in str(told.value)


def test_a_name_that_is_no_text_is_told():
    with pytest.raises(Other, match="something in which the name 2 is the int 2 where a text is due"):
        kinds.mapping(kinds.number)({2: 1.0})


def test_a_call_is_shown_short():
    assert len(asking.brief(list(range(1000)))) < 80
    assert asking.brief(np.zeros((50, 50))) == "<array of shape (50, 50)>"
    assert asking.brief(np.array([0.1 + 0.2])) == "[0.3]"


# --- progress


def test_right_answers_survive_a_restart():
    core.PROGRESS.add("e99.q2")
    exercise().check(max)
    exercise(key="e99.q3").check(min)
    afresh = core.Progress()
    assert afresh.solved() == {"e99.q1", "e99.q2"}
    assert afresh.tries()["e99.q3"] == {"tries": 1, "first_right": None}


def test_tries_are_counted_up_to_the_first_right_answer():
    for answer in (None, min, sum, max, min):
        exercise().check(answer)
    row = core.Progress().tries()["e99.q1"]
    assert row["tries"] == 3 and row["first_right"].endswith("+00:00")


def test_progress_is_in_memory_where_no_file_can_be(tmp_path, monkeypatch):
    in_the_way = tmp_path / "a file"
    in_the_way.write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(in_the_way))
    kept = core.Progress()
    kept.add("e99.q1")
    assert kept.solved() == {"e99.q1"}


def test_a_damaged_progress_file_is_no_error_and_is_kept():
    kept = core.Progress()
    kept.path.write_text("{half")
    assert kept.solved() == set()
    kept.add("e99.q1")
    assert core.Progress().solved() == {"e99.q1"}
    assert kept.path.with_suffix(".damaged").read_text() == "{half"


def test_the_file_of_an_older_kit_is_read():
    core.PROGRESS.path.write_text('{"solved": ["e00.q1"]}')
    assert core.Progress().tries() == {"e00.q1": {"tries": 1, "first_right": ""}}


def test_two_notebooks_at_once_lose_no_answer():
    code = "import sys; from lib.exercises.core import PROGRESS\nfor n in range(40): PROGRESS.add(f'{sys.argv[1]}.q{n}')"
    both = [subprocess.Popen([sys.executable, "-c", code, name], cwd=ROOT) for name in ("e97", "e98")]
    assert [one.wait() for one in both] == [0, 0]
    assert len(core.Progress().solved()) == 80


def test_progress_counts_each_notebook_and_says_what_is_next():
    core.PROGRESS.add("e03.q2")
    core.PROGRESS.add("e03.q3", "wrong")
    (row,) = [row for row in progress() if row["notebook"] == "03"]
    assert (row["solved"], row["tried"], row["open"].split(", ")[:2]) == (1, "q3", ["q1", "q4"])
    assert what_next() == "Next: exercise 3 of notebook 03, which you have tried."
    assert [r["state"] for r in answers() if r["exercise"].startswith("e03")][:4] == ["open", "solved", "tried", "open"]


def test_the_command_prints_and_exports_it(tmp_path, capsys):
    core.PROGRESS.add("e00.q1")
    assert cli.main(["progress"]) == 0
    out = capsys.readouterr().out
    assert "00  1 of 3 solved; open q2, q3" in out and "Next: exercise 2 of notebook 00." in out
    table = tmp_path / "mine.csv"
    assert cli.main(["progress", "--export", str(table)]) == cli.main(["progress", "--export", str(table)]) == 0
    rows = list(csv.DictReader(table.open()))
    assert rows[0] | {"first_right": ""} == {"exercise": "e00.q1", "state": "solved", "tries": "1", "first_right": ""}
    assert rows[1] == {"exercise": "e00.q2", "state": "open", "tries": "0", "first_right": ""}
    table.write_text("my notes")
    assert cli.main(["progress", "--export", str(table)]) == 2 and table.read_text() == "my notes"
    assert cli.main(["progress", "--export", os.devnull]) == cli.main(["progress", "--export", str(tmp_path)]) == 2
    assert "there is another file of that name" in capsys.readouterr().err


def test_a_file_of_the_learners_is_not_trusted(tmp_path):
    written = {"solved": ["e00.q1", "=1"], "tries": {"e00.q1": -3}, "first_right": {"e00.q1": "=HYPERLINK(1)"}}
    places.progress().mkdir(parents=True, exist_ok=True)
    core.PROGRESS.path.write_text(json.dumps(written))
    assert cli.main(["progress", "--export", str(tmp_path / "t.csv")]) == 0
    assert "=" not in (tmp_path / "t.csv").read_text()


def test_a_verdict_is_safe_html():
    assert "&lt;b&gt;" in core.Verdict("wrong", "<b>")._repr_html_()


@pytest.mark.parametrize(
    "body, blank",
    [("...", True), ("pass", True), ("return None", True), ("return ...", True), ("x = y", False), ("return y", False)],
)
def test_what_counts_as_blank(body, blank):
    space = {}
    exec(f"def answer(y):\n    'a docstring'\n    {body}", space)
    assert core.is_blank(space["answer"]) is blank
