"""What one lesson hands to another: the files as README says, from the stored lessons, and told when they are damaged."""

import hashlib
import importlib.util
import re
import shutil

import numpy as np
import pytest
from kit.lessons import LESSONS
from kit.notebooks import ROOT, read

from lib import data
from lib.errors import CourseError

FOLDER = ROOT / "data" / "carried"
LOADERS = {"winner-of-03.json": data.load_winner, "team-of-08.npy": data.load_team}
LEARNED = 6_000  # pictures that the team has learned; of the others it has seen none


def command():
    """Load the command of the folder as a module."""
    spec = importlib.util.spec_from_file_location("make", FOLDER / "make.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("file", LOADERS)
def test_the_files_are_those_that_readme_and_the_library_name(file):
    content = (FOLDER / file).read_bytes()
    readme = (ROOT / "data" / "README.md").read_text(encoding="utf-8")
    size, digest = re.search(rf"`carried/{file}` \| ([\d,]+) \| `(\w+)`", readme).groups()
    assert int(size.replace(",", "")) == len(content)
    assert digest == hashlib.sha256(content).hexdigest() == data.SHA256[f"carried/{file}"]


@pytest.mark.parametrize("file", LOADERS)
def test_a_damaged_file_is_named_with_its_mend(tmp_path, file):
    shutil.copytree(FOLDER, tmp_path / "carried")
    path = tmp_path / "carried" / file
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(CourseError, match=rf"^The file data/carried/{file} is .*altered.*git checkout -- data/carried/{file}$"):
        LOADERS[file](tmp_path)


def test_the_winner_is_that_of_the_stored_lesson():
    assert data.load_winner() == command().read_winner(read(LESSONS["03"])), "python data/carried/make.py 03"


def test_the_team_gives_each_training_picture_a_probability_for_each_class():
    team = data.load_team()
    assert team.shape == (len(data.load("fashion_mnist").x_train), 10) and team.dtype == np.float16
    assert np.allclose(np.exp(team.astype(float)).sum(axis=1), 1, atol=0.01)


def test_the_team_is_as_right_as_the_stored_lesson_says():
    right = data.load_team().argmax(axis=1) == data.load("fashion_mnist").y_train
    (cell,) = [cell for cell in read(LESSONS["08"])["cells"] if cell["id"] == "carried-right"]
    said = re.findall(r"([\d.]+)%", "".join(cell["outputs"][0]["text"]))
    learned, new = (float(share) / 100 for share in said)
    assert right[:LEARNED].mean() == pytest.approx(learned, abs=0.01)
    assert right[LEARNED:].mean() == pytest.approx(new, abs=0.02)  # other pictures than the lesson's, as new to the team
