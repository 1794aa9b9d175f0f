"""Reading notebooks and requests: no kernel is started here."""

import json
import os

import pytest
from kit.course import make_course, write_notebook

from lib.errors import CourseError
from lib.runner.listing import listing
from lib.runner.notebooks import headings, read_folder, read_notebook, resolve
from lib.runner.parameters import read_parameters
from lib.runner.request import plan


@pytest.fixture(scope="module")
def infos(tmp_path_factory):
    return read_folder(make_course(tmp_path_factory.mktemp("course")))


def test_a_notebook_says_what_it_is(infos):
    info = infos[0]
    assert (info.number, info.name, info.title) == ("01", "01_tiny", "A tiny lesson")
    assert (info.minutes, info.seconds) == (20, 5)
    assert [parameter.name for parameter in info.parameters] == [
        "height", "rate", "activation", "csv", "layers", "shuffle"
    ]
    assert [parameter.type for parameter in info.parameters] == ["int", "float", "str", "str", "list", "bool"]
    assert [parameter.range for parameter in info.parameters] == [
        "[1..9]", "[0.1..1]", "[relu|gelu|tanh]", "", "[1..512]", ""
    ]
    assert info.parameter("rate").help == "learning rate"


@pytest.mark.parametrize(
    "comment, low, high, choices",
    [
        ("units; [32..512]", 32, 512, ()),
        ("see [1]; [2..]", 2, None, ()),
        ("[..9]", None, 9, ()),
        ("one of [16|32]", None, None, (16, 32)),
        ("a unit [s]", None, None, ()),
        ("nothing", None, None, ()),
    ],
)
def test_the_range_is_the_last_bracket_of_the_comment(comment, low, high, choices):
    value = 32 if 32 in (low, *choices) else 4
    (parameter,) = read_parameters(f"units = {value}  # {comment}")
    assert (parameter.low, parameter.high, parameter.choices) == (low, high, choices)


@pytest.mark.parametrize(
    "line, message",
    [
        ("n = 2 * 3", "is not a name = a plain value"),
        ("n = None", "NoneType"),
        ("n = 1  # [2..9]", "out of its range"),
        ("n = 1  # [a..b]", "is not a range"),
        ("n = = 1", "not Python"),
        ("n = 1  # [" + "9" * 5000 + "..]", r"\[9+…9+\.\.\] is not a range"),
        ("n += 1", "is not a name = a plain value"),
        ("import os", "is not a name = a plain value"),
    ],
)
def test_a_bad_parameters_cell_is_told_with_its_notebook(tmp_path, line, message):
    path = write_notebook(tmp_path, "07_bad", ["# 07 · Bad", f"#parameters\n{line}"])
    with pytest.raises(CourseError, match=message) as raised:
        read_notebook(path)
    assert "07_bad.ipynb" in str(raised.value)


CELL = '{"cells": [{"cell_type": "code", "source": "x = 1", "metadata": {}, %s}]}'


@pytest.mark.parametrize("text", [
    "", "[]", '{"cells": ', '{"cells": {}}', '{"cells": [], "metadata": []}', '{"cells": [{"source": ""}]}', "\0\0", '"a"',
    CELL % '"source": {"a": 1}', CELL % '"source": 3', CELL % '"outputs": 3', CELL % '"cell_type": "frob"',
    CELL % '"cell_type": []', CELL % '"metadata": null', CELL % '"metadata": {"tags": "parameters"}',
    CELL % '"metadata": {"tags": [[]]}',
])
def test_a_file_that_is_no_notebook_is_told(tmp_path, text):
    (tmp_path / "01_broken.ipynb").write_text(text)
    with pytest.raises(CourseError, match=r"01_broken\.ipynb cannot be read: it is not the JSON of a notebook"):
        read_folder(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_is_no_file_is_told_and_an_older_notebook_with_its_mend(tmp_path):
    (tmp_path / "01_old.ipynb").write_text('{"worksheets": [{"cells": []}], "nbformat": 3}')
    with pytest.raises(CourseError, match="it is of nbformat 3, not 4: open it in JupyterLab and save it"):
        read_folder(tmp_path)
    os.mkfifo(tmp_path / "00_pipe.ipynb")
    with pytest.raises(CourseError, match=r"00_pipe\.ipynb: it is no file"):
        read_folder(tmp_path)


def test_a_title_moves_no_terminal_and_a_long_number_is_none(tmp_path):
    told = "# 01 · \x1b[2J\x1b[31mRed\x07\u202e\n\nAbout " + "9" * 5000 + " minutes"
    info = read_notebook(write_notebook(tmp_path, "01_odd", [told]))
    assert (info.title, info.minutes) == ("Red", None)


@pytest.mark.parametrize(
    "name, text, value",
    [
        ("height", "7", 7),
        ("rate", "1", 1.0),
        ("rate", "5e-1", 0.5),
        ("activation", "gelu", "gelu"),
        ("csv", "my table.csv", "my table.csv"),
        ("shuffle", "FALSE", False),
        ("layers", "[8, 4]", [8, 4]),
        ("layers", "(8, 4)", [8, 4]),
        ("layers", "8,4", [8, 4]),
        ("layers", "8", [8]),
    ],
)
def test_a_word_becomes_a_value_of_the_right_type(infos, name, text, value):
    read = infos[0].parameter(name).parse(text)
    assert read == value and type(read) is type(value)


@pytest.mark.parametrize(
    "name, text, message",
    [
        ("height", "x", "not an int: give for example 5, in [1..9]"),
        ("height", "2.5", "not an int"),
        ("height", "10", "out of its range [1..9]"),
        ("rate", "nan", "not a float"),
        ("rate", "fast", "not a float: give for example 0.5"),
        ("activation", "sigmoid", "not one of relu, gelu, tanh"),
        ("shuffle", "maybe", "not a bool"),
        ("layers", "8,x", "not a list: give for example [64, 32]"),
        ("layers", "8,1000", "out of its range [1..512]"),
    ],
)
def test_a_wrong_value_is_told_with_what_is_right(infos, name, text, message):
    with pytest.raises(CourseError) as raised:
        infos[0].parameter(name).parse(text)
    assert message in str(raised.value)


def test_the_list_counts_the_sittings_of_a_long_lesson(tmp_path):
    path = write_notebook(tmp_path, "04_long", ["# 04 Long\n\n*About 90 minutes.*", "# rest", "1"])
    book = json.loads(path.read_text())
    book["cells"][1]["metadata"]["tags"] = ["rest"]
    path.write_text(json.dumps(book))
    assert listing(read_folder(tmp_path)) == "04  Long  (about 90 min in 2 sittings)"


@pytest.mark.parametrize("word", ["1", "01", "01_tiny", "01_tiny.ipynb", "notebooks/01_tiny.ipynb"])
def test_every_way_to_name_a_notebook(infos, word):
    assert [info.name for info in resolve([word], infos)] == ["01_tiny"]


def test_notebooks_come_in_the_order_of_the_course_and_once(infos):
    assert [info.name for info in resolve(["3", "01", "1"], infos)] == ["01_tiny", "03_last"]
    assert len(resolve([], infos)) == 3


@pytest.mark.parametrize("word", ["01_tyni", "tiny", "tinny"])
def test_an_unknown_notebook_gets_the_nearest_and_the_list(infos, word):
    with pytest.raises(CourseError, match="Did you mean 01_tiny") as raised:
        resolve([word], infos)
    assert "03_last" in str(raised.value)


def test_the_profile_comes_first_then_the_given_values(infos):
    plans = plan(infos, profile="smoke", given=[("height", "3"), ("seed", "4")])
    assert [values for _, values in plans] == [{"height": 3, "rate": 0.2}, {"seed": 4}, {}]
    assert plan(infos, ["1"], "lesson")[0][1] == {}


def test_an_unknown_parameter_gets_the_nearest_and_the_lists(infos):
    with pytest.raises(CourseError, match="Did you mean height") as raised:
        plan(infos, given=[("heihgt", "3")])
    assert "02_next: seed" in str(raised.value) and "03_last: (none)" in str(raised.value)
    with pytest.raises(CourseError, match="no parameter 'height'"):
        plan(infos, ["2"], given=[("height", "3")])


def test_profiles_are_checked(tmp_path):
    infos = read_folder(make_course(tmp_path))
    assert [values for _, values in plan(infos, profile="smoke")] == [{"height": 2, "rate": 0.2}, {}, {}]
    for wrong, message in (("{hieght: 2}", "Did you mean height"), ("{height: x}", "height = x is not an int")):
        (tmp_path / "notebooks" / "profiles.yaml").write_text(f"01_tiny: {{smoke: {wrong}}}")
        with pytest.raises(CourseError, match=rf"profiles\.yaml, 01_tiny, smoke: .*{message}"):
            plan(infos, profile="smoke")
        assert plan(infos, profile="full"), "what is wrong in another profile stops nobody"
    for content in ("01_tiny: [1", "01_tiny: 3", "[1]"):
        (tmp_path / "notebooks" / "profiles.yaml").write_text(content)
        with pytest.raises(CourseError, match=r"profiles\.yaml"):
            plan(infos, profile="smoke")


def test_headings_are_not_looked_for_in_code():
    assert headings("# One\n```\n# two\n```\n### Three ##") == [(1, "One"), (3, "Three")]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120])
def test_the_list_fits_the_terminal_and_loses_no_word(infos, width):
    text = listing(infos, width)
    assert max(map(len, text.splitlines())) <= width
    words = set(text.split())
    for parameter in infos[0].parameters:
        assert {parameter.name, parameter.type, *parameter.help.split()} <= words
    assert json.dumps(infos[0].parameter("layers").default) in " ".join(text.split())
