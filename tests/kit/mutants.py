"""Small changes of a function, each a wrong answer as a person might write it: the judge of an exercise's check."""

import ast
import copy
import inspect
import linecache
import textwrap

COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt), ast.LtE: (ast.Lt, ast.GtE), ast.Gt: (ast.GtE, ast.Lt), ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}
OPERATORS = {
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,), ast.FloorDiv: (ast.Div,),
    ast.Mod: (ast.FloorDiv,), ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.MatMult: (ast.Mult,),
}
NAMES = {
    "max": "min", "min": "max", "argmax": "argmin", "argmin": "argmax", "any": "all", "all": "any", "floor": "ceil",
    "ceil": "floor", "mean": "sum", "sorted": "list", "idxmax": "idxmin", "idxmin": "idxmax", "nanmax": "nanmin",
    "round": "int", "first": "last", "maximum": "minimum", "minimum": "maximum", "union": "intersection",
}


def mutants(function):
    """Make the mutants of a function of a module, or of a class.

    Args:
        function: one whose source can be read; the mutants see the same globals.

    Returns:
        A list of tuples (what was changed, as "2: a < b → a <= b", the changed function), no two with the same source.
    """
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    name, seen, found = function.__name__, {ast.unparse(tree)}, []
    for place, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            changed = copy.deepcopy(tree)
            target = list(ast.walk(changed))[place]
            before = ast.unparse(target)
            after = change(target, changed)
            if after is None:
                continue
            source = ast.unparse(ast.fix_missing_locations(changed))
            if source in seen:
                continue
            seen.add(source)
            line = f"{node.lineno}: " if hasattr(node, "lineno") else ""
            words = f"{line}{_brief(before)} → {_brief(after)}"
            words += f" #{count}" if (count := 1 + sum(other.partition(" #")[0] == words for other, _ in found)) > 1 else ""
            try:
                found.append((words, _made(source, name, function)))
            except SyntaxError:
                continue
    return found


def _made(source, name, function):
    filename = f"<answer {abs(hash(source))}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(True), filename)
    space = dict(inspect.getmodule(function).__dict__)
    exec(compile(source, filename, "exec"), space)
    return space[name]


def _brief(text):
    return text.partition("\n")[0][:60]


def _swapped(first, second):
    """Return a change that swaps two parameters of a function, called by place."""

    def changed(target, tree):
        arguments = target.args.args
        places = [i for i, one in enumerate(arguments) if one.arg in (first, second)]
        arguments[places[0]], arguments[places[1]] = arguments[places[1]], arguments[places[0]]
        return ast.unparse(target)

    return changed


def _returns(name):
    """Return a change that makes a function return one of its parameters."""

    def changed(target, tree):
        target.body.insert(0, ast.Return(ast.Name(name, ast.Load())))
        return f"return {name}"

    return changed


def _changes(node):
    """Yield functions that change a node of that kind in place, in a tree, and return its new text, or None for no change."""
    if isinstance(node, ast.FunctionDef):
        names = [one.arg for one in node.args.args]
        if len(names) > 1:
            yield _swapped(*names[:2])
        if names:
            yield _returns(names[0])
    if isinstance(node, ast.Return) and node.value is not None:
        yield _set(lambda target: setattr(target, "value", ast.Constant(0)))
        yield _set(lambda target: setattr(target, "value", ast.UnaryOp(ast.USub(), target.value)))
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            for other in COMPARISONS[type(operator)]:
                yield _set(lambda target, place=place, other=other: target.ops.__setitem__(place, other()))
    if isinstance(node, ast.BinOp | ast.AugAssign):
        for other in OPERATORS.get(type(node.op), ()):
            yield _set(lambda target, other=other: setattr(target, "op", other()))
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield _set(lambda target: setattr(target, "op", other()))
    if isinstance(node, ast.Constant):
        for value in _values(node.value):
            yield _set(lambda target, value=value: setattr(target, "value", value))
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        yield _put(lambda target: target.operand)
    if isinstance(node, ast.IfExp):
        yield _put(lambda target: target.body)
        yield _put(lambda target: target.orelse)
    if isinstance(node, ast.If | ast.While) and not isinstance(node, ast.While):
        yield _set(lambda target: setattr(target, "test", ast.UnaryOp(ast.Not(), target.test)))
        yield _put(lambda target: target.orelse or [ast.Pass()])
        yield _put(lambda target: target.body)
    if isinstance(node, ast.AugAssign) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        yield _put(lambda target: [ast.Pass()])
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in NAMES:
        yield _set(lambda target: setattr(target, "id", NAMES[target.id]))
    if isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield _set(lambda target: setattr(target, "attr", NAMES[target.attr]))
    if isinstance(node, ast.Call):
        if len(node.args) >= 2:
            yield _set(lambda target: target.args.__setitem__(slice(0, 2), target.args[1::-1]))
        for place in range(len(node.keywords)):
            yield _set(lambda target, place=place: target.keywords.pop(place))
        if len(node.args) == 1 and not node.keywords and isinstance(node.func, ast.Name | ast.Attribute):
            yield _put(lambda target: target.args[0])
    if isinstance(node, ast.comprehension) and node.ifs:
        yield _set(lambda target: target.ifs.clear())
    if isinstance(node, ast.Slice):
        for end in ("lower", "upper", "step"):
            if getattr(node, end) is not None:
                yield _set(lambda target, end=end: setattr(target, end, None))


def _values(value):
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [value * 1.5 if value else 0.5, 0.0]
    return []


def _set(change):
    """Return a change of a node in place."""

    def changed(target, tree):
        change(target)
        return ast.unparse(target)

    return changed


def _put(other):
    """Return a change that puts another node, or other statements, in the node's place."""

    def changed(target, tree):
        new = other(target)
        for parent in ast.walk(tree):
            for field, value in ast.iter_fields(parent):
                if value is target:
                    setattr(parent, field, new)
                    return ast.unparse(new) if not isinstance(new, list) else "; ".join(map(ast.unparse, new))
                if isinstance(value, list) and any(one is target for one in value):
                    place = next(i for i, one in enumerate(value) if one is target)
                    value[place : place + 1] = new if isinstance(new, list) else [new]
                    return "; ".join(map(ast.unparse, value[place : place + 1]))
        return None

    return changed
