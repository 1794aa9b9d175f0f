"""A limit on the seconds that an answer takes, after which the kernel goes on as if nothing had been."""

import _thread
import contextlib
import signal
import sys
import threading
import time

QUIET = 2  # seconds after which a line says that the answer still runs


class TimeUp(BaseException):
    """Raised inside an answer whose time is up; no `except Exception` of the answer's own catches it."""


class Clock:
    """The time that all calls of one answer have together.

    The limit holds in the main thread, where a notebook's cells run; elsewhere an answer runs as long as it likes.

    Args:
        seconds: how long, a number.
        code: whether a frame is of the answer's own code, a function; see `running`.
    """

    def __init__(self, seconds, code):
        self.seconds, self._code = seconds, code
        self._used, self._told, self._raised = 0.0, False, 0
        self._out = sys.stdout

    @contextlib.contextmanager
    def running(self):
        """Let the clock run while the block does.

        What swallows the end of its time is ended twice more, a second later each; after that the lines of the answer's own code
        raise it, so that a `while True` with an `except:` ends as well.

        Raises:
            TimeUp: the time is up.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._began = time.monotonic()
        traced, alarm = sys.gettrace(), _Alarm(self._ring)
        try:
            with alarm:
                alarm.set(self._next())
                yield
        finally:
            sys.settrace(traced)
            self._used += time.monotonic() - self._began

    def _next(self):
        used = self._used + time.monotonic() - self._began
        return max((self.seconds if self._told else min(QUIET, self.seconds)) - used, 0.001)

    def _ring(self, alarm, frame):
        used = self._used + time.monotonic() - self._began
        if used < self.seconds - 0.01:
            if not self._told:
                self._told = True
                print(f"Your answer takes its time. It may run for up to {self.seconds:g} seconds.", file=self._out, flush=True)
            alarm.set(self._next())
            return
        self._raised += 1
        alarm.set(1)
        if self._raised > 2:
            while frame:
                if self._code(frame.f_code.co_filename):
                    frame.f_trace = self._end
                frame = frame.f_back
            sys.settrace(self._trace)
        raise TimeUp

    def _trace(self, frame, event, arg):
        return self._end if self._code(frame.f_code.co_filename) else None

    def _end(self, frame, event, arg):
        if event == "line":  # such as that of the `except:`, which is no longer inside its `try`
            raise TimeUp
        return self._end


class _Alarm:
    """One alarm of the main thread: a signal's where the system has it, else an interrupt from a thread that waits."""

    def __init__(self, ring):
        self._ring, self._timer = ring, None
        self._signal = getattr(signal, "SIGALRM", signal.SIGINT)

    def __enter__(self):
        self._before = signal.signal(self._signal, self._rung)
        return self

    def __exit__(self, *error):
        self.set(0)
        signal.signal(self._signal, self._before)

    def set(self, seconds):
        """Ring in so many seconds; 0 for never."""
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return
        if self._timer:
            self._timer.cancel()
        self._due = time.monotonic() + seconds
        if seconds:
            self._timer = threading.Timer(seconds, _thread.interrupt_main)
            self._timer.daemon = True
            self._timer.start()

    def _rung(self, number, frame):
        if not hasattr(signal, "setitimer") and time.monotonic() < self._due - 0.01:
            raise KeyboardInterrupt  # a person's, who did not wait
        self._ring(self, frame)
