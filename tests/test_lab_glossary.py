"""In JupyterLab a word of a lesson leads to its entry in the glossary, and the entry to the lesson that explains it."""

import pytest
from kit.browser import PANEL, jupyterlab, needs_browser, open_notebook
from kit.notebooks import NOTEBOOKS

pytestmark = [needs_browser, pytest.mark.lesson("10")]


def test_a_word_leads_to_its_entry_and_the_entry_to_its_lesson(browser):
    with jupyterlab() as (address, token):
        page = browser.new_page(viewport={"width": 1200, "height": 900})
        open_notebook(page, address, token, NOTEBOOKS[10].name)
        page.locator("a[href*='glossary.md'][href$='#bagging']").first.click()
        entry = page.locator(".jp-MarkdownViewer h3", has_text="bagging").first
        entry.wait_for(timeout=60_000)
        page.wait_for_function("entry => Math.abs(entry.getBoundingClientRect().top) < 450", arg=entry.element_handle())
        page.locator(".jp-MarkdownViewer a[href*='09_bagging']").first.click()
        page.wait_for_function(f"{PANEL}?.context?.path.endsWith('09_bagging.ipynb')", timeout=60_000)
        page.close()
