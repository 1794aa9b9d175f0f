"""The site of the stored notebooks: whole or not at all, nothing run, and in a real browser, from the disk, without a network."""

import hashlib
import json
import re
import resource
from html import unescape
from urllib.parse import unquote

import nbformat
import pytest
from kit.browser import needs_browser, watched
from kit.course import course, make_course, write_notebook
from kit.figures import PLOTLY
from kit.notebooks import NOTEBOOKS, ROOT, code_cells

from lib.runner.site import STATIC

SHARED = {"lesson.css", "site.css", "site.js", "search.js", "plotly.min.js", "glossary.html", "index.html"}
FIGURE = {"data": [{"type": "bar", "x": ["a", "b", "c"], "y": [3, 5, 2]}], "layout": {"height": 320, "meta": {"alt": "Bars."}}}
WIDE = "a_name_that_is_longer_than_a_phone_is_wide = " + " + ".join(["another_name_that_is_just_as_long"] * 9)
KOREAN = "# 04 · 한국어\n\n- 하이퍼파라미터를 찾는 법\n\n## 튜닝을 시작하며\n\n먼저 격자를 그린다."
HOSTILE = "# 05 · <img src=x onerror=hit=1>\n\n## A </script><script>hit=2</script> heading\n\n"
HOSTILE += "Unicorns <img src=x onerror=hit=3> graze."
NAMING = """# 06 · Lesson 02 named

As in lesson 02, and lesson 02 again; *lessons 03, 04 and 05*, section 7 of lesson
01, this lesson 06, lesson 99; `lesson 03`, [lesson 03](https://example.org), a<b in lesson 05's.

## From lesson 02 on

Lesson 02 <b>once</b> more."""
WORDS = """# Glossary

The words of this course.

## early stopping

The end of a <script>hit=4</script> training. [01](01_tiny.ipynb)

## Zebra's law

*Stripes* hide. See [the other one](glossary.md#early-stopping). [02](02_next.ipynb)
"""


def stored_course(top):
    """Make a course whose first lesson has a stored figure, with a Korean lesson, a hostile one and a glossary.

    Returns:
        The Path of its folder.
    """
    folder = make_course(top)
    path = folder / "01_tiny.ipynb"
    notebook = nbformat.read(path, 4)
    cell = next(cell for cell in notebook.cells if "go.Bar" in cell.source)
    cell.outputs = [nbformat.v4.new_output("display_data", {PLOTLY: FIGURE})]
    nbformat.write(notebook, path)
    write_notebook(folder, "04_korean", [KOREAN, "raise SystemExit('this must not run')"])
    write_notebook(folder, "05_hostile", [HOSTILE, WIDE])
    more = "# More\n\n[Words](glossary.md#Zebra's-law), lesson 02."
    write_notebook(folder, "06_naming", [NAMING, "print('as in lesson 01')", more])
    (folder / "glossary.md").write_text(WORDS, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path):
    return stored_course(tmp_path / "kit")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = stored_course(tmp_path_factory.mktemp("kit"))
    ended = course(folder, "site", "--out", "public site")
    out = folder.parent / "public site"
    assert (ended.returncode, ended.stdout) == (0, f"{out / 'index.html'}\n"), ended.stderr
    size = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    assert re.fullmatch(rf"13 files, {size:.1f} MB, \d+\.\d s", ended.stderr.splitlines()[-1])
    return out


def names(out):
    return {path.name for path in out.iterdir()}


def bytes_of(top):
    return {path: path.read_bytes() for path in top.rglob("*") if path.is_file()}


def test_a_second_call_replaces_what_is_its_own(folder):
    out = folder.parent / "runs" / "site"
    first = course(folder, "site")
    assert first.returncode == 0 and names(out) == SHARED | {f"{path.stem}.html" for path in folder.glob("*.ipynb")}
    (out / "notes.txt").write_text("mine")
    (out / "09_mine.html").write_text("<title>Mine</title>")
    (out / "plotly.min.js").write_text("/**\n* plotly.js v0.1\n*/")
    (folder / "03_last.ipynb").unlink()
    write_notebook(folder, "02_next", ["# 02 · Another title"])
    (folder / "06_naming.ipynb").unlink()
    write_notebook(folder, "06_bare", ["1"])
    again = course(folder, "site")
    assert again.returncode == 0 and again.stdout == first.stdout
    lessons = {"01_tiny.html", "02_next.html", "04_korean.html", "05_hostile.html", "06_bare.html"}
    assert names(out) == SHARED | lessons | {"notes.txt", "09_mine.html"}
    assert "Another title" in (out / "02_next.html").read_text() and "Another title" in (out / "index.html").read_text()
    assert (out / "plotly.min.js").stat().st_size > 10**6, "that of the plotly that is installed"
    assert 'href="glossary.html"' in (out / "02_next.html").read_text()
    (folder / "glossary.md").unlink()
    assert course(folder, "site").returncode == 0
    assert names(out) == SHARED - {"glossary.html"} | lessons | {"notes.txt", "09_mine.html"}
    assert "glossary" not in (out / "02_next.html").read_text() + (out / "index.html").read_text()


@pytest.mark.parametrize("name", ["03_last", "glossary.md"])
def test_what_cannot_be_shown_leaves_the_site_as_it_was(folder, name):
    assert course(folder, "site", "--out", "out").returncode == 0
    before = bytes_of(folder.parent / "out")
    path = folder / "03_last.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][-1]["outputs"] = [7]
    if name == "03_last":
        path.write_text(json.dumps(notebook))
    else:
        (folder / "glossary.md").write_bytes(b"**term**: \xff")
    ended = course(folder, "site", "--out", "out")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1].startswith(f"course: {name} has no page: ") and "Traceback" not in ended.stderr
    assert bytes_of(folder.parent / "out") == before


def test_the_search_is_minisearch_as_it_was_published():
    digest = hashlib.sha256((STATIC / "minisearch.js").read_bytes()).hexdigest()
    assert digest == "03c27931eb603af1d3358579e9885eafdb6a2f5fa9929557b3e77d7e99d06d03", "version 7.2.0, dist/umd/index.js"


# --- in a browser


@pytest.fixture
def page(browser):
    """See `watched`; whatever was done in it, it has asked for nothing but files, and nothing has gone wrong."""
    page = watched(browser, 1400, 900)
    page.add_init_script("window.hit = 0")
    yield page
    assert page.errors == [] and all(url.startswith(("file:", "data:", "blob:")) for url in page.asked), page.asked
    assert page.evaluate("hit") == 0
    page.close()


def search(page, words):
    """Type words into the search; return the links that it finds, by their headings."""
    page.fill("input[type=search]", words)
    page.wait_for_function("words => document.querySelector('input').value === words && !document.querySelector('.found').hidden",
                           arg=words)
    page.wait_for_function("document.querySelector('.found p').textContent !== ''")
    return page.locator(".found a b").all_text_contents()


@needs_browser
def test_a_reader_goes_through_the_lessons(site, page):
    page.goto((site / "index.html").as_uri())
    assert page.locator("tbody a").all_text_contents()[0] == "01 A tiny lesson"
    assert "하이퍼파라미터를 찾는 법" in page.inner_text("tbody")
    page.click("text=01 A tiny lesson")
    figure = page.locator(".js-plotly-plot .bars .point path").nth(1)
    figure.wait_for(state="visible")
    assert page.locator(".js-plotly-plot").bounding_box()["height"] == 320
    contents = page.locator(".course-index")
    assert contents.get_attribute("open") is not None and contents.bounding_box()["x"] < 100, "beside the lesson"
    page.click(".course-index a >> text=Why this & that?")
    assert page.evaluate("decodeURIComponent(location.hash)") == "#Why-this-&-that?"
    assert page.locator("[rel=prev]").count() == 0
    for name in ("02_next", "03_last"):
        page.locator("[rel=next]").last.click()
        page.wait_for_url(f"**/{name}.html")
    page.locator("[rel=prev]").first.click()
    page.wait_for_url("**/02_next.html")
    page.click("header >> text=All lessons")
    page.wait_for_url("**/index.html")


@needs_browser
def test_a_reader_looks_a_term_up_and_goes_to_its_lesson(site, page):
    page.goto((site / "06_naming.html").as_uri())
    page.click("text=Words")
    page.wait_for_url("**/glossary.html#*")
    term = page.locator("main section:target")
    assert term.inner_text().split("\n\n")[:2] == ["Zebra's law", "Stripes hide. See the other one. 02"]
    assert term.bounding_box()["y"] > 40, "below the header"
    page.click("text=the other one")
    assert page.locator("main section:target h2").inner_text() == "early stopping"
    assert page.locator(".course-index a").all_text_contents() == ["early stopping", "Zebra's law"]
    assert search(page, "zebra") == ["Zebra's law"], "a term is found by itself"
    assert page.inner_text(".found small >> nth=0") == "Glossary"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("decodeURIComponent(location.hash)") == "#Zebra's-law"
    page.click("main section:target >> text=02")
    page.wait_for_url("**/02_next.html")
    page.click("header >> text=Glossary")
    page.wait_for_url("**/glossary.html")
    page.click("header >> text=All lessons")
    row = page.locator("tbody tr").last
    assert row.inner_text().split() == ["Glossary", "2", "terms", "The", "words", "of", "this", "course."]
    row.locator("a").click()
    page.wait_for_url("**/glossary.html")


@needs_browser
def test_a_lesson_that_the_prose_names_is_a_link_where_a_section_names_it_first(site, page):
    page.goto((site / "06_naming.html").as_uri())
    links = page.locator(".jp-MarkdownCell a[title]")
    led = [(link.inner_text(), link.get_attribute("href"), link.get_attribute("title")) for link in links.all()]
    titles = {"01": "A tiny lesson", "02": "Next", "03": "Last", "04": "한국어", "05": "<img src=x onerror=hit=1>"}
    pages = {path.name[:2]: path.name for path in site.glob("0*.html")}
    words = ["lesson 02", "lessons 03", "04", "05", "lesson 01", "Lesson 02", "lesson 02"]
    numbers = [each[-2:] for each in words]
    assert led == [(each, pages[n], f"{n} {titles[n]}") for each, n in zip(words, numbers, strict=True)]
    assert "this lesson 06, lesson 99; lesson 03, lesson 03, a<b in lesson 05's." in page.inner_text("main")
    links.first.click()
    page.wait_for_url("**/02_next.html")


@needs_browser
def test_the_search_finds_sections_by_words_with_slips_and_in_korean(site, page):
    page.goto((site / "02_next.html").as_uri())
    assert search(page, "draw")[0] == "Draw"
    assert "01 · A tiny lesson" in search(page, "minutse"), "a slip"
    assert search(page, "튜닝") == ["튜닝을 시작하며"], "a word without its particle"
    assert search(page, "figure height")[0] == "Draw", "words of code"
    assert search(page, "xyzzyplughxyzzy") == [] and "No sections" in page.inner_text(".found")
    assert len(search(page, "unicorns")) == 1, "what a notebook writes as HTML is text in what is found"
    search(page, "튜닝")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/04_korean.html#*")
    assert page.locator("h2").bounding_box()["y"] > 40, "below the header"


@needs_browser
@pytest.mark.parametrize("name", ["index", "01_tiny", "05_hostile", "glossary"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_by_day_and_by_night(site, page, name, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto((site / f"{name}.html").as_uri())
    search(page, "lesson")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    bright = "([what, name]) => getComputedStyle(document.querySelector(what))[name].match(/\\d+/g)[1] > 127"
    assert page.evaluate(bright, ["body", "backgroundColor"]) == (scheme == "light")
    assert page.evaluate(bright, ["h1", "color"]) == (scheme == "dark")


@needs_browser
def test_on_paper_there_is_the_lesson_and_nothing_to_click(site, page):
    page.emulate_media(media="print", color_scheme="dark")
    page.goto((site / "05_hostile.html").as_uri())
    for part in ("header", ".way", ".course-index"):
        assert not page.locator(part).first.is_visible()
    code = page.locator(".highlight pre").first
    assert code.evaluate("pre => pre.scrollWidth <= pre.clientWidth"), "a long line is broken: paper cannot be scrolled"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


@needs_browser
def test_a_figure_is_drawn_again_as_wide_as_a_sheet(site, page):
    page.goto((site / "01_tiny.html").as_uri())
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="visible")
    width = "document.querySelector('.main-svg').clientWidth"
    before = page.evaluate(width)
    assert before > 700
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_function(f"{width} === 640")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_function(f"before => {width} === before", arg=before)


# --- the whole course


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "site"
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ended = course(ROOT / "notebooks", "site", "--out", str(out), timeout=600)  # on a machine that may be busy
    assert ended.returncode == 0, ended.stderr
    return out, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def test_the_whole_course_is_small_and_quickly_made(whole):
    out, seconds = whole
    sizes = {path.name: path.stat().st_size for path in out.iterdir()}
    assert sum(sizes.values()) < 40e6 and max(sizes.values()) < 6e6, sizes
    assert seconds < 40, "under 20 s of a core that has nothing else to do"


def test_every_figure_and_every_link_of_the_whole_course_is_there(whole):
    out, _ = whole
    read = {path.name: path.read_text(encoding="utf-8") for path in out.glob("*.html")}
    pages = {name: re.sub(r"<script\b.*?</script>", "", text, flags=re.DOTALL) for name, text in read.items()}
    assert {f"{path.stem}.html" for path in NOTEBOOKS} | {"glossary.html", "index.html"} == set(pages)
    anchors = {name: {unescape(anchor) for anchor in re.findall(r' id="([^"]+)"', text)} for name, text in pages.items()}
    for path in NOTEBOOKS:
        figures = sum(PLOTLY in output.get("data", {}) for cell in code_cells(path) for output in cell["outputs"])
        assert sum(anchor.startswith("figure-") for anchor in anchors[f"{path.stem}.html"]) == figures
    for name, text in pages.items():
        addresses = {unescape(address) for address in re.findall(r' (?:href|src)="([^"]+)"', text)}
        assert len(addresses) > 10
        for address in addresses:
            if not address.startswith(("data:", "https:")):
                file, _, anchor = unquote(address).partition("#")
                assert (out / (file or name)).exists(), f"{name} leads to {address}"
                assert not anchor or anchor in anchors[file or name], f"{name} leads to {address}"
