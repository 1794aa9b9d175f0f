"""Ten thousand requests that nobody should make, drawn by a seed: each is taken or told in a line, and none is a traceback."""

import json
import random
import sys

import pytest
from kit.course import make_course

from lib.errors import CourseError
from lib.runner import cli, commands
from lib.runner.folder import find
from lib.runner.notebooks import read_folder, resolve
from lib.runner.points import read_points
from lib.runner.request import plan

TRIES = 500  # of each of the twenty seeds of the long run
DEEP = 3000

ATOMS = [
    "1", "-1", "0", "1e3", "1e-3", "-1e-3", "1e400", "nan", "inf", "-inf", "9" * 400, "9" * 5000, "-" + "9" * 5000,
    "0x" + "f" * 5000, "1..3", "1..999999999999", "1.." + "9" * 5001, "5..1", "..", "1..", "true", "false", "True", "None",
    "null", "", " ", ",", ",,", "=", "==", "[", "]", "[]", "[1,2]", "[[1],[2]]", "{}", "{[1]:2}", "{1:2}", "{1,2}", "(1,2)",
    "((1,),)", "1j", "b'x'", "'x'", '"x"', "[1,'a']", "[1,nan]", "[1e999]", "[" * DEEP, "[" * DEEP + "]" * DEEP,
    "(" * 300 + ")" * 300, "-" * DEEP + "1", "{" * 200, "é", "ß", "日本", "٣", "²", "\ud800", "\0", "\n", "\x1b[31m", "a\nb",
    "x" * 20_000, "../../etc/passwd", "~", "$HOME", "%s", "{x}", "{{", "`id`", "__import__('os')",
    "!!python/object/apply:os.system", "-p", "--out",
]
NAMES = ["height", "rate", "activation", "csv", "layers", "shuffle", "seed", "hieght", "__class__", "tags", "check", "range"]
NOTEBOOKS = ["1", "01", "001", "2", "3", "01_tiny.ipynb", "notebooks/02_next.ipynb", "9", "-1", "tiny", "\\", "."]


class Draw(random.Random):
    """What a request is made of."""

    def word(self):
        """Return an atom, or several stuck together, or one with a letter changed."""
        words = self.choices(ATOMS, k=self.choice([1, 1, 1, 2, 3]))
        word = self.choice(["", ",", "..", "=", "[", " "]).join(words)
        if word and self.random() < 0.2:
            place = self.randrange(len(word))
            word = word[:place] + chr(self.choice([self.randrange(128), self.randrange(0x3000)])) + word[place + 1 :]
        return word

    def name(self):
        """Return a name of a parameter, mostly."""
        return self.choice(NAMES) if self.random() < 0.85 else self.word()

    def notebook(self):
        """Return a name of a notebook, mostly."""
        return self.choice(NOTEBOOKS) if self.random() < 0.85 else self.word()

    def csv(self):
        """Return a table of runs as bytes."""
        mark = self.choice([",", ",", ";", "\t", "|"])
        rows = [[self.name() for _ in range(self.randint(0, 3))]]
        for _ in range(self.randint(0, 3)):
            rows.append([self.word() for _ in range(max(0, len(rows[0]) + self.choice([0, 0, 0, 1, -1])))])
        text = self.choice(["\n", "\n", "\r\n", "\n\n"]).join(mark.join(row) for row in rows)
        return text.encode(self.choice(["utf-8", "utf-8", "utf-16", "latin-1"]), errors="replace")

    def cell(self):
        """Return the source of a parameters cell."""
        one, two = self.word(), self.word()
        comment = self.choice(["", "", f"# [{one}]", f"# [{one}..{two}]", f"# [{one}|{two}]", "# [1..9]"])
        return "\n".join(f"{self.name()} = {self.word()}  {comment}" for _ in range(self.randint(1, 3)))

    def json(self, depth=0):
        """Return something of JSON."""
        if depth > 2 or self.random() < 0.4:
            return self.choice([None, True, 1, -1.5, "", "markdown", "code", "parameters", self.word(), [], {}])
        if self.random() < 0.5:
            return [self.json(depth + 1) for _ in range(self.randint(0, 2))]
        keys = self.choices(["cells", "metadata", "tags", "source", "cell_type", "x"], k=self.randint(0, 3))
        return {key: self.json(depth + 1) for key in keys}

    def notebook_file(self):
        """Return the text of a file that says it is a notebook."""
        if self.random() < 0.2:
            return self.word()
        if self.random() < 0.5:
            cells = [{"cell_type": "markdown", "source": f"# 01 · {self.word()}\n\nabout {self.word()} minutes", "metadata": {}},
                     {"cell_type": "code", "source": self.cell(), "metadata": {"tags": ["parameters"]}, "outputs": []}]
            return json.dumps({"cells": cells, "metadata": {}})
        cells = [self.json() for _ in range(2)]
        return json.dumps(self.json() if self.random() < 0.3 else {"cells": cells, "metadata": self.json()})


def request(draw, infos, tmp_path):
    """Make one request; it returns, or raises a CourseError."""
    kind = draw.choice(["run", "grid", "grid", "table", "notebook", "profile", "out"])
    given = [(draw.name(), draw.word()) for _ in range(draw.choice([0, 0, 1, 2]))]
    if kind == "run":
        plan(infos, [draw.notebook() for _ in range(draw.randint(0, 2))], draw.choice(["lesson", "smoke", "full"]), given)
    elif kind == "grid":
        grid = [draw.choice([f"{draw.name()}={draw.word()}", f"{draw.name()}={draw.word()},{draw.word()}", draw.word()])
                for _ in range(draw.choice([1, 1, 2, 3]))]
        read_points(infos, draw.notebook(), "lesson", given, grid, None)
    elif kind == "table":
        path = tmp_path / "table.csv"
        path.write_bytes(draw.csv())
        read_points(infos, draw.notebook(), "lesson", given, [], path)
    elif kind == "notebook":
        (tmp_path / "bad").mkdir(exist_ok=True)
        (tmp_path / "bad" / "01_bad.ipynb").write_text(draw.notebook_file(), encoding="utf-8", errors="replace")
        resolve([draw.notebook()], read_folder(tmp_path / "bad"))
    elif kind == "profile":
        profile = f"01_tiny: {{smoke: {{{draw.name()}: {draw.word()}}}}}"
        (tmp_path / "notebooks" / "profiles.yaml").write_text(profile, errors="replace")
        plan(infos, ["1"], "smoke", given)
    else:
        find(draw.word())


@pytest.mark.long("requests that nobody should make")
@pytest.mark.parametrize("seed", range(20))
def test_no_request_ends_in_a_traceback(seed, tmp_path, monkeypatch, capsys):
    infos = read_folder(make_course(tmp_path))
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(tmp_path / "notebooks"))
    monkeypatch.chdir(tmp_path)
    sys.stderr.reconfigure(errors="replace")  # as the command has it
    draw = Draw(seed)
    taken = 0
    for number in range(TRIES):
        try:
            request(draw, infos, tmp_path)
            taken += 1
        except CourseError as error:
            cli.tell(str(error))
            said = capsys.readouterr().err
            assert said.startswith("course: ") and len(said) < 20_000, number
            assert all(len(line) <= cli.LONGEST + 20 for line in said.splitlines())
    print(f"seed {seed}: {TRIES} requests, {taken} taken, {TRIES - taken} told in a line, no traceback")
    assert taken and taken < TRIES


@pytest.mark.parametrize("seed", range(3))
def test_no_words_of_a_command_line_end_in_a_traceback(seed, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_NOTEBOOKS", str(make_course(tmp_path)))
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    draw = Draw(seed)
    options = ["-p", "--profile", "--out", "-g", "--grid", "--params", "--workers", "--scheduler", "--timeout", "--tls-ca", "-x"]
    for _ in range(100):
        # No such notebook: nothing runs.
        words = [draw.choice(["run", "sweep"]), draw.choice(["9", "tiny", "", "\ud800", "x" * 20_000])]
        words += [draw.choice([draw.choice(options), draw.name(), draw.word()]) for _ in range(draw.randint(0, 5))]
        status = cli.main(words)
        printed, said = capsys.readouterr()
        helped = not {"-h", "--help"}.isdisjoint(words)
        assert (status == 2 and said.startswith("course: ") and not printed) or (status == 0 and helped), (words, said)
    assert sorted(tmp_path.rglob("*")) == before
    assert commands.course.commands.keys() >= {"run", "sweep"}
