"""What a lesson says of a learner's minutes is what the formula of tests/minutes.py gives, and no sitting is too long."""

import re

from kit.notebooks import read, source
from minutes import NUMBERS, SITTING, is_rest, minutes, seconds, sittings

SLACK = 7.5  # minutes between what a lesson says, in steps of five, and what the formula gives


def stated(text, words):
    return [int(number) for number in re.findall(rf"[Aa]bout (\d+) (?:minutes )?{words}", text)]


def test_a_lesson_takes_as_long_as_it_says(notebook):
    cells = read(notebook)["cells"]
    whole = minutes(cells) + seconds(cells) / 60
    said, = stated(source(cells[0]), "to work through")
    assert abs(said - whole) <= SLACK, f"it takes about {whole:.0f} minutes: python tests/minutes.py {notebook.name[:2]} --write"


def test_no_sitting_is_too_long(notebook):
    cells = read(notebook)["cells"]
    parts = sittings(cells)
    assert max(parts) <= SITTING, f"sittings of {parts}: python tests/minutes.py {notebook.name[:2]} --write"
    words = re.search(r"work through(?:, in (\w+) sittings)?\.", source(cells[0])).group(1)
    assert NUMBERS.index(words or "one") == len(parts)


def test_a_place_to_rest_says_what_lies_behind_and_before(notebook):
    cells = read(notebook)["cells"]
    parts = sittings(cells)
    for number, cell in enumerate(filter(is_rest, cells), 1):
        behind, = stated(source(cell), "lie behind")
        before, = stated(source(cell), "before")
        assert abs(behind - sum(parts[:number])) <= SLACK
        assert abs(before - sum(parts[number:])) <= SLACK
        assert source(cells[cells.index(cell) + 1]).startswith("## "), "a sitting begins with a section"
