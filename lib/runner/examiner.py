"""Judges the exercises of one notebook in a kernel, as a process of its own: cells come in as JSON, verdicts go out, a line each.

`python -m lib.runner.examiner` is started by `lib.runner.grading`, where the system can in a room without windows
(`lib.runner.room`). A kernel that dies or does not come to an end costs the exercise that it was at: the next gets a new one.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time

from lib.errors import first_line
from lib.runner.slices import checks, needed, read_cell

MIME = "application/vnd.course.verdict+json"
STARTING = 60  # seconds that a kernel has to come up

# What a kernel runs first: a check then tells its verdict to us, and remembers nothing.
FIRST = f"""
def _first():
    from IPython.display import publish_display_data
    from lib.exercises.core import Exercise

    def check(self, answer):
        verdict = self.judge(answer)
        publish_display_data({{{MIME!r}: {{"key": self.key, "state": verdict.state, "message": verdict.message}}}})

    Exercise.check = check

_first()
del _first
"""


class Ended(Exception):
    """The kernel did not live to the end of a cell, or the cell not to its limit."""


def examine(sources, seconds, say):
    """Judge every exercise that a notebook checks.

    Args:
        sources: list of str, the code cells in order.
        seconds: that one exercise may take with the cells that it needs.
        say: called with a dict for each exercise: exercise, verdict, message, seconds.
    """
    cells = [read_cell(source) for source in sources]
    places = {key: index for index, source in enumerate(sources) for key in checks(source)}
    kernel = Kernel()
    try:
        for key, index in places.items():
            start = time.monotonic()
            try:
                verdict, message = kernel.verdict(key, sources, needed(cells, index), start + seconds)
            except Ended as ended:
                verdict, message = "error", str(ended)
                kernel.stop()
            say({"exercise": key, "verdict": verdict, "message": message, "seconds": round(time.monotonic() - start, 1)})
    finally:
        kernel.stop()


class Kernel:
    """A kernel of this interpreter, started when it is needed; `done` are the cells that it has run."""

    def __init__(self):
        self._manager = self._client = None
        self.done = set()

    def verdict(self, key, sources, order, end):
        """Run the cells of an exercise in order, the last one in any case, and return its verdict and message."""
        found = {}
        for index in order:
            if index in self.done and index != order[-1]:
                continue
            error = self.run(sources[index], end, found)
            if error:
                where = "" if index == order[-1] else "a cell above, which the exercise needs, failed: "
                return found.get(key, ("error", f"{where}{error}"))
            self.done.add(index)
        return found.get(key, ("error", "the cell ran to its end, but its check was not reached"))

    def run(self, source, end, found=None):
        """Run a cell; return the line of the error that ended it, or an empty string; verdicts go into the dict."""
        if self._manager is None:
            self._start()
        message = self._client.execute(source, allow_stdin=False)
        error = ""
        while True:
            reply = self._next(end)
            content = reply["content"]
            if reply["parent_header"].get("msg_id") != message:
                continue
            if reply["msg_type"] == "display_data" and found is not None:
                _take(content["data"].get(MIME), found)
            elif reply["msg_type"] == "error":
                error = first_line(f"{content['ename']}: {content['evalue']}")
            elif reply["msg_type"] == "status" and content["execution_state"] == "idle":
                return error

    def _next(self, end):
        while time.monotonic() < end:
            try:
                return self._client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                if not self._manager.is_alive():
                    raise Ended("the kernel died, as it does when memory runs out") from None
        raise Ended("it did not come to an end in the time that --timeout gives it")

    def _start(self):
        from ipykernel.kernelspec import get_kernel_dict
        from jupyter_client import KernelManager
        from jupyter_client.kernelspec import KernelSpec

        class ThisPython(KernelManager):
            """Starts this interpreter, whatever another installation has registered as `python3`."""

            @property
            def kernel_spec(self):
                return KernelSpec(**get_kernel_dict())

        self._manager = ThisPython()
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}  # what a cell writes past its kernel
        self._manager.start_kernel(extra_arguments=["--IPKernelApp.log_level=CRITICAL"], **silent)
        self._client = self._manager.blocking_client()
        self._client.start_channels()
        try:
            self._client.wait_for_ready(timeout=STARTING)
        except RuntimeError as error:
            raise Ended(f"the kernel did not start: {first_line(error)}") from None
        self.run(FIRST, time.monotonic() + STARTING)

    def stop(self):
        """End the kernel and whatever it has started in its group."""
        if self._manager is not None:
            self._client.stop_channels()
            self._manager.shutdown_kernel(now=True)
            self._manager.cleanup_resources()
        self._manager = self._client = None
        self.done = set()


def _take(verdict, found):
    if isinstance(verdict, dict) and {"key", "state", "message"} <= verdict.keys():
        found[str(verdict["key"])] = (str(verdict["state"]), str(verdict["message"]))


def _end_with_the_grader():
    sys.stdin.buffer.read()  # until whoever holds the other end is gone, however that came
    os._exit(1)


def main():
    """Read a task from the standard input, and write the verdicts to the standard output as they come."""
    task = json.loads(sys.stdin.buffer.readline())
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # nothing else gets in between
    threading.Thread(target=_end_with_the_grader, daemon=True).start()
    examine(task["sources"], task["seconds"], lambda row: print(json.dumps(row), file=out, flush=True))


if __name__ == "__main__":
    main()
