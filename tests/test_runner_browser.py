"""The pages of a run in a real browser: opened from disk, nothing fetched, figures that answer the mouse."""

import pytest
from bs4 import BeautifulSoup
from kit.browser import needs_browser, watched
from kit.course import FIGURE, course, make_course, write_notebook, write_sweep

pytestmark = needs_browser


# What would run in the page, by every door that a notebook has to it.
HIT = """# <img src=x onerror="hit=1"><script>hit=2</script>

<a id="go" href="java\tscript:hit=3">go</a> <svg onload="hit=4"></svg>
<iframe srcdoc="<script>parent.hit=5</script>"></iframe>"""
SHOW = """code = "<script>hit=6</script><img src=x onerror='hit=7'><svg><style><img src=x onerror='hit=8'></style></svg>"
display(HTML(code), Markdown(code), Javascript("hit=9"), Latex(code))
display(SVG('<svg xmlns="http://www.w3.org/2000/svg" onload="hit=10"/>'))
display({"text/vnd.mermaid": code, "text/plain": code}, raw=True)
wide = {"image/png": {"width": "1 onerror=hit=12"}}
display({"image/png": 'x"><script>hit=11</script>', "text/plain": ""}, raw=True, metadata=wide)
raise ValueError(code)"""


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = make_course(tmp_path_factory.mktemp("course"))
    cells = [HIT, FIGURE.replace("height,", "3,"), f"from IPython.display import *\n{SHOW}"]
    write_notebook(folder, "04_foreign", ["# 04 · Foreign", *cells])
    ended = course(folder, "run", "1", "2", "4", "--out", "out")
    assert ended.returncode == 1 and "Traceback" not in ended.stderr, ended.stderr
    return folder.parent / "out"


@pytest.fixture
def page(browser):
    """See `watched`."""
    page = watched(browser, 1100, 900)
    yield page
    page.close()


def test_a_figure_is_drawn_and_answers_the_mouse(out, page):
    page.goto((out / "01_tiny.html").as_uri())
    figure = page.locator(".js-plotly-plot")
    figure.wait_for(state="visible")
    assert figure.bounding_box()["height"] == 320  # what its layout asks for
    bar = page.locator(".bars .point path").nth(1).bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2, steps=5)
    label = page.locator(".hoverlayer .hovertext").first
    label.wait_for(state="visible")
    assert "5" in label.text_content()
    assert page.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked), page.asked


def test_nothing_runs_in_a_page_but_its_figures(out, page):
    page.add_init_script("window.hit = 0")
    page.goto((out / "04_foreign.html").as_uri())
    page.locator(".js-plotly-plot .main-svg").first.wait_for(state="visible")
    page.click("#go")
    page.wait_for_timeout(500)
    assert page.evaluate("hit") == 0
    soup = BeautifulSoup((out / "04_foreign.html").read_text(encoding="utf-8"), "html.parser")
    assert len(soup.find_all("script")) == 3, "plotly.js, the page's own, and the figure's"
    assert not [name for element in soup.find_all(True) for name in element.attrs if name.startswith("on") or name == "srcdoc"]
    index = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert not index.find_all(["script", "img"])


def test_a_figure_follows_the_width_of_the_window(out, page):
    page.goto((out / "01_tiny.html").as_uri())
    drawing = page.locator(".js-plotly-plot .main-svg").first
    drawing.wait_for(state="visible")
    wide = drawing.bounding_box()["width"]
    page.set_viewport_size({"width": 600, "height": 900})
    page.wait_for_function(
        "wide => document.querySelector('.js-plotly-plot .main-svg').clientWidth < wide - 100", arg=wide
    )
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_pictures_are_in_the_page_and_links_lead_on(out, page):
    page.goto((out / "index.html").as_uri())
    page.click("text=A tiny lesson")
    picture = page.locator("img[alt=bars]")
    picture.wait_for(state="visible")
    assert picture.evaluate("image => image.naturalWidth") == 60
    page.click("text=the next one")
    page.wait_for_url("**/02_next.html#part")
    page.click("text=All notebooks of this run")
    page.wait_for_url("**/index.html")
    assert page.errors == []


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """The pages over a thousand runs; the runs themselves are not what is tested here, so their results are made up."""
    out = tmp_path_factory.mktemp("sweep")
    write_sweep(make_course(tmp_path_factory.mktemp("course")), out, ["height=1..9", "rate=" + RATES])
    return out


RATES = ",".join(f"{0.1 + 0.008 * number:.3f}" for number in range(112))


def test_a_thousand_runs_are_brushed_and_the_table_follows(thousand, page):
    page.goto((thousand / "parallel.html").as_uri())
    page.locator("#parallel .axis-brush .background").first.wait_for(state="attached")
    rows = page.locator("tbody tr:visible")
    assert rows.count() == 9 * 112
    axis = page.locator(".axis-brush .background").first.bounding_box()  # the first axis is the height
    x, y = axis["x"] + axis["width"] / 2, axis["y"]
    page.mouse.move(x, y + 0.02 * axis["height"])
    page.mouse.down()
    page.mouse.move(x, y + 0.3 * axis["height"], steps=6)
    page.mouse.up()
    page.wait_for_function("[...document.querySelectorAll('tbody tr')].some(row => row.hidden)")
    kept = {int(row) for row in page.locator("tbody tr:visible td:nth-child(2)").all_text_contents()}
    assert kept and kept < set(range(1, 10)) and min(kept) >= 6
    assert page.errors == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in page.asked), page.asked


def test_lines_points_and_table_of_a_sweep_are_brushed_together(thousand, page):
    page.goto((thousand / "parallel.html").as_uri())
    page.locator("#parallel .axis-brush .background").first.wait_for(state="attached")
    selected = "document.getElementById('points').data[0].selectedpoints?.length ?? null"
    assert page.evaluate(selected) is None
    page.evaluate("Plotly.restyle('parallel', { 'dimensions[0].constraintrange': [[1.5, 3.5]] })")
    page.wait_for_function(f"{selected} === 2 * 112")
    assert {*page.locator("tbody tr:visible td:nth-child(2)").all_text_contents()} <= {"2", "3"}
    page.locator("#points").scroll_into_view_if_needed()
    ground = page.locator("#points .nsewdrag").bounding_box()
    page.mouse.move(ground["x"] + 0.7 * ground["width"], ground["y"] + 2)
    page.mouse.down()
    page.mouse.move(ground["x"] + ground["width"] - 2, ground["y"] + ground["height"] - 2, steps=6)
    page.mouse.up()
    first = "document.getElementById('parallel').data[0].dimensions[0].constraintrange"
    page.wait_for_function(f"{first}?.[0] > 5")
    kept = {int(row) for row in page.locator("tbody tr:visible td:nth-child(2)").all_text_contents()}
    assert kept == {height for height in range(1, 10) if height > page.evaluate(first)[0]}
    page.mouse.dblclick(ground["x"] + 0.2 * ground["width"], ground["y"] + 20)
    page.wait_for_function(f"{selected} === null")
    assert page.locator("tbody tr:visible").count() == 9 * 112
    assert page.errors == []


def test_the_table_sorts_by_a_click(thousand, page):
    page.goto((thousand / "index.html").as_uri())
    assert "1008 runs: 1007 done, 1 failed" in page.inner_text("p") and "ValueError: <no>" in page.inner_text("tbody")
    page.click("th:has-text('score')")
    column = page.locator("thead th").all_text_contents().index("score") + 1
    texts = page.locator(f"tbody td:nth-child({column})").evaluate_all("cells => cells.map(cell => cell.dataset.value ?? '')")
    values = [float(text) for text in texts if text]
    assert values == sorted(values) and texts[-1] == "", "numbers as numbers, gaps last"
    page.click("th:has-text('score')")
    assert float(page.locator(f"tbody td:nth-child({column})").first.get_attribute("data-value")) == max(values)
