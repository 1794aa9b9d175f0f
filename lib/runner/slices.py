"""Which cells of a notebook an exercise needs: those that define the names it uses, and what these need in turn."""

import ast
import builtins
import re
import symtable
from dataclasses import dataclass

from lib.errors import UNREADABLE

CHECK = re.compile(r"\b(e\d\d\.q\d+)\.check\s*\(")  # e03.q1.check(build)
KNOWN = {*dir(builtins), "display", "get_ipython"}  # what a kernel has by itself


@dataclass(frozen=True)
class Cell:
    """What the code of a cell defines and what it takes from others: sets of names."""

    defines: frozenset
    needs: frozenset


def checks(source):
    """Return the keys of the exercises, such as "e03.q1", that the code of a cell checks, in order and each once."""
    code = re.sub(r"(?m)^[ \t]*#.*$", "", source)  # not \s, which would go over many blank lines again and again
    return list(dict.fromkeys(CHECK.findall(code)))


def read_cell(source):
    """Return the `Cell` of a source; one that is no Python defines and needs nothing."""
    try:
        statements = ast.parse(_python(source)).body
        tables = [symtable.symtable(ast.unparse(statement), "cell", "exec") for statement in statements]
    except UNREADABLE:
        return Cell(frozenset(), frozenset())
    defined, needs, late = set(), set(), set()
    for statement, table in zip(statements, tables, strict=True):
        of_now, of_later = _uses(table, later=isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef))
        if isinstance(statement, ast.AugAssign):  # whose target a table takes for one that is only written
            of_now |= {node.id for node in ast.walk(statement.target) if isinstance(node, ast.Name)}
        needs |= of_now - defined
        late |= of_later
        defined |= _names(table)
    return Cell(frozenset(defined), frozenset((needs | (late - defined)) - KNOWN))


def _python(source):
    """Return the code of a cell as plain Python, its %magics and !commands as the calls that they stand for."""
    if not re.search(r"(?m)^[ \t]*[%!?]|[?][ \t]*$|=[ \t]*[%!]", source):
        return source
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(re.sub(r"\A\s*%%\w.*\n", "", source))


def _names(table):
    """Return what a statement binds, also by `global` inside a function."""
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    for inner in _all_inside(table):
        bound |= {s.get_name() for s in inner.get_symbols() if s.is_declared_global() and s.is_assigned()}
    return bound


def _uses(table, later):
    """Return the names that a statement uses when it runs, and those that a function it defines will use when it is called."""
    now = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inside = {s.get_name() for inner in _all_inside(table) for s in inner.get_symbols() if s.is_global() and s.is_referenced()}
    return (now, inside) if later else (now | inside, set())


def _all_inside(table):
    for child in table.get_children():
        yield child
        yield from _all_inside(child)


def needed(cells, index):
    """Return the numbers of the cells to run for one of them, in order, its own last.

    Args:
        cells: list of `Cell`, in the order of the notebook.
        index: int, of the cell with the exercise.
    """
    chosen, open_cells = {index}, [index]
    while open_cells:
        at = open_cells.pop()
        for name in cells[at].needs:
            above = next((i for i in reversed(range(at)) if name in cells[i].defines), None)
            if above is not None and above not in chosen:
                chosen.add(above)
                open_cells.append(above)
    return sorted(chosen)
