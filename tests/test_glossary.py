"""The glossary: every term short, in its place, and explained by the lesson that it names."""

import re

import pytest
from kit.notebooks import NOTEBOOKS, ROOT, read, source

TEXT = (ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8")
ENTRY = re.compile(r"\*\*(?P<term>[^*]+)\*\*: (?P<words>.+) \[(?P<number>\d\d)\]\((?P<file>\w+\.ipynb)\)")
ENTRIES = [match.groupdict() for match in ENTRY.finditer(TEXT)]
TERMS = [entry["term"] for entry in ENTRIES]


def prose(name):
    cells = read(ROOT / "notebooks" / name)["cells"]
    return " ".join(source(cell) for cell in cells if cell["cell_type"] == "markdown").lower()


def test_every_paragraph_below_the_head_is_an_entry():
    paragraphs = [text for text in TEXT.split("\n\n")[2:] if text.strip()]
    assert len(paragraphs) == len(ENTRIES) > 50


def test_terms_stand_in_the_order_of_the_alphabet_and_once():
    assert sorted(set(TERMS), key=str.lower) == TERMS


@pytest.mark.parametrize("entry", ENTRIES, ids=TERMS)
def test_a_term_is_two_sentences_at_most_and_in_the_lesson_that_it_names(entry):
    assert entry["file"] in [path.name for path in NOTEBOOKS] and entry["file"].startswith(entry["number"])
    assert len(re.findall(r"[.:?](?: |$)", entry["words"])) <= 3
    word = re.sub(r" \(.*", "", entry["term"].lower())
    first = re.sub(r"\b(?:strong and |bias and |full factorial )", "", word)
    assert first.rstrip("s") in prose(entry["file"]), f"{entry['file']} has no {first!r}"
