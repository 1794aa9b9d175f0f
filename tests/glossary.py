"""The words of notebooks/glossary.md, and where lessons use them: python tests/glossary.py [LESSON ...] [--write].

A lesson may use a word that it explains itself, from that section on, or that a lesson which it needs has explained. Of any other
word the first use is a link to the glossary, or stands in italics, as a word does where it is explained. Prints the first
uses that are neither; --write makes links of them.
"""

import argparse
import re
from dataclasses import dataclass
from functools import cache

import nbformat
from kit.notebooks import NOTEBOOKS, ROOT, read, source

from lib.runner.notebooks import headings, read_notebook

FILE = ROOT / "notebooks" / "glossary.md"
ENTRY = re.compile(r"## (?P<term>.+)\n\n(?P<words>[^\n]+) \[(?P<link>[^\]]+)\]\((?P<file>\w+\.ipynb)#(?P<anchor>\S+)\)")
LINK = "[{}](glossary.md#{})"
# How a word is written, where it is not the term itself, with an s or without; None: a plain word too, and nothing to look for.
SPELLINGS = {
    "accuracy": r"accurac(?:y|ies)",
    "bias and variance": r"bias and (?:the )?variance|variance and (?:the )?bias",
    "chief": r"(?:the|its|a|one) chief(?!ly)",
    "clone": r"clones",
    "cross-validation": r"cross-validat\w+",
    "dominate": r"dominate[sd]?",
    "estimator": r"(?<!Parzen )estimators?",
    "gradient": r"gradients?(?! boosting)",
    "grid": r"grids?(?! search)",
    "journal": None,
    "latency": r"latenc(?:y|ies)",
    "learning rate": r"learning rates?",
    "low rank": r"low rank|low-rank",
    "out-of-fold prediction": r"out-of-fold predictions?|out of fold",
    "paired difference": r"paired differences?|(?:compared?|differences?) in pairs",
    "profile": None,
    "pruning of a model": None,
    "pruning of a trial": r"pruners?",
    "quantization": r"quantiz\w+",
    "ridge": None,
    "run": None,
    "scoreboard": r"scoreboards?|the whole board",
    "soft vote": r"(?:soft|hard) vot(?:es?|ing)",
    "step": None,
    "stratified": r"stratif\w+",
    "strong and weak scaling": r"(?:strong|weak) scaling",
    "study": r"(?<!A )(?<!we )stud(?:y|ies)",
    "teacher and student": r"(?:a|the|our|its) (?:teacher|student)s?\b",
    "tracing": r"tracing|traced graph|trace and compile",
    "Tuner": r"(?:[Tt]he|[Aa]) Tuners?",
    "validation part": r"validation (?:part|pictures|data|set)s?",
}
APART = ("read-on", "next")  # cells that name what others have written, and what comes next


@dataclass(frozen=True)
class Entry:
    """A term with its one or two sentences, and the section of a lesson that explains it."""

    term: str
    words: str
    link: str
    file: str
    anchor: str

    @property
    def own(self):
        """Return the anchor of the entry itself, as JupyterLab and nbconvert make it of the heading."""
        return anchor_of(self.term)

    @property
    def pattern(self):
        """Return what finds a use of the term; None where its word is a plain one too."""
        spelling = SPELLINGS.get(self.term, re.escape(self.term) + "(?:e?s)?")
        return spelling and re.compile(rf"\b(?:{spelling})\b", 0 if self.term != self.term.lower() else re.I)


def anchor_of(heading):
    """Return the anchor that JupyterLab and nbconvert make of a heading."""
    return re.sub(r"\s", "-", re.sub(r"[`*]", "", heading))


@cache
def entries():
    """Return the entries of the glossary, in their order."""
    return [Entry(**match.groupdict()) for match in ENTRY.finditer(FILE.read_text(encoding="utf-8"))]


@cache
def given(file):
    """Return the files of all lessons that a lesson needs, and that those need."""
    path = ROOT / "notebooks" / file
    needs = [f"{name}.ipynb" for name in read_notebook(path).needs]
    return set(needs).union(*map(given, needs))


def places(cells):
    """List the cells of prose that a reader meets from the top: index, anchor of the section, text with blanks for no prose."""
    found, section = [], ""
    for index, cell in enumerate(cells):
        if cell["cell_type"] == "markdown" and index and cell["id"] not in APART:
            section = next((anchor_of(title) for level, title in headings(source(cell)) if level == 2), section)
            found.append((index, section, blanked(source(cell))))
    return found


def blanked(text):
    """Return Markdown with blanks in the place of code, headings, addresses, and links to anywhere but the glossary."""
    no_prose = r"```.*?```|`[^`\n]*`|^#+ [^\n]*$|(?<!\!)\[[^\]]*\]\((?!glossary\.md)[^)]*\)|\]\([^)]*\)"
    return re.sub(no_prose, lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.S | re.M)


def first_use(entry, found):
    """Return where a term is first used: index of the cell, anchor of the section, the match; None where it is not."""
    uses = ((index, section, entry.pattern.search(text)) for index, section, text in found)
    return next((use for use in uses if use[2]), None)


def is_met(entry, text, match):
    """Say whether a use of a term is a link to its entry, or in italics."""
    spans = re.finditer(rf"\[[^\]]*\]\(glossary\.md#{re.escape(entry.own)}\)|\*\*[^*\n]+\*\*|\*[^*\n]+\*", text)
    return any(span.start() <= match.start() and match.end() <= span.end() for span in spans)


def unmet(file, cells, words=None):
    """List the first uses of terms in a lesson that nothing explains.

    Args:
        file: name of the notebook.
        cells: its cells.
        words: the entries; those of the glossary if None.

    Returns:
        A list of triples: the Entry, index of the cell, the match in its text.
    """
    found, missing = places(cells), []
    sections = [section for _, section, _ in found]
    for entry in words or entries():
        use = first_use(entry, found) if entry.pattern and entry.file not in given(file) else None
        early = use and (entry.file != file or sections.index(use[1]) < sections.index(entry.anchor))
        if early and not is_met(entry, source(cells[use[0]]), use[2]):
            missing.append((entry, use[0], use[2]))
    return missing


def write(path):
    """Make links of the first uses that nothing explains."""
    notebook = nbformat.read(path, as_version=4)
    while missing := unmet(path.name, notebook.cells):
        entry, index, match = missing[0]
        text = notebook.cells[index].source
        notebook.cells[index].source = text[:match.start()] + LINK.format(match[0], entry.own) + text[match.end():]
    path.write_text(nbformat.writes(notebook, indent=1) + "\n", encoding="utf-8")


def main():
    """Print the first uses that nothing explains, and make links of them where that is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    for path in NOTEBOOKS:
        if not asked.lessons or path.name[:2] in asked.lessons:
            cells = read(path)["cells"]
            for entry, index, match in unmet(path.name, cells):
                words = source(cells[index])[max(0, match.start() - 40):match.end() + 20]
                print(f"{path.name[:2]} {cells[index]['id']:24} {entry.term:24} …{words!r}")
            if asked.write:
                write(path)


if __name__ == "__main__":
    main()
