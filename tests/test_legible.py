"""Every figure can be read, on a phone and on two screens, by day and by night; stored ones that cannot yet are listed."""

import json

import pytest
import yaml
from kit.browser import needs_browser
from kit.figures import PLOTLY
from kit.gallery import FAMILIES
from kit.legible import KNOWN, SLICE, WIDTHS, kinds, lessons, measure, measured, write_slice

NOT_YET = yaml.safe_load(KNOWN.read_text(encoding="utf-8")) or {}

pytestmark = [needs_browser, pytest.mark.long("legible figures", by="path")]


@pytest.mark.parametrize("path", lessons([]), ids=lambda path: path.stem)
def test_what_cannot_be_read_is_what_the_list_says(path, browser, tmp_path):
    found = measure(path, tmp_path / "site", browser)
    assert {name: kinds(faults) for name, faults in found.items() if faults} == NOT_YET.get(path.name[:2], {})


@pytest.mark.parametrize("path", FAMILIES, ids=lambda family: family.__name__)
def test_every_figure_of_the_library_can_be_read(path, browser, tmp_path):
    figures = path()
    found = []
    for start in range(0, len(figures), SLICE):
        few = list(figures)[start : start + SLICE]
        outputs = [{"output_type": "display_data", "metadata": {}, "data": {PLOTLY: json.loads(figures[name].to_json())}}
                   for name in few]
        page = write_slice(outputs, tmp_path / f"slice_{start}")
        found += [(name, width, theme, faults) for width in WIDTHS for theme, each in measured(browser, page, width)
                  for name, faults in zip(few, each, strict=True) if faults]
    assert not found
