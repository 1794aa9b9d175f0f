"""The container for hubs and Codespaces: its packages are those of .ci/run, its pins those of requirements.txt, and it starts."""

import json
import os
import re
import subprocess

import container
import pytest
import yaml
from kit.notebooks import ROOT

from lib.runner import wheels
from lib.runner.kit import pins

STEPS = container.instructions(container.FILE.read_text(encoding="utf-8"))
README = (ROOT / "README.md").read_text(encoding="utf-8")
# As it is handed out: where the tests run on tensorflow-cpu, README's line has changed the file already.
PINNED = (ROOT / "requirements.txt").read_text(encoding="utf-8").replace("tensorflow-cpu==", "tensorflow==", 1)
TENSORFLOW = re.search(r"^tensorflow==(\S+)", PINNED, re.M)[1]


def all_of(word):
    return [rest for known, rest in STEPS if known == word]


def only(word, containing=""):
    (found,) = [rest for rest in all_of(word) if containing in rest]
    return found


def debian_packages(text):
    return set(re.search(r"apt-get install -y -qq ([\w.\- ]+?) >/dev/null", text)[1].split())


def test_it_has_the_packages_that_the_tests_have():
    tested = debian_packages((ROOT / ".ci" / "run").read_text(encoding="utf-8"))
    assert debian_packages(only("RUN", "apt-get")) - tested == {"python3-venv", "git", "ca-certificates"}
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "course.yml").read_text(encoding="utf-8"))
    release = workflow["jobs"]["test"]["container"].rpartition("-")[2]
    assert only("FROM") == f"debian:{release}-slim"


def test_it_is_installed_by_the_line_of_readme():
    line = re.search(r"^(python3 -m venv .*?) && \.venv/bin/course run 03$", README, re.M)[1]
    step = only("RUN", "pip install")
    assert step.replace(" --no-cache-dir", "").replace(' "jupyterhub==$JUPYTERHUB"', "").split(" && ")[1:-1] == line.split(" && ")
    words = " ".join(rest for word, rest in STEPS if word != "COPY")
    assert not [name for name in pins() if re.search(rf"\b{re.escape(name)}==\d", words)], "a pin stands in requirements.txt"


def test_the_smaller_tensorflow_is_the_pinned_one_by_the_line_of_readme(tmp_path):
    (tmp_path / "requirements.txt").write_text(PINNED)
    (line,) = [line for line in README.splitlines() if line.startswith("sed ")]
    values = dict(rest.split("=", 1) for rest in all_of("ARG"))
    step = only("RUN", "sed ").split(" && ")[0]
    assert step.replace("$TENSORFLOW", values["TENSORFLOW"]).replace('"', "'") == line
    words = line.replace(" -i", "").replace("'", "").split()
    made = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=True)
    changed = [(old, new) for old, new in zip(PINNED.splitlines(), made.stdout.splitlines(), strict=True) if old != new]
    assert [(old.split()[0], new.split()[0]) for old, new in changed] == [
        (f"tensorflow=={TENSORFLOW}", f"tensorflow-cpu=={TENSORFLOW}"),
    ]


def test_it_holds_what_an_installation_and_a_learner_need():
    copied = {name for rest in all_of("COPY") for name in re.sub(r"^--chown=\w+ ", "", rest).split()[:-1]}
    assert copied == {"requirements.txt", "pyproject.toml", "README.md", "LICENSE", "lib", "data", "images", "notebooks",
                      ".devcontainer/start"}
    assert all((ROOT / name).exists() for name in copied)
    assert all_of("USER") == ["learner"] and only("RUN", "useradd").startswith("useradd --create-home --uid 1000")
    assert (ROOT / ".devcontainer" / "start").stat().st_mode & 0o111
    assert f"echo '{only('ENV')}' >" in only("RUN", "useradd"), "a login shell has the PATH of the container too"


def test_codespaces_find_the_file_the_kit_and_the_python():
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert told["name"] == README.splitlines()[0].removeprefix("# ")
    folder = ROOT / ".devcontainer"
    assert (folder / told["build"]["dockerfile"]).samefile(container.FILE) and (folder / told["build"]["context"]).samefile(ROOT)
    assert told["containerEnv"] == {"PYTHONPATH": "${containerWorkspaceFolder}"}, "the workspace's code, not that of the image"
    python = told["customizations"]["vscode"]["settings"]["python.defaultInterpreterPath"]
    assert python == f"{only('WORKDIR')}/.venv/bin/python" and only("ENV").startswith(f"PATH={only('WORKDIR')}/.venv/bin:")
    assert [str(port) for port in told["forwardPorts"]] == [only("EXPOSE")] == list(told["portsAttributes"])
    assert all((ROOT / name).is_file() for name in told["customizations"]["codespaces"]["openFiles"])


@pytest.fixture
def start(tmp_path):
    """Start words as the container does, in a home of the test's; returns a function of words."""
    kit = tmp_path / "kit"
    (kit / "notebooks").mkdir(parents=True)
    (kit / "images").mkdir()
    (kit / "notebooks" / "00_start_here.ipynb").write_text("first")
    script = tmp_path / "start"
    script.write_text((ROOT / ".devcontainer" / "start").read_text().replace(only("WORKDIR"), str(kit)))
    script.chmod(0o755)

    def start(*words, **more):
        known = {name: value for name, value in os.environ.items() if not name.startswith(("COURSE_", "JUPYTER"))}
        ended = subprocess.run([script, *words], env=known | {"HOME": str(tmp_path / "home")} | more,
                               capture_output=True, text=True, check=True)
        return ended.stdout

    return start


def test_a_learner_has_a_copy_in_the_home_and_keeps_what_they_change(start, tmp_path):
    home = tmp_path / "home"
    told = start("sh", "-c", "pwd; echo $COURSE_NOTEBOOKS $JUPYTERHUB_DEFAULT_URL $JUPYTER_CONFIG_PATH")
    assert told.split() == [f"{home}/course", f"{home}/course/notebooks", "/lab/tree/notebooks/00_start_here.ipynb",
                            f"{tmp_path}/kit/lib/runner"]
    mine = home / "course" / "notebooks" / "00_start_here.ipynb"
    assert mine.read_text() == "first"
    mine.write_text("mine")
    (tmp_path / "kit" / "notebooks" / "01_next.ipynb").write_text("new")
    told = start("sh", "-c", "echo $JUPYTERHUB_DEFAULT_URL $JUPYTER_CONFIG_PATH",
                 JUPYTERHUB_DEFAULT_URL="/lab", JUPYTER_CONFIG_PATH="/etc")
    assert told.split() == ["/lab", f"{tmp_path}/kit/lib/runner:/etc"]
    assert mine.read_text() == "mine" and (home / "course" / "notebooks" / "01_next.ipynb").read_text() == "new"


def test_what_builds_without_docker_reads_a_dockerfile():
    text = "# a comment\nFROM debian:x\nRUN one \\\n    # in between\n    && two\nENV A=b\n"
    assert container.instructions(text) == [("FROM", "debian:x"), ("RUN", "one && two"), ("ENV", "A=b")]
    words = {word for word, _ in STEPS}
    assert words == {"FROM", "RUN", "COPY", "USER", "WORKDIR", "ARG", "ENV", "EXPOSE", "ENTRYPOINT", "CMD"}


def test_what_builds_without_docker_copies_as_docker_does(tmp_path):
    made = container.Container(tmp_path, [])
    for word, rest in (("WORKDIR", "/opt/kit"), ("COPY", "LICENSE README.md ./"), ("COPY", "images pictures"),
                       ("COPY", ".devcontainer/start /bin/begin"), ("ARG", "A=x"), ("ENV", "B=$A:y"), ("CMD", '["one", "two"]')):
        made.step(word, rest, done=False)
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {"opt/kit/LICENSE", "opt/kit/README.md", "opt/kit/pictures/strip.png", "bin/begin"} <= found
    assert (tmp_path / "bin/begin").stat().st_mode & 0o111
    assert (made.values["B"], made.command) == ("x:y", ["one", "two"])


def test_the_smaller_tensorflow_is_packed_where_it_is_asked_for(tmp_path):
    (tmp_path / "requirements.txt").write_text(PINNED.replace("tensorflow==", "tensorflow-cpu==", 1))
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert f"tensorflow-cpu=={TENSORFLOW}" in wheels.requirements(tmp_path)
