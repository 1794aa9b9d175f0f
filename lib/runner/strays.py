"""Ends what a notebook has started and not ended: a process in a session of its own outlives its kernel."""

import contextlib
from pathlib import Path

import psutil

from lib.places import RUN_DIR

GRACE = 5  # seconds in which a process comes to its own end, as a server of ours does, and then in which it heeds a polite kill


def strays(folder):
    """Return the processes whose run writes into a folder or below it; where the system does not tell, none.

    Args:
        folder: Path.

    Returns:
        A list of `psutil.Process`. Neither this one nor one that has started it is among them.
    """
    me = psutil.Process()
    mine = {me.pid, *[each.pid for each in me.parents()]}
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):  # it has ended, or is another user's
            place = process.environ().get(RUN_DIR)
            if place and process.pid not in mine and Path(place).is_relative_to(folder):
                found.append(process)
    return found


def end(found):
    """End processes: those that do not come to their own end are told to, and then killed."""
    for last_word in (psutil.Process.terminate, psutil.Process.kill):
        _, found = psutil.wait_procs(found, GRACE)
        for process in found:
            with contextlib.suppress(psutil.Error):
                last_word(process)
