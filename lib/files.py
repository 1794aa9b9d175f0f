"""Files written whole or not at all: a reader sees the old one or the new one, never half."""

import contextlib
import os
from pathlib import Path

HALF = ".partial-"  # begins the name of a file that is being written


@contextlib.contextmanager
def whole(path):
    """Write a file at once: under a name of its own, which becomes the file's when the block has ended well.

    After an error nothing is left of it, and the file is as it was. Two processes may write the same one at once: it is
    then the one's or the other's.

    Args:
        path: of the file, in a folder that exists.

    Yields:
        The Path to write to, beside the file and with its suffix.
    """
    path = Path(path)
    half = path.with_name(f"{HALF}{os.urandom(4).hex()}-{path.name}")
    try:
        yield half
        _to_disk(half)
        half.replace(path)
    finally:
        with contextlib.suppress(OSError):  # the folder itself may be gone
            half.unlink(missing_ok=True)


def _to_disk(path):
    """Wait until a file's content is on the disk: after a power cut, a name without its content would be left."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def replace_text(path, text):
    """Write a text as the whole of a file, UTF-8, with ? for what is no letter in it; see `whole`."""
    with whole(path) as half:
        half.write_bytes(text.encode(errors="replace"))
