"""A page that tells a story: whole in one file, safe, and legible without a mouse."""

import re

import numpy as np
import pandas as pd
import pytest

from lib import viz
from lib.story import write_story

TABLE = pd.DataFrame({"quality": [0.91234, np.nan], "bytes": [123456.0, 5.0], "named": ["a < b", True]})
TABLE.index = ["one", "two & more"]


def figure(title="Quality over bytes"):
    table = pd.DataFrame({"kB": [1.0, 2.0], "quality": [0.5, 0.6]}, index=["small", "large"])
    return viz.plot_front(table, "kB", "quality", title, "kB", "accuracy")


@pytest.fixture
def page(tmp_path):
    parts = ["Once upon <a> time.", "# What came out", TABLE, figure(), figure("Another one")]
    path = write_story(tmp_path / "page.html", "A story & more", parts)
    return path.read_text(encoding="utf-8")


def test_plotly_stands_in_it_once_and_nothing_is_loaded(page):
    assert page.count("<script>/**") == 1 and len(page) < 8_000_000
    assert not re.search(r"<(script|link|img|iframe)[^>]+(src|href)=", page)
    assert page.count("Plotly.newPlot(") - page.count("function") < 10
    assert page.count('role="figure"') == 2 and len(set(re.findall(r'id="figure-\d"', page))) == 2


def test_what_is_told_is_text(page):
    assert "<p>Once upon &lt;a&gt; time.</p>" in page and "<h2>What came out</h2>" in page
    assert "<title>A story &amp; more</title>" in page and "<td>a &lt; b</td>" in page
    assert '<th scope="row">two &amp; more</th>' in page


def test_numbers_are_short_and_gaps_are_dashes(page):
    assert "<td>0.9123</td>" in page and "<td>123,456</td>" in page and "<td>–</td>" in page


def test_a_figure_says_what_it_shows(page):
    alternative = re.search(r'aria-label="(Quality over bytes\. A figure of [^"]+)"', page)[1]
    assert "points" in alternative and "large" in alternative and "0.6" in alternative


def test_a_page_without_a_figure_is_small_and_a_caption_is_told(tmp_path):
    table = TABLE.copy()
    table.attrs["caption"] = "Three & prices"
    text = write_story(tmp_path / "page.html", "No pictures", [table]).read_text(encoding="utf-8")
    assert len(text) < 5000 and "<caption>Three &amp; prices</caption>" in text
