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


def progress():
    """Count what the learner has solved.

    Returns:
        A list of dict with the keys notebook, exercises, solved, open (the keys of those not solved yet).
    """
    solved = PROGRESS.solved()
    rows = []
    for name, exercises in modules().items():
        still_open = [q.key.split(".")[1] for q in exercises if q.key not in solved]
        done = len(exercises) - len(still_open)
        rows.append({"notebook": name[1:], "exercises": len(exercises), "solved": done, "open": ", ".join(still_open)})
    return rows
