"""Answers to the exercises of notebook 15: other right ones, and likely mistakes with the message each gets."""

import hashlib

from lib.exercises import e15


def summary_by_columns(logged):
    names = {name for row in logged for name in row}
    return {name: [row[name] for row in logged if name in row][-1] for name in names}


def summary_of_the_last_call(logged):
    return dict(logged[-1]) if logged else {}


def summary_of_the_best(logged):
    summary = {}
    for row in logged:
        for name, value in row.items():
            summary[name] = max(value, summary.get(name, value))
    return summary


def summary_of_the_first(logged):
    summary = {}
    for row in reversed(logged):
        summary.update(row)
    return summary


def summary_as_wandb_has_it(logged):
    return summary_by_columns(logged) | {"_step": len(logged) - 1}


def sha(content):
    return hashlib.sha256(content).hexdigest()


def version_turned_round(content, kept):
    by_hash = {digest: version for version, digest in kept.items()}
    return by_hash.get(sha(content), f"v{len(kept)}")


def version_always_new(content, kept):
    return f"v{len(kept)}"


def version_after_the_latest(content, kept):
    if kept and list(kept.values())[-1] == sha(content):
        return list(kept)[-1]
    return f"v{len(kept)}"


def version_from_one(content, kept):
    return version_turned_round(content, kept) if sha(content) in kept.values() else f"v{len(kept) + 1}"


def version_written_down(content, kept):
    version = version_turned_round(content, kept)
    kept[version] = sha(content)
    return version


def grid_by_steps(parameters):
    runs = 1
    for entry in parameters.values():
        if "values" in entry:
            runs *= len(entry["values"])
    return runs


def grid_of_sums(parameters):
    return sum(len(entry.get("values", [0])) for entry in parameters.values())


def grid_with_nothing(parameters):
    runs = 1
    for entry in parameters.values():
        runs *= len(entry.get("values", []))
    return runs


def grid_of_names(parameters):
    return len(parameters)


def best_by_sorting(table, metric, goal):
    kept = table.query("state == 'finished'").dropna(subset=[metric])
    kept = kept[["pruned" not in tags.split(", ") for tags in kept.tags]]
    return kept.sort_values(metric, ascending=goal == "minimize").run.iloc[0]


def best_of_all(table, metric, goal):
    values = table.set_index("run")[metric]
    return values.idxmax() if goal == "maximize" else values.idxmin()


def best_with_pruned(table, metric, goal):
    return best_of_all(table[(table.state == "finished") & (table.tags != "pruned")], metric, goal)


def best_is_most(table, metric, goal):
    return best_by_sorting(table, metric, "maximize")


def best_value(table, metric, goal):
    return table[metric].max()


def best_row(table, metric, goal):
    return table.sort_values(metric, ascending=goal == "minimize").iloc[0]


def best_by_row_number(table, metric, goal):
    return str(table[metric].argmax())


RIGHT = [
    (e15.q1, summary_by_columns),
    (e15.q2, version_turned_round),
    (e15.q3, grid_by_steps),
    (e15.q4, best_by_sorting),
]
MISTAKES = [
    (e15.q1, summary_of_the_last_call, "though not in the last call"),
    (e15.q1, summary_of_the_best, "the best, maybe, but not the last"),
    (e15.q1, summary_of_the_first, "the first of them"),
    (e15.q1, lambda logged: logged, "returns a list"),
    (e15.q1, summary_as_wandb_has_it, "'_step', which was never logged"),
    (e15.q2, version_always_new, "becomes the new v3"),
    (e15.q2, version_after_the_latest, "an earlier version, not the latest"),
    (e15.q2, version_from_one, "the next new one is called 'v3'"),
    (e15.q2, version_written_down, "changes `kept`"),
    (e15.q3, grid_of_sums, "their sum"),
    (e15.q3, grid_with_nothing, "one choice, not none"),
    (e15.q3, grid_of_names, "one for each hyperparameter"),
    (e15.q4, best_of_all, "That run is failed"),
    (e15.q4, best_with_pruned, "That run was pruned"),
    (e15.q4, best_is_most, "look at `goal`"),
    (e15.q4, best_value, "it is asked for a name"),
    (e15.q4, best_row, "returns a Series"),
    (e15.q4, best_by_row_number, "no name in the column"),
]
