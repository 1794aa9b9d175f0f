"""Bounds of all metrics, from runs over seeds: python tests/bounds.py [LESSON ...] [--from FOLDER].

`course sweep` runs the lessons, all if none is named, over ten seeds at the smoke profile and over five at the lesson profile.
What has been run stays in runs/bounds: the same call goes on where it was. --from reads FOLDER/smoke/08/runs.csv and
FOLDER/lesson/08/runs.csv, those that are there, and runs nothing. The lowest and the highest of each metric go to
tests/bounds.csv, and the bounds that follow from them, as `bounds_of` says, to tests/metrics.yaml.
"""

import argparse
import csv
import itertools
import math
import re
import subprocess
import sys
from pathlib import Path

import yaml
from kit.lessons import LESSONS
from kit.notebooks import ROOT, read

from lib.files import replace_text
from lib.metric import collect_metrics

TABLE = ROOT / "tests" / "bounds.csv"
METRICS = ROOT / "tests" / "metrics.yaml"
HEAD = "# Which metrics each notebook records, and their bounds at each profile: python tests/bounds.py makes them.\n"
SEEDS = {"smoke": 10, "lesson": 5}
WIDER = {"smoke": 1, "lesson": 1.5}  # times the spread: one further seed in a hundred falls outside, of ten runs one in 500
COLUMNS = ("notebook", "profile", "metric", "runs", "low", "high")
KINDS = {
    "seconds": r"seconds",
    "speed": r"speedup$|efficiency$|^serial_share$",
    "timed": r"^idle_share",  # of times of one run that change together
    "compared": r"^simulated_over_real$|^planned_over_taken$",  # of a time with one measured earlier, beside other work
    "share": r"share|correlation|^disagree|^epochs_with|^top|_weight$|^lost_",
    "accuracy": r"accuracy$|(?<!hasty)_best$|^(nested|coin|five)_|_score$|^weak_(same|own)$",
}
MACHINE = {"seconds": 20, "speed": 8, "timed": 1.5, "compared": 4}  # times what was seen here, on another machine
CHANCE = 0.2  # no guess at ten classes gets as much of a hundred pictures, the fewest that a profile measures on
TWO_CLASSES = 0.7  # of the tumours, 63 % are benign
TUMOURS = r"^02.*|^05.*(test_accuracy|inner_score|outer_score)"
COINS = r"^01.*coin_"  # labels thrown by a coin: that nothing beats chance there is what the lesson shows


def kind(metric):
    """Return what a metric is, by its name, one of `KINDS`; "" for any other number."""
    return next((name for name, words in KINDS.items() if re.search(words, metric)), "")


def chance(notebook, metric):
    """Return what no model of pure chance reaches in an accuracy; None where a lesson is about chance."""
    name = f"{notebook} {metric}"
    if re.search(COINS, name):
        return None
    return TWO_CLASSES if re.search(TUMOURS, name) else CHANCE


def bounds_of(notebook, profile, metric, low, high):
    """Return the bounds of a metric, from the lowest and the highest that the seeds gave.

    A whole number that was the same in every run stays that number. What is made of times may be `MACHINE` times away, since
    another machine is no fault. Anything else is widened on both sides by `WIDER` times the spread of the runs, and by no
    less than what another processor's last digits do in a training: one point of accuracy, a twentieth of any other number.
    An accuracy stays above chance, and neither it nor a share goes beyond 1. Where all runs have one sign, well away from 0,
    so have the bounds.
    """
    if low == high and isinstance(low, int):
        return [low, high]
    what = kind(metric)
    if factor := MACHINE.get(what):
        upper = min(high * factor, 1) if "share" in metric else high * factor
        return [rounded(low / factor, low, math.floor), rounded(upper, upper, math.ceil)]
    least = 0.01 if what == "accuracy" else max(abs(low), abs(high)) / 20 or 0.01  # all runs may have given 0
    margin = max(WIDER[profile] * (high - low), least)
    lower = low - margin
    upper = high + margin
    if low > high / 4 > 0:
        lower = max(lower, low / 4)
    if high < low / 4 < 0:
        upper = min(upper, high / 4)
    if what == "accuracy":
        lower = max(lower, chance(notebook, metric) or 0)
    if what in ("accuracy", "share"):
        lower = max(lower, -1)
        upper = min(upper, 1)
    return [rounded(lower, upper - lower, math.floor), rounded(upper, upper - lower, math.ceil)]


def rounded(value, width, way):
    """Return a value, rounded `way`, to two digits of the width or of itself, whichever is finer."""
    digits = 1 - math.floor(math.log10(min(width, abs(value) or width)))
    number = round(way(round(value * 10**digits, 6)) / 10**digits, max(digits, 0))
    return int(number) if number == int(number) else number


def sweep(notebook, profile, out):
    """Run a lesson once with each seed, unless that is done."""
    call = [Path(sys.executable).with_name("course"), "sweep", notebook, "--profile", profile, "--out", out]
    subprocess.run([*call, "-g", f"seed=1..{SEEDS[profile]}", "--workers", "1"], check=True)


def extremes(file, profile, stored):
    """Return the lowest and the highest of each metric over all seeds, a dict from metric to a pair.

    Args:
        file: Path of a runs.csv.
        profile: "smoke", or "lesson", where the stored notebook is one more run with seed 1.
        stored: dict of the metrics as stored; one that no run has is left out.
    """
    with open(file, newline="", encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if row["status"] == "done"]
    seeds = {int(row["seed"]) for row in rows} | ({1} if profile == "lesson" else set())
    if missing := set(range(1, SEEDS[profile] + 1)) - seeds:
        sys.exit(f"{file}: there is no finished run with seed {min(missing)}")
    columns = {name: f"metric_{name}" if f"metric_{name}" in rows[0] else name for name in stored}
    found = {name: [number(row[column]) for row in rows] for name, column in columns.items() if column in rows[0]}
    if profile == "lesson":
        found = {name: [*each, number(str(stored[name]))] for name, each in found.items()}
    return {name: (min(each), max(each)) for name, each in found.items()}


def number(text):
    """Return what a cell of a CSV says: a whole number, or one of four digits."""
    return int(text) if re.fullmatch(r"-?\d+", text) else float(f"{float(text):.4g}")


def read_table():
    """Return tests/bounds.csv, a dict from (notebook, profile, metric) to the number of runs, the lowest and the highest."""
    with open(TABLE, newline="", encoding="utf-8") as text:
        rows = list(csv.DictReader(text))
    return {tuple(row[name] for name in COLUMNS[:3]): tuple(number(row[name]) for name in COLUMNS[3:]) for row in rows}


def write(table, metrics):
    """Write both files.

    Args:
        table: dict as `read_table` returns it.
        metrics: dict from notebook to profile to metric to bounds.
    """
    lines = [",".join(map(str, row)) for row in (COLUMNS, *((*key, *values) for key, values in sorted(table.items())))]
    replace_text(TABLE, "\n".join(lines) + "\n")
    parts = [HEAD]
    for notebook, profiles in metrics.items():
        parts.append(f"{notebook}:\n")
        for profile, bounds in profiles.items():
            parts.append(f"  {profile}:\n" if bounds else f"  {profile}: {{}}\n")
            parts += [f"    {name}: {pair}\n" for name, pair in bounds.items()]
        parts.append("\n")
    replace_text(METRICS, "".join(parts).rstrip("\n") + "\n")


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lesson", nargs="*", choices=[*LESSONS, []], metavar="LESSON", help="such as 08")
    parser.add_argument("--from", dest="folder", type=Path, metavar="FOLDER", help="read the runs there, and run nothing")
    asked = parser.parse_args(words)
    folder = asked.folder or ROOT / "runs" / "bounds"
    table = read_table()
    bounds = yaml.safe_load(METRICS.read_text(encoding="utf-8"))
    for (number, path), profile in itertools.product(LESSONS.items(), SEEDS):
        recorded = collect_metrics(read(path))
        table = {key: row for key, row in table.items() if key[0] != path.stem or key[2] in recorded}
        if not recorded or (asked.lesson and number not in asked.lesson):
            continue
        out = folder / profile / number
        if not asked.folder:
            sweep(number, profile, out)
        if not (out / "runs.csv").exists():
            continue
        old = bounds[path.stem][profile]
        found = extremes(out / "runs.csv", profile, recorded)
        table |= {(path.stem, profile, name): (SEEDS[profile], *pair) for name, pair in found.items()}
        new = {name: bounds_of(path.stem, profile, name, *pair) for name, pair in found.items()}
        bounds[path.stem][profile] = {name: new.get(name, old.get(name)) for name in recorded}
    write(table, bounds)


if __name__ == "__main__":
    main()
