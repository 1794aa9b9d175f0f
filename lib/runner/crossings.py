"""Ways from one page of a site to another: lessons that the prose names, and the terms of the glossary."""

import re
from html import escape
from itertools import takewhile
from urllib.parse import quote

AS_IT_IS = ["h1", "h2", "h3", "h4", "h5", "h6", "a", "code", "pre"]
NAMED = re.compile(r"\b[Ll]essons?\s\d\d\b(?:(?:,|,?\s(?:and|or|to))\s\d\d\b)*")  # "lesson 03", "lessons 04, 06 and 12"
ONE = re.compile(r"(?:[Ll]essons?\s)?\d\d")


def link_lessons(soup, infos):
    """Make links of the lessons that a page's prose names, each where a section names it first.

    Headings, code, links and what cells have put out stay as they are.

    Args:
        soup: the page, BeautifulSoup's, which is changed.
        infos: list of the `NotebookInfo` to lead to.
    """
    from bs4 import BeautifulSoup, NavigableString

    pages = {info.number: info for info in infos}
    linked = set()  # in this section

    def link(match):
        info = pages.get(match[0][-2:])
        if info is None or info.number in linked:
            return match[0]
        linked.add(info.number)
        title = escape(f"{info.number} {info.title}")
        return f'<a href="{escape(quote(info.name))}.html" title="{title}">{match[0]}</a>'

    for prose in soup.select(".jp-MarkdownCell .jp-MarkdownOutput"):
        for element in list(prose.descendants):
            if element.name in ("h1", "h2"):
                linked.clear()
            elif type(element) is NavigableString and NAMED.search(element) and not element.find_parent(AS_IT_IS):
                text = NAMED.sub(lambda named: ONE.sub(link, named[0]), escape(element, quote=False))
                element.replace_with(BeautifulSoup(text, "html.parser"))


def terms(soup):
    """Put every term of a glossary's page into a section that has its anchor: a heading of the second level, and what follows.

    Args:
        soup: the page, BeautifulSoup's, which is changed.

    Returns:
        A list of lists of str, for a search: anchor, term, what is said of it.
    """
    found = []
    for heading in soup.select(".jp-MarkdownOutput > h2[id]"):
        parts = list(takewhile(lambda part: part.name != "h2", heading.find_next_siblings()))
        for mark in heading.select(".anchor-link"):
            mark.decompose()
        section = heading.wrap(soup.new_tag("section", id=heading["id"]))
        del heading["id"]
        section.extend([part.extract() for part in parts])
        said = " ".join(part.get_text() for part in parts)
        found.append([section["id"], *(" ".join(text.split()) for text in (heading.get_text(), said))])
    return found
