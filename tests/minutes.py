"""How long a lesson takes a learner: python tests/minutes.py [LESSON ...] [--write].

A formula says it: so many words a minute, so many lines of code, minutes for each exercise, and the run itself. A lesson of
more than one sitting rests in front of a heading, in a cell with the tag `rest`. Prints each lesson with its sittings; --write
puts the minutes into the title cell and the cells between sittings, and chooses where to rest in a lesson that has to.
"""

import argparse
import itertools
import math
import re

import nbformat
from kit.notebooks import NOTEBOOKS, ROOT, read, source, tags

from lib.runner.notebooks import read_folder
from lib.runner.ways import read_ways

WORDS = 200  # read in a minute: prose that one has to think about
LINES = 10  # of code understood in a minute
EXERCISE = 5  # minutes
SITTING = 75  # minutes, at most
NUMBERS = ("no", "one", "two", "three", "four")
REST = ("*A good place to rest: about {done} minutes lie behind you, and about {left} before you. When you come back, click into "
        "this cell, choose* Run → Run All Above Selected Cell*, and go on.*")


def is_rest(cell):
    """Say whether a cell is one that parts two sittings."""
    return cell["cell_type"] == "markdown" and "rest" in tags(cell)


def seconds(cells):
    """Return the seconds of a run, as the title cell says."""
    return int(re.search(r"about (\d+) seconds", source(cells[0])).group(1))


def minutes(cells):
    """Return the minutes that cells take a learner, without the run itself."""
    prose = " ".join(source(cell) for cell in cells if cell["cell_type"] == "markdown" and not is_rest(cell))
    code = [source(cell) for cell in cells if cell["cell_type"] == "code"]
    exercises = [text for text in code if ".check(" in text]
    lines = [line for text in code if text not in exercises for line in text.splitlines() if line.strip(" #)]}")]
    return len(re.findall(r"\w[\w'’.,-]*", prose)) / WORDS + len(lines) / LINES + len(exercises) * EXERCISE


def sittings(cells):
    """Return the minutes of each sitting, with the run in each: whoever comes back runs what stands above again."""
    edges = [0, *(index for index, cell in enumerate(cells) if is_rest(cell)), len(cells)]
    return [minutes(cells[start:end]) + seconds(cells) / 60 for start, end in itertools.pairwise(edges)]


def rounded(figure):
    """Round minutes to the next five."""
    return max(5, 5 * round(figure / 5))


def title(cells):
    """Return the title cell with the minutes and the sittings that the formula gives."""
    parts = sittings(cells)
    many = f", in {NUMBERS[len(parts)]} sittings" if len(parts) > 1 else ""
    whole = rounded(minutes(cells) + seconds(cells) / 60)
    return re.sub(r"\*About \d+ minutes to work through(, in \w+ sittings)?\.", f"*About {whole} minutes to work through{many}.",
                  source(cells[0]))


def rest_words(parts, number, name):
    """Return the words of the cell after so many of the sittings of the lesson of that name, and where shorter ways go on."""
    words = REST.format(done=rounded(sum(parts[:number])), left=rounded(sum(parts[number:])))
    return words + "".join(f" {line}" for line in onward(name, number))


def onward(name, number):
    """List where the ways go on that leave a lesson after so many of its sittings, a sentence for each place."""
    found = {}
    for way in read_ways(ROOT / "notebooks", read_folder(ROOT / "notebooks")):
        for (info, count), after in itertools.zip_longest(way.stops, [info for info, _ in way.stops[1:]]):
            if info.name == name and count == number < info.sittings:
                place = after and f"[lesson {after.number}]({after.path.name})"
                words = f"The next stop of {{}} is {place}." if after else "This is the last stop of {}."
                found.setdefault(words, []).append(f"**{way.name}**")
    return [words.format(" and ".join(ways)) for words, ways in found.items()]


def places_to_rest(cells):
    """Return where to put the rests: in front of those headings that make the longest sitting shortest."""
    headings = [index for index, cell in enumerate(cells) if cell["cell_type"] == "markdown" and source(cell).startswith("## ")]
    number = math.ceil((minutes(cells) + seconds(cells) / 60) / SITTING) - 1

    def longest(places):
        return max(minutes(cells[start:end]) for start, end in itertools.pairwise([0, *places, len(cells)]))

    return min(itertools.combinations(headings, number), key=longest)


def write(path):
    """Put the minutes into a notebook; rests too, where a sitting is too long."""
    notebook = nbformat.read(path, as_version=4)
    if max(sittings(notebook.cells)) > SITTING:
        notebook.cells = [cell for cell in notebook.cells if not is_rest(cell)]
        for number, place in reversed(list(enumerate(places_to_rest(notebook.cells), 1))):
            cell = nbformat.v4.new_markdown_cell(id=f"rest-{number}" if number > 1 else "rest", metadata={"tags": ["rest"]})
            notebook.cells.insert(place, cell)
    notebook.cells[0].source = title(notebook.cells)
    for number, cell in enumerate(filter(is_rest, notebook.cells), 1):
        cell.source = rest_words(sittings(notebook.cells), number, path.stem)
    path.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")


def main():
    """Print the minutes of each lesson, and write them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--write", action="store_true")
    words = parser.parse_args()
    for path in NOTEBOOKS:
        if not words.lessons or path.name[:2] in words.lessons:
            if words.write:
                write(path)
            parts = sittings(read(path)["cells"])
            print(f"{path.stem:28} {rounded(sum(parts)):4} min  sittings: {', '.join(f'{part:.0f}' for part in parts)}")


if __name__ == "__main__":
    main()
