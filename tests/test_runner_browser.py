"""The pages of a run in a real browser: opened from disk, nothing fetched, figures that answer the mouse."""

import shutil

import pytest
from test_runner_kit import course, make_course

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"
]  # fmt: skip

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no browser: apt-get install chromium")


@pytest.fixture(scope="module")
def out(tmp_path_factory):
    folder = make_course(tmp_path_factory.mktemp("course"))
    ended = course(folder, "run", "1", "2", "--out", "out")
    assert ended.returncode == 0, ended.stderr
    return folder.parent / "out"


@pytest.fixture
def page():
    """A page that keeps what it asked for in `requests` and what went wrong in `errors`."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1100, "height": 900})
        page.asked, page.errors = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and page.errors.append(message.text))
        yield page
        browser.close()


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
