"""The text of `course list`: every notebook with its parameters, and the ways through, in a terminal of any width."""

import json
import textwrap

INDENT = "      "


def listing(infos, width=80, ways=()):
    """Return the table of notebooks.

    Args:
        infos: list of `NotebookInfo`.
        width: columns of the terminal.
        ways: list of `Way`, shown below it.

    Returns:
        str, without a newline at its end.
    """
    blocks = [_notebook(info, max(width, 20)) for info in infos] + [_way(way, max(width, 20)) for way in ways]
    return "\n\n".join("\n".join(block) for block in blocks)


def _notebook(info, width):
    parts = []
    if info.minutes is not None:
        parts.append(f"about {info.minutes} min" + (f" in {info.sittings} sittings" if info.sittings > 1 else ""))
    if info.seconds is not None:
        parts.append(f"runs about {info.seconds} s")
    if info.needs:
        parts.append(f"needs {', '.join(name[:2] for name in info.needs)}")
    head = info.title + (f"  ({', '.join(parts)})" if parts else "")
    lines = textwrap.wrap(head, width, initial_indent=f"{info.number}  ", subsequent_indent="    ")
    rows = [_columns(parameter) for parameter in info.parameters]
    if not rows:
        return lines
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    left = len(INDENT) + sum(widths) + 2 * len(widths)
    for row, parameter in zip(rows, info.parameters, strict=True):
        cells = "  ".join(cell.ljust(size) for cell, size in zip(row, widths, strict=True))
        lines += _with_help(cells, parameter.help, left, width)
    return lines


def _way(way, width):
    words = f"{way.name}, {way.time}: {way.purpose}. {way.lessons()}."
    return textwrap.wrap(words, width, subsequent_indent="    ")


def _columns(parameter):
    default = parameter.default if isinstance(parameter.default, str) else json.dumps(parameter.default)
    return parameter.name, parameter.type, default or '""', parameter.range


def _with_help(cells, words, left, width):
    """Put the words right of the columns where 24 columns are left for them, otherwise below."""
    if width - left >= 24:
        lines = textwrap.wrap(words, width - left) or [""]
        first = f"{INDENT}{cells}  {lines[0]}".rstrip()
        return [first, *(" " * left + line for line in lines[1:])]
    below = textwrap.wrap(words, width, initial_indent=INDENT + "  ", subsequent_indent=INDENT + "  ")
    if len(INDENT + cells.rstrip()) <= width:
        return [INDENT + cells.rstrip(), *below]
    return [*textwrap.wrap(" ".join(cells.split()), width, initial_indent=INDENT, subsequent_indent=INDENT), *below]
