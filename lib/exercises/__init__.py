"""The exercises of the course: one module a notebook, `e03` for notebook 03."""

import importlib
import pkgutil

from lib.exercises.core import PROGRESS, Exercise


def modules():
    """Import every module of exercises.

    Returns:
        A dict from module name, as "e03", to its list of `Exercise`, both in order.
    """
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name[0] == "e" and m.name[1:].isdigit())
    found = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: [q for q in vars(module).values() if isinstance(q, Exercise)] for name, module in found.items()}


def answers():
    """Return what the learner has tried, exercise by exercise.

    Returns:
        A list of dict with the keys exercise ("e03.q1"), state ("solved", "tried", "open"), tries (int, up to the first right
        answer), first_right (a text with the time of UTC, "" if there is none).
    """
    tries = PROGRESS.tries()
    rows = []
    for key in (q.key for exercises in modules().values() for q in exercises):
        row = tries.get(key, {"tries": 0, "first_right": None})
        state = "open" if not row["tries"] else "tried" if row["first_right"] is None else "solved"
        rows.append({"exercise": key, "state": state, "tries": row["tries"], "first_right": row["first_right"] or ""})
    return rows


def progress():
    """Count what the learner has solved.

    Returns:
        A list of dict with the keys notebook, exercises, solved, tried (keys tried and not solved), open (keys not tried).
    """
    rows = {}
    for row in answers():
        notebook, _, key = row["exercise"].partition(".")
        found = rows.setdefault(notebook, {"notebook": notebook[1:], "exercises": 0, "solved": 0, "tried": [], "open": []})
        found["exercises"] += 1
        if row["state"] == "solved":
            found["solved"] += 1
        else:
            found[row["state"]].append(key)
    return [row | {"tried": ", ".join(row["tried"]), "open": ", ".join(row["open"])} for row in rows.values()]


def what_next():
    """Return a sentence with the exercise to go on with: the first one tried and not solved, else the first open one."""
    rows = answers()
    for state in ("tried", "open"):
        for row in rows:
            if row["state"] == state:
                notebook, _, key = row["exercise"].partition(".")
                again = ", which you have tried" if state == "tried" else ""
                return f"Next: exercise {key[1:]} of notebook {notebook[1:]}{again}."
    return "All exercises are solved."
