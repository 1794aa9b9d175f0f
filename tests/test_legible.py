"""Every stored figure can be read, on a phone and on two screens, by day and by night; those that cannot yet are listed."""

import pytest
import yaml
from kit.browser import needs_browser
from kit.legible import KNOWN, kinds, lessons, measure

NOT_YET = yaml.safe_load(KNOWN.read_text(encoding="utf-8"))

pytestmark = [needs_browser, pytest.mark.long("legible figures", by="path")]


@pytest.mark.parametrize("path", [path for path in lessons([]) if path.name[:2] in NOT_YET], ids=lambda path: path.stem)
def test_what_cannot_be_read_is_what_the_list_says(path, browser, tmp_path):
    found = measure(path, tmp_path / "site", browser)
    assert {name: kinds(faults) for name, faults in found.items() if faults} == NOT_YET[path.name[:2]]
