"""A CSV as people write it, read line by line, so that each fault is told with the line of the file it is in."""

import csv
import io
from pathlib import Path

from lib.errors import CourseError


def read_csv(path, columns=1):
    """Read a CSV with a header; comma, semicolon or tab separate its columns, which the header decides.

    Args:
        path: Path of the file, in UTF-8, or in CP949 as older Excels in Korea write.
        columns: int, how many there are at least.

    Returns:
        The header, a list of str; the rows that are not empty, pairs (line of the file, list of str), without the spaces
        around their fields; and the decimal mark, a comma where semicolons separate.

    Raises:
        CourseError: the file cannot be read, is no CSV, has no rows, or a header or a row that does not fit.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        where = "" if path.is_absolute() else f" It was looked for in {Path.cwd()}; give its whole path."
        raise CourseError(f"The file {path} cannot be read ({error.strerror}).{where}") from None
    name = path.name
    text = _text(content)
    if text is None:
        raise CourseError(f"{name} is not a CSV: it holds bytes that are no text. Save your table as CSV first.")
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    try:
        rows = [(reader.line_num, [field.strip() for field in row]) for row in reader if any(map(str.strip, row))]
    except csv.Error as error:
        raise CourseError(f"{name}, line {reader.line_num}: this is not CSV ({error}).") from None
    if len(rows) < 2:
        raise CourseError(f"{name} is empty: it has {'a header but no rows' if rows else 'not even a header'}.")
    (_, header), *rows = rows
    _check_header(name, header, columns)
    for line, row in rows:
        if len(row) != len(header):
            raise CourseError(f"{name}, line {line}: {len(row)} fields, but the header has {len(header)} columns.")
    return header, rows, "," if separator == ";" else "."


def _text(content):
    """Decode bytes; None if they are no text."""
    for encoding in ("utf-8-sig", "cp949"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\0" in text else text
    return None


def _check_header(name, header, columns):
    if len(header) < columns:
        raise CourseError(f"{name} is not a CSV with several columns: its first line is {short(header[0])}.")
    for place, column in enumerate(header, start=1):
        if not column:
            raise CourseError(f"{name}: column {place} has no name in the header. Name it, or leave the column out.")
        if column in header[: place - 1]:
            raise CourseError(f"{name}: two columns are called {column!r}.")


def short(text):
    """Return a text in quotation marks, cut to 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")
