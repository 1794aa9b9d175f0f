"""Which modules of lib import which, read from their source: imports inside functions count too."""

import ast
from functools import cache

from kit.notebooks import ROOT


def _name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_name(path): path for path in sorted((ROOT / "lib").rglob("*.py"))}


def imported(source, own=""):
    """Return the names of the modules of lib that a source imports, or names in a string, as who starts one does.

    Args:
        source: str.
        own: name of the module that it is the source of; its own package is none of its imports.
    """
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & set(MODULES)
            within = own.startswith(f"{node.module}.") or own == node.module
            found |= inner | (set() if within and inner else {node.module})
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found & set(MODULES) - {own, "lib"}


@cache
def graph():
    """Return a dict from each module of lib to the set of those that it imports."""
    return {name: imported(path.read_text(encoding="utf-8"), name) for name, path in MODULES.items()}


def closure(names):
    """Return all modules that are loaded where some are, a set of names; a module brings the packages that it is in."""
    reached = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= (graph()[name] | {name.rpartition(".")[0]} & set(MODULES)) - reached
    return reached


def circles(arrows):
    """Return the groups of nodes that reach each other, a list of lists; `arrows` is a dict from each node to a set."""
    reach = {node: set(ends) for node, ends in arrows.items()}
    for through in reach:
        for ends in reach.values():
            if through in ends:
                ends |= reach[through]
    groups = {frozenset(end for end in ends if node in reach[end]) for node, ends in reach.items() if node in ends}
    return sorted(map(sorted, groups))
