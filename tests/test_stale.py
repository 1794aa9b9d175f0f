"""What is out of date is known and made again, and nothing that somebody writes meanwhile is lost."""

import threading
import time

import nbformat
import pytest
import shots
import store
import yaml
from kit.notebooks import NOTEBOOKS, ROOT, code_digest, is_stale

pytestmark = pytest.mark.lesson("00")


@pytest.fixture
def written(tmp_path):
    """Return a function that makes a notebook, lets somebody change it while it is run, and stores it."""

    def store_while(change):
        cells = [nbformat.v4.new_markdown_cell("old"), nbformat.v4.new_code_cell("import time\ntime.sleep(2)\nprint(1)")]
        path = tmp_path / "01_made_up.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path)

        def meanwhile():
            time.sleep(1)
            document = nbformat.read(path, as_version=4)
            change(document)
            nbformat.write(document, path)

        somebody = threading.Thread(target=meanwhile)
        somebody.start()
        refused = store.store(path)
        somebody.join()
        return refused, nbformat.read(path, as_version=4), path

    return store_while


def test_prose_that_was_edited_meanwhile_is_kept(written):
    def change(document):
        document.cells[0].source = "new"
        document.cells.append(nbformat.v4.new_markdown_cell("more"))

    refused, document, path = written(change)
    assert refused is None and [cell.source for cell in document.cells[::2]] == ["new", "more"]
    assert document.cells[1].outputs[0].text == "1\n" and document.cells[1].execution_count == 1
    assert document.metadata.course.code == code_digest(document.cells) and not is_stale(path)


def test_code_that_was_edited_meanwhile_is_not_given_outputs_of_other_code(written):
    refused, document, path = written(lambda document: document.cells[1].update(source="print(2)"))
    assert "its code was changed while it ran" in refused and "\n" not in refused
    assert document.cells[1].source == "print(2)" and not document.cells[1].outputs and is_stale(path)


def test_every_screenshot_is_known():
    assert sorted(path.name for path in shots.IMAGES.glob("*.png")) == sorted(shots.SHOTS)
    assert sorted(yaml.safe_load(shots.DIGESTS.read_text(encoding="utf-8"))) == sorted(shots.SHOTS)
    for shot in shots.SHOTS.values():
        assert all((ROOT / file).exists() for file in shot.files) and len(shot.digest()) == 64


def test_a_screenshot_is_out_of_date_when_what_it_shows_has_changed(tmp_path, monkeypatch):
    digests = {name: shot.digest() for name, shot in shots.SHOTS.items()}
    monkeypatch.setattr(shots, "DIGESTS", tmp_path / "digests.yaml")
    assert shots.stale() == list(shots.SHOTS), "none has been taken"
    shots.DIGESTS.write_text(yaml.safe_dump(digests))
    assert shots.stale() == []
    shots.DIGESTS.write_text(yaml.safe_dump(digests | {"strip.png": "0" * 64}))
    assert shots.stale() == ["strip.png"]


def test_no_browser_is_one_line(monkeypatch):
    monkeypatch.setattr(shots, "CHROMIUM", None)
    with pytest.raises(SystemExit, match=r"^There is no Chromium here to take strip.png\. Install it with: .*$"):
        shots.take(["strip.png"])
    shots.take([])


def test_list_only_says(capsys):
    before = [path.read_bytes() for path in NOTEBOOKS]
    store.main(["--list"])
    stale = [path.name for path in NOTEBOOKS if is_stale(path)] + shots.stale()
    assert capsys.readouterr().out.splitlines() == (stale or ["nothing is out of date"])
    assert [path.read_bytes() for path in NOTEBOOKS] == before
