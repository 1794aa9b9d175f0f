"""An executed notebook as an HTML page that works from disk without a network, its plotly figures living."""

import base64
import json
import mimetypes
import os
import re
import secrets
from collections.abc import Container
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lib.errors import without_password
from lib.files import replace_text

STATIC = Path(__file__).parent / "static"
PLOTLY_MIME = "application/vnd.plotly.v1+json"
PLOTLY_FILE = "plotly.min.js"
UNSEEN = re.compile(r"/\*.*?\*/|\s*--jp-icon-[\w-]+:\s*url\([^)]*\);", re.S)  # half of what nbconvert writes
PLOTLY_HEIGHT = 450  # what plotly itself takes for a figure without a height

# Only scripts that bear the page's word run in it; plotly.js draws parallel coordinates by code that it makes.
POLICY = "script-src 'nonce-{}' 'unsafe-eval'; object-src 'none'; base-uri 'none'"
CODE = ("javascript:", "vbscript:", "data:text/html")

# nbconvert's own page loads require.js, MathJax, mermaid and the widgets from the network.
TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}
<meta http-equiv="Content-Security-Policy" content="{{ resources.policy }}">
{%- if resources.plotly %}<script nonce="{{ resources.nonce }}" src="{{ resources.plotly }}"></script>{% endif -%}
{{- resources.frame.head -}}
{%- endblock html_head_js -%}
{%- block notebook_css -%}{%- if not resources.frame %}{{ super() }}{% endif -%}{%- endblock notebook_css -%}
{%- block jupyter_widgets -%}{%- endblock jupyter_widgets -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
{%- block html_head_css -%}{%- endblock html_head_css -%}
{%- block body_header -%}
<body class="jp-Notebook"><a class="skip" href="#lesson">To the lesson</a>{{ resources.frame.top }}
<main id="lesson" tabindex="-1">
{%- if resources.changed %}
<div class="course-note course-changed">This run set {{ resources.changed | e }}. The text speaks of
a run with the notebook's own values.</div>
{%- endif -%}
<!-- contents -->
{%- if resources.note %}
<div class="course-note">{{ resources.note | e }}
{%- if resources.failing_cell %} <a href="#papermill-error-cell">Go there</a>{% endif %}</div>
{%- endif -%}
{%- endblock body_header -%}
{# What Pygments makes of code is escaped already: cleaning it costs a third of a page's time. -#}
{%- block input -%}
<div class="jp-CodeMirrorEditor jp-Editor jp-InputArea-editor" data-type="inline"><div class="cm-editor cm-s-jupyter">
{{ cell.source | highlight_code(metadata=cell.metadata) }}
</div></div>
{%- endblock input -%}
{%- block body_footer -%}{{ resources.frame.bottom }}{{ super() }}{%- endblock body_footer -%}
"""


@dataclass(frozen=True)
class Frame:
    """What stands around the page of a notebook: HTML for its head, above the notebook and below it.

    `nonce` is the word that its scripts bear. The head brings the style: see `stylesheet` and static/site.css.
    """

    nonce: str
    head: str
    top: str
    bottom: str


def write_page(notebook, page, source_folder, title, note="", beside=(), changed=None):
    """Write the HTML page of an executed notebook.

    Args:
        notebook: Path of the executed .ipynb file.
        page: Path of the .html file; plotly.min.js is written beside it when the page has a figure.
        source_folder: Path of the folder the notebook came from; its relative links start there.
        title: title of the page.
        note: what failed, shown at the top; empty for nothing.
        beside: names of the notebooks that have or will have a page in the same folder.
        changed: dict of the parameters that this run set, told at the top; None for none.

    Returns:
        The number of plotly figures in the page.
    """
    import nbformat

    soup, figures = render(
        nbformat.read(notebook, as_version=4), Links(Path(source_folder), page.parent, beside), title,
        _frame_in_a_run(page.stem, sorted(beside)), note=note,
        changed=", ".join(f"{name} = {value}" for name, value in (changed or {}).items()),
    )
    if figures:
        write_plotly(page.parent)
    replace_text(page, without_password(str(soup)))
    return figures


def _frame_in_a_run(name, beside):
    """Return the `Frame` of a page that opens without the site's files: their style and script stand in it."""
    nonce = secrets.token_urlsafe()
    script = (STATIC / "site.js").read_text(encoding="utf-8")
    head = f'<style>{stylesheet()}\n{site_style()}</style><script nonce="{nonce}" type="module">{script}</script>'
    if len(beside) < 2:
        return Frame(nonce, head, "", "")
    pages = [(other, other.replace("_", " ")) for other in beside]
    above, below = way_links(pages, beside.index(name))
    return Frame(nonce, head, f'<header class="site"><a href="index.html">All notebooks of this run</a></header>{above}', below)


def way_links(pages, place):
    """Return the HTML of the links to the pages before and after one: what stands above a page, and what below it.

    Args:
        pages: list of (name of the file without .html, words), in order.
        place: int, of the page in it.
    """
    links = []
    for rel, other, words in (("prev", place - 1, "← {}"), ("next", place + 1, "{} →")):
        if 0 <= other < len(pages):
            name, title = pages[other]
            links.append(f'<a rel="{rel}" href="{escape(quote(name))}.html">{escape(words.format(title))}</a>')
    return [f'<nav class="way" aria-label="Lessons before and after{where}">{"".join(links)}</nav>' for where in ("", ", again")]


def render(node, links, title, frame, **resources):
    """Make the page of a notebook.

    Args:
        node: the notebook, as nbformat reads it; its outputs are changed.
        links: the `Links` of what its markdown points at.
        title: title of the page.
        frame: the `Frame` around it.
        resources: what `TEMPLATE` names: note, changed.

    Returns:
        The page, BeautifulSoup's, and the number of plotly figures in it, which need plotly.min.js beside the page.
    """
    figures = _plotly_to_html(node, frame.nonce)
    node.metadata["title"] = title
    resources |= {
        "nonce": frame.nonce,
        "policy": POLICY.format(frame.nonce),
        "plotly": PLOTLY_FILE if figures else "",
        "frame": frame,
        "failing_cell": _quieten_error_cells(node),
    }
    exporter = _exporter(links)
    html, _ = exporter.from_notebook_node(node, resources)
    html = html.replace("<!-- contents -->", contents(exporter.sections), 1)
    return _reachable(_harmless(html, frame.nonce)), figures


def _reachable(soup):
    """Return a page, BeautifulSoup's, in which Tab stops at what answers: nbconvert makes every cell and output a stop."""
    for element in soup.select("[tabindex='0']"):
        del element["tabindex"]  # site.js gives it back to what scrolls sideways
    for anchor in soup.select("a.anchor-link"):
        anchor["tabindex"] = "-1"
        anchor["aria-hidden"] = "true"
    for head in soup.select("th"):
        if not head.get_text(strip=True):
            head.name = "td"  # above the index of a table stands no name
    return soup


def site_style():
    """Return what all pages have besides the style of notebooks, as static/site.css says it."""
    return (STATIC / "site.css").read_text(encoding="utf-8")


@cache
def stylesheet():
    """Return nbconvert's own style sheet, on a light page and on a dark one, without its comments and JupyterLab's icons."""
    import nbformat
    from bs4 import BeautifulSoup

    styles = {}
    for theme in ("light", "dark"):
        html, _ = _exporter(None, theme=theme).from_notebook_node(nbformat.v4.new_notebook())
        styles[theme] = [style.string for style in BeautifulSoup(html, "html.parser").find_all("style")]
    dark = "\n".join(style for style in styles["dark"] if style not in styles["light"])
    both = "\n".join([*styles["light"], f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"])
    return UNSEEN.sub("", both)


def _harmless(html, nonce):
    """Return a page, BeautifulSoup's, without what would run in it: scripts, handlers of events, addresses that are code."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(html, "html.parser")
    for element in soup.find_all(["script", "object", "embed", "base"]):
        if element.get("nonce") != nonce:
            element.extract()
    for element in soup.find_all(True):
        for name, value in list(element.attrs.items()):
            code = "".join(str(value).split()).lower().startswith(CODE)
            if code or name == "srcdoc" or name.startswith("on"):
                del element[name]
    return soup


def write_plotly(folder):
    """Write plotly.js, as the installed plotly has it, into a folder that does not hold it yet."""
    from plotly.offline import get_plotlyjs

    if not (folder / PLOTLY_FILE).exists():
        replace_text(folder / PLOTLY_FILE, get_plotlyjs())


def contents(sections):
    """Return the HTML of a table of contents that opens on a click; empty for a page of one section.

    Args:
        sections: list of pairs of str, the anchor of a section and its heading.
    """
    if len(sections) < 2:
        return ""
    items = "".join(f'<li><a href="#{escape(quote(name))}">{escape(text)}</a></li>' for name, text in sections)
    return f'<details class="course-index"><summary>Contents</summary><ol>{items}</ol></details>'


def plotly_div(figure, name, nonce="", late=False):
    """Return the HTML that draws a figure.

    Args:
        figure: dict with "data", "layout" and maybe "config" and "frames", as in a notebook's output.
        name: id of the element, one of its own in the page.
        nonce: str, the word by which the page knows its own scripts; empty where it asks for none.
        late: bool, whether parallel coordinates wait for the rest of the page: they take a second where there is no GPU.

    Returns:
        str; it needs plotly.js loaded before it.
    """
    layout = figure.get("layout", {})
    config = {"responsive": True, "displaylogo": False} | figure.get("config", {})
    arguments = ", ".join(script_json(part) for part in (name, figure.get("data", []), layout, config))
    height = layout.get("height")
    style = f"width: 100%; height: {height if isinstance(height, int | float) else PLOTLY_HEIGHT}px"
    meta = layout.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    alt = meta.get("alt", "")
    if isinstance(room := meta.get("room"), int):  # below this width its words would cover each other: it is moved sideways
        style += f"; min-width: {room}px"
    spoken = f' role="figure" aria-label="{escape(str(alt))}"' if alt else ""  # no "img": there are buttons in it
    known = f' nonce="{nonce}"' if nonce else ""
    frames = script_json(figure.get("frames") or [])
    moving = "" if frames == "[]" else f".then(figure => Plotly.addFrames(figure, {frames}))"
    unseen = f"<noscript><p>{escape(str(alt))}</p></noscript>" if alt else ""
    draw = f"Plotly.newPlot({arguments}){moving}"
    if late and any(trace.get("type") == "parcoords" for trace in figure.get("data", [])):
        draw = f"addEventListener('load', () => {draw})"
    script = f"<script{known}>{draw};</script>"
    return f'<div id="{name}" style="{style}"{spoken}>{unseen}</div>\n{script}'


def script_json(value):
    """Return a value as JSON that can stand in a <script>: no text in it can end the script."""
    escapes = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
    return json.dumps(value).translate(str.maketrans(escapes))


@dataclass(frozen=True)
class Links:
    """Makes what markdown points at hold in a page of the folder `target`: it was written for the folder `source`.

    `beside` are the names, without a suffix, of the notebooks and texts that have a page in `target`.
    """

    source: Path
    target: Path
    beside: Container

    def image(self, url):
        """Return a picture beside the notebooks as a data: address, and any other address as it is."""
        path = self._local(url)
        if path is None or not path.is_file():
            return url
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"

    def link(self, url):
        """Point at the page of another notebook or text where there is one, and at the file itself otherwise."""
        path = self._local(url)
        if path is None:
            return url
        fragment = f"#{urlsplit(url).fragment}" if urlsplit(url).fragment else ""
        if path.suffix in (".ipynb", ".md") and path.stem in self.beside:
            return quote(f"{path.stem}.html") + fragment
        try:
            return quote(Path(os.path.relpath(path, self.target)).as_posix()) + fragment
        except ValueError:  # another drive
            return path.resolve().as_uri() + fragment

    def _local(self, url):
        """Return the Path of a file or folder that is there; None for any other address."""
        try:
            parts = urlsplit(url)
            path = self.source / unquote(parts.path)
            return path if parts.path and not parts.scheme and not parts.netloc and path.exists() else None
        except (OSError, ValueError):  # no address, or a name that no file can have
            return None


def _exporter(links, **settings):
    import jinja2
    from bs4 import BeautifulSoup
    from nbconvert import HTMLExporter

    class Page(HTMLExporter):
        """nbconvert's page, with the pictures and links of markdown made to hold, and its sections collected."""

        sections = []  # noqa: RUF012  one exporter a page

        @jinja2.pass_context
        def markdown2html(self, context, source):
            soup = BeautifulSoup(super().markdown2html(context, source), "html.parser")
            for image in soup.select("img[src]"):
                image["src"] = links.image(image["src"])
            for anchor in soup.select("a[href]"):
                anchor["href"] = links.link(anchor["href"])
            self.sections += [(h2["id"], h2.get_text().removesuffix("¶")) for h2 in soup.select("h2[id]")]
            return str(soup)

    return Page(raw_template=TEMPLATE, **settings)


def _plotly_to_html(node, nonce):
    """Give every plotly output the HTML that draws it, and return how many there are."""
    figures = 0
    for cell in node.cells:
        for output in cell.get("outputs", []):
            figure = output.get("data", {}).get(PLOTLY_MIME)
            if figure:
                figures += 1
                output["data"] = {"text/html": plotly_div(figure, f"figure-{figures}", nonce, late=True)}
    return figures


def _quieten_error_cells(node):
    """Leave of papermill's two loud error cells the anchor before the failing one: the page has its own note.

    Returns whether there is such an anchor; there is none where the kernel died.
    """
    loud = [cell for cell in node.cells if "papermill-error-cell-tag" in cell.metadata.get("tags", [])]
    for cell in loud[:-1]:
        node.cells.remove(cell)
    for cell in loud[-1:]:
        cell.source = '<span id="papermill-error-cell"></span>'
    return bool(loud)
