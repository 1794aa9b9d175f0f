"""A CSV as people write it, read line by line, so that each fault is told with the line of the file it is in."""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path

from lib.errors import CourseError

SEPARATORS = ",;\t|"
GROUPS = {".": ",", ",": "."}  # a decimal mark, and what then stands between thousands
MARKS = {".": "point", ",": "comma"}
SAVE = "Save your table as CSV, in UTF-8, first."


# --- lines and columns


def read_csv(path, columns=1):
    """Read a CSV with a header; comma, semicolon, tab or | separate its columns, which the header or a line sep= decides.

    Args:
        path: Path of the file, plain or gzipped; in UTF-8, UTF-16 with its mark, or CP949 as older Excels in Korea write.
        columns: int, how many there are at least.

    Returns:
        The header, a list of str; the rows that are not empty, pairs (line of the file, list of str), without the spaces
        around their fields; and the separator, a str of length 1.

    Raises:
        CourseError: the file cannot be read, is no CSV, has no rows, or a header or a row that does not fit.
    """
    name = path.name
    text = _text(name, _content(path))
    separator, told = _separator(text)
    records = _records(name, text, separator)[told:]
    if len(records) < 2:
        raise CourseError(f"{name} is empty: it has {'a header but no rows' if records else 'not even a header'}.")
    (line, header), *rows = records
    if len(header) < columns:
        raise CourseError(
            f"{name} is not a CSV with several columns: its first line is {short(header[0])}. "
            "Part the columns by commas, semicolons or tabs."
        )
    _check_header(f"{name}, line {line}", header)
    for line, row in rows:
        if len(row) != len(header):
            raise CourseError(f"{name}, line {line}: {len(row)} fields, but the header has {len(header)} columns.")
    return header, rows, separator


def _content(path):
    """Return the bytes of a file, unpacked if it is gzipped."""
    try:
        content = path.read_bytes()
    except OSError as error:
        where = "" if path.is_absolute() else f" It was looked for in {Path.cwd()}; give its whole path."
        raise CourseError(f"The file {path} cannot be read ({error.strerror}).{where}") from None
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise CourseError(f"{path.name} is gzipped, and damaged or cut short ({error}). Fetch it again.") from None


def _text(name, content):
    """Decode bytes as UTF-8, UTF-16 or Korean CP949; what is none of them may be one of many alphabets, and is refused."""
    wide = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    if "\0" in content.decode("utf-16" if wide else "latin-1", errors="replace"):
        raise CourseError(f"{name} is not a CSV: it holds bytes that are no text. {SAVE}")
    encoding = "utf-16" if wide else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        before = content[: error.start].decode(encoding, errors="replace")
    korean = "" if wide else _korean(content)
    if korean:
        return korean
    line = before.count("\n") + 1
    place = len(before.rpartition("\n")[2]) + 1
    raise CourseError(f"{name}, line {line}, character {place}: this letter is not written in UTF-8. {SAVE}")


def _korean(content):
    """Decode CP949; "" unless most letters beyond ASCII are syllables in use: other alphabets come out as rare ones."""
    try:
        text = content.decode("cp949")
    except UnicodeDecodeError:
        return ""
    letters = [letter for letter in text if letter > "\x7f" and letter.isalpha()]
    common = [letter for letter in letters if "가" <= letter <= "힣" and _is_common(letter)]
    return text if len(common) > len(letters) / 2 else ""


def _is_common(syllable):
    try:
        return len(syllable.encode("euc_kr")) == 2
    except UnicodeEncodeError:
        return False


def _separator(text):
    """Return the separator, and whether a first line sep= tells it, as Excel writes; else the header decides."""
    start = text[:100_000].lstrip("\r\n ")
    first = _first_line(start)
    told = re.fullmatch(r'"?sep=([^\w\s"]|\t)"?[,;\t ]*', first, flags=re.IGNORECASE)
    if told:
        return told.group(1), True
    bare = _first_line(re.sub(r'"[^"]*"', "", start))  # what is quoted separates nothing
    counted = bare if any(mark in bare for mark in SEPARATORS) else first
    return max(SEPARATORS, key=counted.count), False


def _first_line(text):
    return re.split(r"[\r\n]", text, maxsplit=1)[0]


def _records(name, text, separator):
    """Return the records that are not empty: pairs of the line that each ends in, and its fields."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
    records = []
    began = 1
    try:
        for row in reader:
            fields = [field.strip() for field in row]
            if any(fields):
                records.append((reader.line_num, fields))
            began = reader.line_num + 1
    except csv.Error as error:
        mend = "Look for a quotation mark without its pair."
        raise CourseError(f"{name}, line {began}: this is not CSV ({error}). {mend}") from None
    return records


def _check_header(where, header):
    for place, column in enumerate(header, start=1):
        if not column:
            raise CourseError(f"{where}: column {place} has no name in the header. Name it, or leave the column out.")
        if column in header[: place - 1]:
            first = header.index(column) + 1
            raise CourseError(f"{where}: two columns are called {column!r}, number {first} and {place}. Rename one.")
    counted = [str(number) for number in range(len(header))]  # as a table without names is saved by many programs
    if header != counted and all(is_number(column) for column in header):
        raise CourseError(f"{where}: there are numbers where the names of the columns stand. Add a line of names above it.")


def short(text):
    """Return a text in quotation marks, cut to 40 characters."""
    return repr(text if len(text) <= 40 else text[:40] + "…")


# --- numbers


def _grammar(mark):
    point = re.escape(mark)
    group = re.escape(GROUPS[mark])
    whole = rf"(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+)"
    return re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", flags=re.ASCII)


NUMBER = {mark: _grammar(mark) for mark in GROUPS}
SPACED = re.compile(r"[+-]?[1-9]\d{0,2}([ \u00a0\u202f'’])\d{3}(?:\1\d{3})*(?:[.,]\d*)?", flags=re.ASCII)


def decimal_mark(name, fields, separator):
    """Find which mark parts whole and fraction in a table's numbers, the other one standing between thousands.

    A comma does where semicolons separate, else a point, unless the fields show that it is the other way round.

    Args:
        name: str, of the file.
        fields: triples (line, column, text), int, str and str; what is no number does not count.
        separator: str, of the table's columns.

    Returns:
        "." or ",".

    Raises:
        CourseError: both are used, or a field such as 1.234 may be read either way and no other one tells.
    """
    usual = "," if separator == ";" else "."
    sure = {}  # from a mark to the first field that no other one can read
    unclear = None
    for field in fields:
        text = _plain(field[2])
        fits = [mark for mark in GROUPS if NUMBER[mark].fullmatch(text)] if "." in text or "," in text else []
        if len(fits) == 1:
            sure.setdefault(fits[0], field)
        if len(fits) == 2 and GROUPS[usual] in text:
            unclear = unclear or field
    if len(sure) == 2:
        (mark, (line, column, text)), (other, (below, beside, another)) = sure.items()
        raise CourseError(
            f"{name}, line {below}, column {beside!r}: {short(another)} has a decimal {MARKS[other]}, but {short(text)} in "
            f"line {line}, column {column!r}, a decimal {MARKS[mark]}. Write all numbers one way."
        )
    if unclear and not sure:
        line, column, text = unclear
        readings = " or ".join(f"{to_number(text, mark):g}" for mark in GROUPS)
        raise CourseError(
            f"{name}, line {line}, column {column!r}: {short(text)} may be {readings}. "
            "Write the numbers without a mark between thousands."
        )
    return next(iter(sure), usual)


def to_number(text, mark):
    """Read a number as people write it: 1234.5, 1,234.5, 1 234.5 or −1e3 where the decimal mark is a point.

    Args:
        text: str, without spaces around it.
        mark: the decimal mark, "." or ",".

    Returns:
        A float, which is infinite where it is too large; None if this is no number.
    """
    return float(plain_number(text, mark)) if NUMBER[mark].fullmatch(_plain(text)) else None


def plain_number(text, mark):
    """Write a number as programs do, see `to_number`; what is no number stays as it is."""
    plain = _plain(text)
    return plain.replace(GROUPS[mark], "").replace(mark, ".") if NUMBER[mark].fullmatch(plain) else text


def is_number(text):
    """Say whether a text can be read as a number at all."""
    return any(to_number(text, mark) is not None for mark in GROUPS)


def _plain(text):
    """Write a minus as programs do, and leave out the spaces or apostrophes between thousands."""
    text = text.replace("−", "-")
    spaced = SPACED.fullmatch(text)
    return text.replace(spaced.group(1), "") if spaced else text
