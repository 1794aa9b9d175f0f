"""The command `course` as a process: its exit status, its signals, its streams; the calls themselves are in `commands`.

Nothing that takes time is imported up here: Ctrl-C in the first moment must end it as quietly as later.
"""

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress

from lib.runner import DONE, FAILED, POLITE, STOPPED, WRONG

CLEANING = 10  # seconds in which a second Ctrl-C does not disturb what the first one has begun
LONGEST = 2000  # letters of a line that is told


def main(argv=None):
    """Run the command.

    Args:
        argv: list of words after `course`; those of the process if None.

    Returns:
        The exit status, int.
    """
    if argv is None:
        # What is thrown away half made, as where no file can be opened any more, is told by what did not come of it.
        sys.unraisablehook = threading.excepthook = lambda _: None
    try:
        with _steady_streams() as printed, _stopped_by_signals(argv is None):
            status = _status(sys.argv[1:] if argv is None else list(argv))
            printed.flush()
            if printed.lost:
                tell(f"the output could not be written: {printed.lost}")
                status = status or FAILED
            return status
    except KeyboardInterrupt:
        return STOPPED


def _status(argv):
    import click

    from lib.errors import CourseError
    from lib.runner.commands import course

    try:
        # What other packages warn of is nothing that a person who calls this can mend.
        # Not `course.main`: that ends the process itself, with statuses of its own.
        with warnings.catch_warnings(action="ignore"), course.make_context("course", argv) as context:
            return course.invoke(context) or DONE
    except click.exceptions.Exit:  # after --help
        return DONE
    except click.UsageError as error:
        words = error.format_message().replace("requires 2 arguments.", "needs both: write a name and a value, as in -p seed 2.")
        where = error.ctx.command_path if error.ctx else "course"
        tell(f"{words} (see {where} --help)")
        return WRONG
    except CourseError as error:
        tell(str(error))
        return WRONG
    except (OSError, MemoryError, subprocess.SubprocessError) as error:  # the machine has no more
        tell(str(error) or "the memory has run out")
        return FAILED


def tell(message):
    """Print an error; its lines are cut where somebody's word makes them too long."""
    from lib.errors import without_password

    lines = [line if len(line) <= LONGEST else line[:LONGEST] + "…" for line in without_password(message).splitlines()]
    print("course:", "\n".join(lines), file=sys.stderr)


class Steady:
    """A stream whose reader may go away, or whose disk may fill: what it cannot take is dropped, and remembered in `lost`."""

    def __init__(self, stream):
        self.stream = stream
        self.lost = ""

    def write(self, text):
        """Write as the stream does."""
        return self._try(self.stream.write, text)

    def flush(self):
        """Flush as the stream does."""
        self._try(self.stream.flush)

    def _try(self, call, *arguments):
        try:
            return call(*arguments)
        except OSError as error:
            # A reader that has seen enough, as `head` has, is no error. Nothing may be left to flush at exit.
            if not isinstance(error, BrokenPipeError):
                self.lost = error.strerror
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.stream.fileno())
            return 0

    def __getattr__(self, name):
        return getattr(self.stream, name)


@contextmanager
def _steady_streams():
    """Make the standard streams steady, for as long as the block lasts; a closed one is opened on nothing. Yields stdout."""
    # The number of a closed stream would go to the next file that is opened, and then what is printed to that.
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    before = sys.stdout, sys.stderr
    for stream in filter(None, before):
        with suppress(AttributeError):  # a stream of a test
            stream.reconfigure(errors="replace")  # a title must not fail on a terminal of another encoding
    sys.stdout, sys.stderr = [Steady(stream or open(os.devnull, "w")) for stream in before]  # noqa: SIM115
    try:
        yield sys.stdout
    finally:
        sys.stdout, sys.stderr = before


@contextmanager
def _stopped_by_signals(last_act):
    """Let a polite kill and a closed terminal stop the command as Ctrl-C does: the kernel ended, nothing half written.

    Args:
        last_act: bool, whether the process ends afterwards, with the status that it has, whatever comes still.
    """
    last = [-CLEANING]

    def stop(*_):
        now = time.monotonic()
        if now - last[0] >= CLEANING:
            last[0] = now
            raise KeyboardInterrupt

    found = {number: signal.getsignal(number) for number in (signal.SIGINT, *POLITE)}
    kept = {number: handler for number, handler in found.items() if handler is not signal.SIG_IGN}  # nohup and & ignore some
    for number in kept:
        signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, signal.SIG_IGN if last_act else handler)
