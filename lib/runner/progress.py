"""A table of a learner's exercises, for whoever teaches them."""

from lib.errors import CourseError
from lib.files import replace_text
from lib.runner.books import csv_text

NAMES = ("exercise", "state", "tries", "first_right")


def write(path, rows):
    """Write the rows of `lib.exercises.answers` as a CSV.

    Args:
        path: a Path: of no file yet, or of an earlier such table.
        rows: a list of dict.

    Returns:
        The Path.

    Raises:
        CourseError: the path is another file's, or cannot be written.
    """
    text = csv_text([{name: row[name] for name in NAMES} for row in rows], NAMES)
    head = text.partition("\n")[0]
    try:
        ours = path.is_file() and path.read_text(encoding="utf-8", errors="replace").partition("\n")[0] == head
        if path.exists() and not ours:
            raise CourseError(f"--export {path}: there is another file of that name, and it stays as it is. Give a new name.")
        replace_text(path, text)
    except OSError as error:
        raise CourseError(f"--export {path} cannot be written: {error.strerror}.") from None
    return path
