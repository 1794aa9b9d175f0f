"""In how many of five runs each verdict of a lesson holds: python tests/verdicts.py [LESSON ...] [--from FOLDER].

Runs the lessons, all if none is named, over the seeds 1 to 5 at their lesson profile, and writes data/verdicts.csv. What has
been run stays in runs/verdicts, one folder a lesson: the same call goes on where it was. --from reads runs that lie in another
folder, and runs nothing.
"""

import argparse
import csv
import html
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
from kit.lessons import LESSONS
from kit.notebooks import ROOT, read

from lib.files import replace_text
from lib.metric import collect_metrics
from lib.runner.notebooks import read_notebook

TABLE = ROOT / "data" / "verdicts.csv"
COLUMNS = ("lesson", "cell", "verdict", "answer", "held", "runs", "mean", "error")
SEEDS = range(1, 6)
ANSWER = re.compile(r"(?<![=\w])(True|False)\b(?!')")  # not the one in `shuffle=True`
WORD = r"[A-Za-z]\w*(?: [A-Za-z]\w*)?"
NAMED = re.compile(rf"(.*\S): +({WORD}|\[[\w.]*\]|\['.*'\])")  # "best kind: conv", "faster than the law: []"
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?|#")

# The figures that a sentence compares: recorded ones, and those of a table as cell[line, column]; a single one is a difference.
COMPARISONS = {
    "01": ("luck_of_the_best_of_all", "holdout_sd - kfold_sd", "choose[5-fold] - choose[hold-out]",
           "nested_inner - nested_outer", "coin_inner - coin_outer",
           "twice-run[all settings, 8, gain of twice]", "twice-run[the best quarter, 8, gain of twice]"),
    "02": ("cost[wide grid, best mean accuracy] - cost[random search, best mean accuracy]",
           "cost[grid for the detail, best mean accuracy] - cost[draws in the same box, best mean accuracy]",
           "cost[grid for the detail, best mean accuracy] - cost[more draws, best mean accuracy]",
           "cost[successive halving, best mean accuracy] - cost[random search, best mean accuracy]",
           "detail_best_accuracy - random_best_accuracy", "test_accuracy - simple_test_accuracy"),
    "03": ("fall_of_the_winner - fall_of_all", "luck_of_the_winner", "early_mean_loss", "early_best_loss"),
    "04": ("random_best - grid_cut_off_best", "random_best - grid_that_fits_best", "hyperband_best - random_best",
           "bayesian_best - random_best", "evolution_best - random_best", "tpe_best - random_best", "tpe_best - plain_tpe_best"),
    "05": ("folds_gain_few", "folds_gain_many_priced", "inner_score - outer_score"),
    "06": ("random_best - tpe_best", "random_best - process_best",
           "race-table[CMA-ES, mean of the best] - race-table[random, mean of the best]",
           "lead-table[halving, lead after 3]", "lead-table[halving, lead after 12]",
           "lead-table[Hyperband, lead after 3]", "lead-table[Hyperband, lead after 12]", "lead-table[median, lead after 12]"),
    "07": ("wide-table[4, against one at a time]", "wide-table[40, against one at a time]",
           "four-table[kerastuner, more than synchronous]", "four-table[asynchronous, more than synchronous]",
           "four-table[optunas, more than synchronous]",
           "four-table[asynchronous, more than synchronous] - four-table[kerastuner, more than synchronous]"),
    "08": ("votes-table[soft] - votes-table[conv 1]", "three_conv_accuracy - one_of_each_accuracy",
           "two_conv_near_accuracy - three_conv_accuracy", "small_test_gain", "large_test_gain",
           "rmse_three_nets - rmse_different", "three_accuracy - wide_accuracy", "all_accuracy - three_accuracy"),
    "09": ("team_accuracy - member_accuracy", "gain_few - gain_many", "gap_one - gap_bagged", "set_bias", "oob_bias", "leak",
           "mse_gain_few - mse_gain_many", "taken_few", "wrong_taken_few", "forest_gain", "scale_networks_behind",
           "scale_trees_ahead", "team_accuracy - wide_accuracy"),
    "10": ("weak_shrunk_hard", "weak_shrunk_soft", "weak_clones_vote", "strong_boosted_hard", "strong_boosted_soft",
           "strong_shrunk_hard", "strong_shrunk_soft", "found_first - found_weights", "found_fold - found_weights",
           "found_clones - found_weights", "found_clones - found_fold", "rounds_harm", "full_says_harm",
           "noise-both[boosted, true labels, hard, all] - noise-both[boosted, true labels, hard, one]",
           "noise-both[boosted, spoilt labels, hard, all] - noise-both[boosted, spoilt labels, hard, one]",
           "hasty_end - slow_end", "ridge_ahead_networks", "ridge_ahead_trees_held_back",
           "ridge_ahead_trees_not_held_back", "networks_ahead",
           "trees_ahead_raw", "trees_ahead_scaled", "trees_ahead_useless"),
    "11": ("leak_four", "leak_tree", "four_gain", "five_stack - five_soft", "five_stack - five_weighted",
           "vote-table[four decent, 0, soft vote] - vote-table[four decent, 0, weighted vote]",
           "vote-table[with naive Bayes, 0, best member] - vote-table[with naive Bayes, 0, soft vote]",
           "weak-run[each sees its own, 2, stack] - weak-run[each sees its own, 2, vote]", "weak_own - weak_same",
           "rmse_mean_broken - rmse_stack_broken",
           "broken-table[one forgot to scale, stack] - broken-table[one forgot to scale, weights]",
           "five_stack - two_levels_accuracy", "five_stack - blend_accuracy", "wide_accuracy - blend_accuracy"),
    "12": ("spread[small, taught, mean] - spread[small, alone, mean]", "taught_gain", "aware_gain",
           "units_out_over_slim", "units_out_over_pruned"),
    "13": ("mixed_bfloat16_difference", "mixed_float16_difference"),
    "17": ("live_one_rate_gain", "live_own_rate_gain"),
}


# --- what a notebook says


def printed(notebook):
    """List the verdicts that a notebook prints: lines that end in True or False, in names, or a list; such columns of a table.

    Args:
        notebook: dict, executed or stored.

    Returns:
        A dict {(cell id, text with every number as #, how manieth of that text): (text, answer)}.
    """
    found = {}
    for cell in notebook["cells"]:
        for text, answer in said(cell):
            skeleton = cell["id"], NUMBER.sub("#", text)
            found[*skeleton, sum(key[:2] == skeleton for key in found)] = text, answer
    return found


def said(cell):
    """List the pairs (text, answer) of one cell."""
    outputs = cell.get("outputs", [])
    # A stream comes in pieces, and may be cut anywhere.
    lines = "".join(piece for output in outputs if output.get("name") == "stdout" for piece in output["text"]).splitlines()
    found = [of_line(line) for line in lines if ANSWER.search(line)]
    if "ignored" in cell["metadata"]:  # what nbval does not compare claims nothing else
        return found
    parts = [part for line in lines if not ANSWER.search(line) for part in re.split(r"(?<!:) {2,}(?=\S)", line.strip())]
    named = [NAMED.fullmatch(part) for part in parts]
    found += [(" ".join(match[1].split()), match[2]) for match in named if match]
    return found + [pair for output in outputs for pair in of_table(output)]


def of_line(line):
    """Return a line without its answers, and those."""
    text = re.sub(r":? *…$", "", " ".join(ANSWER.sub("…", line).split()))
    return text, ", ".join(ANSWER.findall(line))


def table_of(output):
    """Return what an output's table shows: a dict from (labels of the line, labels of the column) to text."""
    heads, found, labels = [], {}, ()
    for line in re.findall(r"(?s)<tr.*?</tr>", "".join(output.get("data", {}).get("text/html", ""))):
        cells = re.findall(r"(?s)<(t[hd])([^>]*)>(.*?)</t[hd]>", line)
        own = [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for kind, _, text in cells if kind == "th"]
        texts = [html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for kind, _, text in cells if kind == "td"]
        if not texts:
            spans = [int((re.findall(r'colspan="(\d+)"', more) or [1])[0]) for _, more, _ in cells]
            heads.append([text for text, span in zip(own, spans, strict=True) for _ in range(span)])
            continue
        width = max(map(len, heads), default=0)
        labels = (*labels[: max(0, width - len(texts) - len(own))], *own)  # one that spans several lines stands in the first
        columns = [tuple(filter(None, column)) for column in zip(*(head[-len(texts):] for head in heads), strict=False)]
        found |= {(labels, column): text for column, text in zip(columns, texts, strict=False)}
    return found


def of_table(output):
    """List the pairs (text, answer) of a table's columns that hold nothing but True and False."""
    table = table_of(output)
    other = {column for (_, column), text in table.items() if text not in ("True", "False")}
    return [(", ".join((*line, *column)), text) for (line, column), text in table.items() if column not in other]


def figures(notebook):
    """Return a dict from name to number: the recorded metrics, and what tables show as cell[line, column] or cell[line]."""
    found = collect_metrics(notebook)
    for cell in notebook["cells"]:
        for output in cell.get("outputs", []):
            table = table_of(output)
            several = len({column for _, column in table}) > 1
            for (line, column), text in table.items():
                if re.fullmatch(r"-?\d[\d,]*(\.\d+)?(e-?\d+)?", text):
                    found[f"{cell['id']}[{', '.join((*line, *(column if several else ())))}]"] = float(text.replace(",", ""))
    return found


def difference(expression, found):
    """Return what a comparison comes to in one run: "a - b", or a recorded difference.

    Args:
        expression: str.
        found: dict from name to number, as `figures` returns it.
    """
    first, _, second = expression.partition(" - ")
    return found[first] - (found[second] if second else 0)


# --- what the runs say


def rows_of(number, runs):
    """Return the rows of the table for one lesson, in the order of its cells.

    Args:
        number: str, such as "08".
        runs: list of executed notebooks, one a seed.
    """
    stored = read(LESSONS[number])
    said_in_runs = [printed(run) for run in runs]
    rows = []
    for key, (text, answer) in printed(stored).items():
        others = [verdicts[key] for verdicts in said_in_runs if key in verdicts]
        held = sum(other == answer for _, other in others)
        text = common([text, *(other for other, _ in others)])
        rows.append(dict(zip(COLUMNS, (number, key[0], text, answer, held, len(others), "", ""), strict=True)))
    return rows + [compared(number, expression, stored, runs) for expression in COMPARISONS.get(number, ())]


def common(texts):
    """Return a text with those numbers as # that are not the same in all."""
    columns = zip(*(NUMBER.findall(text) for text in texts), strict=True)
    numbers = iter([column[0] if len(set(column)) == 1 else "#" for column in columns])
    return NUMBER.sub(lambda _: next(numbers), texts[0])


def compared(number, expression, stored, runs):
    """Return the row of a comparison: in how many runs it has the sign of the stored one, its mean and its standard error."""
    names = set(expression.split(" - "))
    cell = [each["id"] for each in stored["cells"] if names & set(figures({"cells": [each]}))][-1]
    sign = np.sign(difference(expression, figures(stored)))
    found = np.array([difference(expression, figures(run)) for run in runs])
    error = found.std(ddof=1) / np.sqrt(len(found))
    values = (number, cell, expression, f"{'<=>'[int(sign) + 1]} 0", int((np.sign(found) == sign).sum()), len(found))
    return dict(zip(COLUMNS, (*values, f"{found.mean():.4g}", f"{error:.3g}"), strict=True))


def read_runs(number, folder):
    """Return the executed notebooks of a sweep, one a seed; for its own seed maybe the stored one, which is such a run."""
    with open(folder / "runs.csv", encoding="utf-8", newline="") as file:
        ended = {int(row["seed"]): folder / row["notebook"] for row in csv.DictReader(file) if row["status"] == "done"}
    own = next(each.default for each in read_notebook(LESSONS[number]).parameters if each.name == "seed")
    paths = {own: LESSONS[number], **ended}
    if missing := set(SEEDS) - set(paths):
        print(f"{folder}: no run for seed {', '.join(map(str, sorted(missing)))}", file=sys.stderr)
    return [read(paths[seed]) for seed in SEEDS if seed in paths]


def read_table():
    """Return the rows of data/verdicts.csv, dicts of str."""
    with open(TABLE, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# --- the command


def seeded():
    """Return the numbers of the lessons that have a seed; the others draw nothing."""
    return [number for number, path in LESSONS.items() if parameters(path) & {"seed"}]


def parameters(path):
    """Return the names of a notebook's parameters."""
    return {parameter.name for parameter in read_notebook(path).parameters}


def sweep(number, folder):
    """Run a lesson over the seeds; what is done already is not run again."""
    call = [Path(sys.executable).with_name("course"), "sweep", number, "-g", f"seed={SEEDS[0]}..{SEEDS[-1]}", "--workers", "1"]
    if subprocess.run([*call, "--out", folder]).returncode:
        sys.exit(f"lesson {number}: not every run ended well, see {folder / 'index.html'}")


def write_table(rows):
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    replace_text(TABLE, text.getvalue())


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 08; all by default")
    parser.add_argument("--from", dest="folder", type=Path, help="read the runs in FOLDER/08 and so on, and run nothing")
    asked = parser.parse_args(words)
    if unknown := set(asked.lessons) - set(seeded()):
        parser.error(f"no lesson with a seed: {', '.join(sorted(unknown))}; there are {', '.join(seeded())}")
    rows = {number: [] for number in seeded()}
    for row in read_table() if TABLE.exists() else []:
        rows[row["lesson"]].append(row)
    for number in asked.lessons or seeded():
        folder = (asked.folder or ROOT / "runs" / "verdicts") / number
        if asked.folder is None:
            sweep(number, folder)
        rows[number] = rows_of(number, read_runs(number, folder))
        fell = [row for row in rows[number] if int(row["held"]) < int(row["runs"])]
        print(f"{number}: {len(rows[number])} verdicts, {len(fell)} of them not in every run")
        write_table([row for number in rows for row in rows[number]])
        for row in fell:
            print(f"    {row['cell']}: {row['verdict']}: {row['answer']} in {row['held']} of {row['runs']} runs")


if __name__ == "__main__":
    main()
