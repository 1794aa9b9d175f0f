"""Carry results from one lesson to another: python data/carried/make.py 03, and then 08.

With 03 it writes winner-of-03.json, the hyperparameters that the stored notebook of lesson 03 has found. With 08 it runs
lesson 08, which takes a minute or two, and keeps as team-of-08.npy what that lesson writes of its team; a run that has
ended is not made again. Lesson 08 reads the first file, and lesson 12 the second. Each call prints the line of its file for
data/README.md, whose SHA-256 lib/data.py checks.
"""

import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from lib.metric import collect_metrics

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
RUNS = ROOT / "runs" / "carried"


def read_winner(notebook):
    """Return the hyperparameters of the best trial of lesson 03 and its score, a dict, from the executed notebook's."""
    found = collect_metrics(notebook)
    (best,) = [cell for cell in notebook["cells"] if cell["id"] == "best"]
    rate = re.search(r"learning rate: (\S+)", "".join(best["outputs"][0]["text"]))[1]
    score = round(found["best_val_accuracy"], 4)
    return {"units": found["best_units"], "learning_rate": float(rate), "val_accuracy": score}


def winner_of_03():
    path = HERE / "winner-of-03.json"
    notebook = json.loads((ROOT / "notebooks" / "03_keras_tuner.ipynb").read_text(encoding="utf-8"))
    path.write_text(json.dumps(read_winner(notebook), indent=1) + "\n", encoding="utf-8")
    return path


def team_of_08():
    path = HERE / "team-of-08.npy"
    if not (RUNS / "08_voting.ipynb").exists():
        course = Path(sys.executable).with_name("course")
        subprocess.run([course, "run", "08", "--out", RUNS], check=True)
    shutil.copyfile(max(RUNS.rglob("team.npy")), path)  # of several runs the last: their folders are named by the time
    return path


def main(words):
    makers = {"03": winner_of_03, "08": team_of_08}
    if len(words) != 1 or words[0] not in makers:
        sys.exit(__doc__)
    path = makers[words[0]]()
    content = path.read_bytes()
    print(f"| `carried/{path.name}` | {len(content):,} | `{hashlib.sha256(content).hexdigest()}` |")


if __name__ == "__main__":
    main(sys.argv[1:])
