"""The glossary: every term short, in its place, and explained where it says; and no lesson uses one before it is explained."""

import re

import nbformat
import pytest
from glossary import ENTRY, FILE, Entry, anchor_of, entries, is_met, places, unmet
from kit.notebooks import NOTEBOOKS, ROOT, read, source

from lib.runner.notebooks import headings

TERMS = [entry.term for entry in entries()]


def sections(name):
    """Return the prose of each section of a lesson, with its headings, by its anchor."""
    found, anchor = {}, ""
    for cell in read(ROOT / "notebooks" / name)["cells"]:
        if cell["cell_type"] == "markdown":
            anchor = next((anchor_of(title) for level, title in headings(source(cell)) if level == 2), anchor)
            found[anchor] = found.get(anchor, "") + source(cell) + "\n"
    return found


def test_every_heading_is_an_entry():
    text = FILE.read_text(encoding="utf-8")
    assert len(re.findall(r"^#+ ", text, re.M)) == 1 + len(TERMS) > 100
    assert "\n\n".join(re.split(r"\n\n(?=##)", text)[1:]).strip() == "\n\n".join(match[0] for match in ENTRY.finditer(text))


def test_terms_stand_in_the_order_of_the_alphabet_and_once():
    assert sorted(set(TERMS), key=str.lower) == TERMS


@pytest.mark.parametrize("entry", entries(), ids=TERMS)
def test_a_term_is_two_sentences_at_most_and_in_the_section_that_it_names(entry):
    assert len(re.findall(r"[.:?](?: |$)", entry.words)) <= 3
    found = sections(entry.file)
    assert entry.anchor in found, f"{entry.file} has no such section"
    number = re.match(r"\d+(?=-)", entry.anchor)
    assert entry.link == f"{entry.file[:2]}, " + (f"section {number[0]}" if number else entry.anchor.replace("-", " "))
    word = entry.pattern or re.compile(re.sub(" of a .*", "", entry.term), re.I)
    assert word.search(found[entry.anchor].replace("*", "")), f"no {word.pattern} in this section"


def test_what_a_lesson_links_in_the_glossary_is_there_and_every_lesson_does(notebook):
    prose = "\n".join(sections(notebook.name).values())
    linked = re.findall(r"\]\(glossary\.md#?([^)]*)\)", prose)
    assert linked and set(linked) - {""} <= {entry.own for entry in entries()}


def test_no_lesson_uses_a_term_that_nothing_has_explained(notebook):
    cells = read(notebook)["cells"]
    missing = [(entry.term, cells[index]["id"], match[0]) for entry, index, match in unmet(notebook.name, cells)]
    assert not missing, f"python tests/glossary.py {notebook.name[:2]} --write links them to their entries"


# --- the rules see a term that is used too early


def lesson(*texts):
    """Return the cells of a made-up lesson: a title, and these."""
    return [nbformat.v4.new_markdown_cell(text) for text in ("# 03 A fresh brush", *texts)]


@pytest.mark.parametrize(("text", "met"), [
    ("Take a brush.", False), ("Take a [brush](glossary.md#brush).", True), ("Take a *brush*, which greys lines.", True),
    ("**Two** brushes, *or* one.", False), ("Call `brush`.", True), ("## A brush", True), ("Take the underbrush.", True),
    ("As [the brush of lesson 16](16_parallel_coordinates.ipynb).", True), ("```\nbrush\n```", True),
    ("A [brush](glossary.md#run).", False), ("Brush it.\n\nTake a [brush](glossary.md#brush).", False),
])
def test_a_first_use_is_a_link_or_in_italics_or_no_prose(text, met):
    brush = Entry("brush", "A range.", "16, section 2", "16_parallel_coordinates.ipynb", "2-Brushing")
    assert (unmet("03_keras_tuner.ipynb", lesson(text), [brush]) == []) == met


def test_a_lesson_may_use_what_it_has_explained_or_a_lesson_that_it_needs():
    cells = lesson("## 1 One\n\nA trial.", "## 2 Two\n\nA *brush* is a range. A trial.", "## 3 Three\n\nA brush.")
    here = NOTEBOOKS[3].name
    needed = Entry("trial", "", "", NOTEBOOKS[1].name, "3-Six-steps")
    assert not unmet(here, cells, [needed, Entry("brush", "", "", here, "2-Two")])
    late = unmet(here, lesson("## 1 One\n\nA brush.", "## 2 Two\n\nThe brush."), [Entry("brush", "", "", here, "2-Two")])
    assert [(index, match[0]) for _, index, match in late] == [(1, "brush")]
    assert unmet(NOTEBOOKS[0].name, cells, [needed]), "what comes first needs nothing"


def test_a_link_to_another_entry_is_none():
    text = "A [brush](glossary.md#run)."
    (_, _, blank), = places([nbformat.v4.new_markdown_cell("# 1"), nbformat.v4.new_markdown_cell(text)])
    assert not is_met(Entry("brush", "", "", "", ""), text, re.search("brush", blank))
