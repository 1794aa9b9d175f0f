"""Add a lesson, or take one away: python tests/new_lesson.py 19_my_lesson "My lesson" [--remove].

Writes a notebook that keeps the rules already, with three exercises and answers to them, and its lines in README,
notebooks/profiles.yaml and tests/metrics.yaml. All of it is there to be replaced, section by section, by the lesson.
"""

import argparse
import re

import nbformat
from kit.notebooks import NOTEBOOKS, ROOT
from minutes import title
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

# A cell begins with a line of its id; code says so.
SKELETON = """%% title
# {number} {title}

*About 5 minutes to work through. All cells together run in about 5 seconds on two cores.*

At the end you will be able to

- say in three to five lines what a learner can do now.

*What to know first:* what a trial is ([lesson 01](01_tuning_loop.ipynb)).
%% imports-why
What a cell does is said above it, and what came out of it below. Say here what is imported that is new.
%% imports code
import numpy as np
%% parameters-why
## Parameters

Everything you may want to change is in this cell, one value a line.
%% parameters code
seed = 1  # of every random choice; [1..1000000]
draws = 100  # numbers to draw; [10..100000]
%% draw-why
## 1 Define, call, look

A new function is called at once, on something so small that you can check it by eye:
%% draw code
def doubled(numbers):
    return 2 * numbers


doubled(np.arange(3))
%% many-why
Each number is there twice. Now with many of them, whose [seed](glossary.md#seed) makes them come again:
%% many code
numbers = np.random.default_rng(seed).random(draws)
print("all are doubled:", len(doubled(numbers)) == draws)
%% summary
## Summary

- What we saw, a line for each section.
%% exercises
## Exercises

Replace the three dots and run the cell.
%% exercises-import code
from lib.exercises import e{number}
"""
QUESTION = """%% q{place}-text
**{place}** `number` is a number. Return {factor} times the number.
%% q{place} code
def times(number):
    ...


e{number}.q{place}.check(times)
"""
END = """%% read-on
## Where to read on

- What others have written on it, and what is in it for whom.
%% next
## What comes next

[Lesson {after}]({file}) comes next. Say in a sentence or two what it is about, and why it follows this one.
"""
EXERCISES = '''"""Exercises of notebook {number}: what they are about."""

from lib.exercises import kinds
from lib.exercises.core import Exercise, over_cases

CASES = [(0,), (1,), (7,), (-3,), (0.5,), (0.3,), (-1.27,), (1e6,)]
'''
EXERCISE = '''

def _check_q{place}(times):
    mistakes = [(lambda number: number, "It comes back as it went in.")]
    over_cases(times, CASES, _times_{factor}, "The number is due {factor} times.", mistakes)
    return "The number is there {factor} times."


def _times_{factor}(number):
    return {factor} * number


q{place} = Exercise(
    _check_q{place},
    ["A hint is a nudge.", "Put this where the three dots are: return ... * number, with the right number for the dots."],
    _times_{factor},
    due=kinds.number,
)
'''
ANSWERS = '''"""Answers to the exercises of notebook {number}: right ones that are not the reference, and likely mistakes."""

from lib.exercises import e{number}


def answers(factor):
    right = [lambda n, k=k: (factor - k) * n + k * n for k in range(1, 6)]
    wrong = [(lambda n: n, "comes back as it went in"), (lambda n: -factor * n, f"The number is due {{factor}} times"),
             (lambda n: factor * n + 1, "The number is due"), (lambda n: str(factor * n), "where a number is due"),
             (lambda n: [factor * n], "where a number")]
    return right, wrong


ALL = [(e{number}.q1, *answers(2)), (e{number}.q2, *answers(3)), (e{number}.q3, *answers(4))]
'''


METADATA = {"imports code": {"jupyter": {"source_hidden": True}}, "parameters code": {"tags": ["parameters"]}}


def notebook(name, words, file):
    """Return the notebook of a lesson: its name, the words of its title, the file of the lesson after it."""
    questions = [QUESTION.format(number=name[:2], place=place, factor=place + 1) for place in (1, 2, 3)]
    text = SKELETON.format(number=name[:2], title=words) + "".join(questions) + END.format(after=file[:2], file=file)
    cells = []
    for part in text.split("%% ")[1:]:
        head, _, source = part.partition("\n")
        key, _, kind = head.partition(" ")
        make = new_code_cell if kind else new_markdown_cell
        cells.append(make(source.strip(), id=key, metadata=METADATA.get(head, {})))
    cells[0].source = title(cells)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})


def files(number):
    """Return the Paths of a lesson's exercises and of the answers to them."""
    return ROOT / "lib" / "exercises" / f"e{number}.py", ROOT / "tests" / f"answers_{number}.py"


def lines(name, words):
    """Return what a lesson has in the tables of the kit: pairs of a Path and its lines there."""
    return [
        (ROOT / "README.md", f"| [{name[:2]} {words}](notebooks/{name}.ipynb) | what it teaches |\n"),
        (ROOT / "notebooks" / "profiles.yaml", f"\n{name}:\n  smoke: {{draws: 10}}\n  full: {{draws: 100000}}\n"),
        (ROOT / "tests" / "metrics.yaml", f"\n{name}:\n  smoke: {{}}\n  lesson: {{}}\n"),
    ]


def add(name, words):
    """Write the files of a lesson and its lines in the tables."""
    names = [path.name for path in NOTEBOOKS]
    after = min((other for other in names if other > name), default=names[0])
    path = ROOT / "notebooks" / f"{name}.ipynb"
    path.write_text(nbformat.writes(notebook(name, words, after), indent=1) + "\n", encoding="utf-8")
    exercises, answers = files(name[:2])
    parts = [EXERCISE.format(place=place, factor=place + 1) for place in (1, 2, 3)]
    exercises.write_text(EXERCISES.format(number=name[:2]) + "".join(parts), encoding="utf-8")
    answers.write_text(ANSWERS.format(number=name[:2]), encoding="utf-8")
    for table, text in lines(name, words):
        table.write_text(with_lines(table.read_text(encoding="utf-8"), text), encoding="utf-8")


def with_lines(text, more):
    """Return a table with the lines of a lesson behind those of the lesson before it."""
    row = r"^\| \[\d\d .*\n" if more.startswith("|") else r"^\n?\d\d_\w+:\n(?:  .*\n)+"
    places = [match.end() for match in re.finditer(row, text, re.M) if key(match[0]) < key(more)]
    return text[:places[-1]] + more + text[places[-1]:]


def key(line):
    """Return the number of the lesson that a line of a table begins with."""
    return re.search(r"\d\d", line)[0]


def remove(name):
    """Take a lesson away: its files, and its lines in the tables."""
    for path in (ROOT / "notebooks" / f"{name}.ipynb", *files(name[:2])):
        path.unlink()
    row, block = rf"^\| \[\d\d [^\n]*\(notebooks/{name}\.ipynb\).*\n", rf"^\n{name}:\n(?:  .*\n)+"
    for table, _ in lines(name, ""):
        table.write_text(re.sub(f"{row}|{block}", "", table.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")


def main():
    """Add a lesson, or take it away."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("name", metavar="NN_NAME")
    parser.add_argument("title", nargs="?", default="A new lesson")
    parser.add_argument("--remove", action="store_true")
    asked = parser.parse_args()
    numbers = {path.name[:2] for path in NOTEBOOKS} - ({asked.name[:2]} if asked.remove else set())
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", asked.name) or asked.name[:2] in numbers:
        parser.error("a lesson is called by a number that no other one has and a word, as 19_my_lesson")
    if asked.remove:
        remove(asked.name)
    else:
        add(asked.name, asked.title)


if __name__ == "__main__":
    main()
