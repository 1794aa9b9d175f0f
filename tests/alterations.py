"""Alter a copy of the kit in one place at a time, run the tests that should see it, and print what turned red.

python tests/alterations.py [NUMBER ...]. Exit status 1 if the tests stayed green over any. The kit itself is not touched.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from kit.notebooks import ROOT

# What is altered, in which file, the pattern, what stands there instead, and the tests that should turn red.
ALTERATIONS = [
    ("a vote's median becomes its mean", "lib/ensembles.py", r"np\.median\(predictions", "np.mean(predictions",
     ["tests/test_ensembles.py"]),
    ("the training pictures are also those to choose by", "lib/data.py", r"x\[cut:\], y\[cut:\]",
     "x[:validation], y[:validation]", ["tests/test_data.py"]),
    ("an axis of a figure is called otherwise", "lib/viz/effects.py", "share of the axis, from its", "part of the axis, from its",
     ["notebooks/16_parallel_coordinates.ipynb"]),
    ("lesson 01's network has no bend", "notebooks/01_tuning_loop.ipynb", r'units, activation=\\"relu\\"', "units",
     ["tests/test_structure.py", "-k", "01_"]),
    ("a stored result is touched up by hand", "notebooks/00_start_here.ipynb", r"\d(\d+) minutes of work",
     r"9\1 minutes of work",
     ["notebooks/00_start_here.ipynb"]),
    ("a cell is taken out of nbval by a tag", "notebooks/09_bagging.ipynb", r'"metadata": \{\},\n   "outputs": \[\n    \{',
     '"metadata": {"tags": ["nbval-ignore-output"]},\n   "outputs": [\n    {', ["tests/test_structure_nbval.py", "-k", "09_"]),
    ("a sentence says a tenth more", "notebooks/10_boosting.ipynb", "wrong samples held 0.3 of", "wrong samples held 0.4 of",
     ["tests/test_prose.py", "-k", "10_"]),
    ("a verdict is told as held in all runs", "notebooks/16_parallel_coordinates.ipynb", "in 4 of 5 runs", "in 5 of 5 runs",
     ["tests/test_verdicts.py", "-k", "16_"]),
    ("a verdict is turned round", "notebooks/08_voting.ipynb", r": True\\n", r": False\\n", ["notebooks/08_voting.ipynb"]),
    ("a verdict fell, and no sentence says so", "data/verdicts.csv", ",5,5,", ",3,5,", ["tests/test_verdicts.py"]),
    ("a bound that nothing can break", "tests/metrics.yaml", r"(test_accuracy: )\[.*\]", r"\1[0, 1]", ["tests/test_bounds.py"]),
    ("a term is used that nothing has explained", "notebooks/03_keras_tuner.ipynb",
     r"\[random search\]\(glossary\.md#random-search\)", "random search", ["tests/test_glossary.py", "-k", "03_"]),
    ("a lesson no longer says which one it needs", "notebooks/03_keras_tuner.ipynb",
     r"\(\[lesson 01\]\(01_tuning_loop\.ipynb\)\)", "(lesson 01)", ["tests/test_path.py"]),
    ("an evening takes longer than an evening", "notebooks/ways.yaml", r'"01": 1, "03": 1\}\n$', '"01": 2, "03": 1}\n',
     ["tests/test_path.py"]),
    ("a full run asks for more pictures than there are", "notebooks/profiles.yaml", r"train_pictures: 48000",
     "train_pictures: 60000", ["tests/test_full.py"]),
]


def copied(to):
    """Copy what git knows of the kit, as it lies here."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def reds(kit, tests):
    """Run tests in a copy of the kit.

    Returns:
        A list of str, the names of the tests that failed.
    """
    plugins = ["-p", "kit.fresh"] if tests[0].endswith(".ipynb") else []
    call = [sys.executable, "-m", "pytest", "-q", "-n0", "-rfE", "--tb=no", *plugins, *tests]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(kit), str(kit / "tests")]), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(call, cwd=kit, capture_output=True, text=True, env=environment)
    if done.returncode not in (0, 1):
        sys.exit(f"pytest itself failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return re.findall(r"^(?:FAILED|ERROR) (.*?)(?: - .*)?$", done.stdout, re.M)


def main(words):
    chosen = [int(word) for word in words] or range(1, len(ALTERATIONS) + 1)
    green = 0
    with tempfile.TemporaryDirectory() as folder:
        kit = Path(folder) / "kit"
        copied(kit)
        for number in chosen:
            what, name, pattern, instead, tests = ALTERATIONS[number - 1]
            path = kit / name
            kept = path.read_text(encoding="utf-8")
            before = reds(kit, tests)  # whatever is red without it
            altered, times = re.subn(pattern, instead, kept, count=1)
            if not times or altered == kept:
                sys.exit(f"{number}: {name} has no {pattern} any more")
            path.write_text(altered, encoding="utf-8")
            found = [test for test in reds(kit, tests) if test not in before]
            path.write_text(kept, encoding="utf-8")
            green += not found
            print(f"{number:2} {what} ({name})")
            print(*(f"     red: {test}" for test in found[:3]), *[f"     and {len(found) - 3} more"] * (len(found) > 3), sep="\n")
            if not found:
                print("     STAYED GREEN")
    sys.exit(min(green, 1))


if __name__ == "__main__":
    main(sys.argv[1:])
