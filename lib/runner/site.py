"""The stored notebooks as a site of static pages: searchable, from the disk and from any host, without running anything."""

import secrets
import sys
from html import escape
from urllib.parse import quote

from lib.errors import first_line, without_password
from lib.files import replace_text
from lib.runner.crossings import link_lessons, terms
from lib.runner.folder import WORK, is_ours
from lib.runner.notebooks import GLOSSARY, course_name
from lib.runner.page import (
    PLOTLY_FILE,
    POLICY,
    STATIC,
    Frame,
    Links,
    render,
    script_json,
    stylesheet,
    way_links,
    write_plotly,
)
from lib.runner.report import page

SHARED = ("lesson.css", "site.css", "site.js", "search.js", PLOTLY_FILE)

HEAD = """<meta name="generator" content="course site">{sheet}
<link rel="stylesheet" href="site.css"><script nonce="{nonce}" src="site.js" defer></script>"""
LESSON = '<link rel="stylesheet" href="lesson.css">'
TOP = """<header class="site"><a href="index.html">{course}</a>{glossary}
<div role="search"><input type="search" placeholder="Search all lessons" aria-label="Search all lessons" autocomplete="off">
<div class="found" hidden><p role="status"></p><ol></ol></div></div></header>"""
INDEX = """{% extends "table" %}
{% block head %}<meta http-equiv="Content-Security-Policy" content="{{ policy }}">{{ head | safe }}{% endblock %}
{% block sheet %}{% endblock %}
{% block style %}
body { max-width: 64rem; margin-top: 0; } h1 { margin-top: 1.6rem; } ul { margin: 0; padding-left: 1.1rem; }
td:first-child { min-width: 12rem; } tbody a { font-weight: 600; }
@media (max-width: 40rem) { thead { display: none; } td { display: block; border: 0; padding: .2rem 0; }
  td:last-child { padding-bottom: 1rem; } }
{% endblock %}
{% block top %}{{ top | safe }}{% endblock %}
{% block names %}<th>Lesson</th><th>What you will learn in it</th>{% endblock %}
{% block rows %}
{% for info, learn in lessons %}
<tr><td><a href="{{ info.name | urlencode }}.html">{{ info.number }} {{ info.title }}</a>
{%- if info.minutes %}<small>about {{ info.minutes }} minutes
{%- if info.sittings > 1 %} in {{ info.sittings }} sittings{% endif %}</small>{% endif %}</td>
<td>{% if learn %}<ul>{% for line in learn %}<li>{{ line }}</li>{% endfor %}</ul>{% endif %}</td></tr>
{% endfor %}
{% if glossary %}
<tr><td><a href="glossary.html">Glossary</a><small>{{ glossary.terms }} terms</small></td><td>{{ glossary.about }}</td></tr>
{% endif %}
{% endblock %}
"""


class NoPage(Exception):
    """A notebook of which no page can be made: one line, with its name."""


def files(infos):
    """Return the names of all files that the site of some notebooks has."""
    glossary = ["glossary.html"] if (infos[0].path.parent / GLOSSARY).is_file() else []
    return [*SHARED, *[f"{info.name}.html" for info in infos], *glossary, "index.html"]


def write_site(infos, out):
    """Make the site of some notebooks; the files that are there are replaced when all new ones are made.

    Args:
        infos: list of `NotebookInfo`, in order.
        out: Path of the folder, which is held.

    Returns:
        The names of its files, a list of str.

    Raises:
        NoPage: a notebook has outputs that cannot be shown; nothing is written then.
    """
    work = out / WORK / "site"
    work.mkdir()
    site = Site(infos, out, secrets.token_urlsafe())
    for number, info in enumerate(infos, 1):
        print(f"[{number}/{len(infos)}] {info.name}", file=sys.stderr, flush=True)
        replace_text(work / f"{info.name}.html", site.lesson(number - 1))
    if site.glossary:
        replace_text(work / "glossary.html", site.words())
    replace_text(work / "index.html", site.index())
    replace_text(work / "search.js", site.search())
    replace_text(work / "lesson.css", f"/* course site */\n{stylesheet()}")
    for name in ("site.css", "site.js"):
        replace_text(work / name, (STATIC / name).read_text(encoding="utf-8"))
    write_plotly(work)
    names = files(infos)
    for name in names:
        (work / name).replace(out / name)
    for old in [*out.glob("[0-9][0-9]_*.html"), *out.glob("glossary.html")]:  # of a notebook that has gone
        if old.name not in names and is_ours(old, "site"):
            old.unlink()
    return names


class Site:
    """The pages of a site, as texts; the index and the search know of the pages that have been made.

    Args:
        infos: list of `NotebookInfo`.
        out: Path of the folder that the pages will be in.
        nonce: str, the word that their scripts bear.
    """

    def __init__(self, infos, out, nonce):
        self.infos, self.out, self.nonce = infos, out, nonce
        self.folder = infos[0].path.parent
        self.course = course_name(self.folder)
        self.glossary = (self.folder / GLOSSARY).is_file()
        word = '<a class="glossary" href="glossary.html">Glossary</a>' if self.glossary else ""
        self.top = TOP.format(course=escape(self.course), glossary=word)
        self.learn = {}  # what a lesson teaches, by its name
        self.told = {}  # how many terms the glossary has, and what it says about itself
        self.sections = []  # of all lessons: page and anchor, lesson, heading, words

    def lesson(self, number):
        """Return the page of a lesson.

        Raises:
            NoPage: it cannot be made.
        """
        import nbformat

        info = self.infos[number]
        above, below = way_links([(info.name, f"{info.number} {info.title}") for info in self.infos], number)
        title = f"{info.number} {info.title}"
        soup = self._page(info.name, lambda: nbformat.read(info.path, as_version=4), title, self.top + above, below)
        first = soup.find(class_="jp-MarkdownCell")
        self.learn[info.name] = [_words(item) for item in first.find_all("li")] if first else []
        self._found(f"{info.name}.html", title, sections(soup))
        link_lessons(soup, [other for other in self.infos if other != info])
        return without_password(str(soup))

    def words(self):
        """Return the page of the glossary, in which every term has an anchor.

        Raises:
            NoPage: it cannot be made.
        """
        from nbformat import v4

        def read():
            return v4.new_notebook(cells=[v4.new_markdown_cell((self.folder / GLOSSARY).read_text(encoding="utf-8"))])

        soup = self._page(GLOSSARY, read, "Glossary", self.top, "")
        about = soup.select_one(".jp-MarkdownOutput > p")
        found = terms(soup)
        self.told = {"terms": len(found), "about": _words(about) if about and not about.get("id") else ""}
        self._found("glossary.html", "Glossary", found)
        return without_password(str(soup))

    def _page(self, name, read, title, top, bottom):
        """Return the page of the notebook that `read` returns, BeautifulSoup's."""
        frame = Frame(self.nonce, HEAD.format(nonce=self.nonce, sheet=LESSON), top, bottom)
        beside = {info.name for info in self.infos} | ({GLOSSARY.removesuffix(".md")} if self.glossary else set())
        try:
            return render(read(), Links(self.folder, self.out, beside), title, frame)[0]
        except Exception as error:  # of nbconvert, which says of no output in advance whether it can show it
            raise NoPage(first_line(f"{name} has no page: {type(error).__name__}: {error}")) from None

    def _found(self, name, lesson, said):
        """Keep what the sections of a page say for the search: lists of anchor, heading and words."""
        self.sections += [(f"{quote(name)}#{quote(anchor)}", lesson, heading, words) for anchor, heading, words in said]

    def index(self):
        """Return the page over all lessons."""
        hours = sum(info.minutes or 0 for info in self.infos) / 60
        time = f", about {hours:.0f} hours to work through" if hours >= 1 else ""
        return page(
            INDEX, title=self.course, policy=POLICY.format(self.nonce), head=HEAD.format(nonce=self.nonce, sheet=""),
            top=self.top,
            summary=f"{len(self.infos)} lessons{time}. What stands below a cell is what it said in a run that is stored here: "
            "to run it, or to change it, open the lesson in the kit.",
            lessons=[(info, self.learn[info.name]) for info in self.infos], glossary=self.told,
        )

    def search(self):
        """Return the script that searches: MiniSearch, and what all sections say."""
        engine = (STATIC / "minisearch.js").read_text(encoding="utf-8").partition("//# sourceMappingURL")[0]
        licence = (STATIC / "minisearch.LICENSE.txt").read_text(encoding="utf-8")
        return f"/* course site; MiniSearch 7.2.0\n{licence}*/\n{engine}\nconst SECTIONS = {script_json(self.sections)};\n"


def sections(soup):
    """Return what the sections of a page say, for a search.

    Args:
        soup: the page, BeautifulSoup's.

    Returns:
        A list of lists of str: anchor, heading, words of prose and code.
    """
    found = []
    for cell in soup.find_all(class_="jp-Cell"):
        prose = cell.find(class_="jp-MarkdownOutput") if "jp-MarkdownCell" in cell["class"] else None
        for part in prose.find_all(True, recursive=False) if prose else cell.find_all("pre", limit=1):
            if part.name in ("h1", "h2", "h3") and part.get("id"):
                found.append([part["id"], _words(part).removesuffix("¶"), ""])
            elif found:
                found[-1][2] += f" {_words(part)}"
    return found


def _words(element):
    return " ".join(element.get_text().split())
